"""Format ``jsonl``: a line each finding, the figures in the last."""

from __future__ import annotations

import json
from typing import TextIO

from pycinspect.auditing import Finding, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.objects import AUDIT_SCHEMA, finding_object, summary_object
from pycinspect.report.words import Json

__all__ = ["JsonLinesReporter"]


class JsonLinesReporter:
    """Writes objects whose ``kind`` is ``finding``, and one whose kind is ``summary``."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context

    def finding(self, finding: Finding) -> None:
        """Write one line."""
        self._line("finding", finding_object(finding, self._context.base))

    def close(self, summary: Summary) -> None:
        """Write the last line."""
        self._line("summary", summary_object(summary, self._context))

    def _line(self, kind: str, entry: Json) -> None:
        line = {"schema": AUDIT_SCHEMA, "kind": kind, **entry}
        self._out.write(json.dumps(line) + "\n")
