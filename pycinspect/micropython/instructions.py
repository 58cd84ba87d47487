"""The instructions of a function in a ``.mpy`` file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pycinspect.dialects.mpy import MpyFormat, StringPlace
from pycinspect.micropython.header import MpyHeader
from pycinspect.micropython.opcodes import MpyOpcode, mpy_opcodes
from pycinspect.micropython.reading import MpyReader

__all__ = ["MpyInstruction", "StringOperand", "decode_instructions"]

#: Reads the string that is the operand of an instruction; None stands for one that comes later.
StringOperand = Callable[[MpyReader], "str | None"]
_STRING_BYTES = 2


class MpyInstruction(NamedTuple):
    """One instruction.

    Args:
        offset: bytes from the start of the instructions, as the interpreter counts them.
        size: its bytes, as the interpreter counts them.
        opcode: what it is.
        argument: its number: a value, a local, a constant, a function; a jump's offset; None where
            it has none, and for a string.
        string: the string that is its operand, None where that is none.
        extra: the byte that follows, None for most.
    """

    offset: int
    size: int
    opcode: MpyOpcode
    argument: int | None
    string: str | None
    extra: int | None

    @property
    def target(self) -> int | None:
        """Where it leads to, in bytes from the start of the instructions; None if nowhere."""
        if self.opcode.operand != "offset" or self.argument is None:
            return None
        return self.offset + self.size + self.argument


def decode_instructions(
    reader: MpyReader, size: int, header: MpyHeader, read_string: StringOperand
) -> list[MpyInstruction]:
    """Decode the instructions of a function, and go on behind them.

    Args:
        reader: stands at the first.
        size: bytes of them all, as the interpreter counts them: a string has two.
        header: that of the file.
        read_string: reads the operand that is a string.

    Raises:
        PycInspectError: ``bad-instruction``, ``truncated``, ``bad-number``; what ``read_string``
            raises.
    """
    found: list[MpyInstruction] = []
    offset = 0
    while offset < size:
        place = reader.place
        instruction = _instruction(reader, offset, header, read_string)
        offset += instruction.size
        if offset > size:
            reader.fail("bad-instruction", "the last instruction reaches past the code", place)
        found.append(instruction)
    return found


def _instruction(
    reader: MpyReader, offset: int, header: MpyHeader, read_string: StringOperand
) -> MpyInstruction:
    start = reader.at
    number = reader.byte()
    opcode = mpy_opcodes(header.format.version).get(number)
    if opcode is None:
        reader.fail("bad-instruction", f"there is no instruction {number:#04x}", reader.place - 1)
    argument, string = opcode.value, None
    counted = 0
    if opcode.operand == "qstr":
        before = reader.at
        string = read_string(reader)
        if header.format.strings is not StringPlace.TABLE:
            counted = _STRING_BYTES - (reader.at - before)
    elif opcode.operand == "offset":
        argument = _offset(reader, header.format, opcode)
    elif opcode.operand != "none":
        argument = reader.sint() if opcode.is_signed else reader.uint()
    if opcode.cache_byte and header.cache_bytes:
        reader.byte()
    extra = reader.byte() if opcode.extra_byte else None
    size = reader.at - start + counted
    return MpyInstruction(offset, size, opcode, argument, string, extra)


def _offset(reader: MpyReader, layout: MpyFormat, opcode: MpyOpcode) -> int:
    """Read how far a jump goes (``DECODE_ULABEL`` and ``DECODE_SLABEL`` of ``py/vm.c``)."""
    bits = 16
    if layout.short_jumps:
        first = reader.byte()
        value, bits = first, 7
        if first & 0x80:
            value, bits = first & 0x7F | reader.byte() << 7, 15
    else:
        value = int.from_bytes(reader.take(2), "little")
    return value - (1 << bits - 1) if opcode.is_signed else value
