"""Code objects for tests of listings and of JSON: of every era, damaged, and hostile."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import strategies as st

from pycinspect.cache.sourcetext import source_lines
from pycinspect.compiling import (
    Interpreter,
    compile_source,
    find_interpreter,
)
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.programs import Subject, parse_subject, read_subject
from pycinspect.pyc import Code, CodeFile, SubjectKind, parse_header
from tests.oracles import find_oracle

SAMPLES = Path(__file__).parents[2] / "fixtures" / "samples"

#: A loop, a handler, a nested function, and a constant of most kinds.
SOURCE = b"""\
def total(prices, tax=0.5):
    try:
        for price in prices:
            tax += price
    except ValueError:
        return (None, 1.5, "text", b"bytes")
    return [price for price in prices if tax]
"""


def compiled_by(oracle_name: str, source: bytes = SOURCE) -> Subject:
    """Return what an installed interpreter makes of a source; skips where there is none."""
    oracle = find_oracle(oracle_name)
    if oracle is None:
        pytest.skip(f"oracle {oracle_name} is not installed")
    return _compiled(source, _interpreter(os.fspath(oracle.program)))


def compiled_here(source: bytes = SOURCE) -> Subject:
    return _compiled(source, None)


@cache
def _interpreter(program: str) -> Interpreter:
    return find_interpreter(program)


@cache
def _compiled(source: bytes, interpreter: Interpreter | None) -> Subject:
    file = compile_source(source, "shop.py", interpreter=interpreter)
    return Subject("shop.py", file, SubjectKind.SOURCE, source_lines("shop.py", source), source)


def sample(name: str) -> Subject:
    return read_subject(os.fspath(SAMPLES / name))


def file_of(code: Code, dialect: Dialect) -> CodeFile:
    """Return a code object as if it had been read from a file."""
    assert dialect.header is not None
    start = dialect.header.pack_timestamp(dialect.magic, 0, 0)
    header = parse_header(start, tag=dialect.cache_tag)
    return CodeFile(header, replace(code, dialect=dialect), 0)


EMPTY = Code(
    *("f", "f", "f.py", 1, 0, 0, 0, 0, 1, 0, (), (), (), (), b"", (), b"", b""),
    DIALECTS.running(),
)


def code_with(**changes: object) -> Code:
    return replace(EMPTY, **changes)  # type: ignore[arg-type]


# --- Any code, by hypothesis ---------------------------------------------------------------

#: Dialects whose files are read.
READABLE = [row for row in DIALECTS if row.header is not None and row.code is not None]

names = st.lists(st.text(max_size=3), max_size=3).map(tuple)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
constants = st.recursive(
    _SCALARS,
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
codes = st.builds(
    Code,
    dialect=st.just(DIALECTS.running()),
    name=st.text(max_size=5),
    qualname=st.text(max_size=5),
    filename=st.text(max_size=5),
    firstlineno=st.integers(-(2**31), 2**31 - 1),
    argcount=st.integers(0, 3),
    posonlyargcount=st.integers(0, 3),
    kwonlyargcount=st.integers(0, 3),
    nlocals=st.integers(0, 3),
    stacksize=st.integers(0, 3),
    flags=st.integers(-(2**15), 2**31 - 1),
    names=names,
    varnames=names,
    freevars=names,
    cellvars=names,
    code=st.binary(max_size=60),
    consts=st.lists(constants, max_size=4).map(tuple),
    linetable=st.binary(max_size=30),
    exceptiontable=st.binary(max_size=12),
)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[bytes, str]:
    """Return a sample with a few bytes changed after its header, and its name."""
    path = draw(st.sampled_from(sorted(SAMPLES.glob("*-docstrings.pyc"))))
    data = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        data[draw(st.integers(16, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data), path.name


# --- Files that say a lot in few bytes, in the format of 3.11 --------------------------------

HOSTILE_ROW = DIALECTS["cpython-3.11"]
_RETURN_FIRST = b"\x97\0d\0S\0"


def _u4(number: int) -> bytes:
    return struct.pack("<I", number)


def marshalled_code(consts: bytes, code: bytes = _RETURN_FIRST) -> bytes:
    """Return a code object; ``consts`` is a marshalled tuple, ``code`` perhaps a reference."""
    text, empty = b"z\1f", b")\0"
    if not code.startswith(b"r"):
        code = b"s" + _u4(len(code)) + code
    head = b"c" + struct.pack("<5I", 0, 0, 0, 1, 0) + code
    nothing = b"s" + _u4(0)
    names = empty + empty + nothing + text * 3
    return head + consts + names + _u4(1) + b"s" + _u4(2) + b"\x80\0" + nothing


def marshalled_tuple(*items: bytes) -> bytes:
    return b"(" + _u4(len(items)) + b"".join(items)


def bomb(levels: int) -> bytes:
    """Return a tuple with two to the power of ``levels`` parts, by references."""
    value = b"\xa9\2NN"
    for level in range(levels, 0, -1):
        value = b"\xa9\2" + value + b"r" + _u4(level)
    return value


HOSTILE = {
    "bomb": marshalled_code(marshalled_tuple(bomb(18)), b"d\0" * 2000),
    "nested": marshalled_code(marshalled_tuple(b")\1" * 1900 + b"N")),
    "long constant often": marshalled_code(
        marshalled_tuple(b"s" + _u4(200_000) + b"\1" * 200_000), b"d\0" * 5000
    ),
    "huge number": marshalled_code(
        marshalled_tuple(b"l" + _u4(20_000) + b"\xff\x7f" * 20_000), b"d\0" * 500
    ),
    # As often as the reader accepts.
    "shared code": marshalled_code(
        marshalled_tuple(
            b"\xf3" + _u4(2_000) + b"\x97\0" * 1_000,
            *[marshalled_code(marshalled_tuple(), b"r" + _u4(0))] * 9,
        )
    ),
}


def hostile(name: str) -> CodeFile:
    assert HOSTILE_ROW.header is not None
    start = HOSTILE_ROW.header.pack_timestamp(HOSTILE_ROW.magic, 0, 0)
    return parse_subject(start + HOSTILE[name], "hostile.pyc").file
