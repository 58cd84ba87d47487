"""Format ``junit``: XML that CI servers show as test results.

A finding is a test case: its class is the rule, its name the path. From
``warning`` on it fails; below, it passes with the message as its output. A rule
that found nothing is a case that passes, or that was skipped if it looks at payloads
and not all were decoded. The elements and attributes are those of Jenkins'
``junit-10.xsd``.
"""

from __future__ import annotations

import shutil
from typing import IO, TextIO

from pycinspect.auditing import Finding, Severity, Summary
from pycinspect.auditing.deep import is_deep
from pycinspect.report.audit_words import shortfalls
from pycinspect.report.base import ReportContext
from pycinspect.report.settings import settings_lines
from pycinspect.report.spool import spooling
from pycinspect.report.words import counted, shown_path
from pycinspect.values import visible

__all__ = ["JunitReporter"]

_SUITE = "pycinspect.audit"
_FAILS_FROM = Severity.WARNING.rank
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_NOT_COMPLETE = (
    f'<testcase classname="{_SUITE}" name="complete" time="0">'
    '<error type="incomplete" message="{}"/></testcase>\n'
)


class JunitReporter:
    """Writes one test suite; its totals come first, so its cases wait in a file."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._spool: IO[str] | None = None
        self._cases = 0
        self._found: set[str] = set()
        self._failures = 0

    def finding(self, finding: Finding) -> None:
        """Put one test case aside."""
        fails = finding.severity.rank >= _FAILS_FROM
        self._cases += 1
        self._found.add(finding.rule)
        self._failures += fails
        with spooling():
            self._waiting().write(_case(finding, self._context, fails=fails))

    def close(self, summary: Summary) -> None:
        """Write the suite."""
        errors = 0 if summary.complete else 1
        silent = [rule for rule in self._context.ran if rule not in self._found]
        others = [_silent(rule, self._context, summary) for rule in silent]
        totals = (
            f'tests="{self._cases + errors + len(others)}" failures="{self._failures}"'
            f' errors="{errors}" time="{summary.seconds:.3f}"'
        )
        self._out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._out.write(f'<testsuites {totals}>\n<testsuite name="{_SUITE}" {totals}>\n')
        self._out.write(_properties(summary, self._context))
        if self._spool is not None:
            with self._spool as spool:
                with spooling():
                    spool.seek(0)
                shutil.copyfileobj(spool, self._out)
        self._out.writelines(others)
        if errors:
            self._out.write(_NOT_COMPLETE.format(_xml(shortfalls(summary))))
        self._out.write("</testsuite>\n</testsuites>\n")

    def _waiting(self) -> IO[str]:
        if self._spool is None:
            from tempfile import TemporaryFile

            self._spool = TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - close() closes it
        return self._spool


def _case(finding: Finding, context: ReportContext, *, fails: bool) -> str:
    name = _xml(shown_path(finding.path, context.base))
    message = _xml(finding.message)
    body = f"<system-out>{message}</system-out>"
    if fails:
        rule = context.rules.get(finding.rule)
        title = "" if rule is None else _xml(rule.title)
        body = (
            f'<failure type="{finding.severity.value}" message="{message}">'
            f"{title}\n{name}: {message}</failure>"
        )
    return f'<testcase classname="{_xml(finding.rule)}" name="{name}" time="0">{body}</testcase>\n'


def _silent(rule_id: str, context: ReportContext, summary: Summary) -> str:
    """Return the case of a rule that found nothing."""
    rule = context.rules[rule_id]
    start = f'<testcase classname="{_xml(rule_id)}" name="{_xml(rule.title)}" time="0"'
    if is_deep(rule) and summary.not_decoded:
        caches = counted(summary.not_decoded, "cache", "caches")
        return f'{start}><skipped message="payloads of {caches} were not decoded"/></testcase>\n'
    return f"{start}/>\n"


def _properties(summary: Summary, context: ReportContext) -> str:
    facts = {
        "version": context.version,
        "files": summary.files,
        "directories": summary.directories,
        "bytes": summary.size,
        "suppressed": summary.suppressed,
        "complete": str(summary.complete).lower(),
        "internal_errors": summary.faults,
    }
    settings = settings_lines(context.settings, context.base)
    lines = "".join(
        f'<property name="{name}" value="{_xml(str(value))}"/>\n'
        for name, value in (*facts.items(), *(("settings", line) for line in settings))
    )
    return f"<properties>\n{lines}</properties>\n"


def _xml(text: str) -> str:
    """Return a string as ASCII for XML; what XML cannot hold is shown as an escape."""
    return visible(text).translate(_ESCAPES).encode("ascii", "xmlcharrefreplace").decode("ascii")
