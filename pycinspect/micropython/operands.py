"""What the operand of an instruction of MicroPython names, as text."""

from __future__ import annotations

from pycinspect.dialects.mpy import MpyFormat, StringPlace
from pycinspect.micropython.instructions import MpyInstruction
from pycinspect.micropython.model import MpyCode
from pycinspect.micropython.objects import MpyObject, object_text
from pycinspect.values import brief

__all__ = ["mpy_named_by", "mpy_operand_text"]

_ARGUMENTS = "CALL_"
_POSITIONAL = 0xFF


def mpy_operand_text(instruction: MpyInstruction, code: MpyCode, layout: MpyFormat) -> str:
    """Return the operand of an instruction as text of bounded length, "" where it has none.

    Args:
        instruction: one of the code.
        code: whose constants and functions it names.
        layout: the format of the file.
    """
    opcode, argument = instruction.opcode, instruction.argument
    if instruction.string is not None:
        text = brief(instruction.string)
    elif opcode.operator:
        text = opcode.operator
    elif argument is None:
        text = ""
    elif opcode.operand == "offset":
        text = f"to {instruction.target}"
    elif opcode.names_object or opcode.names_child:
        text = _named(instruction, code, layout)
    elif opcode.name.startswith(_ARGUMENTS):
        text = f"{argument & _POSITIONAL} positional, {argument >> 8} keyword"
    else:
        text = str(argument)
    return text if instruction.extra is None else f"{text} {instruction.extra}".lstrip()


def mpy_named_by(
    instruction: MpyInstruction, code: MpyCode, layout: MpyFormat
) -> MpyObject | MpyCode | None:
    """Return the constant or the function that an instruction names, None where it names none.

    Args:
        instruction: one of the code.
        code: whose constants and functions it names.
        layout: the format of the file. Before version 6 arguments, constants and functions share one
            list.
    """
    opcode, index = instruction.opcode, instruction.argument
    if index is None or not (opcode.names_object or opcode.names_child):
        return None
    if layout.strings is not StringPlace.TABLE:
        index -= len(code.arguments) + (len(code.objects) if opcode.names_child else 0)
    known = code.children if opcode.names_child else code.objects
    return known[index] if 0 <= index < len(known) else None


def _named(instruction: MpyInstruction, code: MpyCode, layout: MpyFormat) -> str:
    named = mpy_named_by(instruction, code, layout)
    if named is None:
        return f"{instruction.argument} (there is none)"
    if isinstance(named, MpyObject):
        return object_text(named)
    return brief(named.name) or f"{instruction.argument}"
