"""Jumps, branches and ends."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.kinds import Trait, kinds_with
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp, Unknown
from pycinspect.canonical.rules.calls import returned
from pycinspect.canonical.rules.keeping import keep_for_branch
from pycinspect.canonical.rules.operators import SENSES, is_asked_for, is_bool
from pycinspect.canonical.rules.words import number
from pycinspect.canonical.states import PROPAGATE, Event, State, bare, caught
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused
from pycinspect.dialects import Raising

__all__ = ["RULES", "branch", "handled", "leave", "raise_again", "unwound"]


def _jump(_: Machine, state: State, __: CanonicalOp) -> State:
    return state.jump(state.stack)


# --- Branches ------------------------------------------------------------------------------

#: Their truth is a bool that is there, so that asking for it raises nothing.
_SAFE = kinds_with(Trait.SAFE)


def _pop_jump(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    return _tested(machine, state, state, op)


def _to_bool(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    top, rest = state.peek(1), state.stack.less(1)
    after = state.next(state.stack).behind_jumps()
    if after.next_name() in SENSES:
        # It is here that the truth is asked for; the jump may have no handler (3.13).
        return _tested(machine, state, after, state.frame.ops[after.pc])
    if top.is_literal:
        return state.next(rest.push(machine.values.constant(bool(top.literal))))
    if is_bool(bare(top)) or after.next_name() == "UNARY_NOT":
        return after  # UNARY_NOT asks for the truth itself up to 3.12
    return machine.evaluated(state, machine.values.make("bool", bare(top)), rest)


def _tested(machine: Machine, state: State, jump: State, op: CanonicalOp) -> State | Event:
    rest, top = jump.stack.less(1), jump.peek(1)
    there, on = jump.jump(rest), jump.next(rest)
    if_true, if_false = (there, on) if SENSES[op.name] else (on, there)
    return branch(machine, state, top, if_true, if_false)


def branch(
    machine: Machine, state: State, tested: Value, if_true: State, if_false: State
) -> State | Event:
    """Go on by the truth of a value; what is known of it already decides silently."""
    flips = tested.kind == "known" and tested.word(1) == "false"
    if tested.kind == "known":
        machine.note(None if is_bool(tested.value(0)) else Note.TRUTH_ASKED_AGAIN)
        return if_false if flips else if_true
    is_copied, asked = _is_copied(state), tested
    if is_copied:
        if_true, if_false = (
            _learnt(machine, if_true, tested, truth=True),
            _learnt(machine, if_false, tested, truth=False),
        )
    while asked.kind == "not" or (asked.kind == "kept" and is_copied):
        if asked.kind == "not":
            if_true, if_false = if_false, if_true
        asked = asked.value(0)
    truth = None if _is_asked_anyway(machine, state, asked) else _truth(machine, asked)
    if truth is not None:
        return if_true if truth else if_false
    if not _is_still(asked):
        kept = keep_for_branch(machine, state, 2 if is_copied else 1)
        if kept is not None:
            return kept
    handler = None if asked.first.kind in _SAFE else machine.unwinding.handler(state)
    return Event(("branch", asked), (if_true, if_false), handler, state)


def _is_asked_anyway(machine: Machine, state: State, asked: Value) -> bool:
    """Return whether compilers leave both ways, where the outcome is plain and all is followed."""
    return machine.everything and (not asked.is_literal or state.frame.follows_store(state.pc))


def _is_still(asked: Value) -> bool:
    """Return whether nothing happens when a value is computed, and its truth asked for."""
    return asked.kind == "is" and all(v.is_literal or v.reads == v.leaves for v in asked.operands)


def _is_copied(state: State) -> bool:
    """Return whether the top has been copied just now, so that nothing can have changed it."""
    return state.frame.follows_copy(state.pc)


def _truth(machine: Machine, value: Value) -> bool | None:
    if value.is_literal:
        return bool(value.literal)
    if value.kind in ("tuple", "list", "set") and all(p.kind != "star" for p in value.operands):
        return True if value.parts else None  # an empty one may be a comprehension's result
    if value.kind == "is" and value.parts == (machine.values.none, machine.values.none):
        return True
    return None


def _learnt(machine: Machine, state: State, tested: Value, *, truth: bool) -> State:
    """Mark the copy on top of what was tested with its truth.

    A jump may lead to another test of it, which compilers leave out, or else ask again.
    """
    if not state.stack.depth or state.stack.top is not tested:
        return state
    if is_asked_for(tested):
        learnt = machine.values.constant(truth)
    else:
        learnt = machine.values.make("known", tested, str(truth).lower())
    return state._replace(stack=state.stack.less(1).push(learnt))


# --- Ends ----------------------------------------------------------------------------------


def unwound(state: State, why: str, target: int, value: Value) -> State | None:
    """Return where ``return``, ``break`` or ``continue`` goes, None for out of the function.

    Up to 3.7 they leave blocks one by one (``Python/ceval.c: fast_block_end``); later there
    is no block left when they occur.
    """
    frame, _, stack, blocks, callers = state
    rest = list(blocks)
    while rest:
        block = rest[-1]
        if block.kind == "loop" and why == "continue":
            return State(frame, target, stack, tuple(rest), callers)
        rest.pop()
        stack = stack.cut(block.level)
        if block.kind == "loop" and why == "break":
            return State(frame, block.target, stack, tuple(rest), callers)
        if block.kind == "finally":
            return State(frame, block.target, stack.push(value), tuple(rest), callers)
    return None


def _return(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (value,) = state.pop(1)
    interrupted = machine.values.make("returning", value)
    inside = unwound(state._replace(stack=rest), "return", 0, interrupted)
    return inside or leave(machine, state, value)


def leave(machine: Machine, state: State, value: Value) -> State | Event:
    """Return from the function, or to where it is evaluated in place."""
    if state.callers:
        return returned(machine, state, value)
    if not state.frame.is_function and value.first.kind == "cell":
        value = machine.values.none  # nobody sees that a class body returns ``__class__``
    return Event(("return", value), (), None, state)


def _raise(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> Event:
        _, values = state.pop(number(op))
        return Event((kind, *values), (), machine.unwinding.handler(state), state)

    return rule


def handled(machine: Machine, top: Value) -> Value:
    """Return the exception on top, where a handler ends; up to 3.10 its type is on top.

    Raises:
        PycInspectError: ``not-canonical``, where its value is.
    """
    if top.kind == "exc" and machine.unwinding.raising in (Raising.THREE, Raising.SIX):
        raise refused("the value of an exception is on top, and not its type")
    return caught(bare(top))


def raise_again(machine: Machine, state: State, exc: Value) -> State | Event:
    """Go to the next handler with an exception that was raised before."""
    if exc.kind != "exc":
        return Event(("raise_again", exc), (), machine.unwinding.handler(state), state)
    handler = machine.unwinding.raised(state, exc)
    payload = (PROPAGATE,) if machine.unwinding.is_newest(state, exc) else (PROPAGATE, "older")
    return handler or Event(payload, (), None, state)


def _reraise(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    return raise_again(machine, state, handled(machine, state.peek(1)))


def _opaque(_: Machine, __: State, op: CanonicalOp) -> Event:
    """Refuse an opcode that no row describes.

    How many values it adds to the stack may be known, but not what it does with which, what its
    argument stands for, and what code it makes functions of: that would be the same for all.
    """
    unknown = op.operand
    assert isinstance(unknown, Unknown)
    raise refused(f"{unknown.opname} has no row")


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "JUMP": _jump,
        "TO_BOOL": _to_bool,
        "POP_JUMP_IF_TRUE": _pop_jump,
        "POP_JUMP_IF_FALSE": _pop_jump,
        "RETURN_VALUE": _return,
        "RAISE_VARARGS": _raise("raise"),
        "RAISE_WITH": _raise("raise_with"),
        "RERAISE": _reraise,
        "OPAQUE": _opaque,
    }
)
