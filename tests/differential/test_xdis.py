"""A second opinion: xdis, which reads all versions, too, and is written by others.

Where it is right it says what we say; where it is wrong, each error is below, with what it says
and what is true, so that a repaired xdis is noticed. Errors as of xdis 6.3.0.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import marshal
import os
import random
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pycinspect.dialects import DIALECTS, Dialect, Operand, find_dialect
from pycinspect.disasm import Instruction, instructions, line_starts, positions
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, parse_header
from pycinspect.pyc.codefile import read_pyc
from pycinspect.pyc.constants import Slice
from pycinspect.pyc.unmarshal import unmarshal
from tests.differential.unmarshal import CHILD, library
from tests.oracles import Oracle
from tests.samples import SAMPLES

if importlib.util.find_spec("xdis") is None and os.environ.get("CI") != "true":
    pytest.skip("xdis is not installed", allow_module_level=True)

from xdis.bytecode import get_instructions_bytes
from xdis.load import load_module
from xdis.magics import magic_int2tuple
from xdis.op_imports import get_opcode_module
from xdis.unmarshal import VersionIndependentUnmarshaller, load_code
from xdis.version_info import PythonImplementation

#: Sources of its standard library that each interpreter compiles.
SAMPLE = 8


def read(payload: bytes, dialect: Dialect) -> Any:
    """Return what xdis reads, and nothing that it prints."""
    with contextlib.redirect_stderr(io.StringIO()):
        return load_code(io.BytesIO(payload), dialect.magic_word, {})


def opcodes(dialect: Dialect) -> Any:
    name = "PyPy" if dialect.name.startswith("pypy") else "CPython"
    return get_opcode_module(magic_int2tuple(dialect.magic_word), PythonImplementation(name))


def number(value: int) -> bytes:
    return value.to_bytes(4, "little", signed=True)


# --- Where it is right ---------------------------------------------------------------------

FIELDS = (
    *("argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags", "code"),
    *("names", "varnames", "filename", "name", "qualname", "firstlineno", "exceptiontable"),
)
#: What it refuses, of whole standard libraries: see ERRORS.
REFUSALS = ("unpack requires a buffer of 2 bytes", "invalid continuation byte")


@pytest.fixture
def repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let xdis know reference 0, without which many constants and names are others."""

    def t_object_reference(self: Any, _save_ref: object = None, _bytes_for_s: bool = False) -> Any:
        return self.intern_objects[self.read_uint32()]

    monkeypatch.setattr(VersionIndependentUnmarshaller, "t_object_reference", t_object_reference)


def test_it_agrees(oracle: Oracle, repaired: None) -> None:
    if oracle.dialect == "cpython-3.15":
        pytest.skip("it does not know the magic number")
    dialect = known(oracle.dialect)
    paths = random.Random(oracle.name).sample(library(oracle), SAMPLE)
    answers: Any = oracle.run(CHILD, {"task": "compiled", "paths": paths, "sources": []})

    figures: Counter[str] = Counter()
    differences: list[str] = []
    refusals: list[str] = []
    for path, answer in zip(paths, answers, strict=True):
        if answer is None:
            continue
        payload = base64.b64decode(answer["payload"])
        ours = unmarshal(payload, dialect).value
        assert isinstance(ours, Code)
        try:
            theirs = read(payload, dialect)
        except (struct.error, UnicodeDecodeError) as error:
            refusals.append(str(error))
            continue
        figures["files"] += 1
        found = _differences(ours, theirs, dialect, figures)
        differences += [f"{path[1]}: {difference}" for difference in found]

    assert differences == []
    assert [refusal for refusal in refusals if not refusal.endswith(REFUSALS)] == []
    assert figures["files"] >= SAMPLE / 2
    assert figures["instructions"] > 1000


def _differences(ours: Code, theirs: Any, dialect: Dialect, figures: Counter[str]) -> Iterator[str]:
    for code, other in zip(ours.walk(), _walk(theirs), strict=True):
        figures["code objects"] += 1
        for difference in (
            *_field_differences(code, other, dialect),
            *_instruction_differences(code, other, dialect, figures),
            *_line_differences(code, other, dialect),
        ):
            yield f"{code.qualname}: {difference}"


def _walk(code: Any) -> Iterator[Any]:
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from _walk(constant)


def _field_differences(code: Code, other: Any, dialect: Dialect) -> Iterator[str]:
    for name in FIELDS:
        ours, theirs = getattr(code, name), getattr(other, f"co_{name}", None)
        if theirs is None and name in ("posonlyargcount", "kwonlyargcount", "qualname"):
            continue  # older versions have no such field
        if name == "exceptiontable" and theirs is None:
            continue
        theirs = _as_bytes(theirs) if isinstance(ours, bytes) else theirs
        if ours != (tuple(theirs) if isinstance(ours, tuple) else theirs):
            yield f"{name}: {ours!r:.100} is not {theirs!r:.100}"
    cells, free = tuple(other.co_cellvars), tuple(other.co_freevars)
    assert dialect.bytecode is not None
    if not dialect.bytecode.one_index:
        cells, free = free, cells  # it takes one for the other
    if (code.cellvars, code.freevars) != (cells, free):
        yield f"cells: {code.cellvars} and {code.freevars} are not {cells} and {free}"


def _as_bytes(value: Any) -> bytes:
    return value.encode("latin-1") if isinstance(value, str) else bytes(value)


def _instruction_differences(
    code: Code, other: Any, dialect: Dialect, figures: Counter[str]
) -> Iterator[str]:
    listed = instructions(code, dialect)
    theirs = [
        step for step in get_instructions_bytes(other, opcodes(dialect)) if step.opname != "CACHE"
    ]
    figures["instructions"] += len(listed)
    if len(listed) != len(theirs):
        yield f"{len(listed)} instructions, not {len(theirs)}"
        return
    for ours, their in zip(listed, theirs, strict=True):
        facts = (ours.offset, ours.opcode, ours.opname, ours.arg)
        if facts != (their.offset, their.opcode, their.opname, their.arg):
            yield f"{facts} is not {their}"
        elif not _is_same_value(ours, their, dialect):
            yield f"{facts}: {ours.argval!r:.100} is not {their.argval!r:.100}"


#: Bytes that it does not count.
CACHE_OF_SEND = 2
#: Whose values are names, places, or words that both have.
RESOLVED = {
    *(Operand.NAME, Operand.NAME_NULL, Operand.NAME_METHOD, Operand.NAME_SUPER),
    *(Operand.LOCAL, Operand.CELL, Operand.VARIABLE),
    *(Operand.FORWARD, Operand.BACKWARD, Operand.ABSOLUTE),
    *(Operand.COMPARE, Operand.COMPARE_4, Operand.COMPARE_5),
}


def _is_same_value(ours: Instruction, their: Any, dialect: Dialect) -> bool:
    assert dialect.bytecode is not None
    operand = dialect.bytecode.opcodes.by_number[ours.opcode].operand
    if operand is Operand.CONST:
        return _is_same_constant(ours.argval, their.argval)
    if operand is Operand.COMPARE:
        return their.argval == str(ours.argval).replace(" ", "-")  # as it spells "not in"
    if (dialect.name, ours.opname) == ("cpython-3.12", "SEND"):
        return their.argval == ours.argval - CACHE_OF_SEND
    return operand not in RESOLVED or bool(ours.argval == their.argval)


def _is_same_constant(ours: Any, theirs: Any) -> bool:
    """Compare numbers and text; of bytes, tuples and code objects xdis makes kinds of its own."""
    if type(ours) in (int, str, bool, type(None)) and type(theirs) in (int, str, bool, type(None)):
        return bool(ours == theirs)
    return True


def _line_differences(code: Code, other: Any, dialect: Dialect) -> Iterator[str]:
    assert dialect.code is not None
    if dialect.code.bytes_text and not code.linetable.isascii():
        return  # it loses bytes above 127
    ours = [tuple(start) for start in line_starts(code, dialect)]
    theirs = list(opcodes(dialect).findlinestarts(other))
    if ours != theirs:
        yield f"line starts: {ours} are not {theirs}"


# --- Where it is wrong ------------------------------------------------------------------------

#: An int, a text, and references to both.
REFERENCES = b")\4" + b"\xe9" + number(5) + b"\xfa\1a" + b"r" + number(0) + b"r" + number(1)
#: Dialect, payload, what it is as we read it, and what xdis says.
WRONG: dict[str, tuple[str, bytes, object, object]] = {
    "reference 0": ("cpython-3.9", REFERENCES, (5, "a", 5, "a"), (5, "a", "a", "a")),
    "reference 0, 3.13": ("cpython-3.13", REFERENCES, (5, "a", 5, "a"), (5, "a", "a", "a")),
    "dicts": ("cpython-3.12", b"{" + b"N" * 2 + b"0", {None: None}, {}),
    "bytes of Python 2": ("cpython-2.7", b"s" + number(2) + b"a\xe9", b"a\xe9", "a"),
}
#: Dialect, payload, what it is, and what xdis raises.
REFUSED: dict[str, tuple[str, bytes, object, type[Exception], str]] = {
    "negative numbers": (
        *("cpython-3.12", b"l" + number(-3) + b"\1\0\2\0\3\0"),
        *(-(1 + (2 << 15) + (3 << 30)), struct.error, REFUSALS[0]),
    ),
    "lone surrogates": (
        *("cpython-3.12", b"u" + number(3) + b"\xed\xb2\x80"),
        *("\udc80", UnicodeDecodeError, REFUSALS[1]),
    ),
    "everything of 3.15": ("cpython-3.15", b"N", None, KeyError, "3666"),
}


def known(name: str) -> Dialect:
    dialect = find_dialect(name)
    assert dialect is not None
    return dialect


@pytest.mark.parametrize("name", WRONG)
def test_what_it_reads_wrongly(name: str) -> None:
    dialect, payload, truth, theirs = WRONG[name]
    assert unmarshal(payload, known(dialect)).value == truth
    assert read(payload, known(dialect)) == theirs, "repaired? Take it off the list"


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses(name: str) -> None:
    dialect, payload, truth, error, message = REFUSED[name]
    assert unmarshal(payload, known(dialect)).value == truth
    with pytest.raises(error, match=message):
        read(payload, known(dialect))


def test_unknown_letters_are_none_and_a_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = load_code(io.BytesIO(b")\1Q"), known("cpython-3.12").magic_word, {})
    assert value == (None,)
    assert capsys.readouterr().err == "Unknown type 81 (hex 51) Q\n"
    with pytest.raises(PycInspectError, match="'Q'"):
        unmarshal(b")\1Q", known("cpython-3.12"))


def test_slices_are_read_since_63() -> None:
    """Up to xdis 6.2 they were refused."""
    payload = b":i" + number(1) + b"NN"
    assert unmarshal(payload, known("cpython-3.14")).value == Slice(1, None, None)
    assert read(payload, known("cpython-3.14")) == slice(1, None, None)


def test_cell_and_free_variables_are_swapped_up_to_310() -> None:
    file = read_pyc(SAMPLES / "cpython-3.5-closures.pyc")
    payload = (SAMPLES / "cpython-3.5-closures.pyc").read_bytes()[file.header.size :]
    with_cells = 0
    for ours, theirs in zip(file.code.walk(), _walk(read(payload, file.dialect)), strict=True):
        assert (theirs.co_cellvars, theirs.co_freevars) == (ours.freevars, ours.cellvars)
        with_cells += ours.cellvars != ours.freevars
    assert with_cells > 0


@pytest.mark.parametrize("flags", [0b01, 0b11])
def test_hashes_are_taken_for_a_time_and_a_size(flags: int, tmp_path: Path) -> None:
    """It looks for the bits of PEP 552 in the last byte of the word, not in the first."""
    source_hash = bytes.fromhex("a1b2c3d401020304")
    data = DIALECTS["cpython-3.13"].magic + number(flags) + source_hash + bytes(100)
    (tmp_path / "m.pyc").write_bytes(data)
    assert parse_header(data).source_hash == source_hash
    _, time, _, _, _, size, theirs, _ = load_module(str(tmp_path / "m.pyc"), get_code=False)
    assert (time, size, theirs) == (0xD4C3B2A1, 0x04030201, None)


def test_312_is_taken_for_rustpython(tmp_path: Path) -> None:
    """Where the module's code object is not put into the list of references."""
    code, payload = _assembled("cpython-3.12", ("RESUME", 0))
    data = DIALECTS["cpython-3.12"].magic + bytes(12) + payload
    (tmp_path / "m.pyc").write_bytes(data)
    assert read_pyc(tmp_path / "m.pyc").code == code
    with (
        contextlib.redirect_stderr(io.StringIO()) as printed,
        pytest.raises(ImportError, match="Ill-formed"),
    ):
        load_module(str(tmp_path / "m.pyc"))
    assert "unmarsh_rust.py" in printed.getvalue()


def test_prereleases_are_refused(tmp_path: Path) -> None:
    row = DIALECTS["cpython-3.10"]
    assert row.is_prerelease(3430)
    data = number(3430 | 0x0A0D_0000) + bytes(100)
    assert parse_header(data).dialect is row
    (tmp_path / "m.pyc").write_bytes(data)
    with pytest.raises(ImportError, match="3430"):
        load_module(str(tmp_path / "m.pyc"))


def test_columns_of_long_entries_are_one_too_many() -> None:
    """``Objects/locations.md``: in entries of code 14, columns are stored plus one."""
    code = compile("a = f(\n b)\n", "", "exec")
    payload = marshal.dumps(code)
    ours = unmarshal(payload, DIALECTS.running()).value
    assert isinstance(ours, Code)
    places = positions(ours, DIALECTS.running())
    assert [tuple(place) for place in places] == list(code.co_positions())
    theirs = [entry[1:] for entry in read(payload, DIALECTS.running()).co_positions()]
    long = [place for place in places if place.line != place.end_line]
    assert long
    for line, end, column, last in long:
        assert (line, end, column, last) not in theirs
        assert (line, end, column + 1, last + 1) in theirs


def _assembled(name: str, *steps: tuple[str, int]) -> tuple[Code, bytes]:
    """Return a code object of 3.11 or later with these instructions, and its payload."""
    dialect = known(name)
    assert dialect.bytecode is not None
    rows = dialect.bytecode.opcodes.by_name
    code = b"".join(
        bytes([rows[name].number, arg]) + bytes(2 * rows[name].caches) for name, arg in steps
    )
    payload = b"".join(
        [
            b"c" + number(0) * 3 + number(1) + number(0),
            b"s" + number(len(code)) + code,
            b")\0" * 3 + b"s" + number(0) + b"z\1f" * 3,
            number(1) + (b"s" + number(0)) * 2,
        ]
    )
    value = unmarshal(payload, dialect).value
    assert isinstance(value, Code)
    return value, payload


def test_the_cache_of_send_is_not_counted_in_312() -> None:
    code, payload = _assembled("cpython-3.12", ("SEND", 1), ("NOP", 0), ("NOP", 0))
    assert instructions(code, known("cpython-3.12"))[0].argval == 6
    theirs = get_instructions_bytes(
        read(payload, known("cpython-3.12")), opcodes(known("cpython-3.12"))
    )
    assert next(iter(theirs)).argval == 6 - CACHE_OF_SEND


def test_is_op_of_314_is_taken_for_a_comparison() -> None:
    code, payload = _assembled("cpython-3.14", ("IS_OP", 0), ("IS_OP", 1))
    assert [step.argrepr for step in instructions(code, known("cpython-3.14"))] == ["is", "is not"]
    theirs = get_instructions_bytes(
        read(payload, known("cpython-3.14")), opcodes(known("cpython-3.14"))
    )
    assert [step.argval for step in theirs] == ["<", "<"]
