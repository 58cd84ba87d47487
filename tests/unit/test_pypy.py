"""Files of every PyPy that has opcodes, written to the layouts of its releases, and read whole."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.canonical import canonicalize
from pycinspect.dialects import DIALECTS, Bytecode, Dialect, FieldKind, LineTable, Operand, Role
from pycinspect.dialects.lowering import lowering_of
from pycinspect.disasm import (
    Position,
    code_of,
    exception_table,
    instructions,
    line_ranges,
    line_starts,
    positions,
    proof,
    verify,
)
from pycinspect.disasm.checks import every_defect
from pycinspect.disasm.decode import bare_instructions
from pycinspect.disasm.linetables import LINE_TABLES
from pycinspect.disasm.stack import stack_depths
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, parse_header, read_code, read_pyc
from pycinspect.values import Implementation
from tests.oracles import Oracle, find_oracle
from tests.unit.test_code import make

ROWS = [row for row in DIALECTS if row.implementation is Implementation.PYPY]
CODED = [row for row in ROWS if row.bytecode is not None]
#: Of each name of a field, what the file has.
_FIELDS = {
    "argcount": 1,
    "nlocals": 1,
    "stacksize": 3,
    "flags": 67,
    "consts": (None, 1),
    "names": ("print", "name"),
    "varnames": ("value",),
    "filename": "m.py",
    "name": "f",
    "qualname": "C.f",
    "firstlineno": 7,
}


def _bytecode(row: Dialect) -> Bytecode:
    assert row.bytecode is not None
    return row.bytecode


def _assembled(row: Dialect, parts: Iterable[tuple[str, int]]) -> bytes:
    table, wordcode = _bytecode(row).opcodes.by_name, _bytecode(row).format.wordcode
    found = b""
    for name, arg in parts:
        opcode = table[name]
        found += bytes((opcode.number,))
        if wordcode:
            found += bytes((arg,))
        elif opcode.takes_argument:
            found += struct.pack("<H", arg)
    return found


def _text(row: Dialect, value: str) -> bytes:
    assert row.code is not None
    letter = b"s" if row.code.bytes_text else b"u"
    return letter + struct.pack("<I", len(value)) + value.encode()


def _object(row: Dialect, value: object) -> bytes:
    if value is None:
        return b"N"
    if isinstance(value, int):
        return b"i" + struct.pack("<i", value)
    if isinstance(value, bytes):
        return b"s" + struct.pack("<I", len(value)) + value
    if isinstance(value, str):
        return _text(row, value)
    assert isinstance(value, tuple)
    return b"(" + struct.pack("<I", len(value)) + b"".join(_object(row, part) for part in value)


def cache(row: Dialect, **fields: object) -> bytes:
    """Return a cache with one code object."""
    assert row.code is not None
    assert row.header is not None
    known = {**_FIELDS, **fields}
    body = b"c"
    for field in row.code.fields:
        if field.kind.is_number:
            body += struct.pack("<i", known.get(field.name, 0))
        else:
            empty: object = () if field.kind in (FieldKind.TUPLE, FieldKind.NAMES) else b""
            body += _object(row, known.get(field.name, empty))
    return row.magic + bytes(row.header.size - len(row.magic)) + body


PARTS = [("LOAD_GLOBAL", 0), ("LOAD_FAST", 0), ("CALL_FUNCTION", 1), ("RETURN_VALUE", 0)]


@pytest.mark.parametrize(("word", "tag"), [(3413, "pypy38"), (3425, "pypy39")])
def test_a_magic_number_of_cpython_is_told_by_its_tag(word: int, tag: str) -> None:
    magic = word.to_bytes(2, "little") + b"\r\n"
    found, usual = DIALECTS.find(magic, tag), DIALECTS.find(magic)
    assert found is not None
    assert usual is not None
    assert (found.implementation, found.told_by_tag) == (Implementation.PYPY, True)
    assert usual.implementation is Implementation.CPYTHON


def test_every_release_but_two_has_opcodes() -> None:
    without = {row.name for row in ROWS if row.bytecode is None}
    assert without == {"pypy-3.2", "pypy-3.2-v2.4", "pypy-3.12"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_byte_is_read(row: Dialect) -> None:
    code = b"" if row.bytecode is None else _assembled(row, PARTS)
    data = cache(row, code=code)
    tag = row.cache_tags[0] if row.cache_tags else None
    header = parse_header(data, tag=tag)
    assert header.dialect is row
    file = read_code(data, header)
    assert (file.trailing, file.code.names, file.code.name) == (0, ("print", "name"), "f")
    assert (file.code.consts, file.code.filename) == ((None, 1), "m.py")
    is_stored = any(field.name == "qualname" for field in row.code.fields)  # type: ignore[union-attr]
    assert file.code.qualname == ("C.f" if is_stored else "f")


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_instructions_are_listed(row: Dialect) -> None:
    file = read_code(
        data := cache(row, code=_assembled(row, PARTS)), parse_header(data, tag=_tag(row))
    )
    listed = instructions(file.code, row)
    assert [step.opname for step in listed] == [name for name, _ in PARTS]
    assert [step.argval for step in listed][:2] == ["print", "value"]


def _tag(row: Dialect) -> str | None:
    return row.cache_tags[0] if row.cache_tags else None


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_jumps_count_bytes_and_from_310_units(row: Dialect) -> None:
    unit = _bytecode(row).format.jump_unit
    assert unit == (2 if row.python >= (3, 10) else 1)
    for opcode in _bytecode(row).opcodes.opcodes:
        if opcode.operand in (Operand.FORWARD, Operand.ABSOLUTE):
            code = make(code=_assembled(row, [(opcode.name, 3)]), dialect=row)
            (step,) = instructions(code, row)
            size = len(code.code)
            start = size if opcode.operand is Operand.FORWARD else 0
            assert step.jump_target == start + 3 * unit, opcode


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_code_that_its_compiler_could_write_is_sound(row: Dialect) -> None:
    code = make(
        code=_assembled(row, PARTS),
        dialect=row,
        **{name: value for name, value in _FIELDS.items() if name != "dialect"},
    )
    assert verify(code, row) == []


@pytest.mark.parametrize(
    ("older", "newer", "name"),
    [
        ("pypy-3.6-v7.1", "pypy-3.6", "JUMP_IF_NOT_DEBUG"),
        ("pypy-3.7-v7.3.3", "pypy-3.7", "STORE_ANNOTATION"),
        ("pypy-3.11-v7.3.22", "pypy-3.11", "SETUP_FINALLY"),
        ("pypy-2.7", "pypy-2.7-v2.0", "LOAD_REVDB_VAR"),
        ("pypy-2.7-v2.0", "pypy-2.7-v2.0-plain", "JUMP_IF_NOT_DEBUG"),
        ("pypy-3.11", "pypy-3.11-v7.3.22", "PUSH_EXC_INFO"),
    ],
)
def test_opcodes_change_within_a_version(older: str, newer: str, name: str) -> None:
    assert name in _bytecode(DIALECTS[older]).opcodes.by_name
    assert name not in _bytecode(DIALECTS[newer]).opcodes.by_name


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_methods_are_looked_up_by_one_operation(row: Dialect) -> None:
    assert len({"LOOKUP_METHOD", "LOAD_METHOD"} & _bytecode(row).opcodes.by_name.keys()) == 1


# --- Lines ------------------------------------------------------------------------------------

POSITIONED = [row for row in CODED if _bytecode(row).lines is LineTable.POSITIONS]
_ENTRY = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 100_000), st.none()),
    st.tuples(
        st.integers(0, 100_000),
        st.tuples(st.integers(0, 254), st.integers(0, 254), st.integers(0, 255)),
    ),
)
_Entry = tuple[int, tuple[int, int, int] | None] | None


def _number(number: int) -> bytes:
    found = b""
    while number >= 0x80:
        found += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return found + bytes((number,))


def _written(entry: _Entry) -> bytes:
    """Write an entry as ``pypy/interpreter/location.py`` does."""
    if entry is None:
        return b"\0"
    distance, columns = entry
    if columns is None:
        return _number(distance + 1) + b"\0"
    column, end_column, lines = columns
    return _number(distance + 1) + bytes((column + 1, end_column + 1, lines))


def _position(entry: _Entry, first: int) -> Position:
    if entry is None:
        return Position(None, None, None, None)
    distance, columns = entry
    line = first + distance
    if columns is None:
        return Position(line, line, None, None)
    column, end_column, lines = columns
    return Position(line, line + lines, column, end_column)


def test_310_and_311_have_a_line_table_of_their_own() -> None:
    assert {row.python for row in POSITIONED} == {(3, 10), (3, 11)}


@given(st.sampled_from(POSITIONED), st.lists(_ENTRY, max_size=12))
def test_positions_are_what_was_written(row: Dialect, written: list[_Entry]) -> None:
    table = b"".join(map(_written, written))
    nop = _bytecode(row).opcodes.by_name["NOP"].number
    code = make(code=bytes((nop, 0)) * len(written), linetable=table, firstlineno=3, dialect=row)
    found = positions(code, row)
    assert found == [_position(entry, 3) for entry in written]
    lines = [position.line for position in found]
    assert [step.line for step in instructions(code, row)] == lines
    by_unit = [line for start, end, line in line_ranges(code, row) for _ in range(start, end, 2)]
    assert by_unit == lines
    starts = [place for place, line in line_starts(code, row)]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("digits", range(1, 9))
def test_a_number_that_is_too_long_is_not_proven(digits: int) -> None:
    row = POSITIONED[0]
    table = b"\x81" * (digits - 1) + b"\1" + b"\0"
    code = make(code=_assembled(row, [("NOP", 0)]), linetable=table, dialect=row)
    slugs = [found.slug for found in every_defect(code, row, _bytecode(row))]
    assert LINE_TABLES[LineTable.POSITIONS](table) <= ("bad-line-table" not in slugs)
    assert ("bad-line-table" in slugs) is (digits > 6)


@given(st.sampled_from(POSITIONED), st.binary(max_size=12))
def test_a_damaged_line_table_is_one_error(row: Dialect, table: bytes) -> None:
    code = make(code=b"\x09\0", linetable=table, dialect=row)
    slugs = [found.slug for found in every_defect(code, row, _bytecode(row))]
    if "bad-line-table" not in slugs:
        assert len(positions(code, row)) <= len(table)
        return
    assert proof(code, row) is None
    with pytest.raises(PycInspectError) as raised:
        positions(code, row)
    assert raised.value.slug == "bad-line-table"


# --- Handlers -----------------------------------------------------------------------------------


def test_432_has_an_exception_table() -> None:
    row = DIALECTS["pypy-3.11"]
    parts = [
        ("LOAD_CONST", 0),
        ("POP_TOP", 0),
        ("LOAD_CONST", 0),
        ("RETURN_VALUE", 0),
        ("PUSH_EXC_INFO", 0),
        ("POP_TOP", 0),
        ("POP_EXCEPT", 0),
        ("LOAD_CONST", 0),
        ("RETURN_VALUE", 0),
    ]
    code = _assembled(row, parts)
    data = cache(row, code=code, exceptiontable=bytes((0x80, 2, 4, 0)))
    file = read_code(data, parse_header(data, tag="pypy311"))
    (handler,) = exception_table(file.code, row)
    assert handler == (0, 4, 8, 0, False)
    assert verify(file.code, row) == []


# --- Against the interpreter that there is ----------------------------------------------------

_COMPILE = """
import importlib.util, json, marshal, os, sys
directory, count = json.load(sys.stdin)
library = os.path.dirname(os.__file__)
names = sorted(name for name in os.listdir(library) if name.endswith(".py"))[:count]
for name in names:
    with open(os.path.join(library, name), "rb") as stream:
        code = compile(stream.read(), name, "exec", dont_inherit=True)
    with open(os.path.join(directory, name + "c"), "wb") as stream:
        stream.write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
json.dump(names, sys.stdout)
"""


@pytest.fixture(scope="module")
def pypy() -> Oracle:
    found = find_oracle("pypy-3.9")
    if found is None:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain("oracle pypy-3.9 is not installed; see .ci/oracles")
    assert found is not None
    return found


def test_depths_are_those_of_its_own_compiler(pypy: Oracle, tmp_path: Path) -> None:
    script = tmp_path / "compile.py"
    script.write_text(_COMPILE)
    names = pypy.run(script, [str(tmp_path), 25], directories=[tmp_path])
    assert isinstance(names, list)
    count = 0
    for name in names:
        file = read_pyc(tmp_path / f"{name}c")
        bytecode = _bytecode(file.dialect)
        for code in file.code.walk():
            listed = bare_instructions(code, bytecode)
            depths = stack_depths(code, listed, bytecode, [])
            after = [
                depth + change
                for step, depth in zip(listed, depths, strict=True)
                if depth is not None
                for change in _changes(bytecode, step.opcode, step.arg or 0)
            ]
            assert max(after) == code.stacksize, (name, code)
            assert every_defect(code, file.dialect, bytecode) == []
            assert proof(code, file.dialect) is not None
            count += 1
    assert count > 500


def _changes(bytecode: Bytecode, number: int, arg: int) -> list[int]:
    effect = bytecode.opcodes.by_number[number].effect
    assert effect is not None
    return [effect.stay(arg), effect.jump(arg)]


# --- Meaning ----------------------------------------------------------------------------------


#: Only for a debugger, or what no compiler of the version writes any more.
_IN_NO_FILE = {"LOAD_REVDB_VAR", "STOP_CODE", "MAKE_CLOSURE"}


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_every_operation_has_a_meaning(row: Dialect) -> None:
    rows = lowering_of(row).rows
    real = {opcode.name for opcode in _bytecode(row).opcodes.opcodes if opcode.role is Role.REAL}
    assert sorted(real - rows.keys() - _IN_NO_FILE) == []


@pytest.mark.parametrize("row", CODED, ids=lambda row: row.name)
def test_code_means_what_the_running_python_s_does(row: Dialect) -> None:
    file = read_code(
        data := cache(row, code=_assembled(row, PARTS)), parse_header(data, tag=_tag(row))
    )
    module = code_of(compile("def f(value):\n    return print(value)\n", "m.py", "exec"))
    (mine,) = (part for part in module.consts if isinstance(part, Code))
    theirs = canonicalize(file.code, file.dialect)
    assert theirs.problem is None
    assert theirs == canonicalize(mine, DIALECTS.running())
