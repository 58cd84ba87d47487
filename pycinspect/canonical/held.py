"""What is on the stacks of a path: each value, and each part of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from pycinspect.canonical.stack import EMPTY, Stack
from pycinspect.canonical.values import Run, Value
from pycinspect.canonical.work import Work

__all__ = ["Held"]

#: Parts that are looked at for one step.
_AT_ONCE = 4


class Held:
    """Answers for one path after another; what two have in common is counted once.

    Each value counts how many stand on the stacks and in other values there are. So what a step
    of a path changes is what it costs, and not all that is there.

    Args:
        work: what it may cost.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stacks: Sequence[Stack] = ()
        self._counts: dict[Run | Value, int] = {}

    def is_on(self, stacks: Sequence[Stack], value: Value) -> bool:
        """Return whether a value, or a value that it is part of, is on one of some stacks."""
        self._move(stacks)
        return value in self._counts

    def _move(self, stacks: Sequence[Stack]) -> None:
        gone: list[Value] = []
        for old, new in zip_longest(self._stacks, stacks, fillvalue=EMPTY):
            popped, pushed = _apart(old, new)
            gone.extend(popped)
            self._add(pushed)
        self._remove(gone)  # at last, so that what they share with others is not counted anew
        self._stacks = stacks

    def _add(self, values: list[Value]) -> None:
        waiting: list[Run | Value] = [*values]
        for part in waiting:  # it grows
            count = self._counts.get(part, 0)
            self._counts[part] = count + 1
            if not count:
                waiting.extend(part.inner)
        self._work.spend(len(waiting) // _AT_ONCE)

    def _remove(self, values: list[Value]) -> None:
        waiting: list[Run | Value] = [*values]
        for part in waiting:  # it grows
            self._counts[part] -= 1
            if not self._counts[part]:
                del self._counts[part]
                waiting.extend(part.inner)


def _apart(old: Stack, new: Stack) -> tuple[list[Value], list[Value]]:
    """Return what is on one stack only, and on the other only, above what they share."""
    popped: list[Value] = []
    pushed: list[Value] = []
    while old is not new:
        if old.depth >= new.depth:
            popped.append(old.top)
            old = old.below
        else:
            pushed.append(new.top)
            new = new.below
    return popped, pushed
