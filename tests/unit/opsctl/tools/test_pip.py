"""Words for pip, and its answers."""

from pathlib import Path

from opsctl.tools import pip


def test_installing_asks_for_hashes_and_never_builds():
    argv = pip.install_locked(Path("requirements.txt"))

    assert "--require-hashes" in argv
    assert argv[argv.index("--only-binary") + 1] == ":all:"


def test_names_are_normalised():
    assert pip.read_list('[{"name": "PyJWT", "version": "2.15.0"}, {"name": "ruamel.yaml", "version": "1"}]') == {
        "pyjwt": "2.15.0",
        "ruamel-yaml": "1",
    }
