"""Structural pattern matching (PEP 634)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.kinds import kind_named
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.words import number
from pycinspect.canonical.states import Event, State, bare

__all__ = ["RULES"]


def _asked(kind: str) -> Rule:
    """Return the rule of an op that pushes what it finds out about the top."""
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        subject = bare(state.peek(1))
        return machine.evaluated(state, machine.values.make(kind, subject), state.stack)

    return rule


def _keys(machine: Machine, state: State, _: CanonicalOp) -> Event:
    subject, keys = bare(state.peek(2)), bare(state.peek(1))
    return machine.evaluated(state, machine.values.make("match_keys", subject, keys), state.stack)


def _class(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, parts = state.pop(3)
    value = machine.values.make("match_class", str(number(op)), *parts)
    return machine.evaluated(state, value, rest)


def _without_keys(machine: Machine, state: State, _: CanonicalOp) -> Event:
    """Copy the subject and take keys out, as 3.11 does with a display and deletions."""
    rest, (subject, keys) = state.pop(2)
    make = machine.values.make
    copied = machine.another(state, make("made", make("map", make("star2", subject))), rest)
    value = copied
    for key in keys.operands:
        value = make("without_key", value, key)
    return machine.event(state, ("ev", copied), rest.push(subject, value))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "GET_LEN": _asked("length"),
        "MATCH_MAPPING": _asked("is_mapping"),
        "MATCH_SEQUENCE": _asked("is_sequence"),
        "MATCH_KEYS": _keys,
        "MATCH_CLASS": _class,
        "COPY_DICT_WITHOUT_KEYS": _without_keys,
    }
)
