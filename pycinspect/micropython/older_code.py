"""The code of versions 2 to 5, each with strings and objects of its own."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.dialects.mpy import StringPlace
from pycinspect.micropython.header import MpyHeader
from pycinspect.micropython.instructions import MpyInstruction, decode_instructions
from pycinspect.micropython.model import DEEPEST_CODE, MpyCode
from pycinspect.micropython.objects import read_letter_object
from pycinspect.micropython.prelude import (
    LineStart,
    Signature,
    decode_lines,
    read_plain_signature,
    read_signature,
    read_sizes,
)
from pycinspect.micropython.reading import MpyReader
from pycinspect.micropython.strings import read_plain_string, read_window_string

__all__ = ["OlderStrings", "read_older_code"]

_KIND, _SIZE_SHIFT = 3, 2
#: Bytes that the interpreter counts for the names of a code and of its source.
_NAMES = 4
_NO_CELL = 0xFF
_FUNCTION_AT = "%d bytes of names and lines are wanted and the code has %d"


class OlderStrings:
    """How strings are read, and what must be remembered of them.

    Args:
        header: that of the file.
    """

    def __init__(self, header: MpyHeader) -> None:
        self._places = header.window
        self._window: list[str] = []
        self.are_in_place = header.format.strings is StringPlace.WINDOW

    def read(self, reader: MpyReader) -> str:
        """Read a string.

        Raises:
            PycInspectError: ``bad-string``, ``truncated``.
        """
        if self.are_in_place:
            return read_window_string(reader, self._window, self._places)
        return read_plain_string(reader)

    def operand(self, reader: MpyReader) -> str | None:
        """Read the operand of an instruction; None stands for a string that comes after the code."""
        if self.are_in_place:
            return self.read(reader)
        reader.take(2)
        return None


class _Prelude(NamedTuple):
    """What comes before instructions; the names are None where they come after the code."""

    signature: Signature
    names: tuple[str, str] | None
    lines: tuple[LineStart, ...]
    cells: tuple[int, ...]
    size: int


def read_older_code(
    reader: MpyReader, header: MpyHeader, strings: OlderStrings, depth: int = 0
) -> MpyCode:
    """Read a code and those within it.

    Args:
        reader: stands at the code.
        header: that of the file.
        strings: how strings are read.
        depth: codes that it lies in.

    Raises:
        PycInspectError: ``native-not-read`` for machine code; ``too-deep``, ``bad-prelude``,
            ``bad-instruction``, ``bad-string``, ``bad-object``, ``bad-number``, ``truncated``.
    """
    if depth > DEEPEST_CODE:
        reader.fail("too-deep", f"more than {DEEPEST_CODE} functions lie in each other")
    size = _size(reader, strings)
    offset = reader.place
    prelude = (_packed if header.format.packed_prelude else _plain)(reader, strings)
    if prelude.size > size:
        reader.fail("bad-prelude", _FUNCTION_AT % (prelude.size, size), offset)
    left = size - prelude.size
    instructions = decode_instructions(reader, left, header, strings.operand)
    names = prelude.names or (strings.read(reader), strings.read(reader))
    if not strings.are_in_place:
        instructions = _with_strings(instructions, reader, strings)
    objects, children = reader.uint(), reader.uint()
    return MpyCode(
        name=names[0],
        source=names[1],
        offset=offset,
        size=size,
        signature=prelude.signature,
        arguments=tuple(strings.read(reader) for _ in range(prelude.signature.arguments)),
        cells=prelude.cells,
        lines=prelude.lines,
        instructions=tuple(instructions),
        objects=tuple(read_letter_object(reader) for _ in range(objects)),
        children=tuple(
            read_older_code(reader, header, strings, depth + 1) for _ in range(children)
        ),
        native=None,
    )


def _size(reader: MpyReader, strings: OlderStrings) -> int:
    """Read the bytes of the code as the interpreter counts them."""
    place = reader.place
    number = reader.uint()
    if not strings.are_in_place:
        return number
    if number & _KIND:
        message = "machine code is not read in .mpy files before version 6"
        reader.fail("native-not-read", message, place)
    return number >> _SIZE_SHIFT


def _with_strings(
    found: list[MpyInstruction], reader: MpyReader, strings: OlderStrings
) -> list[MpyInstruction]:
    """Return instructions with the strings that come after the code."""
    return [
        one._replace(string=strings.read(reader)) if one.opcode.operand == "qstr" else one
        for one in found
    ]


def _packed(reader: MpyReader, strings: OlderStrings) -> _Prelude:
    start = reader.at
    signature = read_signature(reader)
    size, count = read_sizes(reader)
    counted = reader.at - start + size + count
    names = strings.read(reader), strings.read(reader)
    if size < _NAMES:
        reader.fail("bad-prelude", f"{size} bytes are too few for two names")
    lines = tuple(decode_lines(reader.take(size - _NAMES), ends_at_zero=True))
    return _Prelude(signature, names, lines, tuple(reader.take(count)), counted)


def _plain(reader: MpyReader, _: OlderStrings) -> _Prelude:
    start = reader.at
    signature = read_plain_signature(reader)
    counted_from = reader.at
    end = counted_from + reader.uint()
    if end - reader.at < _NAMES:
        reader.fail("bad-prelude", "too few bytes for two names")
    table = reader.take(end - reader.at)[_NAMES:]
    cells = []
    while (cell := reader.byte()) != _NO_CELL:
        cells.append(cell)
    # Lines are counted from the end of the table, where the list of cells begins.
    before = len(cells) + 1
    lines = tuple(
        LineStart(max(0, one.offset - before), one.line)
        for one in decode_lines(table, ends_at_zero=True)
    )
    return _Prelude(signature, None, lines, tuple(cells), reader.at - start)
