"""Displays: whatever ops built them, one value with the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from pycinspect.canonical.kinds import Trait, kinds_with
from pycinspect.canonical.looking import Part
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.words import number, word
from pycinspect.canonical.stack import Stack
from pycinspect.canonical.states import Event, State, bare
from pycinspect.canonical.values import MATCHED, Marks, Value
from pycinspect.canonical.work import refused

__all__ = ["RULES", "display", "finished", "is_outermost", "pairs"]

_SEQUENCES = kinds_with(Trait.SEQUENCE)


def display(machine: Machine, kind: str, items: Sequence[Value]) -> Value:
    """Return a tuple, list, set or map of items."""
    if kind == "set":
        return machine.values.set_of(items)
    return machine.values.make(kind, *items)


def pairs(machine: Machine, values: Sequence[Value]) -> list[Value]:
    """Return keys and values in turn as pairs."""
    make = machine.values.make
    return [make("pair", *both) for both in zip(values[::2], values[1::2], strict=True)]


# --- What a display does --------------------------------------------------------------------


def _number(op: CanonicalOp, less: int) -> int:
    return op.operand + less if isinstance(op.operand, int) else less


def _at(popped: int) -> Part:
    """Return whether a value is the one that an op adds to, which pops so many first."""
    return lambda op, depth: depth == _number(op, popped)


def _adds(op: CanonicalOp, depth: int) -> bool:
    """Return whether a value is the one that an op adds, or adds to."""
    return depth in (1, _number(op, 1))


def _among(popped: int) -> Part:
    """Return whether a value is one of those that an op takes, which are so many more."""
    return lambda op, depth: depth <= _number(op, popped)


#: Ops that go on with a display, or take it for another; and calls, which unpack themselves
#: what others unpack before.
_PARTS: Mapping[str, Part] = MappingProxyType(
    {
        **dict.fromkeys(("LIST_APPEND", "SET_ADD"), _at(1)),
        **dict.fromkeys(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE"), _adds),
        "MAP_ADD": _at(2),
        "LIST_TO_TUPLE": lambda _, depth: depth == 1,
        **dict.fromkeys(("BUILD_TUPLE_UNPACK", "BUILD_LIST_UNPACK"), _among(0)),
        **dict.fromkeys(("BUILD_SET_UNPACK", "BUILD_MAP_UNPACK"), _among(0)),
        "CALL_FUNCTION_EX": _among(0),
    }
)


def finished(
    machine: Machine, state: State, made: State, *, is_changed: bool = False
) -> State | Event:
    """Go on after an op that made or changed the display on top.

    Iterables are unpacked, and items and keys hashed: what that does happens once, when the
    display is complete, as up to 3.8; later versions unpack each before they evaluate the next.

    Args:
        machine: what follows the paths.
        state: before the op.
        made: after it.
        is_changed: it has added to the display, and not made it.
    """
    value, stack = made.peek(1), made.stack
    if not _is_observable(value):
        return made
    if not machine.completed(made, _PARTS):
        if is_changed or _unpacks(value):
            _note_order(machine, made)
        return made
    if value.kind == "list" and (
        made.behind_jumps().next_name() in _TAKE_TUPLES or is_outermost(stack.less(1))
    ):
        value = display(machine, "tuple", value.operands)
    elif value.kind == "set":  # constants may have come one by one, or as one frozenset
        value = machine.values.set_of(value.operands)
    return machine.evaluated(state, machine.values.make("made", value), stack.less(1))


def _note_order(machine: Machine, made: State) -> None:
    """Note where items so far are unpacked, or hashed, too early, as 3.9 and later do.

    In ``[*a, b]`` that shows, too, if ``b`` is not bound: another exception is raised. All
    versions unpack the positional arguments of a call before they evaluate the others.
    """
    value, taker = made.peek(1), machine.taker(made)
    if taker is None or taker.op.name == "CALL_FUNCTION_EX":
        return
    is_hashed = value.kind in ("set", "map") and _unpacks(value)
    if taker.waits or is_hashed:
        machine.notes.add(Note.UNPACKING_ORDER)
    machine.notes_of_unbound.update(dict.fromkeys(taker.loaded, Note.UNPACKING_ORDER))


def _unpacks(value: Value) -> bool:
    return any(item.kind in ("star", "star2") for item in value.operands)


#: Ops for which the compiler makes a tuple of a list, in some versions only if it is constant.
_TAKE_TUPLES = frozenset({"GET_ITER", "GET_AITER", "GET_YIELD_FROM_ITER", "CONTAINS_OP"})


def is_outermost(below: Stack) -> bool:
    """Return whether the top is a generator expression's outermost iterable.

    3.15 asks for its iterator inside the generator, the others outside.
    """
    return any(v.kind == "func" and v.parts[0] == "<genexpr>" for v in below.values(2))


def _is_observable(display: Value) -> bool:
    observable = {"map": Marks.OPEN_KEY, "set": Marks.VARIABLE}.get(display.kind, Marks.STAR)
    return bool(display.marks & observable)


def _spread(machine: Machine, value: Value, kind: str) -> Sequence[Value]:
    """Return what an iterable adds to a display of a kind."""
    if kind == "map":
        return value.operands if value.kind == "map" else [machine.values.make("star2", value)]
    # The items of a set have no order, and equal ones are in it once.
    if value.kind in ("tuple", "list") or value.kind == kind:
        return value.operands
    return [machine.values.make("star", value)]


def _build(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        rest, items = state.pop(number(op))
        made = state.next(rest.push(display(machine, kind, items)))
        return finished(machine, state, made) if kind == "set" else made

    return rule


def _build_map(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, items = state.pop(2 * number(op))
    made = state.next(rest.push(display(machine, "map", pairs(machine, items))))
    return finished(machine, state, made)


def _build_const_key_map(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, items = state.pop(number(op) + 1)
    keys = items.pop().operands
    if len(keys) != len(items):
        raise refused("a dict has not as many keys as values")
    made = [machine.values.make("pair", *both) for both in zip(keys, items, strict=True)]
    return state.next(rest.push(display(machine, "map", made)))


def _build_unpack(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        rest, parts = state.pop(number(op))
        items = [item for part in parts for item in _spread(machine, part, kind)]
        return finished(machine, state, state.next(rest.push(display(machine, kind, items))))

    return rule


#: Values of a slice that has a step.
_SLICE = 3


def _slice(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, parts = state.pop(_SLICE if number(op) == _SLICE else 2)  # as ceval.c: BUILD_SLICE
    parts += [machine.values.none] * (_SLICE - len(parts))
    return state.next(rest.push(machine.values.make("slice", *parts)))


def _to_tuple(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    if value.kind != "list":
        return machine.evaluated(state, machine.values.make("to_tuple", value), rest)
    made = state.next(rest.push(display(machine, "tuple", value.operands)))
    return finished(machine, state, made)


def _extended(
    machine: Machine, state: State, below: State, depth: int, items: Sequence[Value]
) -> State | Event | None:
    """Add items to the display at a depth below what was popped; None if it is none."""
    target = below.peek(depth)
    if target.kind not in _SEQUENCES and target.kind != "map":
        return None
    _, *above = below.stack.values(depth)
    longer, rest = _longer(machine, target, items), below.stack.less(depth)
    if depth > 1:  # ``**rest`` of a mapping pattern copies the subject below its keys (3.11)
        copied = machine.another(state, machine.values.make("made", longer), below.stack)
        return machine.event(state, ("ev", copied), rest.push(copied, *above))
    return finished(machine, state, state.next(rest.push(longer)), is_changed=True)


def _longer(machine: Machine, target: Value, items: Sequence[Value]) -> Value:
    """Return a display with more items."""
    is_open = bool(target.marks & Marks.VARIABLE)
    if target.kind == "set" and not is_open:  # constants in it have no order
        return machine.values.set_of([*target.operands, *items])
    return machine.values.extended(target, items)


def _extend(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        rest, (value,) = state.pop(1)
        below = state._replace(stack=rest)
        extended = None
        if not _in_loop(machine, below, number(op)):
            items = _spread(machine, value, kind)
            extended = _extended(machine, state, below, number(op), items)
        # Inside a loop: a comprehension that unpacks (PEP 798).
        target = _target(machine, below, number(op))
        return extended or machine.event(state, ("extend", value, *target), rest)

    return rule


def _in_loop(machine: Machine, state: State, depth: int) -> bool:
    """Return whether an iterator stands above the display, which is then a comprehension's."""
    above = machine.work.seen(
        islice(reversed(state.stack), min(max(depth - 1, 0), state.stack.depth))
    )
    return any(value.first.kind in ("iter", "aiter") for value in above)


def _target(machine: Machine, below: State, depth: int) -> tuple[Value, ...]:
    """Return what an op inside a loop adds to, if it is not what the innermost one fills."""
    target = below.peek(depth)
    filled = (v for v in machine.work.seen(reversed(below.stack)) if v.first.kind == "collected")
    return () if target is next(filled, None) else (target,)


def _append(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        rest, (item,) = state.pop(1)
        if number(op) > 1:
            target = _target(machine, state._replace(stack=rest), number(op))
            return machine.event(state, (kind, item, *target), rest)
        if item.kind == "fstring" and not _is_joined(machine, rest):
            text = machine.another(state, machine.values.make("made", item), rest)
            written = state._replace(stack=rest.push(text))
            return Event(("ev", text), (written,), machine.unwinding.handler(state), state)
        # Else it is ``__conditional_annotations__`` (3.14), which is bookkeeping.
        below = state._replace(stack=rest)
        return _extended(machine, state, below, 1, [item]) or state.next(rest)

    return rule


def _is_joined(machine: Machine, stack: Stack) -> bool:
    """Return whether the list on top is an argument of ``"".join``, as in long f-strings (3.10)."""
    below = machine.work.seen(reversed(stack.less(1)))
    join = machine.values.make("attr", machine.values.constant(""), "join")
    return next((value for value in below if value is not machine.values.null), None) is join


def _map_add(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (key, value) = state.pop(2)
    if number(op) > 1:
        target = _target(machine, state._replace(stack=rest), number(op))
        return machine.event(state, ("map_add", key, value, *target), rest)
    pair = machine.values.make("pair", key, value)
    below = state._replace(stack=rest)
    return _extended(machine, state, below, 1, [pair]) or state.next(rest)


def _append_to(kind: str) -> Rule:
    """Return the rule of an op that adds an item to a value which is on the stack for it."""

    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        rest, (target, item) = state.pop(2)
        return machine.event(state, (kind, target, item), rest)

    return rule


def _check_type(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    value = bare(state.peek(1))
    if value.kind == word(op):
        return state.next(state.stack)
    return machine.event(state, ("check_type", value, word(op)), state.stack)


def _unpack(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    count = number(op)
    _check_size(machine, state, count)
    is_plain = value.kind in ("tuple", "list") and not value.marks & Marks.STAR
    if is_plain and len(value.operands) == count:
        return state.next(rest.push(*reversed(value.operands)))
    if isinstance(value.literal, str) and len(value.literal) == count:  # PyPy unpacks it, too
        characters = [machine.values.constant(character) for character in value.literal]
        return state.next(rest.push(*reversed(characters)))
    made = [machine.values.make("unpacked", value, index) for index in range(count)]
    if value.first.kind in MATCHED:
        return state.next(rest.push(*reversed(made)))
    made = [machine.another(state, part, rest) for part in made]
    return machine.event(state, ("unpack", value, count), rest.push(*reversed(made)))


#: The operand of UNPACK_EX: items before the rest, and after it.
_BEFORE, _BEHIND = 0xFF, 8


def _unpack_ex(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, (value,) = state.pop(1)
    arg = number(op)
    count = (arg & _BEFORE) + 1 + (arg >> _BEHIND)
    _check_size(machine, state, count)
    parts = (machine.values.make("unpacked_ex", value, index) for index in range(count))
    made = [machine.another(state, part, rest) for part in parts]
    return machine.event(state, ("unpack_ex", value, arg), rest.push(*reversed(made)))


def _check_size(machine: Machine, state: State, count: int) -> None:
    if count > state.frame.most_values:
        raise refused("more items are unpacked than the stack has room for")
    machine.work.spend(count)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "BUILD_TUPLE": _build("tuple"),
        "BUILD_LIST": _build("list"),
        "BUILD_SET": _build("set"),
        "BUILD_MAP": _build_map,
        "BUILD_CONST_KEY_MAP": _build_const_key_map,
        "BUILD_TUPLE_UNPACK": _build_unpack("tuple"),
        "BUILD_LIST_UNPACK": _build_unpack("list"),
        "BUILD_SET_UNPACK": _build_unpack("set"),
        "BUILD_MAP_UNPACK": _build_unpack("map"),
        "BUILD_SLICE": _slice,
        "LIST_TO_TUPLE": _to_tuple,
        "LIST_EXTEND": _extend("list"),
        "SET_UPDATE": _extend("set"),
        "DICT_UPDATE": _extend("map"),
        "LIST_APPEND": _append("list_append"),
        "SET_ADD": _append("set_add"),
        "MAP_ADD": _map_add,
        "LIST_APPEND_TO": _append_to("append_to"),
        "SET_ADD_TO": _append_to("add_to"),
        "CHECK_TYPE": _check_type,
        "UNPACK_SEQUENCE": _unpack,
        "UNPACK_EX": _unpack_ex,
    }
)
