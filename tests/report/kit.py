"""What it finds
=============
Whatever a test of reports needs: this docstring documents the rules below.

Why it matters
==============
It has ``code`` and <markup> & more.

What to do
==========
Nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pycinspect.auditing import Finding, Rule, Severity, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.formats import REPORTERS


class Stale(Rule):
    """A warning."""

    id = "PYC101"
    name = "mtime-differs"
    title = "Stale: the source's time differs"
    severity = Severity.WARNING
    message = "stale: the header has {found}, the source {expected}"


class Forged(Rule):
    """A matter of security."""

    id = "PYC501"
    name = "code-differs"
    title = "Code does not match its source"
    severity = Severity.SECURITY
    message = "{what}"


class Disk(Rule):
    """Information about a whole tree."""

    id = "PYC801"
    name = "disk-used"
    title = "Disk used by caches"
    severity = Severity.INFO
    message = (
        "caches take {size} bytes here, and {share} of them belong to Pythons that are"
        " not installed any more; what the rest is for is a long story that needs more"
        " than one line"
    )


class Broken(Rule):
    """An error."""

    id = "PYC004"
    name = "unreadable-payload"
    title = "Payload cannot be decoded"
    severity = Severity.ERROR
    message = "cannot be decoded: {why}"


RULES: dict[str, type[Rule]] = {rule.id: rule for rule in (Stale, Forged, Disk, Broken)}
BASE = "/work/project"

#: Names that a file system can hold and a format may stumble over.
HOSTILE = (
    "new\nline.pyc",
    "carriage\rreturn\ttab.pyc",
    "escape\x1b[31mred\x07.pyc",
    "not-utf8-\udcff\udc80.pyc",
    "lone-\ud800.pyc",
    "emoji-\N{SNAKE}-\N{FAMILY}.pyc",
    "bidi-\u202egnp.pyc",
    "<&>\"'.pyc",
    "]]>-->.pyc",
    "percent%0A, comma: colon::error::.pyc",
    "a b#c?d.pyc",
    "noncharacter-\ufffe\uffff.pyc",
    "back\\slash.pyc",
)


def context(**changes: Any) -> ReportContext:
    return ReportContext(RULES, "1.2.3", base=BASE, ran=tuple(RULES))._replace(**changes)


def finding(
    rule: type[Rule],
    path: str,
    *,
    source: str | None = None,
    dialect: str | None = None,
    **data: Any,
) -> Finding:
    return Finding(rule.id, rule.severity, path, rule.message, data, source, dialect)


def stale(path: str, found: object = 1, expected: object = 2) -> Finding:
    return finding(
        Stale,
        path,
        source=f"{path}.py",
        dialect="cpython-3.12",
        found=found,
        expected=expected,
    )


def hostile_findings() -> Iterator[Finding]:
    for name in HOSTILE:
        yield stale(f"{BASE}/{name}", found=name)
        yield stale(name)
        yield finding(Forged, f"/outside/{name}", what=f"it is {name}", tags={"a": name})
        yield finding(Disk, f"../up/{name}", size=1, share=0.5)


def summary_of(findings: Iterable[Finding], **changes: Any) -> Summary:
    """Return figures that are the same in every run."""
    summary = Summary(files=5400, directories=731, size=89_123_456, reclaimable=1_234_567)
    summary.seconds = 0.5
    summary.states.update(fresh=5000, stale=312, orphaned=88)
    summary.tags.update({"cpython-3.12": 5300, "cpython-3.9": 100})
    for item in findings:
        summary.add(item)
    for name, value in changes.items():
        setattr(summary, name, value)
    return summary


def report(name: str, findings: Iterable[Finding] = (), **changes: Any) -> str:
    """Return what a reporter writes; ``changes`` are those of the context and figures."""
    figures = {k: changes.pop(k) for k in set(changes) - set(ReportContext._fields)}
    kept = list(findings)
    out = io.StringIO()
    reporter = REPORTERS[name](out, context(**changes))
    for item in kept:
        reporter.finding(item)
    reporter.close(summary_of(kept, **figures))
    return out.getvalue()
