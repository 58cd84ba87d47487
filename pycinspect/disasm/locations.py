"""The location table of 3.11: lines and columns of each code unit (PEP 657).

``Objects/locations.md`` of CPython describes it, ``Objects/codeobject.c:
advance_with_locations`` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pycinspect.dialects import LineTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import shown

__all__ = [
    "LOCATION_TABLES",
    "Entry",
    "Position",
    "check_entries",
    "entries",
    "line_ranges_of",
]

_UNIT = 2
#: An entry starts with a byte that has its highest bit set; no other byte has. The longest
#: that is written has 25 bytes; of a longer one the rest is not looked at.
_ENTRY = re.compile(rb"[\x80-\xff][\x00-\x7f]{0,31}")
#: Kinds of entries: from 0 on, a column and a length in one byte; then the next line or the
#: one after, and two columns; then a line alone; everything; nothing.
_ONE_LINE, _NO_COLUMNS, _LONG, _NONE = 10, 13, 14, 15
#: Lines from the entry before; no line; everywhere else 0, or told by what follows.
_STEPS = {11: 1, 12: 2, _NONE: None}
_STEP_FOLLOWS = (_NO_COLUMNS, _LONG)
#: Bits of the longest number: all that fits C's int, and its sign.
_LONGEST = 36

#: Line tables that have the form described here.
LOCATION_TABLES = (LineTable.LOCATIONS, LineTable.LOCATIONS_APART)


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

    def __repr__(self) -> str:
        return shown(self)


class Entry(NamedTuple):
    """What one entry says, whatever stands before it.

    Args:
        size: of the instructions it is about, in bytes.
        step: lines from the entry before that had one; None for no line.
        lines: from its first line to its last.
        column: of its first byte.
        end_column: after its last byte.
    """

    size: int
    step: int | None
    lines: int
    column: int | None
    end_column: int | None


def entries(code: Code) -> Iterator[Entry]:
    """Return the entries of a location table.

    Raises:
        PycInspectError: ``bad-line-table``, at once or while iterating.
    """
    return map(_entry, _cut(code.linetable))


def check_entries(code: Code) -> None:
    """Read every different entry of a location table once, for its errors.

    Raises:
        PycInspectError: ``bad-line-table``.
    """
    for data in dict.fromkeys(_cut(code.linetable)):
        _entry(data)


def line_ranges_of(code: Code, *, joined: bool) -> list[tuple[int, int, int | None]]:
    """Return offsets and lines alone, four times as fast as by :func:`entries`.

    Args:
        code: the code object.
        joined: neighbours that have one line are one range.

    Raises:
        PycInspectError: ``bad-line-table``.
    """
    ranges: list[tuple[int, int, int | None]] = []
    line, offset = code.firstlineno, 0
    start, current = -1, None  # of the last range
    for data in _cut(code.linetable):
        kind, size, step = _FIRST[data[0] & 0x7F]
        if kind in _STEP_FOLLOWS:
            step = _ONE_DIGIT.get(data[1:2])
            if step is None:
                step = _Rest(data).signed_varint()
        here = None
        if step is not None:
            here = line = line + step
        begin, offset = offset, offset + size
        if joined and here == current and start >= 0:
            ranges[-1] = start, offset, here
        else:
            ranges.append((begin, offset, here))
            start, current = begin, here
    return ranges


#: Signed numbers of one digit, which nearly all are.
_ONE_DIGIT = {bytes((digit,)): -(digit >> 1) if digit & 1 else digit >> 1 for digit in range(0x40)}


def _cut(table: bytes) -> list[bytes]:
    if table and not table[0] & 0x80:
        raise _bad("no entry starts here", 0)
    return _ENTRY.findall(table)


#: Kind, size and step that the first byte of an entry says, its highest bit aside.
_FIRST = tuple(
    (byte >> 3, _UNIT * ((byte & 7) + 1), _STEPS.get(byte >> 3, 0)) for byte in range(0x80)
)


# Most entries have a few bytes, and the same ones come again and again.
@lru_cache(maxsize=1 << 14)
def _entry(data: bytes) -> Entry:
    kind, size, step = _FIRST[data[0] & 0x7F]
    rest = _Rest(data)
    if kind == _NONE:
        return Entry(size, step, 0, None, None)
    if kind < _ONE_LINE:
        byte = rest.byte()
        column = kind << 3 | byte >> 4
        return Entry(size, step, 0, column, column + (byte & 0xF))
    if kind < _NO_COLUMNS:
        return Entry(size, step, 0, rest.byte(), rest.byte())
    if kind == _NO_COLUMNS:
        return Entry(size, rest.signed_varint(), 0, None, None)
    return Entry(size, rest.signed_varint(), rest.varint(), rest.column(), rest.column())


def _bad(message: str, offset: int) -> PycInspectError:
    return PycInspectError("bad-line-table", f"line table: {message}", offset=offset)


class _Rest:
    """The bytes of an entry after its first, and a place in them."""

    __slots__ = ("_data", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 1

    def byte(self) -> int:
        try:
            byte = self._data[self._offset]
        except IndexError:
            raise _bad(f"the entry {self._data.hex()} is too short", self._offset) from None
        self._offset += 1
        return byte

    def varint(self) -> int:
        """Read a number of 6-bit digits, the lowest first."""
        number = shift = 0
        while shift <= _LONGEST:
            byte = self.byte()
            number |= (byte & 0x3F) << shift
            if not byte & 0x40:
                return number
            shift += 6
        raise _bad(f"a number in the entry {self._data[:16].hex()} is too large", self._offset)

    def signed_varint(self) -> int:
        """Read a number whose lowest bit is its sign."""
        number = self.varint()
        return -(number >> 1) if number & 1 else number >> 1

    def column(self) -> int | None:
        """Read a column, which is stored plus 1, and 0 where it is not known."""
        number = self.varint()
        return number - 1 if number else None
