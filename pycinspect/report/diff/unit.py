"""What differs in one code object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.diffing import FieldChange, Op, UnitDiff
from pycinspect.report.diff.details import DETAILS, detail_lines
from pycinspect.report.diff.raw import raw_lines
from pycinspect.report.diff.statements import Options, change_lines
from pycinspect.report.diff.words import Line, heading, short_text

__all__ = ["field_lines", "unit_lines"]

_SAME_STATEMENTS = "the same statements, but not the same way from one to the next"


def unit_lines(unit: UnitDiff, options: Options) -> Iterator[Line]:
    """Yield what differs in a code object, after a line that names it."""
    yield from ((), tuple(heading(unit)))
    if unit.problem is not None:
        yield ((f"    {short_text(unit.problem)}", "error"),)
    if unit.old is None or unit.new is None:
        if options.bodies:
            yield from _body_lines(unit, options)
        return
    for plane in unit.planes:
        if plane in DETAILS:
            yield from detail_lines(DETAILS[plane](unit.old), DETAILS[plane](unit.new), plane)
    if unit.changes and all(change.op is Op.EQUAL for change in unit.changes):
        yield ((f"    {_SAME_STATEMENTS}", "hint"),)
    yield from field_lines(unit.fields)
    yield from change_lines(unit.changes, options)
    if options.raw:
        yield from raw_lines(unit.old, unit.new, options)


def _body_lines(unit: UnitDiff, options: Options) -> Iterator[Line]:
    """Yield all of what is on one side only."""
    for plane, detail in DETAILS.items():
        old, new = ([] if side is None else detail(side) for side in (unit.old, unit.new))
        yield from detail_lines(old, new, plane)
    options = options._replace(width=None)  # the other column would be empty
    yield from change_lines(unit.changes, options)
    if options.raw:
        yield from raw_lines(unit.old, unit.new, options)


def field_lines(changes: Sequence[FieldChange]) -> Iterator[Line]:
    """Yield a line for each field, with both values, and one for the cause where it is known."""
    width = max([len(change.field) for change in changes], default=0)
    for change in changes:
        yield (
            (f"    {change.field:<{width}}  ", ""),
            (short_text(change.old), "delete"),
            (" -> ", ""),
            (short_text(change.new), "insert"),
        )
        if change.cause is not None:
            yield ((f"    {'':<{width}}  {change.cause}", "hint"),)
