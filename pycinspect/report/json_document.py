"""Format ``json``: one document, written as a stream."""

from __future__ import annotations

import json
from typing import TextIO

from pycinspect.auditing import Finding, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.objects import AUDIT_SCHEMA, finding_object, summary_object

__all__ = ["JsonReporter"]


class JsonReporter:
    """Writes ``{"schema": …, "findings": […], "summary": {…}}``, a line each finding."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._before = f'{{"schema": {json.dumps(AUDIT_SCHEMA)}, "findings": [\n'

    def finding(self, finding: Finding) -> None:
        """Write one element of the list."""
        self._out.write(self._before + json.dumps(finding_object(finding, self._context.base)))
        self._before = ",\n"

    def close(self, summary: Summary) -> None:
        """End the list and write the figures."""
        start = "" if self._before == ",\n" else self._before
        figures = json.dumps(summary_object(summary, self._context))
        self._out.write(f'{start}\n], "summary": {figures}}}\n')
