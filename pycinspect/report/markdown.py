"""Format ``markdown``: for a comment on a change, or the summary page of a workflow."""

from __future__ import annotations

import re
from html import escape
from typing import TextIO

from pycinspect.auditing import Finding, Summary
from pycinspect.report.answer import answer
from pycinspect.report.audit_words import assumptions
from pycinspect.report.base import ReportContext
from pycinspect.report.groups import Group, Groups
from pycinspect.report.settings import settings_lines
from pycinspect.report.words import counted, shown_path
from pycinspect.values import human_size, visible

__all__ = ["MarkdownReporter", "code_span", "plain"]

#: Examples of each rule by ``-v``: a page is to be read.
_EXAMPLES = (10, 50, 1000)
#: What CommonMark, and GitHub's tables in it, give a meaning.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&@:])")
_BACKTICKS = re.compile(r"`+")


class MarkdownReporter:
    """Writes the answer, a table of rules, and the first paths of each."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._groups = Groups(context.rules)
        self._examples = _EXAMPLES[min(context.verbose, len(_EXAMPLES) - 1)]

    def finding(self, finding: Finding) -> None:
        """Count a finding, and keep the first of each rule."""
        self._groups.add(finding, self._examples)

    def close(self, summary: Summary) -> None:
        """Write the page."""
        groups = self._groups.ordered()
        lines = [f"**{plain(answer(summary))}**", ""]
        if groups:
            lines += ["| rule | severity | findings | |", "|---|---|---:|---|"]
            lines += [_row(group) for group in groups]
            lines.append("")
        for group in groups:
            lines += self._details(group)
        settings = settings_lines(self._context.settings, self._context.base)
        lines += [f"Settings: {plain(line)}  " for line in settings]
        lines += [
            f"Judged for {plain(told)}  " for told in assumptions(summary, self._context.base)
        ]
        lines.append(f"{_figures(summary)}, pycinspect {plain(self._context.version)}")
        for line in lines:
            self._out.write(f"{line}\n")

    def _details(self, group: Group) -> list[str]:
        """Return the examples of a rule, to be opened by whom they concern."""
        # In HTML, Markdown means nothing.
        title = escape(visible(f"{group.rule} {group.title}".rstrip()), quote=False)
        lines = [f"<details><summary>{title}</summary>", ""]
        for finding in group.examples:
            path = visible(shown_path(finding.path, self._context.base))
            lines.append(f"- {code_span(path)}: {plain(visible(finding.message))}")
        more = group.count - len(group.examples)
        if more:
            lines.append(f"- … and {more:,} more")
        return [*lines, "", "</details>", ""]


def _row(group: Group) -> str:
    cells = (group.rule, group.severity.value, f"{group.count:,}", group.title)
    return f"| {' | '.join(map(plain, cells))} |"


def _figures(summary: Summary) -> str:
    caches = counted(summary.files, "cache", "caches")
    directories = counted(summary.directories, "directory", "directories")
    return f"{caches} in {directories}, {human_size(summary.size)}"


def plain(text: str) -> str:
    r"""Return a string that Markdown shows as it is.

    >>> print(plain("a_b|c <d>"))
    a\_b\|c \<d\>
    """
    return _SPECIAL.sub(r"\\\1", visible(text))


def code_span(text: str) -> str:
    """Return a string as a code span, whose fence is longer than any run of backticks in it.

    >>> print(code_span("a`b"))
    `` a`b ``
    """
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or text.startswith(" ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
