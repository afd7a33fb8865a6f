"""What the image is made from: fingerprints of the tree, kept as labels of the image and of its containers."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from opsctl import fingerprint
from opsctl.runtimes import APP_SERVICES

PREFIX = "opsctl."
SKIPPED = {"__pycache__"}
# What the reason table calls each part; a service's own code is `code.SERVICE`.
REASONS = {"requirements": "requirements", "dockerfile": "Dockerfile", "code": "code", "tests": "tests"}
UNKNOWN = "built without opsctl"


def of_tree(project: Path) -> dict[str, str]:
    """A fingerprint per part: requirements, dockerfile, tests, code.api, code.bot, code.scheduler."""
    app = project / "app"
    shared = [project / "alembic.ini", *files_in(project / "migrations")]
    parts = {
        "requirements": [project / "requirements.txt"],
        "dockerfile": [project / "Dockerfile", project / ".dockerignore", project / "deploy" / "leashed.py"],
        "tests": [project / "pyproject.toml", project / ".env.example", *tests_of_the_app(project)],
    }
    for service in APP_SERVICES:
        others = {name for name in APP_SERVICES if name != service}
        parts[f"code.{service}"] = [
            *shared,
            *(file for file in files_in(app) if file.relative_to(app).parts[0] not in others),
        ]
    return {part: fingerprint.of_files(files, project) for part, files in parts.items()}


def reasons(service: str, tree: Mapping[str, str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Why an image with these labels is not what the tree would give this service; empty when it is."""
    parts = ("requirements", "dockerfile", f"code.{service}", "tests")
    if not any(labels.get(PREFIX + part) for part in parts):
        return (UNKNOWN,)
    return tuple(REASONS[part.partition(".")[0]] for part in parts if labels.get(PREFIX + part) != tree[part])


def variables(tree: Mapping[str, str]) -> dict[str, str]:
    """The environment in which `docker compose build` writes the labels."""
    return {f"OPSCTL_LABEL_{part}".replace(".", "_").upper(): value for part, value in tree.items()}


def tests_of_the_app(project: Path) -> list[Path]:
    """The tests that go into the image, as .dockerignore says."""
    tests = project / "tests"
    return [file for file in files_in(tests) if not _stays_outside(file.relative_to(tests).parts)]


def _stays_outside(parts: tuple[str, ...]) -> bool:
    match parts:
        case ("e2e" | "faults", *_) | (_, "opsctl", *_):
            return True
        case ("unit", name):
            return name.startswith("test_")
    return False


def files_in(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix not in (".pyc", ".pyo") and not SKIPPED & {*file.parts}:
            yield file
