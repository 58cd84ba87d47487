"""The part of the source that each code unit came from.

CPython's location table (3.11) is read in ``locations``; that of PyPy 3.10 has one entry for each
code unit. ``pypy/interpreter/location.py`` of the release: a number in LEB128, 0 for no position, else the
distance from the first line plus 1; then a byte, 0 for no columns, else the column plus 1, and two
bytes more: the last column plus 1, and the distance to the last line.
"""

from __future__ import annotations

from collections.abc import Iterator

from pycinspect.dialects import Dialect, LineTable
from pycinspect.disasm.locations import LOCATION_TABLES, Position, entries
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["positions", "unit_lines"]

_UNIT = 2
_NOWHERE = Position(None, None, None, None)
#: Bits of the longest number: a line is C's int.
_LONGEST = 35


def positions(code: Code, dialect: Dialect) -> list[Position]:
    """Return the position of each code unit, as ``co_positions()`` does (3.11, PyPy 3.10).

    Args:
        code: the code object.
        dialect: who wrote it.

    Returns:
        One a code unit; nothing for versions without columns.

    Raises:
        PycInspectError: ``bad-line-table``, with the offset in the table;
            ``unknown-opcodes``.
    """
    lines = bytecode_of(dialect).lines
    if lines is LineTable.POSITIONS:
        return list(_unit_positions(code))
    return _located(code) if lines in LOCATION_TABLES else []


def _located(code: Code) -> list[Position]:
    found: list[Position] = []
    line = code.firstlineno
    for size, step, lines, column, end_column in entries(code):
        position = _NOWHERE
        if step is not None:
            line += step
            position = Position(line, line + lines, column, end_column)
        found += [position] * (size // _UNIT)
    return found


def unit_lines(code: Code) -> list[int | None]:
    """Return the line of each code unit.

    Raises:
        PycInspectError: ``bad-line-table``, with the offset in the table.
    """
    return [position.line for position in _unit_positions(code)]


def _unit_positions(code: Code) -> Iterator[Position]:
    """Yield what each entry of PyPy's table says."""
    table, place = code.linetable, 0
    while place < len(table):
        distance, place = _number(table, place)
        if not distance:
            yield _NOWHERE
            continue
        line = code.firstlineno + distance - 1
        column = _byte(table, place)
        if not column:
            place += 1
            yield Position(line, line, None, None)
            continue
        end_column, lines = _byte(table, place + 1), _byte(table, place + 2)
        place += 3
        yield Position(line, line + lines, column - 1, end_column - 1)


def _number(table: bytes, place: int) -> tuple[int, int]:
    """Read a number, seven bits a byte, the lowest first; return it and the place after."""
    number = shift = 0
    while shift <= _LONGEST:
        byte = _byte(table, place)
        place += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, place
        shift += 7
    raise _bad("a number is too large", place)


def _byte(table: bytes, place: int) -> int:
    if place >= len(table):
        raise _bad("it ends inside an entry", place)
    return table[place]


def _bad(message: str, offset: int) -> PycInspectError:
    return PycInspectError("bad-line-table", f"line table: {message}", offset=offset)
