"""What makes an image stale, and for which service."""

import pytest

from opsctl.runtimes.compose import recipe


@pytest.fixture
def tree(tmp_path):
    for name in (
        "requirements.txt",
        "Dockerfile",
        "alembic.ini",
        "pyproject.toml",
        "app/__init__.py",
        "app/api/main.py",
        "app/bot/main.py",
        "app/scheduler/main.py",
        "app/services/alerts.py",
        "migrations/env.py",
        "tests/conftest.py",
        "tests/unit/app/test_alerts.py",
        "tests/unit/test_architecture.py",
        "tests/unit/opsctl/test_lock.py",
        "tests/e2e/test_first_day.py",
        "README.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n")
    return tmp_path


def labels_of(tree) -> dict[str, str]:
    return {recipe.PREFIX + part: value for part, value in recipe.of_tree(tree).items()}


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ("requirements.txt", {"api": ("requirements",), "bot": ("requirements",), "scheduler": ("requirements",)}),
        ("Dockerfile", {"api": ("Dockerfile",), "bot": ("Dockerfile",), "scheduler": ("Dockerfile",)}),
        ("app/services/alerts.py", {"api": ("code",), "bot": ("code",), "scheduler": ("code",)}),
        ("migrations/env.py", {"api": ("code",), "bot": ("code",), "scheduler": ("code",)}),
        ("app/api/main.py", {"api": ("code",), "bot": (), "scheduler": ()}),
        ("app/bot/main.py", {"api": (), "bot": ("code",), "scheduler": ()}),
        ("tests/unit/app/test_alerts.py", {"api": ("tests",), "bot": ("tests",), "scheduler": ("tests",)}),
        ("tests/unit/test_architecture.py", {"api": (), "bot": (), "scheduler": ()}),
        ("tests/unit/opsctl/test_lock.py", {"api": (), "bot": (), "scheduler": ()}),
        ("tests/e2e/test_first_day.py", {"api": (), "bot": (), "scheduler": ()}),
        ("README.md", {"api": (), "bot": (), "scheduler": ()}),
    ],
)
def test_a_change_is_a_reason_for_the_services_it_touches(tree, changed, reasons):
    labels = labels_of(tree)
    (tree / changed).write_text("changed\n")

    now = recipe.of_tree(tree)

    assert {service: recipe.reasons(service, now, labels) for service in ("api", "bot", "scheduler")} == reasons


def test_bytecode_is_no_change(tree):
    labels = labels_of(tree)
    (tree / "app" / "__pycache__").mkdir()
    (tree / "app" / "__pycache__" / "x.cpython-313.pyc").write_bytes(b"\0")

    assert recipe.reasons("api", recipe.of_tree(tree), labels) == ()


def test_an_image_without_our_labels_says_so(tree):
    empty = dict.fromkeys(labels_of(tree), "")  # what `docker compose build` typed by hand leaves

    assert recipe.reasons("api", recipe.of_tree(tree), empty) == ("built without opsctl",)


def test_labels_travel_to_the_build_as_the_compose_file_names_them(tree):
    named = recipe.variables(recipe.of_tree(tree))

    assert set(named) == {
        "OPSCTL_LABEL_REQUIREMENTS",
        "OPSCTL_LABEL_DOCKERFILE",
        "OPSCTL_LABEL_TESTS",
        "OPSCTL_LABEL_CODE_API",
        "OPSCTL_LABEL_CODE_BOT",
        "OPSCTL_LABEL_CODE_SCHEDULER",
    }
