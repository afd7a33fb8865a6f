"""The order of migrations, read from their files."""

import pytest

from opsctl.errors import NotReady
from opsctl.tools.alembic import head, pending, revisions

TEMPLATE = '"""Add {name}."""\n\nrevision: str = "{name}"\ndown_revision = {down!r}\n\n\ndef upgrade() -> None: ...\n'


@pytest.fixture
def project(tmp_path):
    """A project with three migrations whose file names are not in their order."""
    write(tmp_path, "z", "first", None)
    write(tmp_path, "y", "second", "first")
    write(tmp_path, "x", "third", "second")
    return tmp_path


def write(project, stem, name, down):
    folder = project / "migrations" / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.py").write_text(TEMPLATE.format(name=name, down=down))


def test_revisions_follow_their_links_not_their_file_names(project):
    assert [revision.id for revision in revisions(project)] == ["first", "second", "third"]


def test_head_is_what_nothing_builds_on(project):
    assert head(project) == "third"


def test_title_is_the_first_line_of_the_docstring(project):
    assert revisions(project)[0].title == "Add first."


@pytest.mark.parametrize(
    ("current", "left"), [(None, ["first", "second", "third"]), ("first", ["second", "third"]), ("third", [])]
)
def test_pending_is_what_the_database_lacks(project, current, left):
    assert [revision.id for revision in pending(project, current)] == left


def test_merge_counts_as_one_head(project):
    write(project, "w", "branch", "first")
    write(project, "v", "merge", ("third", "branch"))

    assert head(project) == "merge"
    assert [revision.id for revision in pending(project, "third")] == ["branch", "merge"]


def test_two_heads_are_named(project):
    write(project, "w", "branch", "first")

    with pytest.raises(NotReady, match=r"2 heads: .*branch") as caught:
        head(project)
    assert caught.value.cause == "migrate.heads"


def test_unknown_revision_of_the_database_is_said(project):
    with pytest.raises(NotReady, match="does not know") as caught:
        pending(project, "from_the_future")
    assert caught.value.cause == "migrate.unknown_revision"


def test_no_migration_is_not_a_head(tmp_path):
    with pytest.raises(NotReady) as caught:
        head(tmp_path)
    assert caught.value.cause == "migrate.no_head"


@pytest.mark.parametrize("text", ["revision = (", "revision = 'a'\ndown_revision = 'gone'\n", "revision = 'first'\n"])
def test_broken_file_is_named(project, text):
    (project / "migrations" / "versions" / "broken.py").write_text(text)

    with pytest.raises(NotReady, match=r"\.py ") as caught:
        revisions(project)
    assert caught.value.cause == "migrate.files"


def test_file_without_a_revision_is_passed_over(project):
    (project / "migrations" / "versions" / "__init__.py").write_text("")

    assert head(project) == "third"
