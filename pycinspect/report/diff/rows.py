"""Changed statements, and those around them, line by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat, zip_longest
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.diffing import Change, Op
from pycinspect.report.diff.marking import Marker, without_middle
from pycinspect.report.diff.words import CUT, MOVED, Line, short_text

__all__ = ["GAP", "LEAST_NUMBER_WIDTH", "MARKS", "Row", "moved_statements", "near", "rows_of"]

#: Equal statements that are shown around those that changed.
_CONTEXT = 3
#: Columns of a line number.
LEAST_NUMBER_WIDTH = 4
#: What stands where statements are left out.
GAP: Line = ((f"    {CUT}", "hint"),)


#: A label, and those to which control goes: no part of what a statement does.
_LABELS = re.compile(r"^L\d+: |(?:, else|, at the end)? -> L\d+|  \[on error -> L\d+\]$")


def moved_statements(changes: Sequence[Change]) -> frozenset[str]:
    """Return the statements that went in one place and came in another."""
    changed = [change for change in changes if change.op is not Op.EQUAL and not change.reason]
    gone: set[str] = set()
    come: set[str] = set()
    for change in changed:
        ours, theirs = list(map(_bare, change.old)), list(map(_bare, change.new))
        stayed = [one == other for one, other in zip_longest(ours, theirs)]
        gone |= {text for text, stays in zip(ours, stayed, strict=False) if not stays}
        come |= {text for text, stays in zip(theirs, stayed, strict=False) if not stays}
    return frozenset(gone & come)


def _bare(text: str) -> str:
    """Return a statement without labels, and those to which control goes."""
    return _LABELS.sub("", text)


class Row(NamedTuple):
    """A line of a unified listing."""

    op: Op
    old: str
    new: str
    pieces: Line

    @property
    def weight(self) -> int:
        """How much a reader wants to see it: a change with what stands around it, or alone."""
        return 2 if self.op is not Op.EQUAL else len(self.pieces) - 1


_REROUTED = "  (control goes elsewhere from here)"


MARKS: Mapping[Op, str] = MappingProxyType({Op.EQUAL: " ", Op.DELETE: "-", Op.INSERT: "+"})


def rows_of(change: Change, moved: Collection[str], marker: Marker) -> Iterator[Row]:
    """Yield the lines of a change, and its reason.

    Args:
        change: statements that are equal, gone or new.
        moved: those that stand elsewhere.
        marker: finds the words that differ.
    """
    before, after = _numbers(change.old_lines), _numbers(change.new_lines)
    old, new = [short_text(text) for text in change.old], [short_text(text) for text in change.new]
    if change.op is Op.EQUAL:
        for ours, theirs, was, text in zip(before, after, old, new, strict=True):
            rerouted = ((_REROUTED, "hint"),) if was != text else ()
            yield Row(Op.EQUAL, ours, theirs, ((without_middle(text), ""), *rerouted))
        return
    moved = () if change.reason else moved
    for number, text, other in zip(before, old, _partners(new, len(old)), strict=True):
        yield Row(Op.DELETE, number, "", _told(text, other, Op.DELETE, moved, marker))
    for number, text, other in zip(after, new, _partners(old, len(new)), strict=True):
        yield Row(Op.INSERT, "", number, _told(text, other, Op.INSERT, moved, marker))
    if change.reason:
        yield Row(Op.EQUAL, "", "", (("", ""), (f"({short_text(change.reason)})", "hint")))


def _told(text: str, other: str, op: Op, moved: Collection[str], marker: Marker) -> Line:
    """Return a string in pieces; what the other has not stands out, what moved is said to."""
    if _bare(text) in moved:
        return ((without_middle(text), op.value), (MOVED, "hint"))
    return marker.marked(text, other, op)


def _partners(texts: Sequence[str], count: int) -> Iterable[str]:
    """Return what as many strings are compared with: one after the other, then nothing."""
    return islice(chain(texts, repeat("")), count)


def _numbers(lines: Iterable[int | None]) -> list[str]:
    return ["" if line is None else str(line) for line in lines]


def near(weights: Sequence[int]) -> Iterator[tuple[bool, int]]:
    """Yield what is shown, which changed or stands around it, and whether there is a gap before."""
    near = {
        index + offset
        for index, weight in enumerate(weights)
        if weight
        for offset in (range(-_CONTEXT, _CONTEXT + 1) if weight > 1 else [0])
    }
    before = -1
    for index in range(len(weights)):
        if index in near:
            yield index != before + 1, index
            before = index
