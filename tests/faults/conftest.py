"""Faults are injected into the same project folders that the integration tests work in."""

import shutil

import pytest

from tests.integration.opsctl.conftest import opsctl, postgres, project, sqlite, stocked

__all__ = ["opsctl", "postgres", "project", "sqlite", "stocked"]


@pytest.fixture
def strace():
    """The words that run a program under strace; what it shall inject comes next."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return ("strace", "-f", "-qq", "-o", "/dev/null")
