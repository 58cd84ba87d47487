"""Format ``github``: annotations in the log of a GitHub workflow.

The commands and their escapes are those of ``@actions/core``:
``::error file=…,title=…::message``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.words import counted, human_size, shown_path
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
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


class GithubReporter:
    """Writes one workflow command each finding, and a line of plain log at the end."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context

    def finding(self, finding: Finding) -> None:
        """Write one annotation."""
        rule = self._context.rules.get(finding.rule)
        title = finding.rule if rule is None else f"{finding.rule} {rule.title}"
        path = shown_path(finding.path, self._context.base).replace(os.sep, "/")
        command = _COMMANDS[finding.severity]
        properties = f"file={_in_property(path)},title={_in_property(title)}"
        self._out.write(f"::{command} {properties}::{_in_message(finding.message)}\n")

    def close(self, summary: Summary) -> None:
        """Write the figures into the log, where GitHub makes nothing of them."""
        findings = counted(sum(summary.rules.values()), "finding", "findings")
        caches = counted(summary.files, "cache", "caches")
        part = "" if summary.complete else "; incomplete: a limit ended the audit early"
        self._out.write(f"pycinspect: {findings} in {caches}, {human_size(summary.size)}{part}\n")


def _in_message(text: str) -> str:
    return visible(text, keep="\r\n").translate(_IN_MESSAGE)


def _in_property(text: str) -> str:
    return visible(text, keep="\r\n").translate(_IN_PROPERTY)
