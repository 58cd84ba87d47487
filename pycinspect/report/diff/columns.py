"""Changed statements in two columns, one side beside the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from pycinspect.diffing import Change, Op
from pycinspect.report.diff.marking import Marker
from pycinspect.report.diff.rows import GAP, LEAST_NUMBER_WIDTH, MARKS, near, rows_of
from pycinspect.report.diff.words import Line
from pycinspect.report.pen import Piece

__all__ = ["column_lines", "pairs_of"]

_BETWEEN = " | "
_LEAST_TEXT_WIDTH = 20


class _Cell(NamedTuple):
    """One side of a line; what is not there has no pieces."""

    op: Op
    number: str
    pieces: Line
    weight: int = 2


_Cells = tuple[_Cell, _Cell]


def pairs_of(change: Change, moved: Collection[str], marker: Marker) -> Iterator[_Cells]:
    """Yield the lines of both sides, one beside the other."""
    ours, theirs, both = [], [], []
    for row in rows_of(change, moved, marker):
        if row.op is Op.EQUAL:
            cell = _Cell(row.op, row.old, row.pieces, row.weight)
            both.append((cell, cell._replace(number=row.new)))
        elif row.op is Op.DELETE:
            ours.append(_Cell(row.op, row.old, row.pieces))
        else:
            theirs.append(_Cell(row.op, row.new, row.pieces))
    nothing = (_Cell(Op.DELETE, "", ()), _Cell(Op.INSERT, "", ()))
    for place in range(max(len(ours), len(theirs))):
        sides = zip((ours, theirs), nothing, strict=True)
        old, new = (cells[place] if place < len(cells) else none for cells, none in sides)
        yield old, new
    yield from both


def column_lines(rows: Sequence[_Cells], width: int) -> Iterator[Line]:
    """Yield what changed and what stands around it in two columns, long lines broken."""
    shown = list(near([old.weight for old, _ in rows]))
    numbers = [len(cell.number) for _, index in shown for cell in rows[index]]
    number_width = max([LEAST_NUMBER_WIDTH, *numbers])
    text_width = max(_LEAST_TEXT_WIDTH, (width - len(_BETWEEN)) // 2 - number_width - 3)
    for has_gap, index in shown:
        if has_gap:
            yield GAP
        sides = [list(_cell_lines(cell, number_width, text_width)) for cell in rows[index]]
        blank = ((" " * (number_width + 3 + text_width), ""),)
        for left, right in zip_longest(*sides, fillvalue=blank):
            yield (*left, (_BETWEEN, "hint"), *right)


def _cell_lines(cell: _Cell, number_width: int, text_width: int) -> Iterator[Line]:
    mark = MARKS[cell.op] if cell.pieces else " "
    number, style = cell.number, "" if cell.op is Op.EQUAL else cell.op.value
    for pieces in _broken(cell.pieces, text_width):
        rest = " " * (text_width - sum(len(text) for text, _ in pieces))
        yield (
            (f"{number:>{number_width}} ", "number"),
            (f"{mark} ", style),
            *pieces,
            (rest, ""),
        )
        number, mark = "", " "


def _broken(pieces: Line, width: int) -> Iterator[Line]:
    """Yield a line in parts that are no longer than the width; one at least."""
    line: list[Piece] = []
    left = width
    for text, style in pieces:
        rest = text
        while len(rest) > left:
            yield (*line, (rest[:left], style))
            rest, line, left = rest[left:], [], width
        line.append((rest, style))
        left -= len(rest)
    yield tuple(line)
