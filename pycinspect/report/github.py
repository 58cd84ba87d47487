"""Format ``github``: annotations in the log of a GitHub workflow.

The commands and their escapes are those of ``@actions/core``:
``::error file=…,title=…::message``. GitHub shows ten annotations of a kind for each step and drops
the others without a word, so that a rule with many findings gets one annotation that counts them.
All of them are on the summary page of the job, to whose file (``GITHUB_STEP_SUMMARY``) the report
in Markdown is added.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.errors import PycInspectError
from pycinspect.report.answer import answer
from pycinspect.report.base import ReportContext
from pycinspect.report.groups import Group, Groups
from pycinspect.report.markdown import MarkdownReporter
from pycinspect.report.settings import settings_lines
from pycinspect.report.words import counted, shown_path
from pycinspect.values import visible

__all__ = ["GithubReporter"]

_COMMANDS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.INFO: "notice",
        Severity.WARNING: "warning",
        Severity.ERROR: "error",
        Severity.SECURITY: "error",
    }
)
#: Annotations of each kind that a step can show.
_MOST = 10
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


class _Annotation(NamedTuple):
    """A finding, and how many others it stands for."""

    finding: Finding
    group: Group
    others: int


class GithubReporter:
    """Writes the answer, workflow commands, and a page for the job's summary."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._groups = Groups(context.rules)
        self._page = io.StringIO()
        self._markdown = MarkdownReporter(self._page, context)

    def finding(self, finding: Finding) -> None:
        """Count a finding, and keep the first of each rule."""
        self._groups.add(finding, _MOST)
        self._markdown.finding(finding)

    def close(self, summary: Summary) -> None:
        """Write everything; GitHub makes nothing of the first line but log."""
        self._out.write(f"pycinspect: {answer(summary)}\n")
        for line in settings_lines(self._context.settings, self._context.base):
            self._out.write(f"::notice title=Settings of pycinspect::{_in_message(line)}\n")
        groups = self._groups.ordered()
        for command in dict.fromkeys(_COMMANDS[group.severity] for group in groups):
            of_kind = [group for group in groups if _COMMANDS[group.severity] == command]
            for annotation in _annotations(of_kind):
                self._out.write(self._line(command, annotation))
            for group in of_kind[_MOST:]:  # GitHub would drop their annotations
                findings = counted(group.count, "finding", "findings")
                self._out.write(f"pycinspect: {group.rule}: {findings}\n")
        if self._context.step_summary is not None:
            self._markdown.close(summary)
            _append(self._context.step_summary, self._page.getvalue())

    def _line(self, command: str, annotation: _Annotation) -> str:
        finding, group, others = annotation
        path = shown_path(finding.path, self._context.base).replace(os.sep, "/")
        title = f"{finding.rule} {group.title}".rstrip()
        message = finding.message
        if others:
            message += f" (and {counted(others, 'finding', 'findings')} like it)"
        properties = f"file={_in_property(path)},title={_in_property(title)}"
        return f"::{command} {properties}::{_in_message(message)}\n"


def _annotations(groups: list[Group]) -> Iterator[_Annotation]:
    """Yield at most as many annotations as GitHub shows; each group has one if there is room.

    A group has all of its findings shown if that leaves one for each group after it.
    """
    left = _MOST
    for place, group in enumerate(groups[:_MOST]):
        waiting = min(len(groups), _MOST) - place - 1
        shown = group.count if group.count <= left - waiting else 1
        yield from (_Annotation(finding, group, 0) for finding in group.examples[: shown - 1])
        yield _Annotation(group.examples[shown - 1], group, group.count - shown)
        left -= shown


def _append(path: str, page: str) -> None:
    """Add a page to the summary of the job."""
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(page)
    except OSError as error:
        raise PycInspectError("unwritable", error.strerror or str(error), path=path) from error


def _in_message(text: str) -> str:
    return visible(text, keep="\r\n").translate(_IN_MESSAGE)


def _in_property(text: str) -> str:
    return visible(text, keep="\r\n").translate(_IN_PROPERTY)
