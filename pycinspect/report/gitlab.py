"""Format ``gitlab``: the code quality report of GitLab's merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.fingerprint import fingerprint
from pycinspect.report.words import shown_path
from pycinspect.values import visible

__all__ = ["GitlabReporter"]

_SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.INFO: "info",
        Severity.WARNING: "minor",
        Severity.ERROR: "major",
        Severity.SECURITY: "critical",
    }
)


class GitlabReporter:
    """Writes a list with one object for each finding, a line each."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._before = "[\n"

    def finding(self, finding: Finding) -> None:
        """Write one element of the list."""
        shown = shown_path(finding.path, self._context.base).replace(os.sep, "/")
        entry = {
            "description": visible(finding.message),
            "check_name": finding.rule,
            "fingerprint": fingerprint(finding, shown, self._context.policy),
            "severity": _SEVERITIES[finding.severity],
            # Bytecode has no lines: the first is where GitLab shows a file as a whole.
            "location": {"path": visible(shown), "lines": {"begin": 1}},
        }
        self._out.write(self._before + json.dumps(entry))
        self._before = ",\n"

    def close(self, _: Summary) -> None:
        """End the list; figures have no place in this format."""
        start = "" if self._before == ",\n" else self._before
        self._out.write(f"{start}\n]\n")
