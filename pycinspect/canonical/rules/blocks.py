"""Handlers, blocks and context managers, of all generations.

The reasons for which a ``finally`` block of up to 3.8 is entered are values on the stack, so
that following each path expands the one body into the copies that 3.9 writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.kinds import kind_named
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.calls import managed, only_read
from pycinspect.canonical.rules.jumps import branch, handled, leave, raise_again, unwound
from pycinspect.canonical.rules.words import number
from pycinspect.canonical.stack import EMPTY, Stack
from pycinspect.canonical.states import Block, Event, State, bare, caught
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused
from pycinspect.dialects import Raising

__all__ = ["RULES"]


# --- Blocks --------------------------------------------------------------------------------


def _setup(kind: str) -> Rule:
    def rule(_: Machine, state: State, op: CanonicalOp) -> State:
        above = op.operand if isinstance(op.operand, int) else 0
        target, level = state.frame.target(state.pc), state.stack.depth - above
        if level < 0:
            raise refused("the stack is empty")
        block = Block(kind, target, level)
        return state.next(state.stack)._replace(blocks=(*state.blocks, block))

    return rule


def _pop_block(_: Machine, state: State, op: CanonicalOp) -> State:
    if not state.blocks or state.blocks[-1].kind == "handler":
        raise refused("a block ends that has not begun")
    *rest, block = state.blocks
    stack = state.stack.cut(block.level) if op.operand else state.stack
    return state.next(stack)._replace(blocks=tuple(rest))


def _break(machine: Machine, state: State, _: CanonicalOp) -> State:
    return _inside(unwound(state, "break", 0, machine.values.make("breaking")))


def _continue(machine: Machine, state: State, _: CanonicalOp) -> State:
    target = state.frame.target(state.pc)
    return _inside(unwound(state, "continue", target, machine.values.make("continuing", target)))


def _inside(state: State | None) -> State:
    if state is None:
        raise refused("break or continue outside of a loop")
    return state


# --- finally, up to 3.8 --------------------------------------------------------------------


def _begin_finally(machine: Machine, state: State, _: CanonicalOp) -> State:
    return state.next(state.stack.push(machine.values.make("fell_through")))


def _call_finally(machine: Machine, state: State, _: CanonicalOp) -> State:
    back = machine.values.make("coming_back", state.pc + 1)
    return state.jump(state.stack.push(back))


def _end_finally(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    """Go on with what the block interrupted."""
    why, rest = handled(machine, state.peek(1)), state.stack.less(1)
    below = state._replace(stack=rest)
    if why.kind == "exc":
        return raise_again(machine, state, why)
    if why.kind == "fell_through" or why is machine.values.none:
        return state.next(rest)
    if why.kind == "coming_back":
        return below._replace(pc=_place(why))
    if why.kind == "returning":
        return unwound(below, "return", 0, why) or leave(machine, below, why.value(0))
    if why.kind == "breaking":
        return _inside(unwound(below, "break", 0, why))
    if why.kind == "continuing":
        return _inside(unwound(below, "continue", _place(why), why))
    raise refused("a finally block ends without a reason")


def _place(value: Value) -> int:
    place = value.parts[0]
    assert isinstance(place, int)
    return place


def _pop_finally(machine: Machine, state: State, op: CanonicalOp) -> State:
    """Forget why the block runs; a value to return stays (3.8)."""
    kept = [state.peek(1)] if number(op) else []
    why, stack, blocks = (
        handled(machine, state.peek(1 + len(kept))),
        state.stack.less(1 + len(kept)),
        state.blocks,
    )
    if why.kind == "exc":
        stack, blocks = stack.less(5), blocks[:-1]
    return state.next(stack.push(*kept))._replace(blocks=blocks)


# --- Handlers ------------------------------------------------------------------------------


def _pop_except(_: Machine, state: State, op: CanonicalOp) -> State:
    rest, values = state.pop(number(op))
    if any(value.kind != "old" for value in values):
        raise refused("a handler ends that has not begun")
    return state.next(rest)._replace(blocks=state.blocks[:-1])


def _push_exc_info(machine: Machine, state: State, _: CanonicalOp) -> State:
    exc = state.peek(1)
    return state.next(state.stack.less(1).push(machine.values.make("old"), exc))


def _check_exc_match(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (exc, classes) = state.pop(2)
    matched = machine.values.make("exc_match", _matched(machine, exc), classes)
    value = machine.another(state, matched, rest)
    return machine.event(state, ("ev", value), rest.push(exc, value))


def _matched(machine: Machine, exc: Value) -> Value:
    """Return the exception that is matched: up to 3.10 it is its type."""
    if machine.unwinding.raising is not Raising.ONE and exc.kind == "exc":
        raise refused("the value of an exception is matched, and not its type")
    return caught(exc)


def _check_eg_match(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (group, classes) = state.pop(2)
    make = machine.values.make
    split = machine.another(state, make("group_match", group, classes), rest)
    parts = make("group_rest", split), make("group_matched", split)
    return machine.event(state, ("ev", split), rest.push(*parts))


def _prep_reraise_star(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (group, raised) = state.pop(2)
    return machine.evaluated(state, machine.values.make("group_left", group, raised), rest)


def _end_async_for(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    """Leave the loop if the iterator is exhausted, else raise again."""
    rest, (exhausted,) = state.pop(1)
    below = state._replace(stack=rest)
    exc = handled(machine, below.peek(1))
    kept, _ = below.pop(number(op))
    done = state.next(kept)._replace(blocks=state.blocks[:-1])
    otherwise = machine.unwinding.raised(below, exc) or _propagating(state, exc)
    return branch(machine, state, exhausted, done, otherwise)


def _propagating(state: State, exc: Value) -> State:
    """Return a state at which an exception leaves the function: the RERAISE of nobody."""
    return state._replace(pc=-1, stack=EMPTY.push(exc), blocks=())


def _cleanup_throw(_: Machine, __: State, ___: CanonicalOp) -> Event:
    raise refused("CLEANUP_THROW is reached")


# --- with ----------------------------------------------------------------------------------


def _before_with(kind: str) -> Rule:
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, _: CanonicalOp) -> Event:
        rest, (manager,) = state.pop(1)
        manager = only_read(manager)
        left = machine.another(state, machine.values.make("exit", manager), rest)
        entered = machine.another(state, machine.values.make(kind, manager), rest.push(left))
        return machine.event(state, ("ev", entered), rest.push(left, entered))

    return rule


def _manager(machine: Machine, value: Value) -> Value:
    manager = managed(machine, value)
    if manager is None:
        raise refused("a with block has lost its manager")
    return manager


def _with_except_start(machine: Machine, state: State, op: CanonicalOp) -> Event:
    manager = _manager(machine, bare(state.peek(number(op))))
    return machine.evaluated(state, machine.values.make("with_exit_exc", manager), state.stack)


#: Values above ``__exit__`` in the handler of a ``with`` block.
_ABOVE_EXIT = 6


def _with_cleanup_start(machine: Machine, state: State, op: CanonicalOp) -> Event:
    """Call ``__exit__``, and take it from where it stands."""
    if op.operand == "top":  # up to 2.5, in 3.0 and 3.1
        rest, (leaves,) = state.pop(1)
        why = handled(machine, state._replace(stack=rest).peek(1))
        return _left(machine, state, leaves, why, rest)
    why = handled(machine, state.peek(1))
    count = machine.unwinding.exc_count if why.kind == "exc" else 1
    leaves, above = bare(state.peek(count + 1)), state.stack.values(count)
    rest = state.stack.less(count + 1)
    if count < _ABOVE_EXIT:
        return _left(machine, state, leaves, why, rest.push(*above))
    # The interpreter puts NULL below the exception, in the place of ``__exit__``.
    rest = rest.push(*above[:3], machine.values.null, *above[3:])
    return _with_lower_block(_left(machine, state, leaves, why, rest))


def _left(machine: Machine, state: State, leaves: Value, why: Value, rest: Stack) -> Event:
    """Return the call of ``__exit__`` with the exception, or None three times."""
    make, is_raised = machine.values.make, why.kind == "exc"
    reason = why if is_raised else machine.values.none
    manager = managed(machine, leaves)
    if manager is None:  # it was looked up as an attribute (up to 2.6, in 3.0 and 3.1)
        value = make("call", leaves, reason, reason, reason)
    else:
        value = make("with_exit_exc" if is_raised else "with_exit", manager)
    return machine.event(state, ("ev", value), rest.push(reason, value))


def _with_lower_block(event: Event) -> Event:
    """Lower the handler's block, as a value below it has gone."""
    (after,) = event.successors
    if not after.blocks or after.blocks[-1].kind != "handler":
        return event
    block = after.blocks[-1]
    blocks = (*after.blocks[:-1], block._replace(level=block.level - 1))
    return event._replace(successors=(after._replace(blocks=blocks),))


def _with_cleanup_finish(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (exc, result) = state.pop(2)
    if exc.kind != "exc":
        return state.next(rest)
    through = machine.values.make("fell_through")
    if machine.unwinding.exc_count == _ABOVE_EXIT:
        if not state.blocks:
            raise refused("a with block has lost its handler")
        level = state.blocks[-1].level
        silenced = state.next(rest.cut(level).push(through))._replace(blocks=state.blocks[:-1])
    else:
        silenced = state.next(rest.less(machine.unwinding.exc_count).push(through))
    return branch(machine, state, result, silenced, state.next(rest))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "SETUP_LOOP": _setup("loop"),
        "SETUP_EXCEPT": _setup("except"),
        "SETUP_FINALLY": _setup("finally"),
        "POP_BLOCK": _pop_block,
        "BREAK_LOOP": _break,
        "CONTINUE_LOOP": _continue,
        "BEGIN_FINALLY": _begin_finally,
        "CALL_FINALLY": _call_finally,
        "END_FINALLY": _end_finally,
        "POP_FINALLY": _pop_finally,
        "POP_EXCEPT": _pop_except,
        "PUSH_EXC_INFO": _push_exc_info,
        "CHECK_EXC_MATCH": _check_exc_match,
        "CHECK_EG_MATCH": _check_eg_match,
        "PREP_RERAISE_STAR": _prep_reraise_star,
        "END_ASYNC_FOR": _end_async_for,
        "CLEANUP_THROW": _cleanup_throw,
        "BEFORE_WITH": _before_with("with_enter"),
        "BEFORE_ASYNC_WITH": _before_with("async_with_enter"),
        "WITH_EXCEPT_START": _with_except_start,
        "WITH_CLEANUP_START": _with_cleanup_start,
        "WITH_CLEANUP_FINISH": _with_cleanup_finish,
    }
)
