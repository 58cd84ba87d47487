"""The location table of 3.11: lines and columns of each code unit (PEP 657).

``Objects/locations.md`` of CPython describes it, ``Objects/codeobject.c:
advance_with_locations`` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.dialects import Dialect, LineTable
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Position", "entries", "positions"]

_UNIT = 2
#: Kinds of entries: from 0 on, a column and a length in one byte; then the next line or the
#: one after, and two columns; then a line alone; everything; nothing.
_ONE_LINE, _NO_COLUMNS, _LONG, _NONE = 10, 13, 14, 15

_TABLES = (LineTable.LOCATIONS, LineTable.LOCATIONS_APART)


class Position(NamedTuple):
    """The part of the source that a code unit came from.

    Args:
        line: None where no line stands for it.
        end_line: the line that it ends on.
        column: in bytes of UTF-8, from 0; None where it is not known.
        end_column: likewise.
    """

    line: int | None
    end_line: int | None
    column: int | None
    end_column: int | None


_NOWHERE = Position(None, None, None, None)


def positions(code: Code, dialect: Dialect) -> list[Position]:
    """Return the position of each code unit, as ``co_positions()`` does (3.11).

    Args:
        code: the code object.
        dialect: who wrote it.

    Returns:
        One a code unit; nothing for versions without columns.

    Raises:
        PycInspectError: ``bad-line-table``, with the offset in the table;
            ``unknown-opcodes``.
    """
    if bytecode_of(dialect).lines not in _TABLES:
        return []
    found: list[Position] = []
    for size, position in entries(code):
        found += [position] * (size // _UNIT)
    return found


def entries(code: Code) -> Iterator[tuple[int, Position]]:
    """Yield the size in bytes and the position of each entry of a location table.

    Raises:
        PycInspectError: ``bad-line-table``.
    """
    table = _Bytes(code.linetable)
    line = code.firstlineno
    while table.offset < len(table.data):
        first = table.byte()
        if not first & 0x80:
            raise table.bad("no entry starts here", table.offset - 1)
        kind = first >> 3 & 0xF
        size = _UNIT * ((first & 7) + 1)
        if kind == _NONE:
            yield size, _NOWHERE
        elif kind < _ONE_LINE:
            byte = table.byte()
            column = kind << 3 | byte >> 4
            yield size, Position(line, line, column, column + (byte & 0xF))
        elif kind < _NO_COLUMNS:
            line += kind - _ONE_LINE
            yield size, Position(line, line, table.byte(), table.byte())
        elif kind == _NO_COLUMNS:
            line += table.signed_varint()
            yield size, Position(line, line, None, None)
        else:
            line += table.signed_varint()
            end_line = line + table.varint()
            yield size, Position(line, end_line, table.column(), table.column())


class _Bytes:
    """A location table and a place in it."""

    __slots__ = ("data", "offset")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def bad(self, message: str, offset: int) -> PycInspectError:
        return PycInspectError("bad-line-table", f"line table: {message}", offset=offset)

    def byte(self) -> int:
        try:
            byte = self.data[self.offset]
        except IndexError:
            raise self.bad("it ends inside an entry", self.offset) from None
        self.offset += 1
        return byte

    def varint(self) -> int:
        """Read a number of 6-bit digits, the lowest first."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x3F) << shift
            shift += 6
            if not byte & 0x40:
                return number
            if shift > _LONGEST:
                raise self.bad("a number is too large", self.offset)

    def signed_varint(self) -> int:
        """Read a number whose lowest bit is its sign."""
        number = self.varint()
        return -(number >> 1) if number & 1 else number >> 1

    def column(self) -> int | None:
        """Read a column, which is stored plus 1, and 0 where it is not known."""
        number = self.varint()
        return number - 1 if number else None


#: Bits of the longest number: all of them fit C's int.
_LONGEST = 36
