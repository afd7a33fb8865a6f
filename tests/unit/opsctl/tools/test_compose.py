"""Words for docker compose, and its answers."""

from pathlib import Path

import pytest

from opsctl.tools import compose


@pytest.mark.parametrize(
    ("folder", "name"),
    [("stockalert", "stockalert"), ("Stock Alert 2", "stockalert2"), ("_my.app", "myapp"), ("주가알림", "")],
)
def test_project_name_is_what_compose_makes_of_the_folder(folder, name):
    assert compose.name_from_folder(folder) == name


def test_environment_file_is_said_and_not_left_to_the_link():
    assert compose.words(Path("/srv/app/.env.production"), "ps") == (
        "docker",
        "compose",
        "--env-file",
        "/srv/app/.env.production",
        "ps",
    )


def test_hashes_are_read_by_service():
    assert compose.read_hashes("api 6eb2\nbot 3719\n\n") == {"api": "6eb2", "bot": "3719"}


def test_data_never_passes_through_a_terminal():
    assert "--no-TTY" in compose.run_once("api", ("python", "-m", "alembic", "current"))
