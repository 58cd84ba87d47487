"""Instructions as text that parses back to an expectation that they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Instr, Kind

__all__ = ["OPNAME_WIDTH", "format_instr", "labels_of", "listing", "operand_text"]

#: Operands of most instructions begin in the same column.
OPNAME_WIDTH = 18
#: What is written where an expectation has no way to say what is there.
_ANY = "_"


def listing(code: CodeView) -> list[str]:
    """Return the instructions of a code object, one a line, with labels.

    It is an expectation that the code meets; nested code is not in it.
    """
    labels = labels_of(code)
    lines = []
    for index, instr in enumerate(code):
        if index in labels:
            lines.append(f"{labels[index]}:")
        lines.append(format_instr(instr, labels))
    return lines


def labels_of(code: Sequence[Instr] | CodeView) -> Mapping[int, str]:
    """Return a name for each instruction that another may jump to, by index."""
    targets = {instr.target for instr in code if instr.target is not None}
    inside = sorted(target for target in targets if target < len(code))
    return MappingProxyType({target: f"L{number}" for number, target in enumerate(inside, 1)})


def format_instr(instr: Instr, labels: Mapping[int, str]) -> str:
    """Return one instruction as a line of an expectation.

    Args:
        instr: the instruction.
        labels: of targets of jumps, by index.
    """
    if not model.OPNAME.fullmatch(instr.opname):
        return _ANY
    operand = operand_text(instr, labels)
    return f"{instr.opname:<{OPNAME_WIDTH}} {operand}" if operand else instr.opname


def operand_text(instr: Instr, labels: Mapping[int, str]) -> str:
    """Return the operand as an expectation has it, ``_`` where it has no way to."""
    if instr.kind is Kind.NONE:
        return ""
    if instr.kind is Kind.TARGET:
        label = None if instr.target is None else labels.get(instr.target)
        return f"-> {label or _ANY}"
    try:
        return _WRITERS[instr.kind](instr.operand)
    except PatternError:  # a name that nobody can have written
        return _ANY


def _name(operand: Any) -> str:
    is_bare = model.BARE_NAME.fullmatch(operand) and operand not in model.RESERVED
    return str(operand) if is_bare else str(model.Literal(operand))


def _word(operand: Any) -> str:
    text = str(operand)
    if model.OPERATOR.fullmatch(text) or text in model.KEYWORD_OPERATORS:
        return text
    return _name(text)


def _const(operand: Any) -> str:
    return spelled(operand) or _ANY


def _number(operand: Any) -> str:
    return str(operand) if type(operand) is int else _ANY


def _names(operand: Any) -> str:
    return str(model.Arguments(operand[0], tuple(operand[1])))


def _code(operand: Any) -> str:
    return str(model.CodeName(operand))


_WRITERS: Mapping[Kind, Callable[[Any], str]] = MappingProxyType(
    {
        Kind.NAME: _name,
        Kind.CONST: _const,
        Kind.CODE: _code,
        Kind.NUMBER: _number,
        Kind.NAMES: _names,
        Kind.WORD: _word,
    }
)
