"""What pyproject.toml and the lock say."""

import pytest
from packaging.requirements import Requirement

from opsctl.dependencies import declared
from opsctl.errors import NotReady

LOCK = """\
# made by uv
--index-url https://example.org/simple
lxml==6.1.3 \\
    --hash=sha256:aa \\
    # via project
    --hash=sha256:bb
Python_Dotenv==1.2.4 --hash=sha256:cc
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:dd
unhashed==1.0
loose>=2   # no pin
"""


def test_entries_of_a_lock_are_read_over_their_continuation_lines():
    pins = {pin.name: pin for pin in declared.pins_of(LOCK)}

    assert list(pins) == ["lxml", "python-dotenv", "colorama", "unhashed", "loose"]
    assert (pins["lxml"].version, pins["lxml"].has_hash, pins["lxml"].line) == ("6.1.3", True, 3)
    assert not pins["colorama"].applies
    assert not pins["unhashed"].has_hash
    assert pins["loose"].version == ""


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        ("lxml>=6.1", "6.1.3", True),
        ("lxml>=6.1", "5.9", False),
        ("lxml", "1", True),
        ("lxml>1", "not a version", False),
    ],
)
def test_a_locked_version_fits_or_does_not(wanted, version, fits):
    assert declared.is_satisfied(Requirement(wanted), version) is fits


@pytest.mark.parametrize("text", [None, "not toml [", "[project]\ndependencies = ['???']", "[tool]", "\xff"])
def test_a_pyproject_that_makes_no_sense_is_one_line(tmp_path, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="latin-1")

    with pytest.raises(NotReady) as failure:
        declared.of_pyproject(tmp_path)

    assert failure.value.cause == "deps.file"
    assert "\n" not in str(failure.value)
