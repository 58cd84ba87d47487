"""Magic numbers and opcodes that only xdis knows: ``pip install 'pycinspect[xdis]'``.

xdis (https://github.com/rocky/python-xdis) is asked when a file is met that has no row here, or one
without opcode numbers, and is imported only then. What it says is checked against no
interpreter: see ``tests/differential/test_xdis.py`` for where it errs. Of CPython's
pre-releases it has no numbers of their own, so it is not asked about those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from pycinspect.dialects import (
    DIALECTS,
    Bytecode,
    Dialect,
    Flow,
    Opcode,
    OpcodeTable,
    Operand,
    Operation,
    Role,
    operation,
)
from pycinspect.dialects.bytecode import CPYTHON
from pycinspect.hookspecs import hookimpl
from pycinspect.values import Implementation

__all__ = ["pycinspect_find_dialect"]

#: How our rows without opcode numbers write code but for those numbers.
_WRITTEN_LIKE: Mapping[str, Bytecode] = MappingProxyType(
    {
        "pypy-3.2": CPYTHON["3.2"],
    }
)
#: What xdis calls implementations whose files we can read.
_IMPLEMENTATIONS = MappingProxyType(
    {"CPython": Implementation.CPYTHON, "PyPy": Implementation.PYPY}
)
#: Its lists of opcodes, and what those say of an argument.
_LISTS = (
    ("hasconst", Operand.CONST),
    ("hasname", Operand.NAME),
    ("haslocal", Operand.LOCAL),
    ("hasfree", Operand.CELL),
    ("hascompare", Operand.COMPARE),
    ("hasjabs", Operand.ABSOLUTE),
    ("hasjrel", Operand.FORWARD),
)


@hookimpl
def pycinspect_find_dialect(magic: bytes, known: Dialect | None) -> Dialect | None:
    """Return a row, or our row with opcode numbers, as xdis has them; see the hook's docs."""
    if known is not None:
        like = _WRITTEN_LIKE.get(known.name)
        return None if like is None else _numbered(known, magic, like)
    return _stranger(magic)


def _numbered(row: Dialect, magic: bytes, like: Bytecode) -> Dialect | None:
    """Return a row of ours with xdis's numbers."""
    version = _version_of(magic)
    opcodes = None if version is None else _opcodes_of(version)
    if opcodes is None:
        return None
    bytecode = _bytecode(row.name, opcodes, like)
    return replace(row, bytecode=bytecode, unchecked=True, note=_note())


def _stranger(magic: bytes) -> Dialect | None:
    """Return a row for a magic number that we do not know: our nearest, with xdis's numbers."""
    version = _version_of(magic)
    opcodes = None if version is None else _opcodes_of(version)
    if opcodes is None:
        return None
    python: tuple[int, int] = tuple(opcodes.version_tuple[:2])
    row = _nearest(_IMPLEMENTATIONS.get(str(opcodes.python_implementation)), python)
    if row is None or row.bytecode is None or row.magic_tail != magic[2:]:
        return None
    name = f"xdis-{version}"
    return replace(
        row,
        name=name,
        python=python,
        magic_word=int.from_bytes(magic[:2], "little"),
        cache_tags=(),
        prereleases=frozenset(),
        prerelease_bytecode=MappingProxyType({}),
        bytecode=_bytecode(name, opcodes, row.bytecode),
        told_by_tag=False,
        unchecked=True,
        note=_note(),
    )


def _nearest(implementation: Implementation | None, python: tuple[int, int]) -> Dialect | None:
    """Return an implementation's row for a version, else its newest."""
    rows = {row.python: row for row in DIALECTS if row.implementation is implementation}
    return rows.get(python) or (rows[max(rows)] if rows else None)


# --- Asking xdis ----------------------------------------------------------------------


def _version_of(magic: bytes) -> str | None:
    """Return what xdis calls the Python with a magic number."""
    if find_spec("xdis") is None:
        return None
    versions: dict[bytes, str] = import_module("xdis.magics").versions
    return versions.get(magic)


def _opcodes_of(version: str) -> Any | None:
    """Return xdis's module with the opcodes of a version, if it has one of its own."""
    return import_module("xdis.op_imports").op_imports.get(version)


def _note() -> str:
    return f"opcodes by xdis {import_module('xdis').__version__}, not checked"


# --- Its opcodes as one of our tables ---------------------------------------------------


def _bytecode(name: str, opcodes: Any, like: Bytecode) -> Bytecode:
    rows = tuple(_rows(opcodes, like.opcodes))
    lists = {**like.opcodes.words, "effects": ("unknown",)}
    lines = [
        "\t".join(_COLUMNS),
        *("\t".join(_cells(row)) for row in rows),
        *("\t".join([f"@{key}", *words]) for key, words in lists.items()),
    ]
    text = "\n".join(lines)
    table = OpcodeTable(f"{name} by xdis", lambda: text, _unknown_operations(rows))
    return replace(like, opcodes=table)


_COLUMNS = ("number", "name", "operand", "caches", "role", "base", "effect")


def _rows(opcodes: Any, like: OpcodeTable) -> Iterator[Opcode]:
    """Yield a row for each operation; what xdis cannot say is as in a table of ours."""
    for number in sorted(opcodes.opmap.values()):
        name = opcodes.opname[number]
        known = like.by_name.get(name)
        if known is not None:
            yield known._replace(number=number)
        else:
            operand = _operand(opcodes, number)
            yield Opcode(number, name, operand, 0, Role.REAL, name, None, _flow(opcodes, number))


def _cells(row: Opcode) -> tuple[str, ...]:
    base = "" if row.base == row.name else row.base
    return (
        *(str(row.number), row.name, row.operand.value, str(row.caches), row.role.value),
        *(base, ""),
    )


def _operand(opcodes: Any, number: int) -> Operand:
    for name, operand in _LISTS:
        if number in getattr(opcodes, name):
            return operand
    return Operand.RAW if number >= opcodes.HAVE_ARGUMENT else Operand.NONE


def _flow(opcodes: Any, number: int) -> Flow:
    jumps = number in opcodes.hasjrel or number in opcodes.hasjabs
    if number in opcodes.nofollow:
        return Flow.JUMP if jumps else Flow.EXIT
    return Flow.BRANCH if jumps else Flow.NEXT


def _unknown_operations(rows: tuple[Opcode, ...]) -> Iterator[Operation]:
    """Yield what the catalogue lacks."""
    for row in rows:
        try:
            operation(row.base)
        except LookupError:
            yield Operation(row.base, row.flow)
