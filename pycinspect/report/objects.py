"""Findings and figures as JSON values: one model for all formats for machines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from pycinspect.auditing import Assumed, Finding, Policy, Severity, Summary
from pycinspect.report.answer import answer
from pycinspect.report.base import ReportContext
from pycinspect.report.settings import settings_objects
from pycinspect.report.words import Json, shown_path
from pycinspect.verifying import Rung

__all__ = ["AUDIT_SCHEMA", "STATES", "finding_object", "plain", "summary_object"]


#: Name and version of the documents that ``json`` and ``jsonl`` write.
AUDIT_SCHEMA = "pycinspect.audit/1"

#: What a cache can be, the good first.
STATES = (
    "fresh",
    "hidden",
    "transformed",
    "stale",
    "raises",
    "orphaned",
    "sourceless",
    "unused",
    "unread",
)


def _unchanged(text: str) -> str:
    return text


def plain(value: object, text: Callable[[str], str] = _unchanged) -> object:
    """Return any value of a finding's data as a value that JSON has.

    Args:
        value: bytes become hexadecimal, sets sorted lists, numbers that JSON does
            not have and everything unknown text.
        text: applied to every text and every key.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return text(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, Mapping):
        return {text(str(key)): plain(item, text) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return [plain(item, text) for item in sorted(value, key=str)]
    if isinstance(value, Iterable):
        return [plain(item, text) for item in value]
    return text(str(value))


def finding_object(finding: Finding, base: str | None) -> Json:
    """Return a finding as the documentation of ``pycinspect.audit/1`` describes it."""
    entry: Json = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "path": shown_path(finding.path, base),
        "message": finding.message,
    }
    if finding.source is not None:
        entry["source"] = shown_path(finding.source, base)
    if finding.dialect is not None:
        entry["dialect"] = finding.dialect
    entry["data"] = plain(finding.data)
    return entry


def _importer_object(policy: Policy) -> Json:
    """Return how the import that is judged is started, by whom, and where."""
    user = policy.view.user
    return {
        "dialect": None if policy.dialect is None else policy.dialect.name,
        "levels": list(policy.levels),
        "dont_write_bytecode": policy.dont_write_bytecode,
        "pycache_prefix": policy.pycache_prefix,
        "uid": None if user is None else user.uid,
        "groups": None if user is None else sorted(user.groups),
        "read_only": policy.view.read_only,
        "root": policy.view.root,
    }


def _assumed_object(assumed: Assumed, base: str | None) -> Json:
    return {
        "path": shown_path(assumed.path, base),
        "pythons": list(assumed.pythons),
        "reason": assumed.reason.value,
        "file": shown_path(assumed.detail, base) if assumed.detail else None,
    }


def _verified_object(summary: Summary) -> Json:
    """Return how many caches stand on each rung, and how many were not asked about."""
    rungs: Json = {rung.value: summary.verified[rung.value] for rung in Rung}
    return {**rungs, "not_asked": summary.files - summary.verified.total()}


def summary_object(summary: Summary, context: ReportContext) -> Json:
    """Return the figures of an audit; every state and severity is always there."""
    return {
        "answer": answer(summary),
        "files": summary.files,
        "directories": summary.directories,
        "sources": summary.sources,
        "bytes": summary.size,
        "reclaimable_bytes": summary.reclaimable,
        "caches": {state: summary.states[state] for state in STATES},
        "pythons": dict(sorted(summary.tags.items())),
        "judged_for": [_assumed_object(assumed, context.base) for assumed in summary.assumed],
        "rules": dict(sorted(summary.rules.items())),
        "statistics": dict(sorted(summary.statistics.items())),
        "severities": {level.value: summary.severities[level] for level in Severity},
        "payloads": {
            "decoded": summary.decoded,
            "not_decoded": summary.not_decoded,
            "undecodable": summary.undecodable,
        },
        **({"verified": _verified_object(summary)} if context.policy.verify else {}),
        "sources_compiled": summary.compiled,
        "suppressed": summary.suppressed,
        "complete": summary.complete,
        "limit": summary.limit,
        "unread": summary.unread,
        "internal_errors": summary.faults,
        "settings": plain(settings_objects(context.settings, context.base)),
        "importer": _importer_object(context.policy),
        **({"not_looked_at": summary.not_looked_at} if summary.not_looked_at else {}),
        **({"notes": list(summary.notes)} if summary.notes else {}),
        "seconds": round(summary.seconds, 6),
        "files_per_second": round(summary.files_per_second, 1),
    }
