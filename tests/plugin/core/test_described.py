"""What has no bytecode is said in words."""

from __future__ import annotations

import collections
import math
import os
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import bytecode_of


class Callable:
    def __call__(self) -> None: ...

    def __repr__(self) -> str:
        return "<mine>"


class Broken:
    def __repr__(self) -> str:
        raise KeyError


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (int, "class int is written in C: it has no bytecode"),
        (type, "class type is written in C: it has no bytecode"),
        (collections.OrderedDict, "class OrderedDict is written in C: it has no bytecode"),
        (len, "len is a function written in C: it has no bytecode"),
        (math.sin, "sin is a function written in C: it has no bytecode"),
        ("".join, "str.join is a method written in C: it has no bytecode"),
        (str.join, "str.join is a method written in C: it has no bytecode"),
        (
            vars(dict)["fromkeys"],
            "dict.fromkeys is a class method written in C: it has no bytecode",
        ),
        (dict.fromkeys, "dict.fromkeys is a method written in C: it has no bytecode"),
        (object.__init__, "object.__init__ is a method written in C: it has no bytecode"),
        ([].__len__, "list.__len__ is a method written in C: it has no bytecode"),
        (int.real, "int.real is an attribute written in C: it has no bytecode"),
        (3, "3 is an object of class int: it has no bytecode, its methods may have"),
        (None, "None is an object of class NoneType: it has no bytecode, its methods may have"),
        (
            Callable(),
            "<mine> is an object of class Callable: it has no bytecode, Callable.__call__ may have",
        ),
        (
            Broken(),
            (
                "<Broken, whose repr raises KeyError> is an object of class Broken:"
                " it has no bytecode, its methods may have"
            ),
        ),
        (sys, "module sys comes from no Python file: it is written in C"),
        (
            types.ModuleType("made"),
            "module made comes from no Python file: it was made while the program ran",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_bytecode(wanted: object, message: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        bytecode_of(wanted)
    assert str(caught.value) == message


def test_long_values_are_cut() -> None:
    with pytest.raises(PycInspectError) as caught:
        bytecode_of(["a\n"] * 1000)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_from_a_zip_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "class K:\n    def f(self):\n        return 3\n")
    monkeypatch.syspath_prepend(str(archive))
    import zipped

    try:
        for wanted in (zipped, zipped.K):
            with pytest.raises(PycInspectError, match=r"it is in the archive .*app\.zip"):
                bytecode_of(wanted)
        assert "LOAD_CONST 3" in bytecode_of(zipped.K.f)
    finally:
        del sys.modules["zipped"]


def test_a_namespace_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty_package").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    import empty_package

    try:
        with pytest.raises(
            PycInspectError, match=r"empty_package comes .*: it is a namespace package"
        ):
            bytecode_of(empty_package)
    finally:
        del sys.modules["empty_package"]


def test_a_class_without_a_module() -> None:
    made = type("Made", (), {"__module__": "no_such_module"})
    with pytest.raises(PycInspectError, match=r"no_such_module is not in sys\.modules"):
        bytecode_of(made)


def test_a_class_of_a_repl() -> None:
    program = (
        "from pytest_pycinspect import bytecode_of\n"
        "class K: pass\n"
        "try: bytecode_of(K)\n"
        "except Exception as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert result.stdout.strip() == (
        "the body of class K cannot be read: module __main__ comes from no Python file: it is"
        " a REPL's, or that of python -c"
    )
