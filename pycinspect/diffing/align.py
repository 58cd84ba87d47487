"""Which statement of one side is which of the other.

Statements that are unique on both sides are anchors, as in the patience diff; what lies
between two anchors is compared alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from pycinspect.diffing.changes import Op

__all__ = ["Span", "aligned"]

#: Pairs of items that are looked at between two anchors, and in all; what is more is one
#: replacement.
_MOST_PAIRS, _MOST_PAIRS_IN_ALL = 250_000, 2_000_000
#: How often each item is looked at for anchors, on average. Items that repeat can give one anchor
#: at a time, so that all that is left is looked at again after each.
_MOST_LOOKS = 30

_Pair = tuple[int, int]


class Span(NamedTuple):
    """A part of both sides: ``old[start:stop]`` became ``new[start:stop]``.

    Args:
        op: what became of it.
        old: the part before.
        new: the part after.
    """

    op: Op
    old: range
    new: range


class _Gap(NamedTuple):
    """What lies between two pairs of equal items."""

    old: range
    new: range

    @property
    def size(self) -> int:
        """How many items there are."""
        return len(self.old) + len(self.new)

    @property
    def pairs(self) -> int:
        """How many pairs of items there are."""
        return len(self.old) * len(self.new)


def aligned(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Span]:
    """Return parts that cover both sides, equal ones and others in turn.

    >>> [(span.op.value, len(span.old), len(span.new)) for span in aligned("abcd", "abxd")]
    [('equal', 2, 2), ('replace', 1, 1), ('equal', 1, 1)]
    """
    pairs: list[_Pair] = []
    gaps = [_Gap(range(len(old)), range(len(new)))]
    looks, left = _MOST_LOOKS * (len(old) + len(new)), _MOST_PAIRS_IN_ALL
    while gaps:
        gap, ends = _trimmed(gaps.pop(), old, new)
        pairs.extend(ends)
        looks -= gap.size
        anchors = _anchors(gap, old, new) if looks > 0 else []
        if anchors:
            pairs.extend(anchors)
            gaps.extend(_between(gap, anchors))
        elif gap.pairs <= min(_MOST_PAIRS, left):
            left -= gap.pairs
            pairs.extend(_matching(gap, old, new))
    return list(_spans(sorted(pairs), len(old), len(new)))


def _trimmed(
    gap: _Gap, old: Sequence[Hashable], new: Sequence[Hashable]
) -> tuple[_Gap, list[_Pair]]:
    """Take equal items off both ends."""
    head = _run(zip(gap.old, gap.new, strict=False), old, new)
    ours, theirs = gap.old[len(head) :], gap.new[len(head) :]
    tail = _run(zip(reversed(ours), reversed(theirs), strict=False), old, new)
    rest = _Gap(ours[: len(ours) - len(tail)], theirs[: len(theirs) - len(tail)])
    return rest, head + tail


def _run(pairs: Iterator[_Pair], old: Sequence[Hashable], new: Sequence[Hashable]) -> list[_Pair]:
    found = []
    for i, j in pairs:
        if old[i] != new[j]:
            break
        found.append((i, j))
    return found


# --- Anchors ---------------------------------------------------------------------------------


def _anchors(gap: _Gap, old: Sequence[Hashable], new: Sequence[Hashable]) -> list[_Pair]:
    """Return the most items that are unique on both sides and in the same order on both."""
    ours, theirs = _unique(gap.old, old), _unique(gap.new, new)
    return _increasing([(i, theirs[item]) for item, i in ours.items() if item in theirs])


def _unique(part: range, items: Sequence[Hashable]) -> dict[Hashable, int]:
    counts = Counter(items[i] for i in part)
    return {items[i]: i for i in part if counts[items[i]] == 1}


def _increasing(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Return a longest subsequence whose second numbers increase (patience sorting)."""
    tops: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(last[pile - 1] if pile else None)
        tops[pile : pile + 1] = [j]
        last[pile : pile + 1] = [index]
    found: list[_Pair] = []
    step = last[-1] if last else None
    while step is not None:
        found.append(pairs[step])
        step = before[step]
    return found[::-1]


def _between(gap: _Gap, anchors: Sequence[_Pair]) -> Iterator[_Gap]:
    i, j = gap.old.start, gap.new.start
    for k, m in (*anchors, (gap.old.stop, gap.new.stop)):
        if i < k and j < m:
            yield _Gap(range(i, k), range(j, m))
        i, j = k + 1, m + 1


def _matching(gap: _Gap, old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[_Pair]:
    """Yield a longest common subsequence, where there are no anchors.

    Not ``difflib``, which takes seconds for some hundred items that repeat.
    """
    ours, theirs = [old[i] for i in gap.old], [new[j] for j in gap.new]
    needed, last = _needed(ours, theirs), len(ours) - 1
    i, j = 0, 0
    while i < len(ours) and j < len(theirs):
        if ours[i] == theirs[j]:
            yield gap.old[i], gap.new[j]
            i, j = i + 1, j + 1
        elif needed[j] >> last - i & 1:
            j += 1
        else:
            i += 1


def _needed(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[int]:
    """Return for each item of ``new`` a number with a bit for each of ``old``, the last lowest.

    The bit of ``old[i]`` is set for ``new[j]`` where ``old[i:]`` has a longer subsequence in
    common with ``new[j:]`` than ``old[i + 1:]`` has. Each number is a row of the usual table
    of lengths, made at once: Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
    """
    every = (1 << len(old)) - 1
    places: dict[Hashable, int] = defaultdict(int)
    for bit, item in enumerate(reversed(old)):
        places[item] |= 1 << bit
    row, rows = every, []
    for item in reversed(new):
        met = row & places.get(item, 0)
        row = (row + met | row - met) & every
        rows.append(every ^ row)
    return rows[::-1]


# --- Spans -----------------------------------------------------------------------------------

#: Are there old items, are there new ones: what became of them.
_OPS = {(True, True): Op.REPLACE, (True, False): Op.DELETE, (False, True): Op.INSERT}


def _spans(pairs: Sequence[_Pair], old: int, new: int) -> Iterator[Span]:
    start, i, j = (0, 0), 0, 0
    for k, m in (*pairs, (old, new)):
        if (k, m) != (i, j):
            if start != (i, j):
                yield Span(Op.EQUAL, range(start[0], i), range(start[1], j))
            yield Span(_OPS[i < k, j < m], range(i, k), range(j, m))
            start = (k, m)
        i, j = k + 1, m + 1
    if start != (old, new):
        yield Span(Op.EQUAL, range(start[0], old), range(start[1], new))
