"""Comparisons as Markdown: a comment on a change, for a reviewer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from pycinspect.diffing import Diff, ModuleDiff, UnitDiff
from pycinspect.report.diff.details import DETAILS, detail_lines
from pycinspect.report.diff.marking import Marker
from pycinspect.report.diff.rows import MARKS, moved_statements, near, rows_of
from pycinspect.report.diff.words import (
    CUT,
    Stat,
    answer,
    asked_for,
    heading,
    short_text,
    shown_units,
)
from pycinspect.report.markdown import code_span, plain
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = ["markdown_lines"]

#: Characters of details; a comment on GitHub has at most 65,536 in all.
_MOST = 50_000
#: Rows of the table of modules.
_MOST_MODULES = 100
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def markdown_lines(
    diff: Diff, *, titles: tuple[str, str], bodies: bool = True, details: bool = True
) -> Iterator[str]:
    """Yield the lines of a comparison: the answer, a table of modules, and what differs, folded.

    Args:
        diff: the comparison.
        titles: what the two sides are called.
        bodies: what is added and removed is shown, and not only named.
        details: what differs is shown, and not only counted.
    """
    old, new = titles
    yield f"**{plain(answer(diff))}**"
    yield ""
    yield f"{code_span(visible(old))} → {code_span(visible(new))}, level {diff.level.value}  "
    for word, told in asked_for(diff):
        yield f"{word}: {plain(told)}  "
    for row, count in diff.explained.items():
        yield f"explained by {plain(row.slug)}: {count:,} ({plain(row.title)})  "
    yield ""
    yield from _table(diff)
    shown = diff if bodies else diff.without_bodies()
    if details:
        yield from _details(shown)


def _table(diff: Diff) -> Iterator[str]:
    rows = [(module, Stat.of(module)) for module in diff.modules]
    rows = [(module, stat) for module, stat in rows if stat.told]
    if not rows:
        return
    yield "| module | what differs | statements |"
    yield "|---|---|---:|"
    for module, stat in rows[:_MOST_MODULES]:
        name = plain(module.new or module.old or "")
        yield f"| {name} | {plain(stat.told)} | +{stat.come:,} -{stat.gone:,} |"
    if len(rows) > _MOST_MODULES:
        yield f"| … and {len(rows) - _MOST_MODULES:,} more | | |"
    yield ""


def _details(diff: Diff) -> Iterator[str]:
    """Yield each code object that differs, to be opened by whom it concerns."""
    left = _MOST
    units = [(module, unit) for module in diff.modules for unit in _all_shown(module)]
    for number, (module, unit) in enumerate(units):
        lines = list(_detail(module, unit, has_path=len(diff.modules) > 1))
        left -= sum(len(line) + 1 for line in lines)
        if left < 0:
            more = counted(len(units) - number, "code object", "code objects")
            yield f"… and {more} more that differ"
            return
        yield from lines


def _all_shown(module: ModuleDiff) -> list[UnitDiff]:
    """Return what differs of a module, or all of one that is on one side only."""
    is_one_sided = module.old is None or module.new is None
    return list(module.units) if is_one_sided else shown_units(module)


def _detail(module: ModuleDiff, unit: UnitDiff, *, has_path: bool) -> Iterator[str]:
    title = "".join(text for text, _ in heading(unit))
    path = f"{visible(module.new or module.old or '')}: " if has_path else ""
    yield f"<details><summary>{escape(path + title)}</summary>"  # in HTML, Markdown means nothing
    yield ""
    lines = list(_block_lines(unit))
    if lines:
        longest = max((len(run) for run in _FENCE.findall("\n".join(lines))), default=0)
        fence = "`" * max(3, longest + 1)
        yield from (f"{fence}diff", *lines, fence, "")
    yield "</details>"
    yield ""


def _block_lines(unit: UnitDiff) -> Iterator[str]:
    """Yield what differs in a code object as a block in the language ``diff``."""
    if unit.problem is not None:
        yield f"? {short_text(unit.problem)}"
    for plane, detail in DETAILS.items():
        if plane in unit.planes or None in (unit.old, unit.new):
            old, new = ([] if side is None else detail(side) for side in (unit.old, unit.new))
            for line in detail_lines(old, new, plane):
                yield "".join(text for text, _ in line).lstrip()
    for field in unit.fields:
        yield f"- {field.field}: {short_text(field.old)}"
        yield f"+ {field.field}: {short_text(field.new)}"
    moved, marker = moved_statements(unit.changes), Marker()
    changed = [row for change in unit.changes for row in rows_of(change, moved, marker)]
    for has_gap, index in near([row.weight for row in changed]):
        if has_gap:
            yield f"  {CUT}"
        yield f"{MARKS[changed[index].op]} {''.join(text for text, _ in changed[index].pieces)}"
