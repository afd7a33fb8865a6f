"""What a source file needs from others."""

import pytest

from opsctl.dependencies import imports
from opsctl.errors import OpsctlError


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import lxml.etree as etree, os", ["lxml.etree"]),
        ("from lxml import etree", ["lxml"]),
        ("from . import lxml", []),
        ("from app.models import User\nimport opsctl", []),
        ("def later():\n    import docker", ["docker"]),
        ("if TYPE_CHECKING:\n    import docker\nelse:\n    import lxml", ["lxml"]),
        ("import typing\nif typing.TYPE_CHECKING:\n    import docker", []),
        ("try:\n    import uvloop\nexcept ImportError:\n    uvloop = None", []),
        ("try:\n    import lxml\nexcept ValueError:\n    pass", ["lxml"]),
        ("try:\n    import uvloop\nexcept (OSError, ModuleNotFoundError):\n    import lxml", ["lxml"]),
        ('importlib.import_module("telegram.ext")', ["telegram.ext"]),
        ("importlib.import_module(name)", []),
    ],
)
def test_imports_that_need_a_package(source, modules):
    assert [module for module, _line in imports.of_source(source)] == modules


def test_a_file_that_is_not_python_is_named():
    with pytest.raises(OpsctlError, match="broken"):
        imports.of_source("def", "broken.py")


def test_each_module_is_told_with_the_first_place_that_needs_it(tmp_path):
    (tmp_path / "app" / "clients").mkdir(parents=True)
    (tmp_path / "app" / "b.py").write_text("import os\nimport lxml\n")
    (tmp_path / "app" / "clients" / "naver.py").write_text("import lxml\n")

    (found,) = imports.of_project(tmp_path)

    assert (found.module, found.place) == ("lxml", "app/b.py:2")
