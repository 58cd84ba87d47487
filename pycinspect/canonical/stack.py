"""The symbolic stack: a push and a pop cost the same, however much is below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from pycinspect.canonical.values import Value

__all__ = ["EMPTY", "Stack"]


class Stack:
    """A stack that never changes; one with a value more shares all that is below.

    Two are equal if they hold the same values. ``reads`` are the variables that are read when
    something takes them, see :class:`.values.Value`.

    Args:
        below: the stack without its top; the empty one has neither.
        top: the value on top.
    """

    __slots__ = ("_hash", "below", "depth", "reads", "top")

    below: Stack
    top: Value
    depth: int
    reads: int
    _hash: int

    def __init__(self, below: Stack, top: Value) -> None:
        self.below = below
        self.top = top
        self.depth = below.depth + 1
        self.reads = below.reads | top.reads
        self._hash = hash((below._hash, top))

    @classmethod
    def empty(cls) -> Stack:
        """Return the stack that all others begin with: there is one, ``EMPTY``."""
        stack = cls.__new__(cls)
        stack.depth = stack.reads = 0
        stack._hash = 0  # noqa: SLF001 - its own class
        return stack

    def __repr__(self) -> str:
        return f"<Stack of {self.depth}>"

    def __len__(self) -> int:
        return self.depth

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stack):
            return NotImplemented
        one, two = self, other
        if one._hash != two._hash or one.depth != two.depth:
            return False
        while one is not two:
            if one.top is not two.top:
                return False
            one, two = one.below, two.below
        return True

    def __reversed__(self) -> Iterator[Value]:
        """Yield the values, the top first."""
        stack = self
        while stack.depth:
            yield stack.top
            stack = stack.below

    def __iter__(self) -> Iterator[Value]:
        """Yield the values, the top last."""
        return iter([*reversed(self)][::-1])

    def push(self, *values: Value) -> Stack:
        """Return the stack with values more, the last one on top."""
        stack = self
        for value in values:
            stack = Stack(stack, value)
        return stack

    def less(self, count: int) -> Stack:
        """Return the stack without so many values, or all if there are fewer."""
        stack = self
        for _ in range(min(count, self.depth)):
            stack = stack.below
        return stack

    def cut(self, depth: int) -> Stack:
        """Return the lowest values, so many or all there are."""
        return self.less(self.depth - depth)

    def changed(self, change: Callable[[Value], Value], reads: int = 0) -> Stack:
        """Return the stack with each value changed; what is below all changes is shared.

        Args:
            change: returns another value, or the same.
            reads: variables without which no value is changed.
        """
        old: list[Value] = []
        stack = self
        while stack.depth and stack.reads & reads == reads:
            old.append(stack.top)
            stack = stack.below
        new = [change(value) for value in old]
        places = (place for place in range(len(old) - 1, -1, -1) if old[place] is not new[place])
        lowest = next(places, -1)
        return self if lowest < 0 else self.less(lowest + 1).push(*new[lowest::-1])

    def values(self, count: int) -> list[Value]:
        """Return so many values from the top, or all if there are fewer; the top last."""
        return [*islice(reversed(self), min(count, self.depth))][::-1]


EMPTY = Stack.empty()
