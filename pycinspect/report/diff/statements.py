"""Changed statements as text: in the style of a unified diff, or side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pycinspect.canonical import Level
from pycinspect.diffing import Change, Op
from pycinspect.report.diff.columns import column_lines, pairs_of
from pycinspect.report.diff.marking import Marker
from pycinspect.report.diff.rows import (
    GAP,
    LEAST_NUMBER_WIDTH,
    MARKS,
    Row,
    moved_statements,
    near,
    rows_of,
)
from pycinspect.report.diff.words import Line

__all__ = ["Options", "change_lines"]


class Options(NamedTuple):
    """How differences are shown: as :func:`diff_lines` is told."""

    level: Level
    raw: bool
    width: int | None
    bodies: bool
    marker: Marker


def change_lines(changes: Sequence[Change], options: Options) -> Iterator[Line]:
    """Return the statements that changed and those around them, as the options want them."""
    moved = moved_statements(changes)
    if options.width is None:
        marker = options.marker
        return _row_lines([row for change in changes for row in rows_of(change, moved, marker)])
    rows = [row for change in changes for row in pairs_of(change, moved, options.marker)]
    return column_lines(rows, options.width)


def _row_lines(rows: Sequence[Row]) -> Iterator[Line]:
    """Yield what changed and what stands around it, in the style of a unified diff."""
    shown = list(near([row.weight for row in rows]))
    width = max([LEAST_NUMBER_WIDTH, *(len(n) for _, i in shown for n in rows[i][1:3])])
    for has_gap, index in shown:
        if has_gap:
            yield GAP
        row = rows[index]
        yield (
            (f"  {row.old:>{width}} {row.new:>{width}}  ", "number"),
            (f"{MARKS[row.op]} ", "" if row.op is Op.EQUAL else row.op.value),
            *row.pieces,
        )
