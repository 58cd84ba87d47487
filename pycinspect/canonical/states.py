"""Points on a path: what runs, what is on the stack, and what happens at the end of a path."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.canonical.frames import Frame
from pycinspect.canonical.kinds import Trait, kinds_with
from pycinspect.canonical.stack import Stack
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused

__all__ = ["PROPAGATE", "Block", "Caller", "Event", "Payload", "State", "bare", "caught"]

#: What happens at a node: a word, then values and words.
Payload = tuple[object, ...]

#: An exception leaves the function.
PROPAGATE = "propagate"


class Block(NamedTuple):
    """One entry of the block stack, up to 3.10.

    Args:
        kind: ``loop``, ``except``, ``finally``, or ``handler`` while one runs.
        target: the index of the op where it goes on.
        level: values on the stack below it.
    """

    kind: str
    target: int
    level: int


class Caller(NamedTuple):
    """Where a function that is evaluated in place returns to."""

    frame: Frame
    pc: int
    stack: Stack
    blocks: tuple[Block, ...]


class State(NamedTuple):
    """A point on a path. Equal states go on equally, and are one.

    Args:
        frame: the code that runs.
        pc: index of the next op.
        stack: values.
        blocks: blocks, the innermost last.
        callers: of functions evaluated in place, the innermost last.
    """

    frame: Frame
    pc: int
    stack: Stack
    blocks: tuple[Block, ...]
    callers: tuple[Caller, ...]

    def next(self, stack: Stack) -> State:
        """Return the state at the next op."""
        return State(self.frame, self.pc + 1, stack, self.blocks, self.callers)

    def jump(self, stack: Stack) -> State:
        """Return the state at the target of this op."""
        target = self.frame.target(self.pc)
        return State(self.frame, target, stack, self.blocks, self.callers)

    def next_name(self) -> str | None:
        """Return the name of the next op, None after the last."""
        ops = self.frame.ops
        return ops[self.pc].name if self.pc < len(ops) else None

    def behind_jumps(self) -> State:
        """Return the state at the next op that is not a jump, without a condition, to another."""
        return self._replace(pc=self.frame.behind_jumps(self.pc))

    def pop(self, count: int) -> tuple[Stack, list[Value]]:
        """Return the rest of the stack, and so many values from its top, the top last.

        Raises:
            PycInspectError: ``not-canonical``, if there are fewer.
        """
        if not 0 <= count <= self.stack.depth:
            raise refused("the stack is empty")
        rest = self.stack
        values: list[Value] = []
        for _ in range(count):
            values.append(bare(rest.top))
            rest = rest.below
        return rest, values[::-1]

    def peek(self, depth: int) -> Value:
        """Return the ``depth``-th value from the top, 1 for the top, as it stands there."""
        if not 0 < depth <= self.stack.depth:
            raise refused("the stack is empty")
        return self.stack.less(depth - 1).top


class Event(NamedTuple):
    """What happens at the end of a silent path.

    Args:
        payload: what it is.
        successors: where control goes; of a branch, if true and if false.
        handler: where it goes if something is raised; None for out of the function, or if
            nothing can be.
        state: where it happens.
    """

    payload: Payload
    successors: tuple[State, ...]
    handler: State | None
    state: State


def bare(value: Value) -> Value:
    """Return a value without what a branch has learnt about its truth."""
    return value.value(0) if value.kind == "known" else value


_PARTS_OF_EXC = kinds_with(Trait.PART_OF_EXC)


def caught(value: Value) -> Value:
    """Return the exception of which a value is the type or the traceback; any other as it is."""
    return value.value(0) if value.kind in _PARTS_OF_EXC else value
