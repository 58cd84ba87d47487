"""The plugin that asks xdis about what we do not know, and only then."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pycinspect.dialects import DIALECTS, Dialect, DialectTable, Role
from pycinspect.disasm import instructions
from pycinspect.errors import PycInspectError
from pycinspect.extras import xdis as plugin
from pycinspect.plugins import load_registry
from pycinspect.pyc import parse_header
from pycinspect.pyc.codefile import read_code

REPOSITORY = Path(__file__).parent.parent.parent
#: In no table, ours or another's.
NOBODYS = (0xBEEF).to_bytes(2, "little") + b"\r\n"


@pytest.fixture
def xdis() -> SimpleNamespace:
    """The parts of xdis that the plugin asks."""
    if importlib.util.find_spec("xdis") is None:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain("xdis is not installed")
    from xdis import magics, op_imports

    return SimpleNamespace(versions=magics.versions, op_imports=op_imports.op_imports)


@pytest.fixture
def dialects() -> DialectTable:
    return load_registry([plugin], entry_points=False).dialects


def _without_numbers() -> Iterator[tuple[Dialect, int]]:
    for row in DIALECTS:
        for word in () if row.header is None else row.magics().values():
            if row.at(word).bytecode is None:
                yield row, word


def pypy_cache(magic: bytes) -> bytes:
    """Return a cache with ``return None`` and two jumps in it, as PyPy 3.2 writes it."""

    def sized(letter: bytes, content: bytes) -> bytes:
        return letter + len(content).to_bytes(4, "little") + content

    numbers = (0, 0, 0, 1, 64)
    code = bytes([110, 0, 0, 114, 7, 0, 100, 0, 0, 83])
    empty = b"(" + bytes(4)
    return b"".join(
        [
            magic + bytes(4),
            b"c" + b"".join(number.to_bytes(4, "little") for number in numbers),
            sized(b"s", code),
            b"(" + (1).to_bytes(4, "little") + b"N" + empty * 4,
            *(sized(b"s", text) for text in (b"/m.py", b"<module>")),
            (1).to_bytes(4, "little") + b"s" + bytes(4),
        ]
    )


def test_files_of_pypy_32_are_disassembled(xdis: object, dialects: DialectTable) -> None:
    row = DIALECTS["pypy-3.2"]
    data = pypy_cache(row.magic)

    header = parse_header(data, tag="pypy3-24", dialects=dialects)
    file = read_code(data, header, dialects=dialects)

    assert header.dialect is row  # an audit compares rows by identity
    assert file.dialect.name == row.name
    assert "xdis" in file.dialect.note
    assert [(step.opname, step.argval) for step in instructions(file.code, file.dialect)] == [
        ("JUMP_FORWARD", 3),
        ("POP_JUMP_IF_FALSE", 7),
        ("LOAD_CONST", None),
        ("RETURN_VALUE", None),
    ]
    with pytest.raises(PycInspectError, match=r"pypy-3\.2"):
        instructions(file.code, read_code(data, header).dialect)


def test_what_it_has_numbers_for(xdis: object, dialects: DialectTable) -> None:
    served = {row.name for row, word in _without_numbers() if dialects.at(row, word).bytecode}
    assert served == set(plugin._WRITTEN_LIKE)
    for row, word in _without_numbers():
        bytecode = dialects.at(row, word).bytecode
        if bytecode is not None:
            names = [opcode.name for opcode in bytecode.opcodes.opcodes]
            assert len(set(names)) == len(names) > 100


def test_where_we_have_numbers_they_are_the_same(xdis: SimpleNamespace) -> None:
    row = DIALECTS["pypy-3.9"]
    assert row.bytecode is not None
    theirs = plugin._bytecode(row.name, xdis.op_imports["3.9PyPy"], row.bytecode).opcodes
    assert theirs.by_name.keys() == row.bytecode.opcodes.by_name.keys()
    for name, opcode in theirs.by_name.items():
        assert opcode == row.bytecode.opcodes.by_name[name]._replace(effect=None)


def test_a_magic_number_that_only_xdis_knows_has_a_row(
    xdis: SimpleNamespace, dialects: DialectTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(xdis.versions, NOBODYS, "3.14+")
    monkeypatch.setitem(xdis.op_imports, "3.14+", xdis.op_imports["3.14"])

    row = dialects.find(NOBODYS)

    assert row is not None
    assert row is dialects.find(NOBODYS)
    assert (row.name, row.python, row.magic) == ("xdis-3.14+", (3, 14), NOBODYS)
    known = DIALECTS["cpython-3.14"]
    assert (row.header, row.marshal, row.code) == (known.header, known.marshal, known.code)
    assert known.bytecode is not None
    assert dialects.at(row, row.magic_word) is row
    assert row.bytecode is not None
    real = [opcode for opcode in known.bytecode.opcodes.opcodes if opcode.role is Role.REAL]
    numbers = row.bytecode.opcodes.by_name
    assert [opcode for opcode in real if numbers[opcode.name].number != opcode.number] == []


def test_what_it_does_not_know_stays_unknown(xdis: object, dialects: DialectTable) -> None:
    assert dialects.find(NOBODYS) is None
    assert dialects.find(b"\xf3\x03\r\n") is None  # Jython's, which is not a .pyc file
    assert dialects.find(b"") is None
    with pytest.raises(PycInspectError) as raised:
        parse_header(NOBODYS + bytes(12), dialects=dialects)
    assert raised.value.slug == "unknown-magic"


def test_nothing_is_known_without_xdis(
    dialects: DialectTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "find_spec", lambda _: None)
    row = DIALECTS["pypy-3.10"]
    assert dialects.find(NOBODYS) is None
    assert dialects.at(row, row.magic_word) is row


def test_rows_are_the_same_objects_with_and_without_it(dialects: DialectTable) -> None:
    assert all(ours is theirs for ours, theirs in zip(dialects, DIALECTS, strict=True))


def test_it_is_loaded_only_for_a_file_that_needs_it(xdis: object) -> None:
    code = f"""
import sys
from pycinspect.dialects import DIALECTS
from pycinspect.extras import xdis as plugin
from pycinspect.plugins import audit, load_registry

registry = load_registry([plugin], entry_points=False)
list(audit(["."], registry=registry))
for row in DIALECTS:
    registry.dialects.find(row.magic)
print("xdis" in sys.modules)
registry.dialects.find({NOBODYS!r})
print("xdis" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        cwd=REPOSITORY / "pycinspect" / "dialects",
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")


def test_an_installed_pycinspect_finds_it() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pycinspect"] == {"xdis": plugin.__name__}
    assert project["optional-dependencies"]["xdis"] == ["xdis>=6.1"]
    assert not [need for need in project["dependencies"] if need.startswith("xdis")]
