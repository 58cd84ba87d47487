"""What stands before the instructions of a function: its signature, its cells and its lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.micropython.reading import MpyReader

__all__ = [
    "LineStart",
    "Signature",
    "decode_lines",
    "read_plain_signature",
    "read_signature",
    "read_sizes",
]

#: The interpreter's numbers are machine words: no signature needs more bytes than these.
_MOST_BYTES = 10
_LONG, _MORE = 0x80, 0x80


class Signature(NamedTuple):
    """The numbers of a function.

    Args:
        state: places for its locals and its stack.
        exceptions: places for the handlers that it is in.
        flags: 1 generator, 2 ``**``, 4 ``*``, 8 defaults of keyword-only arguments.
        positional: positional arguments.
        keyword_only: keyword-only arguments.
        defaults: positional arguments with defaults.
    """

    state: int
    exceptions: int
    flags: int
    positional: int
    keyword_only: int
    defaults: int

    @property
    def arguments(self) -> int:
        """The number of arguments that have names here."""
        return self.positional + self.keyword_only


class LineStart(NamedTuple):
    """From ``offset``, in bytes from the start of the instructions, the line is ``line``."""

    offset: int
    line: int


def read_signature(reader: MpyReader) -> Signature:
    """Read the numbers that share bytes (``MP_BC_PRELUDE_SIG_DECODE_INTO`` of ``py/bc.h``).

    Raises:
        PycInspectError: ``bad-prelude``, ``truncated``.
    """
    byte = reader.byte()
    state, exceptions, flags = byte >> 3 & 0xF, byte >> 2 & 1, 0
    positional, keyword_only, defaults = byte & 3, 0, 0
    for index in range(_MOST_BYTES):
        if not byte & _MORE:
            return Signature(state + 1, exceptions, flags, positional, keyword_only, defaults)
        byte = reader.byte()
        state |= (byte & 0x30) << 2 * index
        exceptions |= (byte & 0x02) << index
        flags |= (byte >> 6 & 1) << index
        positional |= (byte & 4) << index
        keyword_only |= (byte >> 3 & 1) << index
        defaults |= (byte & 1) << index
    return reader.fail("bad-prelude", f"a signature has more than {_MOST_BYTES} bytes")


def read_sizes(reader: MpyReader) -> tuple[int, int]:
    """Read the bytes of names and lines, and the number of cells (``MP_BC_PRELUDE_SIZE_DECODE``).

    Raises:
        PycInspectError: ``bad-prelude``, ``truncated``.
    """
    info = cells = 0
    for index in range(_MOST_BYTES):
        byte = reader.byte()
        info |= (byte & 0x7E) >> 1 << 6 * index
        cells |= (byte & 1) << index
        if not byte & _MORE:
            return info, cells
    return reader.fail("bad-prelude", f"the sizes have more than {_MOST_BYTES} bytes")


def read_plain_signature(reader: MpyReader) -> Signature:
    """Read the numbers that have bytes of their own, as in versions 2 to 4."""
    state, exceptions = reader.uint(), reader.uint()
    return Signature(state, exceptions, *reader.take(4))


def decode_lines(table: bytes, *, ends_at_zero: bool) -> Iterator[LineStart]:
    """Yield where lines start (``mp_bytecode_get_source_line`` of ``py/bc.h``).

    Args:
        table: the bytes of the line table.
        ends_at_zero: whether a zero byte ends it, as it did before version 6.

    An entry that is cut off tells nothing.
    """
    offset, line = 0, 1
    yield LineStart(offset, line)
    at = 0
    while at < len(table) and (table[at] or not ends_at_zero):
        first = table[at]
        if first & _LONG:
            if at + 1 == len(table):
                return
            offset += first & 0xF
            line += (first & 0x70) << 4 | table[at + 1]
            at += 2
        else:
            offset += first & 0x1F
            line += first >> 5
            at += 1
        yield LineStart(offset, line)
