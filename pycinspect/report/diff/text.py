"""Comparisons as text: the summary first, then what is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.diffing import Diff, ModuleDiff, Rewrite, Status, rewrites
from pycinspect.report.diff.marking import Marker
from pycinspect.report.diff.statements import Options
from pycinspect.report.diff.unit import field_lines, unit_lines
from pycinspect.report.diff.words import (
    SIGNS,
    Line,
    Stat,
    answer,
    asked_for,
    heading,
    short_text,
    shown_units,
)
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = ["chain_lines", "diff_lines", "stat_lines"]


def chain_lines(found: Sequence[tuple[tuple[str, str], Diff]]) -> Iterator[Line]:
    """Return the summary of several comparisons, a line for each.

    Args:
        found: what each compares, and what it found.
    """
    arrows = [visible(" -> ".join(titles)) for titles, _ in found]
    width = max([0, *map(len, arrows)])
    for arrow, (_, diff) in zip(arrows, found, strict=True):
        yield ((f"{arrow:<{width}}", "head"), (f"  {answer(diff)}", ""))


def diff_lines(
    diff: Diff,
    *,
    titles: tuple[str, str],
    raw: bool = False,
    width: int | None = None,
    bodies: bool = True,
) -> Iterator[Line]:
    """Return the lines of a comparison, without control characters: the summary first.

    Args:
        diff: the comparison.
        titles: what the first line calls the two sides.
        raw: instructions are compared, too, of all that is not the same.
        width: columns of two listings side by side; None for one listing.
        bodies: what is added and removed is shown, and not only named.
    """
    options = Options(diff.level, raw, width, bodies, Marker())
    yield from _head_lines(diff, titles)
    for row, count in diff.explained.items():
        yield ((f"  explained by {visible(f'{row.slug}: {count:,}  ({row.title})')}", "hint"),)
    if diff.is_same:
        yield from _rewrite_lines(rewrites(diff))
        yield from _differing_lines(diff.modules)
    yield from _overview(diff)
    for module in diff.modules:
        yield from _module_lines(module, options, has_title=len(diff.modules) > 1)


def _head_lines(diff: Diff, titles: tuple[str, str]) -> Iterator[Line]:
    """Yield what is compared, the answer, and what it is an answer to."""
    old, new = titles
    yield ((visible(f"{old} -> {new}"), "head"), (f"  level {diff.level.value}", "hint"))
    yield ((answer(diff), ""),)
    for word, told in asked_for(diff):
        yield ((f"{word}: {visible(told)}", "hint"),)


def stat_lines(diff: Diff, *, titles: tuple[str, str]) -> Iterator[Line]:
    """Return the summary of a comparison, and a line for each module that is not the same.

    Args:
        diff: the comparison.
        titles: what the first line calls the two sides.
    """
    yield from _head_lines(diff, titles)
    rows = [(visible(module.new or module.old or ""), Stat.of(module)) for module in diff.modules]
    width = max([0, *(len(name) for name, stat in rows if stat.told)])
    for name, stat in rows:
        if stat.told:
            yield (
                (f"{name:<{width}}  ", "head"),
                (f"{stat.told}  ", ""),
                (f"+{stat.come:,}", "insert"),
                (" ", ""),
                (f"-{stat.gone:,}", "delete"),
            )


def _differing_lines(modules: Sequence[ModuleDiff]) -> Iterator[Line]:
    """Yield at most one line: what the bytes of caches differ in that mean the same."""
    names = dict.fromkeys(name for module in modules for name in module.differing)
    if names:
        yield ((f"the files differ in: {', '.join(names)}  (--level exact shows it)", "hint"),)


#: Code objects that are named in the one line about rewrites.
_MOST_NAMES = 3


def _rewrite_lines(found: Sequence[Rewrite]) -> Iterator[Line]:
    """Yield at most one line: what is not the same at the level ``strict``."""
    if found:
        said = [f"{row.name}: {', '.join(_rewritten(row))}" for row in found[:_MOST_NAMES]]
        more = len(found) - len(said)
        rest = [f"{more:,} more"] if more else []
        text = f"equivalent rewrite (differs at level strict): {'; '.join([*said, *rest])}"
        yield ((short_text(text), "hint"),)


def _rewritten(row: Rewrite) -> Iterator[str]:
    """Yield such as ``2 stores reordered``."""
    one, many = ("store", "stores") if row.only_stores else ("event", "events")
    cases = ((row.moved, "reordered"), (row.gone, "fewer"), (row.come, "more"))
    told = [f"{counted(number, one, many)} {what}" for number, what in cases if number]
    yield from told or ["the same events on other paths"]


#: Differences from which on they are listed before they are shown.
_MANY = 4


def _overview(diff: Diff) -> Iterator[Line]:
    """Yield the headings of all code objects that are shown, if they are many."""
    modules = [module for module in diff.modules if shown_units(module)]
    if sum(len(shown_units(module)) for module in modules) < _MANY:
        return
    yield ()
    for module in modules:
        if len(diff.modules) > 1:
            yield ((visible(module.new or ""), "head"),)
        for unit in shown_units(module):
            yield tuple(heading(unit))


def _module_lines(module: ModuleDiff, options: Options, *, has_title: bool) -> Iterator[Line]:
    if module.old is None or module.new is None:
        sign, path = SIGNS[module.units[0].status], module.old or module.new or ""
        count = counted(len(module.units), "code object", "code objects")
        yield from ((), (sign, (visible(path), "head"), (f"  {count}", "hint")))
        for unit in module.units if options.bodies else ():
            yield from unit_lines(unit, options)
        return
    shown = shown_units(module)
    if (shown or module.files) and has_title:
        yield from ((), ((visible(f"{module.old} -> {module.new}"), "head"),))
    if module.agrees_with:
        yield ((f"    agrees with its source compiled with {module.agrees_with}", "hint"),)
    if module.files:
        yield from ((), (SIGNS[Status.CHANGED], ("the files", "head")))
        yield from field_lines(module.files)
    for unit in shown:
        yield from unit_lines(unit, options)
