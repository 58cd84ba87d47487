"""What the operand of an instruction of MicroPython names, as text."""

from __future__ import annotations

from pycinspect.dialects.mpy import MpyFormat, StringPlace
from pycinspect.micropython.instructions import MpyInstruction
from pycinspect.micropython.model import MpyCode
from pycinspect.micropython.objects import object_text
from pycinspect.values import brief

__all__ = ["mpy_operand_text"]

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
        text = _named(argument, code, layout, is_child=opcode.names_child)
    elif opcode.name.startswith(_ARGUMENTS):
        text = f"{argument & _POSITIONAL} positional, {argument >> 8} keyword"
    else:
        text = str(argument)
    return text if instruction.extra is None else f"{text} {instruction.extra}".lstrip()


def _named(argument: int, code: MpyCode, layout: MpyFormat, *, is_child: bool) -> str:
    """Return a constant or a function; before version 6 they share one list with the arguments."""
    index = argument
    if layout.strings is not StringPlace.TABLE:
        index -= len(code.arguments) + (len(code.objects) if is_child else 0)
    known = len(code.children) if is_child else len(code.objects)
    if not 0 <= index < known:
        return f"{argument} (there is none)"
    if is_child:
        return brief(code.children[index].name) or f"{argument}"
    return object_text(code.objects[index])
