"""Gaps between what is imported, declared, locked and installed."""

import pytest
from packaging.requirements import Requirement

from opsctl.dependencies.compare import Installed, Sides, gaps, notes
from opsctl.dependencies.declared import Pin
from opsctl.dependencies.imports import Import
from opsctl.dependencies.names import packages_of


def sides(imported=(), declared=(), locked=(), installed=None):
    """Everything agrees on lxml 6.1 unless it is said otherwise."""
    return Sides(
        imports=[Import(module, "app/x.py:1") for module in imported],
        declared={Requirement(text).name: Requirement(text) for text in declared},
        locked={pin.name: pin for pin in locked},
        installed=() if installed is None else (Installed("container api", installed, "opsctl rebuild api"),),
    )


def pin(name="lxml", version="6.1", *, has_hash=True, applies=True):
    return Pin(name, version, has_hash, 1, applies)


def found(given):
    return [(gap.package, gap.where) for gap in gaps(given)]


def test_all_four_sides_agree():
    assert gaps(sides(["lxml.etree"], ["lxml>=6"], [pin()], {"lxml": "6.1.0"})) == []


def test_a_package_that_is_missing_in_the_lock_is_named_there_with_the_command():
    (gap,) = gaps(sides(["lxml"], ["lxml>=6"], [], {"lxml": "6.1"}))

    assert (gap.package, gap.where, gap.command) == ("lxml", "requirements.txt", "make lock && opsctl rebuild")
    assert "app/x.py:1" in gap.message


def test_an_import_that_nobody_declares_is_named_in_pyproject():
    (gap,) = gaps(sides(["yaml"]))

    assert (gap.package, gap.where) == ("pyyaml", "pyproject.toml")
    assert gap.command.startswith('add "pyyaml"')


def test_a_locked_package_that_a_container_lacks_wants_a_rebuild_of_that_service():
    (gap,) = gaps(sides(["lxml"], ["lxml"], [pin()], {}))

    assert (gap.where, gap.command) == ("container api", "opsctl rebuild api")
    assert "nothing is installed" in gap.message


def test_another_version_in_the_container_is_a_gap():
    (gap,) = gaps(sides([], ["lxml"], [pin()], {"lxml": "5.4"}))

    assert "5.4 is installed" in gap.message


def test_a_package_of_another_platform_is_not_missed():
    assert gaps(sides(locked=[pin("colorama", applies=False)], installed={})) == []


@pytest.mark.parametrize("bad", [pin(has_hash=False), pin(version=""), pin(version="5.0")])
def test_a_bad_pin_is_closed_by_locking_again(bad):
    (gap,) = gaps(sides([], ["lxml>=6"], [bad]))

    assert (gap.where, gap.command) == ("requirements.txt", "make lock && opsctl rebuild")


def test_plugins_that_nobody_imports_are_no_gap():
    assert gaps(sides([], ["uvicorn", "tzdata"], [pin("uvicorn", "1"), pin("tzdata", "1")])) == []


def test_what_is_there_by_luck_is_a_note():
    given = sides(["pydantic"], [], [pin("pydantic", "2")], {"pydantic": "2", "ipdb": "1", "pip": "25"})

    assert gaps(given) == []
    assert [(note.package, note.where) for note in notes(given)] == [
        ("pydantic", "pyproject.toml"),
        ("ipdb", "container api"),
    ]


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("lxml.etree", "lxml"),
        ("telegram.ext", "python-telegram-bot"),
        ("jwt", "pyjwt"),
        ("dotenv", "python-dotenv"),
        ("PIL", "pillow"),
        ("a_module_nobody_has", "a-module-nobody-has"),
    ],
)
def test_a_module_has_the_package_that_brings_it(module, package):
    assert packages_of(module, [package]) == (package,)
