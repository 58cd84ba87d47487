"""Which words of a line differ from those of the line it is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pycinspect.diffing import Op, Span, aligned
from pycinspect.report.diff.words import CUT, Line
from pycinspect.report.pen import Piece

__all__ = ["Marker", "without_middle"]

#: Characters of a line beyond which what is the same in it is left out, but for its ends.
_LONG_LINE, _ENDS = 240, 40
#: Words that two strings share, of all: where it is less, all of it is new.
_ALIKE = 0.5
#: Pairs of words that are looked at for two strings, and in all.
_MOST_PAIRS, _MOST_PAIRS_IN_ALL = 4_000_000, 20_000_000


def without_middle(text: str) -> str:
    """Return a string of which a long middle is left out."""
    return text if len(text) <= _LONG_LINE else f"{text[:_LONG_LINE]} {CUT} {text[-_ENDS:]}"


_WORD = re.compile(r"\w+|\W")


class Marker:
    """Finds the words that differ, in so many texts."""

    def __init__(self) -> None:
        self._left = _MOST_PAIRS_IN_ALL

    def marked(self, text: str, other: str, op: Op) -> Line:
        """Return a string in pieces; those that the other has not stand out."""
        ours, theirs = _WORD.findall(text), _WORD.findall(other)
        least = _ALIKE * max(len(ours), len(theirs))
        # Most lines of a long difference have no partner: they are not aligned with nothing.
        spans = self._aligned(theirs, ours) if min(len(ours), len(theirs)) >= least else []
        shared = sum(len(span.new) for span in spans if span.op is Op.EQUAL)
        if shared < least:
            return ((without_middle(text), op.value),)
        is_long = len(text) > _LONG_LINE
        return tuple(
            _piece("".join(ours[i] for i in span.new), span.op, op, is_long=is_long)
            for span in spans
            if span.new
        )

    def _aligned(self, old: Sequence[str], new: Sequence[str]) -> Sequence[Span]:
        pairs = len(old) * len(new)
        if pairs > min(_MOST_PAIRS, self._left):
            return []
        self._left -= pairs
        return aligned(old, new)


def _piece(text: str, what: Op, op: Op, *, is_long: bool) -> Piece:
    if what is not Op.EQUAL:
        return text, f"{op.value}-part"
    if is_long and len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]} {CUT} {text[-_ENDS:]}"
    return text, op.value
