"""Which line of the source each instruction came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, LineTable
from pycinspect.disasm.locations import line_ranges_of
from pycinspect.disasm.positions import unit_lines
from pycinspect.disasm.steps import bytecode_of, steps
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import shown

__all__ = ["LineRange", "line_ranges", "line_starts", "plain_ranges"]


class LineRange(NamedTuple):
    """Instructions of one line.

    Args:
        start: offset of the first, in bytes.
        end: offset after the last.
        line: None for instructions that no line stands for (3.10).
    """

    start: int
    end: int
    line: int | None

    def __repr__(self) -> str:
        return shown(self)


#: The same as a plain tuple, because there are millions.
_Range = tuple[int, int, int | None]


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
    return list(map(LineRange._make, plain_ranges(code, bytecode_of(dialect))))


def line_starts(code: Code, dialect: Dialect) -> list[tuple[int, int | None]]:
    """Return the offsets at which the line changes, as the version's ``dis.findlinestarts``.

    Args:
        code: the code object.
        dialect: who wrote it.

    Raises:
        PycInspectError: as :func:`line_ranges`.
    """
    bytecode = bytecode_of(dialect)
    keep_all = bytecode.operands.starts_without_line
    ranges = plain_ranges(code, bytecode)
    rows = ((start, line) for start, _, line in ranges if keep_all or line is not None)
    return [next(same) for _, same in groupby(rows, itemgetter(1))]


def plain_ranges(code: Code, bytecode: Bytecode) -> Iterable[_Range]:
    """Return what :func:`line_ranges` does, as plain tuples."""
    return _RANGES[bytecode.lines](code, bytecode)


# --- Up to 3.9: where lines start -------------------------------------------------


def _between(starts: list[tuple[int, int]], end: int) -> Iterator[_Range]:
    ends = [start for start, _ in starts[1:]]
    return ((start, stop, line) for (start, line), stop in zip(starts, [*ends, end], strict=False))


def _set_lineno_ranges(code: Code, bytecode: Bytecode) -> Iterator[_Range]:
    """Collect the operands of SET_LINENO, up to 1.4."""
    number = bytecode.opcodes.by_name["SET_LINENO"].number
    found = steps(code.code, bytecode)
    starts = [(start, arg or 0) for _, start, opcode, arg, _ in found if opcode == number]
    return _between(starts, len(code.code))


def _lnotab_ranges(code: Code, bytecode: Bytecode) -> Iterator[_Range]:
    """Add up the steps of ``co_lnotab`` (``Lib/dis.py: findlinestarts``)."""
    signed = bytecode.lines is not LineTable.LNOTAB
    cut = bytecode.lines is LineTable.SIGNED_LNOTAB_CUT
    starts: list[tuple[int, int]] = []
    line, offset = code.firstlineno, 0
    last: int | None = None
    for byte_step, line_step in zip(code.linetable[::2], code.linetable[1::2], strict=False):
        if byte_step:
            if line != last:
                starts.append((offset, line))
                last = line
            offset += byte_step
            if cut and offset >= len(code.code):
                break
        line += line_step - 256 if signed and line_step > 127 else line_step
    else:
        if line != last:
            starts.append((offset, line))
    return _between(starts, len(code.code))


# --- Since 3.10: ranges --------------------------------------------------------------

_NO_LINE = -128
_UNIT = 2


def _linetable_ranges(code: Code, _: Bytecode) -> Iterator[_Range]:
    """Read PEP 626's table (``Objects/codeobject.c: lineiter_next``, 3.10)."""
    table = code.linetable
    if len(table) % 2:
        raise PycInspectError("bad-line-table", "line table: its size is odd", offset=len(table))
    line, start = code.firstlineno, 0
    for size, byte in zip(table[::2], table[1::2], strict=True):
        step = byte - 256 if byte > 127 else byte
        if step != _NO_LINE:
            line += step
        if size:
            yield start, start + size, None if step == _NO_LINE else line
        start += size


def _location_ranges(code: Code, bytecode: Bytecode) -> list[_Range]:
    """Read PEP 657's table; ``co_lines`` joins ranges since 3.12."""
    return line_ranges_of(code, joined=bytecode.lines is LineTable.LOCATIONS)


def _position_ranges(code: Code, _: Bytecode) -> Iterator[_Range]:
    """Join code units of one line that stand in a row, as PEP 626's ranges are."""
    units = unit_lines(code)
    return ((_UNIT * first, _UNIT * (last + 1), line) for line, first, last in _runs_of(units))


def _runs_of(lines: Sequence[int | None]) -> Iterator[tuple[int | None, int, int]]:
    """Yield each value that stands in a row with its first and last place."""
    for line, places in groupby(range(len(lines)), lines.__getitem__):
        first, *others = places
        yield line, first, others[-1] if others else first


_RANGES: Mapping[LineTable, Callable[[Code, Bytecode], Iterable[_Range]]] = MappingProxyType(
    {
        LineTable.SET_LINENO: _set_lineno_ranges,
        LineTable.LNOTAB: _lnotab_ranges,
        LineTable.SIGNED_LNOTAB: _lnotab_ranges,
        LineTable.SIGNED_LNOTAB_CUT: _lnotab_ranges,
        LineTable.LINETABLE: _linetable_ranges,
        LineTable.LOCATIONS: _location_ranges,
        LineTable.LOCATIONS_APART: _location_ranges,
        LineTable.POSITIONS: _position_ranges,
    }
)
