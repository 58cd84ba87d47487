"""Operators, comparisons, text formatting, iteration, generators, imports: values of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from types import MappingProxyType

from pycinspect.canonical.folding import NOT_FOLDED, cost_of, fold_binary, fold_unary
from pycinspect.canonical.kinds import Trait, kind_named, kinds_with
from pycinspect.canonical.looking import Part
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.displays import is_outermost
from pycinspect.canonical.rules.words import number, word
from pycinspect.canonical.stack import Stack
from pycinspect.canonical.states import Event, State, bare
from pycinspect.canonical.values import MATCHED, Value
from pycinspect.canonical.work import refused

__all__ = ["RULES", "SENSES", "is_asked_for", "is_bool", "joined", "written"]


def _constant(machine: Machine, state: State, literal: object, rest: Stack) -> State:
    return state.next(rest.push(machine.values.constant(literal)))


# --- Operators -----------------------------------------------------------------------------


def _binary(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (left, right) = state.pop(2)
    name = word(op)
    folded = _folded(machine, name, left, right)
    if folded is not NOT_FOLDED:
        machine.notes.add(Note.FOLDED_CONSTANTS)
        return _constant(machine, state, folded, rest)
    text = _percent(machine, name, left, right)
    if text is not None:
        machine.notes.add(Note.PERCENT_FORMAT)
        return written(machine, state, text, rest)
    return machine.evaluated(state, machine.values.make("binary", name, left, right), rest)


def _folded(machine: Machine, name: str, left: Value, right: Value) -> object:
    if not (machine.folds and left.is_literal and right.is_literal):
        return NOT_FOLDED
    machine.work.spend(cost_of(left.literal, right.literal))
    return fold_binary(name, left.literal, right.literal)


def _subscr(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (owner, key) = state.pop(2)
    if owner.first.kind in MATCHED and isinstance(key.literal, int):  # 3.10; 3.11 unpacks
        return state.next(rest.push(machine.values.make("unpacked", owner, key.literal)))
    folded = _folded(machine, "[]", owner, key)
    if folded is not NOT_FOLDED:
        machine.notes.add(Note.FOLDED_CONSTANTS)
        return _constant(machine, state, folded, rest)
    return machine.evaluated(state, machine.values.make("item", owner, key), rest)


def _unary(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    if machine.folds and value.is_literal:
        machine.work.spend(cost_of(value.literal))
        folded = fold_unary(word(op), value.literal)
        if folded is not NOT_FOLDED:
            machine.notes.add(Note.FOLDED_CONSTANTS)
            return _constant(machine, state, folded, rest)
    return machine.evaluated(state, machine.values.make("unary", word(op), value), rest)


#: Branches, and the truth for which each jumps.
SENSES = MappingProxyType({"POP_JUMP_IF_TRUE": True, "POP_JUMP_IF_FALSE": False})
#: Values that are bools already: asking for their truth does nothing.
_BOOLS = kinds_with(Trait.TRUTH)


def is_bool(value: Value) -> bool:
    """Return whether a value is a bool already, so that asking for its truth does nothing."""
    return value.first.kind in _BOOLS


def is_asked_for(value: Value) -> bool:
    """Return whether a value is the negation of a truth that the next branch asks for."""
    return value.kind == "not" and not is_bool(value.value(0))


def _not(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (top,) = state.pop(1)
    if top.is_literal:
        return _constant(machine, state, not top.literal, rest)
    pushed = state.next(rest.push(_negated(machine, top)))
    known = state.peek(1)
    if known.kind == "known" and _comes_next(pushed, _TRUTH):
        # 3.6 does not look through the negation of ``and`` and ``or``, and asks again.
        machine.note(None if is_bool(top) else Note.NEGATION_ASKED_AGAIN)
        return _constant(machine, state, known.word(1) == "false", rest)
    if is_bool(top) or _is_tested(pushed):
        return pushed
    truth = machine.another(state, machine.values.make("bool", top), rest)
    asked = rest.push(machine.values.make("not", truth))
    return machine.event(state, ("ev", truth), asked)


#: What may stand before a branch that asks for the truth of the top: alone; for ``and`` and
#: ``or``; where a negation is negated (3.6).
_TRUTH = ("TO_BOOL",)
_COPIED = ("COPY", *_TRUTH)
_NEGATED = ("UNARY_NOT", *_TRUTH)


def _is_tested(state: State) -> bool:
    """Return whether a branch comes next, which asks for the truth of the top itself."""
    return _comes_next(state, _COPIED) or _comes_next(state, _NEGATED)


def _comes_next(state: State, before: Sequence[str]) -> bool:
    """Return whether a branch comes next, perhaps after some ops."""
    for name in before:
        state = state.behind_jumps()
        if state.next_name() == name:
            state = state.next(state.stack)
    return state.behind_jumps().next_name() in SENSES


def _negated(machine: Machine, value: Value) -> Value:
    if value.kind == "not" and is_bool(value.value(0)):
        return value.value(0)
    return machine.values.make("not", value)


def _compare(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (left, right) = state.pop(2)
    name = word(op)
    # The test of the format in ``__annotate__`` (PEP 649), whose argument is known.
    numbers = isinstance(left.literal, int) and isinstance(right.literal, int)
    if name == ">" and numbers and state.frame.bind is not None:
        return _constant(machine, state, _greater(left.literal, right.literal), rest)
    return machine.evaluated(state, machine.values.make("compare", name, left, right), rest)


def _greater(left: object, right: object) -> bool:
    return isinstance(left, int) and isinstance(right, int) and left > right


def _is(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, (left, right) = state.pop(2)
    if right.kind == "builtin":
        # 3.14 tests whether any, all, tuple … are the builtins, and then has a loop in place
        # of the call (Python/codegen.c: maybe_optimize_function_call). The call is followed.
        machine.notes.add(Note.INLINED_ANY_ALL)
        if left.kind == "kept" and rest.depth and rest.top is left:
            rest = rest.less(1).push(left.value(0))  # it was copied for the test only
        return _constant(machine, state, word(op) == "is_not", rest)
    value = machine.values.make("is", left, right)
    if word(op) == "is_not":
        value = machine.values.make("not", value)
    return state.next(rest.push(value))


def _contains(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, (item, container) = state.pop(2)
    make = machine.values.make
    if container.kind == "list":  # the compiler makes a constant tuple of it if it can
        container = make("tuple", *container.parts)
    value = machine.another(state, make("in", item, container), rest)
    pushed = make("not", value) if word(op) == "not_in" else value
    return machine.event(state, ("ev", value), rest.push(pushed))


# --- Text ----------------------------------------------------------------------------------

_PERCENT = re.compile(r"%(?:%|(-?)(\d*)(?:\.(\d+))?([sra]))")
_CONVERSIONS = MappingProxyType({"s": "str", "r": "repr", "a": "ascii"})


def _percent(machine: Machine, name: str, left: Value, right: Value) -> Value | None:
    """Return the f-string that 3.11 makes of ``'%s' % (x,)``, None if it does not.

    Python/ast_opt.c: optimize_format.
    """
    template = left.literal
    if name != "%" or not isinstance(template, str) or right.kind != "tuple":
        return None
    items = right.operands
    if any(item.kind == "star" for item in items):
        return None
    parts = _percent_parts(machine, template, items)
    return None if parts is None else joined(machine, parts)


def _percent_parts(machine: Machine, template: str, items: Sequence[Value]) -> list[Value] | None:
    """Return the pieces of an old-style template, None if it has other fields or too many."""
    constant = machine.values.constant
    machine.work.spend(cost_of(template))
    parts: list[Value] = []
    place = used = 0
    while (found := template.find("%", place)) >= 0:
        machine.work.spend()
        parts.append(constant(template[place:found]))
        match = _PERCENT.match(template, found)
        if match is None:
            return None
        place = match.end()
        if match.group() == "%%":
            parts.append(constant("%"))
            continue
        if used == len(items):
            return None
        spec = _spec(match)
        conversion = _CONVERSIONS[match[4]]
        parts.append(_formatted(machine, items[used], conversion, constant(spec) if spec else None))
        used += 1
    parts.append(constant(template[place:]))
    return parts if used == len(items) else None


def _formatted(machine: Machine, value: Value, conversion: str, spec: Value | None) -> Value:
    """Return what is formatted; a string that stays what it is, as PyPy's compiler leaves it."""
    if spec is None and conversion in _AS_IT_IS and isinstance(value.literal, str):
        return value
    return machine.values.make("format", value, conversion, spec)


#: Conversions that give a string itself.
_AS_IT_IS = ("", "str")


def _spec(match: re.Match[str]) -> str:
    width = match[2] and (match[2] if match[1] else ">" + match[2])
    return width + ("." + match[3] if match[3] else "")


def joined(machine: Machine, pieces: Sequence[Value]) -> Value:
    """Return an f-string of pieces; neighbouring constants are one."""
    parts: list[Value] = []
    for is_text, group in groupby(_flat(machine, pieces), _is_text):
        if is_text:
            text = "".join(str(piece.literal) for piece in group)
            machine.work.spend(cost_of(text))
            parts.extend([machine.values.constant(text)] if text else [])
        else:
            parts.extend(group)
    machine.work.spend(len(parts) // _PIECES_AT_ONCE)
    if len(parts) <= 1 and all(isinstance(part.literal, str) for part in parts):
        return parts[0] if parts else machine.values.constant("")
    return machine.values.make("fstring", *parts)


#: Pieces of a string that are looked at for one step.
_PIECES_AT_ONCE = 8


def _is_text(piece: Value) -> bool:
    return isinstance(piece.literal, str)


def _flat(machine: Machine, pieces: Sequence[Value]) -> Iterator[Value]:
    for piece in pieces:
        if piece.kind == "fstring":
            yield from piece.operands
        elif isinstance(piece.literal, str) or piece.kind == "format":
            yield piece
        else:
            yield machine.values.make("format", piece, "", None)


def _build_string(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, pieces = state.pop(number(op))
    return written(machine, state, joined(machine, pieces), rest)


#: What takes a formatted value for a longer text; the list may be that of ``"".join`` (3.10).
_PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "BUILD_STRING": lambda op, depth: depth <= number(op),
        "LIST_APPEND": lambda op, depth: depth == number(op) == 1,
    }
)


def written(machine: Machine, state: State, text: Value, rest: Stack) -> State | Event:
    """Push a string; what its pieces do when they are formatted happens once, when it is complete.

    3.11 makes f-strings of ``%`` and so formats each piece before it evaluates the next.
    """
    made = state.next(rest.push(text))
    if text.is_literal or not machine.completed(made, _PARTS):
        return made
    return machine.evaluated(state, machine.values.make("made", text), rest)


def _convert(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, (value,) = state.pop(1)
    return state.next(rest.push(machine.values.make("convert", value, word(op))))


def _format(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    spec: Value | None = None
    if op.name == "FORMAT_WITH_SPEC":
        rest, (value, spec) = state.pop(2)
    else:
        rest, (value,) = state.pop(1)
    conversion = ""
    if value.kind == "convert":
        value, conversion = value.value(0), value.word(1)
    formatted = _formatted(machine, value, conversion, spec)
    return written(machine, state, joined(machine, [formatted]), rest)


def _interpolation(machine: Machine, state: State, op: CanonicalOp) -> State:
    arg = number(op)
    rest, parts = state.pop(2 + (arg & 1))
    value = machine.values.make("interpolation", str(arg >> 2), *parts)
    return state.next(rest.push(value))


def _template(machine: Machine, state: State, _: CanonicalOp) -> State:
    rest, parts = state.pop(2)
    return state.next(rest.push(machine.values.make("template", *parts)))


# --- Iteration, generators -----------------------------------------------------------------


def _beside_top(kind: str) -> Rule:
    """Return the rule of an op that computes something of the top, and keeps the top."""
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        value = bare(state.peek(1))
        return machine.evaluated(state, machine.values.make(kind, value), state.stack)

    return rule


def _get_aiter(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    if value is machine.values.make("local", ".0"):
        return state.next(state.stack)
    if is_outermost(rest):
        machine.notes.add(Note.GENEXPR_ITER)
        return state.next(rest.push(machine.values.make("outermost", value)))
    iterable = _iterable(machine, value)  # as for GET_ITER, up to 3.13
    return machine.evaluated(state, machine.values.make("aiter", iterable), rest)


def _index_iter(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    """Make an iterator of a sequence and an index, which loops up to 2.1 count up by themselves.

    The index is on the stack where NULL is from 3.15 on (``Python/ceval.c: FOR_LOOP``).
    """
    rest, (sequence, index) = state.pop(2)
    null = machine.values.null
    if index is null:  # not the first time round
        return state.next(state.stack)
    if type(index.literal) is not int or index.literal:
        raise refused("a loop does not begin at the index 0")
    iterator = machine.another(state, machine.values.make("iter", sequence), rest)
    return machine.event(state, ("ev", iterator), rest.push(iterator, null))


def _get_iter(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    if value.first.kind == "iter":  # 3.13.1
        machine.notes.add(Note.ITER_ASKED_AGAIN)
        return state.next(state.stack)
    if value is machine.values.make("local", ".0"):
        return state.next(state.stack)
    if is_outermost(rest):
        machine.notes.add(Note.GENEXPR_ITER)
        return state.next(state.stack)
    return machine.evaluated(state, machine.values.make("iter", _iterable(machine, value)), rest)


def _iterable(machine: Machine, value: Value) -> Value:
    """Return what is iterated over: the compiler makes a constant tuple of a list if it can."""
    return machine.values.make("tuple", *value.parts) if value.kind == "list" else value


def _get_yield_from_iter(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (value,) = state.pop(1)
    iterator = machine.values.make("yield_from_iter", _iterable(machine, value))
    return machine.evaluated(state, iterator, rest)


def _collecting(machine: Machine, state: State, depth: int) -> State:
    """Return the state at the head of a loop; the display below its iterator is what it fills.

    Only comprehensions have one there. It is not an empty display any more, but a value of its own.

    Args:
        machine: what follows the paths.
        state: at the head.
        depth: of the iterator on the stack, 1 for the top.
    """
    if depth >= state.stack.depth:
        return state
    below, (display, *above) = state.stack.less(depth + 1), state.stack.values(depth + 1)
    if display.kind not in _COLLECTED or display.size > 1:
        return state
    value = machine.another(state, machine.values.make("collected", display.kind), below)
    return state._replace(stack=below.push(value, *above))


_COLLECTED = frozenset({"list", "set", "map"})


def _get_anext(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    return _ask_next(machine, _collecting(machine, state, 1), op)


_ask_next = _beside_top("anext")


def _for_iter(machine: Machine, state: State, op: CanonicalOp) -> Event:
    values, change = machine.values, number(op)
    above = takewhile(lambda value: value is values.null, machine.work.seen(reversed(state.stack)))
    depth = sum(1 for _ in above) + 1
    if depth > state.stack.depth:
        state.pop(1)
        iterator = values.null
    else:
        iterator = state.peek(depth)
        state = _collecting(machine, state, depth)
    item = machine.another(state, values.make("next", iterator), state.stack)
    going = state.next(state.stack.push(item))
    if change > 0:
        done = state.jump(state.stack.push(*[values.null] * change))
    else:
        done = state.jump(state.pop(-change)[0])
    return Event(("for", iterator), (going, done), machine.unwinding.handler(state), state)


def _get_awaitable(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    if value.kind == "comprehension":
        return state.next(state.stack)
    return machine.evaluated(state, machine.values.make("awaitable", value), rest)


def _yield_from(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (iterator, _sent) = state.pop(2)
    if iterator.kind == "comprehension":  # an asynchronous one, evaluated in place
        return state.next(rest.push(iterator.value(0)))
    if iterator.kind in (
        "aiter",
        "outermost",
    ):  # what ``__aiter__`` returned might be awaitable (up to 3.6)
        machine.notes.add(Note.AWAITED_AITER)
        return state.next(rest.push(iterator))
    return machine.evaluated(state, machine.values.make("yield_from", iterator), rest)


def _yield(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (value,) = state.pop(1)
    if value.kind == "wrapped":
        value = value.value(0)
    sent = machine.another(state, machine.values.make("sent"), rest)
    return machine.event(state, ("yield", value), rest.push(sent))


def _wrap(machine: Machine, state: State, _: CanonicalOp) -> State:
    rest, (value,) = state.pop(1)
    return state.next(rest.push(machine.values.make("wrapped", value)))


# --- Imports, the interpreter's functions ------------------------------------------------------


def _import(kind: str) -> Rule:
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, op: CanonicalOp) -> Event:
        rest, (level, names) = state.pop(2)
        return machine.evaluated(state, machine.values.make(kind, word(op), level, names), rest)

    return rule


def _import_from(machine: Machine, state: State, op: CanonicalOp) -> Event:
    _, (module,) = state.pop(1)
    value = machine.values.make("import_from", module, word(op))
    return machine.evaluated(state, value, state.stack)


def _statement(kind: str, count: int) -> Rule:
    """Return the rule of an op that takes values and pushes nothing."""

    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        rest, values = state.pop(count)
        return machine.event(state, (kind, *values), rest)

    return rule


def _intrinsic(count: int) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> Event:
        rest, values = state.pop(count)
        name = word(op).removeprefix("INTRINSIC_").lower()
        return machine.evaluated(state, machine.values.make("intrinsic", name, *values), rest)

    return rule


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "BINARY_OP": _binary,
        "BINARY_SUBSCR": _subscr,
        "UNARY_OP": _unary,
        "UNARY_NOT": _not,
        "COMPARE_OP": _compare,
        "IS_OP": _is,
        "CONTAINS_OP": _contains,
        "BUILD_STRING": _build_string,
        "CONVERT_VALUE": _convert,
        "FORMAT_SIMPLE": _format,
        "FORMAT_WITH_SPEC": _format,
        "BUILD_INTERPOLATION": _interpolation,
        "BUILD_TEMPLATE": _template,
        "GET_ITER": _get_iter,
        "GET_YIELD_FROM_ITER": _get_yield_from_iter,
        "GET_AITER": _get_aiter,
        "GET_ANEXT": _get_anext,
        "GET_AWAITABLE": _get_awaitable,
        "INDEX_ITER": _index_iter,
        "FOR_ITER": _for_iter,
        "YIELD_FROM": _yield_from,
        "YIELD_VALUE": _yield,
        "ASYNC_GEN_WRAP": _wrap,
        "IMPORT_NAME": _import("import"),
        "IMPORT_NAME_LAZY": _import("lazy_import"),
        "IMPORT_FROM": _import_from,
        "IMPORT_STAR": _statement("import_star", 1),
        "PRINT_EXPR": _statement("print_expr", 1),
        "CALL_INTRINSIC_1": _intrinsic(1),
        "CALL_INTRINSIC_2": _intrinsic(2),
    }
)
