"""Expectations that any code meets: a check that cannot fail says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from pytest_pycinspect.expect.model import (
    Anchor,
    AnyOrder,
    Anything,
    Guard,
    Item,
    Pattern,
    Repeat,
    Total,
)

__all__ = ["is_trivial"]


@lru_cache(maxsize=512)
def is_trivial(pattern: Pattern, *, anchored: bool) -> bool:
    """Return whether any code that has an instruction is as an expectation says.

    Args:
        pattern: the expectation.
        anchored: all of the code must be as it says.
    """
    items = [*_flat(pattern.items)]
    ends = items[:1] == [Anchor.START], items[-1:] == [Anchor.END]
    inner = items[ends[0] : len(items) - ends[1]]
    is_whole = anchored or all(ends)
    if is_whole and not any(map(_is_gap, inner)):
        return False
    asks_nothing = (_asks_nothing(item, is_whole=is_whole) for item in inner)
    return sum(map(_some, inner)) <= 1 and all(asks_nothing)


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    """Yield lines, whatever Python they are for."""
    for item in items:
        yield from _flat((*item.items, *item.otherwise)) if isinstance(item, Guard) else (item,)


def _is_gap(item: Item) -> bool:
    """Return whether any run of instructions is as a line says, perhaps none."""
    is_any = isinstance(item, Repeat) and isinstance(item.op, Anything) and item.high is None
    return item is ... or is_any


def _some(item: Item) -> int:
    """Return how many instructions there are in what a line says."""
    if isinstance(item, AnyOrder):
        return sum(map(len, item.members))
    return item.low if isinstance(item, Repeat) else int(isinstance(item, Anything))


def _asks_nothing(item: Item, *, is_whole: bool) -> bool:
    """Return whether a line says only that there are instructions, or nothing at all."""
    match item:
        case Repeat(op=Anything()):
            return item.high is None or not is_whole
        case Repeat(low=0):  # beside a gap it is no more than so many
            return item.high is None or (item.high > 0 and not is_whole)
        case Total(low=0, high=None):
            return True
        case AnyOrder():
            return all(isinstance(one, Anything) for member in item.members for one in member)
        case _:
            return item is ... or isinstance(item, Anything)
