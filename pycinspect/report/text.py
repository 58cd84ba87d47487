"""Format ``text``: what a person acts on.

The figures first, then the findings by rule, the worst first, each with a few
examples; with ``-vv`` every finding as it comes, and the figures after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.objects import STATES
from pycinspect.report.pen import Piece, pen_for
from pycinspect.report.words import counted, human_size, shown_path, wrapped
from pycinspect.values import visible

__all__ = ["TextReporter"]

#: Examples of each rule by ``-v``; from the length of it on, everything is streamed.
_EXAMPLES = (3, 20)
#: Nobody has to act on these: one shows what is meant, until more are asked for.
_EXAMPLES_OF_INFO = (1, 20)
_PATH_INDENT = "  "
_MESSAGE_INDENT = "      "
_LABEL_WIDTH = 9

_Line = tuple[Piece, ...]


@dataclass(slots=True)
class _Group:
    """The findings of one rule with one severity: how many, and the first of them."""

    severity: Severity
    rule: str
    about_tree: bool
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """The worst first; what explains a whole tree before its files; the most frequent."""
        return -self.severity.rank, not self.about_tree, -self.count, self.rule


class TextReporter:
    """Writes figures, groups and a hint; with ``-vv`` the findings, too."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._context = context
        self._pen = pen_for(out, color=context.color)
        self._groups: dict[tuple[Severity, str], _Group] = {}
        self._streams = context.verbose >= len(_EXAMPLES)

    def finding(self, finding: Finding) -> None:
        """Count a finding; keep it as an example, or write it at once."""
        key = (finding.severity, finding.rule)
        group = self._groups.get(key)
        if group is None:
            rule = self._context.rules.get(finding.rule)
            group = self._groups[key] = _Group(*key, rule is not None and rule.about_tree)
        group.count += 1
        if not self._streams and group.count > self._kept(finding.severity):
            return
        path = visible(shown_path(finding.path, self._context.base))
        message = visible(finding.message)
        if self._streams:
            self._write(_one_finding(finding, path, message))
        else:
            group.examples.append((path, message))

    def close(self, summary: Summary) -> None:
        """Write the figures, the groups and what to do next."""
        width = self._context.width
        if not self._groups:
            self._write(_clean(summary, width))
            return
        if self._streams:
            self._pen.line()
        self._write(_figures(summary, width))
        groups = sorted(self._groups.values(), key=lambda group: group.order)
        digits = len(f"{max(group.count for group in groups):,}")
        for group in groups:
            if not self._streams or group is groups[0]:
                self._pen.line()
            self._write(self._heading(group, digits))
            self._write(_examples(group, width))
        self._pen.line()
        self._write(_hint(groups, self._context))

    def _kept(self, severity: Severity) -> int:
        examples = _EXAMPLES_OF_INFO if severity is Severity.INFO else _EXAMPLES
        return examples[self._context.verbose]

    def _write(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            self._pen.line(*line)

    def _heading(self, group: _Group, digits: int) -> Iterator[_Line]:
        rule = self._context.rules.get(group.rule)
        title = "" if rule is None else f"  {visible(rule.title)}"
        level = group.severity.value
        yield (
            (group.rule, "rule"),
            (f" {level:8}", level),
            (f" {group.count:{digits},} x{title}", "head"),
        )


def _one_finding(finding: Finding, path: str, message: str) -> Iterator[_Line]:
    """Return one line that can be searched, however long it is."""
    level = finding.severity.value
    yield (path, ""), (": ", ""), (finding.rule, "rule"), (f" {level}", level), (f": {message}", "")


# --- Figures -----------------------------------------------------------------


def _figures(summary: Summary, width: int) -> Iterator[_Line]:
    """Return the headline and a table of figures."""
    caches = counted(summary.files, "cache", "caches")
    yield ((f"{caches} in {_directories(summary)}", "head"),)
    size, reclaimable = human_size(summary.size), human_size(summary.reclaimable)
    rows = {
        "State": _cells({state: summary.states[state] for state in STATES}),
        "Python": _cells(dict(summary.tags.most_common())),
        "Size": f"{size}, {reclaimable} of it reclaimable",
        "Time": _speed(summary),
    }
    for label, cells in rows.items():
        if cells:
            yield from _row(label, cells, width)
    for note in _notes(summary):
        yield ((note, "warning"),)


def _directories(summary: Summary) -> str:
    return counted(summary.directories, "directory", "directories")


def _speed(summary: Summary) -> str:
    return f"{summary.seconds:,.2f} s, {summary.files_per_second:,.0f} files/s"


def _row(label: str, cells: str, width: int) -> Iterator[_Line]:
    first = f"{label:{_LABEL_WIDTH}}"
    for line in wrapped(cells, width, " " * _LABEL_WIDTH, first):
        yield ((line.replace("\N{NO-BREAK SPACE}", " "), ""),)


def _cells(counts: Mapping[str, int]) -> str:
    """Return "480 fresh, 8 stale"; a number is not torn from its word."""
    return ", ".join(
        f"{count:,}\N{NO-BREAK SPACE}{visible(name)}" for name, count in counts.items() if count
    )


def _notes(summary: Summary) -> Iterator[str]:
    if not summary.complete:
        yield "Incomplete: a limit ended the audit early, the figures are those of a part."
    if summary.not_decoded:
        caches = counted(summary.not_decoded, "cache", "caches")
        yield f"Payloads not decoded: {caches} (--deep decodes them)."
    if summary.undecodable:
        caches = counted(summary.undecodable, "cache", "caches")
        yield f"Payloads that cannot be decoded: {caches} (damaged header or unknown format)."
    if summary.suppressed:
        yield f"{counted(summary.suppressed, 'finding', 'findings')} suppressed."


def _clean(summary: Summary, width: int) -> Iterator[_Line]:
    """Return one paragraph about a tree without findings."""
    caches = f"{counted(summary.files, 'cache', 'caches')} ({human_size(summary.size)})"
    states = _cells({state: summary.states[state] for state in STATES})
    pythons = _cells(dict(summary.tags.most_common()))
    details = "; ".join(cells for cells in (states, pythons, _speed(summary)) if cells)
    sentence = f"No findings in {caches} and {_directories(summary)}: {details}."
    for line in wrapped(" ".join([sentence, *_notes(summary)]), width):
        yield ((line.replace("\N{NO-BREAK SPACE}", " "), ""),)


# --- Groups ------------------------------------------------------------------


def _examples(group: _Group, width: int) -> Iterator[_Line]:
    for path, message in group.examples:
        if len(_PATH_INDENT) + len(path) + 2 + len(message) <= width:
            yield (f"{_PATH_INDENT}{path}", ""), (f": {message}", "message")
            continue
        yield ((f"{_PATH_INDENT}{path}", ""),)
        for line in wrapped(message, width, _MESSAGE_INDENT):
            yield ((line, "message"),)
    more = group.count - len(group.examples)
    if more and group.examples:
        yield ((f"{_PATH_INDENT}... and {more:,} more", "hint"),)


def _hint(groups: list[_Group], context: ReportContext) -> Iterator[_Line]:
    """Return what to run next."""
    hints = [f"pycinspect rules {groups[0].rule} says why it matters and what to do"]
    if any(group.count > len(group.examples) > 0 for group in groups):
        hints.append("-vv shows every path" if context.verbose else "-v shows more paths")
    for line in wrapped(f"Next: {'; '.join(hints)}.", context.width):
        yield ((line, "hint"),)
