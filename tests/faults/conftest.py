"""Faults are injected into the same project folders that the integration tests work in."""

from tests.integration.opsctl.conftest import opsctl, postgres, project, sqlite, stocked

__all__ = ["opsctl", "postgres", "project", "sqlite", "stocked"]
