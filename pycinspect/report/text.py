"""Format ``text``: what a person acts on.

The answer first; then the findings by rule, what explains others first, each with a few examples,
or with ``-vv`` every finding; then the figures, and what to run next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.report.answer import answer
from pycinspect.report.audit_words import assumptions, shortfalls
from pycinspect.report.base import ReportContext
from pycinspect.report.groups import Group, Groups
from pycinspect.report.mismatch import listing_lines
from pycinspect.report.objects import STATES
from pycinspect.report.pen import Piece, pen_for
from pycinspect.report.settings import settings_lines
from pycinspect.report.spool import Spool
from pycinspect.report.words import counted, shown_path, wrapped
from pycinspect.values import human_size, visible
from pycinspect.verifying import Rung

__all__ = ["TextReporter"]

#: Examples of each rule by ``-v``; from the length of it on, every finding is shown.
_EXAMPLES = (3, 20)
#: Nobody has to act on these: one shows what is meant, until more are asked for.
_EXAMPLES_OF_INFO = (1, 20)
_PATH_INDENT = "  "
_MESSAGE_INDENT = "      "
_LABEL_WIDTH = 9

_Line = tuple[Piece, ...]


class TextReporter:
    """Writes the answer, groups of findings, figures and a hint."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._context = context
        self._pen = pen_for(out, color=context.color)
        self._groups = Groups(context.rules)
        self._all = Spool() if context.verbose >= len(_EXAMPLES) else None

    def finding(self, finding: Finding) -> None:
        """Count a finding, and keep it as an example or on disk."""
        self._groups.add(finding, self._kept(finding.severity))
        if self._all is not None:
            self._all.add(finding)

    def close(self, summary: Summary) -> None:
        """Write the report."""
        width = self._context.width
        groups = self._groups.ordered()
        self._write(_answer(summary, width))
        self._write(self._every_finding())
        digits = len(f"{max((group.count for group in groups), default=0):,}")
        for group in groups:
            if self._all is None or group is groups[0]:
                self._pen.line()
            self._write(_heading(group, digits, width))
            self._write(self._examples(group))
        if groups:
            self._pen.line()
        self._write(_figures(summary, self._context))
        self._write(_settings(self._context))
        if groups:
            self._pen.line()
            self._write(_hint(groups, self._context))

    def _kept(self, severity: Severity) -> int:
        if self._all is not None:
            return 0
        examples = _EXAMPLES_OF_INFO if severity is Severity.INFO else _EXAMPLES
        return examples[self._context.verbose]

    def _write(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            self._pen.line(*line)

    def _every_finding(self) -> Iterator[_Line]:
        if self._all is None:
            return
        for place, finding in enumerate(self._all):
            if not place:
                yield (("", ""),)
            yield from _one_finding(finding, *self._shown(finding))

    def _shown(self, finding: Finding) -> tuple[str, str]:
        """Return the path and the message of a finding, as a terminal may have them."""
        path = shown_path(finding.path, self._context.base)
        return visible(path), visible(finding.message)

    def _examples(self, group: Group) -> Iterator[_Line]:
        for finding in group.examples:
            yield from self._example(finding)
            yield from listing_lines(finding.data, whole=self._context.verbose > 0)
        more = group.count - len(group.examples)
        if more and group.examples:
            yield ((f"{_PATH_INDENT}... and {more:,} more", "hint"),)

    def _example(self, finding: Finding) -> Iterator[_Line]:
        path, message = self._shown(finding)
        if len(_PATH_INDENT) + len(path) + 2 + len(message) <= self._context.width:
            yield (f"{_PATH_INDENT}{path}", ""), (f": {message}", "message")
            return
        yield ((f"{_PATH_INDENT}{path}", ""),)
        for line in wrapped(message, self._context.width, _MESSAGE_INDENT):
            yield ((line, "message"),)


def _answer(summary: Summary, width: int) -> Iterator[_Line]:
    for line in wrapped(answer(summary), width):
        yield ((line, "head"),)


def _heading(group: Group, digits: int, width: int) -> Iterator[_Line]:
    level = group.severity.value
    rule, severity, count = group.rule, f" {level:8}", f" {group.count:{digits},} x"
    title = f"  {visible(group.title)}" if group.title else ""
    fits = len(rule + severity + count + title) <= width
    yield (rule, "rule"), (severity, level), (f"{count}{title if fits else ''}", "head")
    for line in () if fits else wrapped(title, width, _PATH_INDENT):
        yield ((line, "head"),)


def _one_finding(finding: Finding, path: str, message: str) -> Iterator[_Line]:
    """Return one line that can be searched, however long it is."""
    level = finding.severity.value
    yield (path, ""), (": ", ""), (finding.rule, "rule"), (f" {level}", level), (f": {message}", "")


# --- Figures -----------------------------------------------------------------


def _figures(summary: Summary, context: ReportContext) -> Iterator[_Line]:
    """Return a table of figures, and what they leave out."""
    caches = counted(summary.files, "cache", "caches")
    size, reclaimable = human_size(summary.size), human_size(summary.reclaimable)
    spare = f", {reclaimable} of it reclaimable" if summary.reclaimable else ""
    rows = {
        "Caches": f"{caches} in {_directories(summary)}, {size}{spare}",
        "State": _cells({state: summary.states[state] for state in STATES}),
        "Source": _cells({rung.value: summary.verified[rung] for rung in Rung}),
        "Python": _cells(dict(summary.tags.most_common())),
        "For": visible("; ".join(assumptions(summary, context.base))),
        "Also": _statistics(summary, context),
        "Time": _speed(summary),
    }
    for label, cells in rows.items():
        if cells:
            yield from _row(label, cells, context.width)
    for note in _notes(summary):
        for line in wrapped(note, context.width):
            yield ((line, "warning"),)


def _statistics(summary: Summary, context: ReportContext) -> str:
    """Return what rules only count, unless their findings are asked for."""
    counts = {
        f"{context.rules[rule].title} ({rule})": count
        for rule, count in sorted(summary.statistics.items())
        if rule in context.rules
    }
    if not counts:
        return ""
    return f"{_cells(counts, 'x')}; --select lists them"


def _settings(context: ReportContext) -> Iterator[_Line]:
    """Return what a file has decided: where it lies in the tree, the tree itself has."""
    for line in settings_lines(context.settings, context.base):
        yield from _row("Settings", f" {line}", context.width)


def _directories(summary: Summary) -> str:
    return counted(summary.directories, "directory", "directories")


def _speed(summary: Summary) -> str:
    return f"{summary.seconds:,.2f} s, {summary.files_per_second:,.0f} files/s"


def _row(label: str, cells: str, width: int) -> Iterator[_Line]:
    first = f"{label:{_LABEL_WIDTH}}"
    for line in wrapped(cells, width, " " * _LABEL_WIDTH, first):
        yield ((line.replace("\N{NO-BREAK SPACE}", " "), ""),)


def _cells(counts: Mapping[str, int], sign: str = "") -> str:
    """Return "480 fresh, 8 stale"; a number is not torn from its word."""
    times = f"\N{NO-BREAK SPACE}{sign}" if sign else ""
    return ", ".join(
        f"{count:,}{times}\N{NO-BREAK SPACE}{visible(name)}"
        for name, count in counts.items()
        if count
    )


def _notes(summary: Summary) -> Iterator[str]:
    for note in summary.notes:
        yield f"{visible(note)}."
    reasons = shortfalls(summary)
    if reasons:
        yield f"Incomplete: {reasons}, the figures are those of a part."
    if summary.not_decoded:
        caches = counted(summary.not_decoded, "cache", "caches")
        yield f"Payloads not decoded: {caches} (--deep decodes them)."
    if summary.undecodable:
        caches = counted(summary.undecodable, "cache", "caches")
        yield f"Payloads that cannot be decoded: {caches} (damaged header or unknown format)."
    if summary.suppressed:
        yield f"{counted(summary.suppressed, 'finding', 'findings')} suppressed."


# --- What to do next -----------------------------------------------------------


def _hint(groups: list[Group], context: ReportContext) -> Iterator[_Line]:
    """Return what to run next."""
    hints = [f"pycinspect rules {groups[0].rule} says why it matters and what to do"]
    if any(group.count > len(group.examples) > 0 for group in groups):
        hints.append("-vv shows every path" if context.verbose else "-v shows more paths")
    for line in wrapped(f"Next: {'; '.join(hints)}.", context.width):
        yield ((line, "hint"),)
