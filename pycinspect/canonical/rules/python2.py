"""What only Python 2 has, and calls and functions up to 3.5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.calls import (
    ANNOTATIONS,
    CLOSURE,
    DEFAULTS,
    KWDEFAULTS,
    apply,
    code_in,
    function_of,
    passed,
    passed_by_name,
    with_attribute,
)
from pycinspect.canonical.rules.displays import display, pairs
from pycinspect.canonical.rules.words import number
from pycinspect.canonical.states import Event, State
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused

__all__ = ["RULES"]

#: How many values a part has, by the number of the op.
_Size = Callable[[int], int]


def _lowest(arg: int) -> int:
    return arg & 0xFF


def _paired(arg: int) -> int:
    return 2 * (arg >> 8 & 0xFF)


def _one(_: int) -> int:
    return 1


def _parts(
    values: Sequence[Value], sizes: Mapping[str, _Size], arg: int
) -> Mapping[str, Sequence[Value]]:
    """Return values from the stack part by part, the lowest first."""
    found, start = {}, 0
    for part, size in sizes.items():
        found[part] = values[start : start + size(arg)]
        start += size(arg)
    return found


def _count(sizes: Mapping[str, _Size], arg: int) -> int:
    return sum(size(arg) for size in sizes.values())


# --- Calls -----------------------------------------------------------------------------------


def _call_pairs(**sizes: _Size) -> Rule:
    """Return the rule of a call with positional arguments, and parts in the order of the stack."""
    sizes = {"positional": _lowest, **sizes}

    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        arg, make = number(op), machine.values.make
        rest, (function, *values) = state.pop(1 + _count(sizes, arg))
        parts = _parts(values, sizes, arg)
        args = [*parts["positional"]]
        for iterable in parts.get("star", ()):
            args += passed(machine, iterable)
        args += [make("keyword", *pair.operands) for pair in pairs(machine, parts["pairs"])]
        for mapping in parts.get("star2", ()):
            args += passed_by_name(machine, mapping)
        return apply(machine, state, function, args, rest)

    return rule


# --- Functions -------------------------------------------------------------------------------


def _annotated(arg: int) -> int:
    return arg >> 16 & 0x7FFF


def _all(arg: int) -> int:
    return arg


def _as_tuple(machine: Machine, values: Sequence[Value]) -> Value:
    return display(machine, "tuple", values)


def _as_map(machine: Machine, values: Sequence[Value]) -> Value:
    return display(machine, "map", pairs(machine, values))


def _by_names(machine: Machine, values: Sequence[Value]) -> Value:
    *annotations, names = values
    if len(names.operands) != len(annotations):
        raise refused("a function has not as many annotations as names")
    both = zip(names.operands, annotations, strict=True)
    return display(machine, "map", [machine.values.make("pair", *pair) for pair in both])


#: Parts to their bits in later versions, and how their values are one.
_ATTRIBUTES: Mapping[str, tuple[int, Callable[[Machine, Sequence[Value]], Value]]] = (
    MappingProxyType(
        {
            "defaults": (DEFAULTS, _as_tuple),
            "pairs": (KWDEFAULTS, _as_map),
            "annotations": (ANNOTATIONS, _by_names),
        }
    )
)


def _make_function(**sizes: _Size) -> Rule:
    """Return the rule of an op that makes a function: its parts in the order of the stack.

    Above them are perhaps a closure, and the code object (Python/ceval.c: MAKE_FUNCTION).
    """

    def rule(machine: Machine, state: State, op: CanonicalOp) -> State:
        has_closure = isinstance(op.operand, tuple)
        arg = op.operand[0] if isinstance(op.operand, tuple) else number(op)
        rest, values = state.pop(_count(sizes, arg) + has_closure + 1)
        function = function_of(machine, values.pop())
        if has_closure:
            function = with_attribute(machine, function, CLOSURE, values.pop())
        for part, given in _parts(values, sizes, arg).items():
            bit, as_one = _ATTRIBUTES[part]
            if given:
                function = with_attribute(machine, function, bit, as_one(machine, given))
        return state.next(rest.push(function))

    return rule


def _build_closure(machine: Machine, state: State, _: CanonicalOp) -> State:
    rest, (code,) = state.pop(1)
    below, cells = state._replace(stack=rest).pop(len(code_in(machine, code).freevars))
    return state.next(below.push(display(machine, "tuple", cells), code))


def _build_class(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, parts = state.pop(3)
    return machine.evaluated(state, machine.values.make("class", *parts), rest)


# --- Statements ------------------------------------------------------------------------------


def _statement(kind: str, count: int) -> Rule:
    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        rest, values = state.pop(count)
        return machine.event(state, (kind, *values), rest)

    return rule


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "CALL_PAIRS": _call_pairs(pairs=_paired),
        "CALL_PAIRS_VAR": _call_pairs(pairs=_paired, star=_one),
        "CALL_PAIRS_KW": _call_pairs(pairs=_paired, star2=_one),
        "CALL_PAIRS_VAR_KW": _call_pairs(pairs=_paired, star=_one, star2=_one),
        "CALL_VAR_PAIRS": _call_pairs(star=_one, pairs=_paired),
        "CALL_VAR_PAIRS_KW": _call_pairs(star=_one, pairs=_paired, star2=_one),
        "MAKE_FUNCTION_DEFAULTS": _make_function(defaults=_all),
        "MAKE_FUNCTION_PAIRS": _make_function(
            pairs=_paired, defaults=_lowest, annotations=_annotated
        ),
        "MAKE_FUNCTION_COUNTS": _make_function(
            defaults=_lowest, pairs=_paired, annotations=_annotated
        ),
        "BUILD_CLOSURE": _build_closure,
        "BUILD_CLASS": _build_class,
        "PRINT_ITEM": _statement("print", 1),
        "PRINT_ITEM_TO": _statement("print_to", 2),
        "PRINT_NEWLINE": _statement("print_end", 0),
        "PRINT_NEWLINE_TO": _statement("print_end_to", 1),
        "EXEC_STMT": _statement("exec", 3),
    }
)
