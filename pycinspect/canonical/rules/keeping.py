"""Values that are kept as they are: when they were read or made is when they were pushed.

A variable on the stack is read when something takes the value that it is in, and an object is
made then. That is the same as reading and making it when it is pushed, as long as nothing changes
the variable before, and as nobody takes the object twice. Where that may be, an event reads or
makes it, and what stands on the stack from then on is its result.
"""

from __future__ import annotations

from pycinspect.canonical.machine import Machine
from pycinspect.canonical.rules.operators import is_asked_for
from pycinspect.canonical.states import Event, State, bare
from pycinspect.canonical.values import Renaming, Value

__all__ = ["keep_for_branch", "keep_for_copy", "keep_on_stack", "keep_top"]


def keep_on_stack(machine: Machine, state: State, popped: int, target: Value) -> Event | None:
    """Return the event that reads a variable for those on the stack, if there are any.

    Args:
        machine: what follows the paths.
        state: before an op that changes the variable.
        popped: values that this op takes.
        target: the variable.
    """
    rest = state.stack.less(popped)
    stacks = (rest, *(caller.stack for caller in state.callers))
    if not any(stack.reads & target.reads for stack in stacks):
        return None
    token = machine.kept(state, target)
    renamed = Renaming(machine.values, {target: token})
    callers = tuple(
        caller._replace(stack=machine.changed(caller.stack, renamed, target.reads))
        for caller in state.callers
    )
    stack = machine.changed(rest, renamed, target.reads).push(*state.stack.values(popped))
    after = state._replace(stack=stack, callers=callers)
    return Event(("keep", token, target), (after,), None, state)


def keep_for_copy(machine: Machine, state: State, depth: int) -> Event | None:
    """Return the event that reads, or makes, a value that is copied, if it needs that.

    Args:
        machine: what follows the paths.
        state: before the op that copies it.
        depth: of the value on the stack, 1 for the top.
    """
    value = bare(state.peek(depth))
    if value.kind == "slice":
        return _keep_bound(machine, state, depth, value)
    if is_asked_for(value) or not _is_kept(machine, value):
        return None
    token = machine.kept(state, value)
    return _kept_as(state, depth, token, token, value)


def _is_kept(machine: Machine, value: Value) -> bool:
    return value.is_new or machine.changes(value)


def _keep_bound(machine: Machine, state: State, depth: int, value: Value) -> Event | None:
    """Return the event that reads a bound of a slice: 3.12 copies them, and no slice."""
    parts = list(value.operands)
    place = next((at for at, part in enumerate(parts) if _is_kept(machine, part)), None)
    if place is None:
        return None
    bound = parts[place]
    parts[place] = token = machine.kept(state, bound)
    return _kept_as(state, depth, machine.values.make("slice", *parts), token, bound)


def _kept_as(state: State, depth: int, new: Value, token: Value, value: Value) -> Event:
    """Return the event that keeps a value, and puts a new one in its place on the stack."""
    above = state.stack.values(depth)[1:]
    after = state._replace(stack=state.stack.less(depth).push(new, *above))
    return Event(("keep", token, value), (after,), None, state)


#: What stands on the stack below a comprehension: its result says that it came after.
_COLLECTING = frozenset({"collected", "saved"})


def keep_for_branch(machine: Machine, state: State, tested: int) -> Event | None:
    """Return the event that reads a variable below what is tested, if there is one that may change.

    In ``f(x if y else z)`` no operand of the call says that ``f`` was read before ``y`` was asked
    for its truth.

    Args:
        machine: what follows the paths.
        state: before the op that tests it.
        tested: values on top that are tested, 2 where there is a copy for ``and`` and ``or``:
            that will be what the test finds.
    """
    if not machine.changes(state.stack):
        return None
    for depth, value in enumerate(machine.work.seen(reversed(state.stack)), 1):
        if value.first.kind in _COLLECTING:
            return None
        if depth > tested and machine.changes(value):
            variable = machine.changing(value)
            token = machine.kept(state, variable)
            renamed = Renaming(machine.values, {variable: token})(value)
            above = state.stack.values(depth)[1:]
            after = state._replace(stack=state.stack.less(depth).push(renamed, *above))
            return Event(("keep", token, variable), (after,), None, state)
    return None


def keep_top(machine: Machine, state: State, pushed: State) -> Event:
    """Return the event that reads a variable at once, and pushes what it held.

    Args:
        machine: what follows the paths.
        state: before the op that loads it.
        pushed: the state after that op.
    """
    value, rest = pushed.stack.top, pushed.stack.less(1)
    token = machine.kept(state, value)
    after = pushed._replace(stack=rest.push(token))
    return Event(("keep", token, value), (after,), machine.unwinding.handler(state), state)
