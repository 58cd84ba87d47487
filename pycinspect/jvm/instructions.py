"""The instructions of a method (Java Virtual Machine Specification, chapter 6)."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.jvm.bytes_at import BytesAt
from pycinspect.jvm.classfile import ClassFile, Member, read_attributes
from pycinspect.shipped import shipped_text

__all__ = ["ExceptionRange", "JvmInstruction", "MethodBody", "decode_method"]

_TABLE_SWITCH = "tableswitch"
#: Bytes of code that a method may have (4.7.3).
_LONGEST_CODE = 0xFFFF
_WIDE = "wide"


class JvmInstruction(NamedTuple):
    """One instruction.

    Args:
        offset: bytes from the start of the code.
        name: as the specification has it; ``wide`` is a part of the name: ``iinc_w``.
        operands: numbers of locals and constants, and values; jumps as the offsets that they
            lead to; a switch has (key, target) pairs one after the other, its default last.
        pool_index: the constant that it names, None where it names none.
    """

    offset: int
    name: str
    operands: tuple[int, ...]
    pool_index: int | None = None


class ExceptionRange(NamedTuple):
    """A row of a method's exception table; offsets in bytes, ``kind`` None for any."""

    start: int
    end: int
    handler: int
    kind: str | None


class MethodBody(NamedTuple):
    """The code of a method: the sizes of its frame, its instructions and its handlers."""

    max_stack: int
    max_locals: int
    size: int
    instructions: tuple[JvmInstruction, ...]
    handlers: tuple[ExceptionRange, ...]


class _Operand(NamedTuple):
    """Size in bytes, whether it has a sign, and what it means: pool, offset, local or value."""

    size: int
    is_signed: bool
    meaning: str


class _OpcodeRow(NamedTuple):
    name: str
    operands: tuple[_Operand, ...]
    wide: tuple[_Operand, ...]
    is_table: bool


def _operands(text: str) -> tuple[_Operand, ...]:
    """Read a cell of the table: ``"u1 local, s1"``; ``0`` is a byte that is always zero."""
    if text in ("", "none", "table", "wide"):
        return ()
    return tuple(_operand(part) for part in text.split(", "))


def _operand(text: str) -> _Operand:
    kind, _, meaning = text.partition(" ")
    if kind == "0":
        return _Operand(1, is_signed=False, meaning="zero")
    return _Operand(int(kind[1]), kind[0] == "s", meaning or "value")


@cache
def _opcodes() -> MappingProxyType[int, _OpcodeRow]:
    """Return the table, read once; it never changes."""
    rows = {}
    for line in shipped_text("pycinspect.jvm", "opcodes.tsv").splitlines()[2:]:
        number, name, operands, _, wide = line.split("\t")
        is_table = operands == "table"
        rows[int(number)] = _OpcodeRow(name, _operands(operands), _operands(wide), is_table)
    return MappingProxyType(rows)


def decode_method(method: Member, of: ClassFile) -> MethodBody | None:
    """Decode the code of a method.

    Args:
        method: one of the class's methods.
        of: the class.

    Returns:
        The code; None for a method without any (abstract, native).

    Raises:
        PycInspectError: ``bad-instruction``, ``truncated``, ``bad-pool-index``, each with the
            offset in the file.
    """
    reader = of.attribute("Code", method.attributes)
    if reader is None:
        return None
    max_stack, max_locals = reader.unsigned(2), reader.unsigned(2)
    size = reader.unsigned(4)
    if size > _LONGEST_CODE:
        message = f"a method has {size} bytes of code, more than {_LONGEST_CODE}"
        raise PycInspectError("bad-instruction", message, offset=reader.at - 4)
    instructions = tuple(_instructions(reader.part(size)))
    handlers = tuple(_handler(reader, of) for _ in range(reader.unsigned(2)))
    read_attributes(reader, of.pool)
    return MethodBody(max_stack, max_locals, size, instructions, handlers)


def _handler(reader: BytesAt, of: ClassFile) -> ExceptionRange:
    start, end, handler, kind = (reader.unsigned(2) for _ in range(4))
    return ExceptionRange(start, end, handler, of.pool.text(kind) if kind else None)


def _instructions(code: BytesAt) -> list[JvmInstruction]:
    start, found = code.at, []
    while code.at < code.end:
        found.append(_instruction(code, code.at - start))
    return found


def _row(code: BytesAt) -> _OpcodeRow:
    place = code.at
    number = code.unsigned(1)
    row = _opcodes().get(number)
    if row is None:
        message = f"there is no JVM instruction {number:#04x}"
        raise PycInspectError("bad-instruction", message, offset=place)
    return row


def _instruction(code: BytesAt, offset: int) -> JvmInstruction:
    row = _row(code)
    if row.is_table:
        return JvmInstruction(offset, row.name, _switch(code, offset, row.name))
    if row.name != _WIDE:
        return _plain(code, offset, row.name, row.operands)
    widened = _row(code)
    if not widened.wide:
        message = f"{widened.name} cannot be wide"
        raise PycInspectError("bad-instruction", message, offset=code.at - 1)
    return _plain(code, offset, f"{widened.name}_w", widened.wide)


def _plain(code: BytesAt, offset: int, name: str, operands: tuple[_Operand, ...]) -> JvmInstruction:
    values: list[int] = []
    pool_index = None
    for operand in operands:
        value = code.signed(operand.size) if operand.is_signed else code.unsigned(operand.size)
        if operand.meaning == "pool":
            pool_index = value
        elif operand.meaning == "offset":
            values.append(offset + value)
        elif operand.meaning != "zero":
            values.append(value)
    return JvmInstruction(offset, name, tuple(values), pool_index)


def _switch(code: BytesAt, offset: int, name: str) -> tuple[int, ...]:
    """Read a switch, whose numbers begin at a multiple of four from the code's start."""
    code.take(-(offset + 1) % 4)
    default = offset + code.signed(4)
    low = code.signed(4)
    if name == _TABLE_SWITCH:
        count = code.signed(4) - low + 1
        size = 4
    else:
        count, size = low, 8
    if count < 0 or count * size > code.end - code.at:
        message = f"{name} has {count} cases, for which there is no place"
        raise PycInspectError("bad-instruction", message, offset=code.at)
    pairs: list[int] = []
    for index in range(count):
        key = low + index if name == _TABLE_SWITCH else code.signed(4)
        pairs += (key, offset + code.signed(4))
    return (*pairs, default)
