"""What a cache does otherwise than its source, in the diff's listing, below a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from pycinspect.report.pen import Piece
from pycinspect.values import visible

__all__ = ["listing_lines"]

_INDENT = "    "
#: Lines that are shown where no more are asked for: enough to see what it is about.
_LINES = 16

_Line = tuple[Piece, ...]


def listing_lines(data: Mapping[str, Any], *, whole: bool) -> Iterator[_Line]:
    """Yield the statements that differ, those of the source as removed, the cache's as added.

    Args:
        data: of a finding; ``changes`` are ``verifying.OtherStatements`` as mappings.
        whole: all of them; otherwise the first sixteen lines.
    """
    changes: Sequence[Mapping[str, Any]] = data.get("changes") or ()
    if not changes:
        return
    lines = _lines(changes)
    yield from islice(lines, None if whole else _LINES)
    if next(lines, None) is not None:
        yield ((f"{_INDENT}... -v shows all statements that differ", "hint"),)


def _lines(changes: Sequence[Mapping[str, Any]]) -> Iterator[_Line]:
    from pycinspect.canonical import Level
    from pycinspect.diffing import Change, Op
    from pycinspect.report.diff.marking import Marker
    from pycinspect.report.diff.statements import Options, change_lines

    options = Options(Level.SEMANTIC, raw=False, width=None, bodies=True, marker=Marker())
    for name, places in groupby(changes, itemgetter("qualname")):
        yield ((f"{_INDENT}{visible(name)}: - the source, + the cache", "hint"),)
        rows = [
            Change(
                Op.REPLACE,
                tuple(place["source"]),
                tuple(place["cache"]),
                tuple(place["source_lines"]),
                tuple(place["cache_lines"]),
            )
            for place in places
        ]
        yield from (((_INDENT, ""), *line) for line in change_lines(rows, options))
