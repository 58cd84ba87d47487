"""Whether one instruction is what a line says."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.constants import has_key, one_of, typed_key
from pytest_pycinspect.expect.model import COMPARISONS, View
from pytest_pycinspect.view.instr import Instr, Kind

__all__ = ["UNBOUND", "Key", "Test", "Variable", "key_of", "place_of", "tested_by"]

#: What a variable stands for before it is met.
UNBOUND = object()
#: What two captured operands have in common if they are equal.
Key = Hashable
Check = Callable[[Instr], bool]

_TEXTS = frozenset({Kind.NAME, Kind.WORD})
_CAPTURED = frozenset({Kind.NAME, Kind.CONST, Kind.CODE, Kind.NUMBER, Kind.NAMES, Kind.WORD})


class Test(NamedTuple):
    """What a line asks of an instruction.

    Args:
        opname: its name, None for any.
        check: what its operand must be like, None for anything.
        slot: the place of the variable or label that it is compared with, or None.
        is_label: whether that is a label.
        view: whose name ``opname`` is.
        place: where in the source it must be, None for anywhere; ``check`` asks for that, too.
    """

    opname: str | None
    check: Check | None = None
    slot: int | None = None
    is_label: bool = False
    view: View = View.OWN
    place: model.At | None = None


class Variable(NamedTuple):
    """A captured variable or a label; they may have one name."""

    name: str
    is_label: bool = False


def tested_by(single: model.Single, opname: str | None, slot_of: Callable[[Variable], int]) -> Test:
    """Return the test of a line.

    Args:
        single: the line.
        opname: its opcode, in the full spelling.
        slot_of: gives a variable or label its place.
    """
    if not isinstance(single, model.Op):
        return Test(None)
    operand, place = single.operand, single.place
    check = _check_of(operand) if place is None else _check_at(operand, place)
    plain = Test(opname, check, view=single.view, place=place)
    if isinstance(operand, model.Capture):
        return plain._replace(slot=slot_of(Variable(operand.name)))
    if isinstance(operand, model.Target) and operand.label is not None:
        slot = slot_of(Variable(operand.label, is_label=True))
        return plain._replace(slot=slot, is_label=True)
    return plain


@lru_cache(maxsize=1024)
def _check_of(operand: model.Operand) -> Check | None:
    """Return the check of an operand: equal lines have one, so that their tests are equal."""
    check: Check | None = _CHECKS[type(operand)](operand)
    return check


@lru_cache(maxsize=1024)
def _check_at(operand: model.Operand, place: model.At) -> Check:
    """Return the check of an operand and of a place in the source."""
    check, wanted = _check_of(operand), place.parts

    def is_there(instr: Instr) -> bool:
        found = place_of(instr)
        is_at = all(want in (None, part) for want, part in zip(wanted, found, strict=True))
        return is_at and (check is None or check(instr))

    return is_there


def place_of(instr: Instr) -> tuple[int | None, ...]:
    """Return line, end line, column and end column; None for what is not known."""
    if instr.position is None or instr.position.column is None:
        return instr.line, None, None, None
    return tuple(instr.position)


def key_of(instr: Instr) -> Key:
    """Return what a captured operand is compared by."""
    return typed_key(instr.operand)


# --- One check an operand ------------------------------------------------------------------


def _anything(_: model.Anything) -> None:
    return None


def _literal(operand: model.Literal) -> Check:
    value, key = operand.value, typed_key(operand.value)
    is_number, is_text = type(value) is int, type(value) is str

    def check(instr: Instr) -> bool:
        found = instr.operand
        if instr.kind is Kind.CONST:
            return type(found) is type(value) and has_key(found, key)
        if is_number and instr.kind is Kind.NAMES:
            return _count(instr) == value
        if is_number:
            return instr.kind is Kind.NUMBER and found == value
        return is_text and instr.kind in _TEXTS and found == value

    return check


def _count(instr: Instr) -> object:
    operand: Any = instr.operand
    return operand[0]


def _name(operand: model.Name) -> Check:
    return lambda instr: instr.kind in _TEXTS and instr.operand == operand.text


def _word(operand: model.Word) -> Check:
    return lambda instr: instr.kind is Kind.WORD and instr.operand == operand.text


def _code_name(operand: model.CodeName) -> Check:
    return lambda instr: instr.kind is Kind.CODE and instr.operand == operand.name


def _arguments(operand: model.Arguments) -> Check:
    def check(instr: Instr) -> bool:
        if instr.kind is not Kind.NAMES:
            return False
        found: Any = instr.operand
        return operand.count in (None, found[0]) and tuple(found[1]) == operand.names

    return check


def _argument(operand: model.Argument) -> Check:
    return lambda instr: len(instr.raw) == 1 and instr.raw[0].arg == operand.number


def _regex(operand: model.Regex) -> Check:
    search = re.compile(operand.pattern).search

    def check(instr: Instr) -> bool:
        found = instr.operand
        is_text = instr.kind in _TEXTS or instr.kind in (Kind.CONST, Kind.CODE)
        return is_text and isinstance(found, str) and search(found) is not None

    return check


def _capture(operand: model.Capture) -> Check:
    return _captured(operand.regex)


@lru_cache(maxsize=128)
def _captured(regex: model.Regex | None) -> Check:
    """Return the check of all variables that must be like a regular expression."""
    like = _regex(regex) if regex else None
    return lambda instr: instr.kind in _CAPTURED and (like is None or like(instr))


def _compare(operand: model.Compare) -> Check:
    compare, bound = COMPARISONS[operand.sign], operand.bound

    def check(instr: Instr) -> bool:
        found: Any = _count(instr) if instr.kind is Kind.NAMES else instr.operand
        is_number = instr.kind in (Kind.NUMBER, Kind.CONST, Kind.NAMES)
        return is_number and type(found) in (int, float) and compare(found, bound)

    return check


def _one_of(operand: model.OneOf) -> Check:
    """Compare with all options at once: there may be thousands."""
    texts = {option.text for option in operand.options if isinstance(option, model.Name)}
    values = [option.value for option in operand.options if isinstance(option, model.Literal)]
    texts.update(value for value in values if type(value) is str)
    numbers = {value for value in values if type(value) is int}
    is_constant = one_of(values)

    def check(instr: Instr) -> bool:
        if instr.kind is Kind.CONST:
            return is_constant(instr.operand)
        if instr.kind in _TEXTS:
            return instr.operand in texts
        if instr.kind is Kind.NAMES:
            return _count(instr) in numbers
        return instr.kind is Kind.NUMBER and instr.operand in numbers

    return check


def _target(_: model.Target) -> Check:
    return _is_jump


def _is_jump(instr: Instr) -> bool:
    return instr.kind is Kind.TARGET


_CHECKS: Mapping[type, Callable[[Any], Any]] = MappingProxyType(
    {
        model.Anything: _anything,
        model.Literal: _literal,
        model.Name: _name,
        model.Word: _word,
        model.CodeName: _code_name,
        model.Argument: _argument,
        model.Arguments: _arguments,
        model.Regex: _regex,
        model.Capture: _capture,
        model.Compare: _compare,
        model.OneOf: _one_of,
        model.Target: _target,
    }
)
