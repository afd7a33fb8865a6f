import os

import pytest

from opsctl.backups import folder
from opsctl.errors import OpsctlError

NAME = "20261123T120000Z-0001"


def test_backup_gets_its_name_when_the_block_has_succeeded(tmp_path):
    with folder.whole_or_nothing(tmp_path, NAME) as unfinished:
        folder.write(unfinished / "data", "x")
        assert not (tmp_path / NAME).exists()

    assert (tmp_path / NAME / "data").read_text() == "x"
    assert os.listdir(tmp_path) == [NAME]  # noqa: PTH208


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError(28, "No space left on device")])
def test_block_that_fails_leaves_nothing(tmp_path, failure):
    with pytest.raises(BaseException), folder.whole_or_nothing(tmp_path, NAME) as unfinished:  # noqa: B017, PT012
        folder.write(unfinished / "data", "x")
        raise failure

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("planted", [f".{NAME}.partial", NAME])
def test_link_that_was_planted_is_refused_and_its_target_untouched(tmp_path, planted):
    victim, backups = tmp_path / "victim", tmp_path / "backups"
    victim.mkdir()
    backups.mkdir()
    (backups / planted).symlink_to(victim)

    with pytest.raises(OpsctlError) as found, folder.whole_or_nothing(backups, NAME) as unfinished:
        folder.write(unfinished / "data", "x")

    assert found.value.cause == "backup.folder"
    assert list(victim.iterdir()) == []


def test_file_is_never_written_through_a_link(tmp_path):
    (tmp_path / "victim").write_text("old")
    (tmp_path / "data").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError):
        folder.write(tmp_path / "data", "new")

    assert (tmp_path / "victim").read_text() == "old"


def test_leftovers_are_only_folders_with_names_of_ours(tmp_path):
    for name in (f".{NAME}.partial", f".{NAME}.deleted", ".ssh", ".x.partial", NAME):
        (tmp_path / name).mkdir()
    (tmp_path / ".20261123T120000Z-0002.partial").symlink_to("/")

    assert [found.name for found in folder.leftovers(tmp_path)] == [f".{NAME}.deleted", f".{NAME}.partial"]


def test_backup_that_goes_loses_its_name_first(tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "data").touch()

    folder.remove(tmp_path, NAME)

    assert list(tmp_path.iterdir()) == []
