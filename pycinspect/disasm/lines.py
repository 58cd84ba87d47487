"""Which line of the source each instruction came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, LineTable
from pycinspect.disasm.locations import entries
from pycinspect.disasm.steps import bytecode_of, steps
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["LineRange", "line_ranges", "line_starts"]


class LineRange(NamedTuple):
    """Instructions of one line.

    Args:
        start: offset of the first, in bytes.
        end: offset behind the last.
        line: None for instructions that no line stands for (3.10).
    """

    start: int
    end: int
    line: int | None


def line_ranges(code: Code, dialect: Dialect) -> list[LineRange]:
    """Return the lines of a code object, in the order of its instructions.

    Args:
        code: the code object.
        dialect: who wrote it.

    Returns:
        What ``co_lines()`` yields (3.10); before, ranges from one line's start to the next's.

    Raises:
        PycInspectError: ``bad-line-table``, with the offset in the table;
            ``unknown-opcodes``.
    """
    bytecode = bytecode_of(dialect)
    if bytecode.lines in _RANGES:
        return list(_RANGES[bytecode.lines](code))
    starts = _pair_starts(code, bytecode)
    ends = [start for start, _ in starts[1:]]
    return [
        LineRange(start, end, line)
        for (start, line), end in zip(starts, [*ends, len(code.code)], strict=False)
    ]


def line_starts(code: Code, dialect: Dialect) -> list[tuple[int, int | None]]:
    """Return the offsets at which the line changes, as the version's ``dis.findlinestarts``.

    Args:
        code: the code object.
        dialect: who wrote it.

    Raises:
        PycInspectError: as :func:`line_ranges`.
    """
    bytecode = bytecode_of(dialect)
    if bytecode.lines not in _RANGES:
        return _pair_starts(code, bytecode)
    ranges = line_ranges(code, dialect)
    if not bytecode.operands.starts_without_line:
        ranges = [row for row in ranges if row.line is not None]
    return [next((row.start, row.line) for row in rows) for _, rows in groupby(ranges, _line)]


def _line(row: LineRange) -> int | None:
    return row.line


# --- Up to 3.9: where lines start -------------------------------------------------


def _pair_starts(code: Code, bytecode: Bytecode) -> list[tuple[int, int | None]]:
    if bytecode.lines is LineTable.SET_LINENO:
        table = bytecode.opcodes.by_number
        found = steps(code.code, bytecode)
        return [(step[1], step[3]) for step in found if table[step[2]].name == "SET_LINENO"]
    signed = bytecode.lines is not LineTable.LNOTAB
    cut = len(code.code) if bytecode.lines is LineTable.SIGNED_LNOTAB_CUT else None
    return list(_lnotab_starts(code, signed=signed, cut=cut))


def _lnotab_starts(
    code: Code, *, signed: bool, cut: int | None
) -> Iterator[tuple[int, int | None]]:
    """Add up the steps of ``co_lnotab`` (``Lib/dis.py: findlinestarts``)."""
    last: int | None = None
    line, offset = code.firstlineno, 0
    for byte_step, line_step in zip(code.linetable[::2], code.linetable[1::2], strict=False):
        if byte_step:
            if line != last:
                yield offset, line
                last = line
            offset += byte_step
            if cut is not None and offset >= cut:
                return
        line += line_step - 256 if signed and line_step > 127 else line_step
    if line != last:
        yield offset, line


# --- Since 3.10: ranges --------------------------------------------------------------

_NO_LINE = -128


def _linetable_ranges(code: Code) -> Iterator[LineRange]:
    """Read PEP 626's table (``Objects/codeobject.c: lineiter_next``, 3.10)."""
    table = code.linetable
    if len(table) % 2:
        raise PycInspectError("bad-line-table", "its size is odd", offset=len(table))
    line, start = code.firstlineno, 0
    for size, step in zip(table[::2], table[1::2], strict=True):
        step = step - 256 if step > 127 else step  # noqa: PLW2901 - the byte is signed
        if step != _NO_LINE:
            line += step
        if size:
            yield LineRange(start, start + size, None if step == _NO_LINE else line)
        start += size


def _entry_ranges(code: Code) -> Iterator[LineRange]:
    """Return the entries of PEP 657's table as they are."""
    start = 0
    for size, position in entries(code):
        yield LineRange(start, start + size, position.line)
        start += size


def _location_ranges(code: Code) -> Iterator[LineRange]:
    """Join neighbours in PEP 657's table that have one line."""
    for line, rows in groupby(_entry_ranges(code), _line):
        first, *others = rows
        yield LineRange(first.start, others[-1].end if others else first.end, line)


_RANGES: Mapping[LineTable, Callable[[Code], Iterator[LineRange]]] = MappingProxyType(
    {
        LineTable.LINETABLE: _linetable_ranges,
        LineTable.LOCATIONS: _location_ranges,
        LineTable.LOCATIONS_APART: _entry_ranges,
    }
)
