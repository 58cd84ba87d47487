"""Operands that no instruction has: a check that one is not there could not fail.

What the operand of an op is says ``linear_ops.tsv``, of an opcode its interpreter's table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pycinspect.dialects import Dialect, LinearKind, LinearOperand, linear_ops
from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.view.items import KEYWORDS
from pytest_pycinspect.view.names import first_with, opcode_operand, words_of_opcodes

__all__ = ["check_opcode_operand", "check_operand"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True


def check_operand(opname: str, operand: model.Operand) -> None:
    """Refuse what a canonical op never has.

    Args:
        opname: the op, in the full spelling.
        operand: what is said of its operand.

    Raises:
        PatternError: with what the op has, and where the operand belongs.
    """
    row = linear_ops().get(opname)
    if row is not None and row.operand is not LinearOperand.DROPPED:  # its name is refused
        _check(row, operand)


def check_opcode_operand(opname: str, operand: model.Operand, dialect: Dialect) -> None:
    """Refuse what an opcode of an interpreter never has, likewise."""
    kind = opcode_operand(opname, dialect)
    if kind is not None:
        op = linear_ops().get(opname)
        is_dotted = op is not None and op.is_dotted
        _check(LinearKind(opname, LinearOperand(kind.value), (), (), is_dotted), operand)


def _check(row: LinearKind, operand: model.Operand) -> None:
    if not _can_be(row, operand):
        hint = _hint(row, operand)
        raise PatternError(f"{row.name} takes {_wanted(row)}, and never {operand}{hint}")


# --- What can be -----------------------------------------------------------------------------

_Can = Callable[[LinearKind, Any], bool]


def _can_be(row: LinearKind, operand: model.Operand) -> bool:
    if isinstance(operand, model.Anything | model.Argument):
        return True
    can = _CAN_BE[row.operand].get(type(operand))
    return can is not None and can(row, operand)


def _always(_: LinearKind, __: model.Operand) -> bool:
    return True


def _has_no_regex(_: LinearKind, operand: model.Capture) -> bool:
    return operand.regex is None


def _is_name(row: LinearKind, operand: model.Name | model.Literal) -> bool:
    """Return whether a compiler can make it a name.

    Names that begin with a dot are its own: ``.0`` is a comprehension's iterator.
    """
    text = operand.text if isinstance(operand, model.Name) else operand.value
    if not isinstance(text, str):
        return False
    if row.is_dotted:
        return all(map(str.isidentifier, text.lstrip(".").split("."))) or not text
    if row.words:
        return text in row.words
    is_own = (text[:1] == "." and text[1:].isalnum()) or text in _INNER
    return (text.isidentifier() and text not in KEYWORDS) or is_own


#: Names that the compiler makes for type parameters, ``Python/compile.c``.
_INNER = frozenset({".type_params", ".generic_base", ".kwdefaults"})


def _is_word(row: LinearKind, operand: model.Name | model.Word | model.Literal) -> bool:
    text = operand.value if isinstance(operand, model.Literal) else operand.text
    return text in row.words if row.words else isinstance(text, str)


def _is_like_a_word(row: LinearKind, operand: model.Regex) -> bool:
    return not row.words or any(operand.finds(word) for word in row.words)


def _captures_a_word(row: LinearKind, operand: model.Capture) -> bool:
    return operand.regex is None or _is_like_a_word(row, operand.regex)


def _is_count(row: LinearKind, operand: model.Literal) -> bool:
    return type(operand.value) is int and _is_within(row, operand.value)


def _is_within(row: LinearKind, number: int) -> bool:
    return number >= row.least and (row.most is None or number <= row.most)


def _is_some_count(row: LinearKind, operand: model.Compare) -> bool:
    """Return whether one of the numbers that there are is within the bound."""
    near = 0 if math.isinf(operand.bound) else math.floor(operand.bound)
    compare = model.COMPARISONS[operand.sign]
    ends = (row.least, row.least + 1, near - 1, near, near + 1, row.most or near)
    return any(compare(one, operand.bound) for one in ends if _is_within(row, one))


def _is_number_of(row: LinearKind, operand: model.Arguments) -> bool:
    count = operand.count
    return count is None or (count >= len(operand.names) and _is_within(row, count))


def _each(row: LinearKind, operand: model.OneOf) -> bool:
    return all(_can_be(row, option) for option in operand.options)


#: By what the operand of an op is: what can be said of it that is true of some code.
_CAN_BE: Mapping[LinearOperand, Mapping[type, _Can]] = MappingProxyType(
    {
        LinearOperand.NONE: {},
        LinearOperand.DROPPED: {},
        LinearOperand.NAME: {
            model.Name: _is_name,
            model.Literal: _is_name,
            model.OneOf: _each,
            model.Regex: _is_like_a_word,
            model.Capture: _captures_a_word,
        },
        LinearOperand.CONST: {
            model.Literal: _always,
            model.OneOf: _each,
            model.Regex: _always,
            model.Capture: _always,
            model.Compare: _always,
            model.CodeName: _always,
        },
        LinearOperand.CODE: {
            model.CodeName: _always,
            model.Regex: _always,
            model.Capture: _always,
        },
        LinearOperand.NUMBER: {
            model.Literal: _is_count,
            model.OneOf: _each,
            model.Compare: _is_some_count,
            model.Capture: _has_no_regex,
        },
        LinearOperand.NAMES: {
            model.Arguments: _is_number_of,
            model.Literal: _is_count,
            model.OneOf: _each,
            model.Compare: _is_some_count,
            model.Capture: _has_no_regex,
        },
        LinearOperand.WORD: {
            model.Word: _is_word,
            model.Name: _is_word,
            model.Literal: _is_word,
            model.OneOf: _each,
            model.Regex: _is_like_a_word,
            model.Capture: _captures_a_word,
        },
        LinearOperand.TARGET: {model.Target: _always},
    }
)

# --- What is said ------------------------------------------------------------------------------

_WANTED: Mapping[LinearOperand, str] = MappingProxyType(
    {
        LinearOperand.NONE: "no operand",
        LinearOperand.NAME: "a name",
        LinearOperand.CONST: "a constant as Python writes it, such as 'x', 1 or None",
        LinearOperand.CODE: "a code object, such as <code f>",
        LinearOperand.NUMBER: "a number from {0}",
        LinearOperand.NAMES: "a number and names, such as 2 ('key',)",
        LinearOperand.WORD: "an operator such as + or +=",
        LinearOperand.TARGET: "a target, such as -> loop",
    }
)


_MOST_WORDS = 8


def _wanted(row: LinearKind) -> str:
    is_short = 0 < len(row.words) <= _MOST_WORDS
    if is_short:
        return f"one of {' '.join(row.words)}"
    numbers = f"{row.least} on" if row.most is None else f"{row.least} to {row.most}"
    return _WANTED[row.operand].format(numbers)


def _hint(row: LinearKind, operand: model.Operand) -> str:
    """Say where an operand belongs that has another op, or another spelling."""
    if isinstance(operand, model.OneOf):
        wrong = (option for option in operand.options if not _can_be(row, option))
        return _hint(row, next(wrong))
    text = operand.text if isinstance(operand, model.Name | model.Word) else ""
    for other in linear_ops().values():
        if text in other.words and other.name != row.name:
            return f": since {first_with(other.name)} that is {other.name} {text}"
    word = words_of_opcodes(row.name).get(text.upper())
    if word is not None:
        return f": that is {row.name} {word}"
    head, dot, rest = text.partition(".")
    if row.operand is LinearOperand.NAME and dot and head:
        return f": that is {row.name} {head} and LOAD_ATTR {rest.partition('.')[0]}"
    return ""
