"""What only Python 2 has, and calls up to 3.5."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.machine import Event, Machine, Rule, State
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.calls import apply, defaults_of, with_closure
from pycinspect.canonical.rules.displays import pairs
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused

__all__ = ["RULES"]


def _call_pairs(*extras: str) -> Rule:
    """Return the rule of a call with positional arguments, pairs, and perhaps more."""

    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        arg = op.operand if isinstance(op.operand, int) else 0
        positional, named = arg & 0xFF, arg >> 8 & 0xFF
        rest, values = state.pop(1 + positional + 2 * named + len(extras))
        make = machine.values.make
        more = [
            make(kind, value) for kind, value in zip(extras, _last(values, extras), strict=True)
        ]
        function, *args = values[: len(values) - len(extras)]
        keywords = [make("keyword", *p.operands) for p in pairs(machine, args[positional:])]
        ordered = [*args[:positional], *(v for v in more if v.kind == "star"), *keywords]
        ordered += [v for v in more if v.kind == "star2"]
        return apply(machine, state, function, ordered, rest)

    return rule


def _last(values: list[Value], extras: tuple[str, ...]) -> list[Value]:
    return values[len(values) - len(extras) :]


def _make_function(machine: Machine, state: State, op: CanonicalOp) -> State:
    count, closure = op.operand if isinstance(op.operand, tuple) else (op.operand, False)
    if not isinstance(count, int):
        raise refused("MAKE_FUNCTION has no number")
    rest, values = state.pop(count + 1 + bool(closure))
    code = values.pop()
    function = defaults_of(machine, code, values[:count])
    if closure:
        function = with_closure(machine, function, values[count])
    return state.next(rest.push(function))


def _build_class(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, parts = state.pop(3)
    return machine.evaluated(state, machine.values.make("class", *parts), rest)


def _statement(kind: str, count: int) -> Rule:
    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        rest, values = state.pop(count)
        return machine.event(state, (kind, *values), rest)

    return rule


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "CALL_PAIRS": _call_pairs(),
        "CALL_PAIRS_VAR": _call_pairs("star"),
        "CALL_PAIRS_KW": _call_pairs("star2"),
        "CALL_PAIRS_VAR_KW": _call_pairs("star", "star2"),
        "MAKE_FUNCTION_DEFAULTS": _make_function,
        "BUILD_CLASS": _build_class,
        "PRINT_ITEM": _statement("print", 1),
        "PRINT_ITEM_TO": _statement("print_to", 2),
        "PRINT_NEWLINE": _statement("print_end", 0),
        "PRINT_NEWLINE_TO": _statement("print_end_to", 1),
        "EXEC_STMT": _statement("exec", 3),
    }
)
