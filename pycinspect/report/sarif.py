"""Format ``sarif``: SARIF 2.1.0, what code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import TextIO
from urllib.parse import quote

from pycinspect.auditing import Accepted, Finding, Rule, Severity, Summary
from pycinspect.report.base import ReportContext
from pycinspect.report.documentation import markdown, paragraph
from pycinspect.report.fingerprint import fingerprint
from pycinspect.report.objects import plain
from pycinspect.report.settings import settings_objects
from pycinspect.report.words import Json, shown_path
from pycinspect.values import visible

__all__ = ["SarifReporter"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_VERSION = "2.1.0"
_FINGERPRINT = "pycinspect/v1"
_BASE_ID = "%SRCROOT%"
_OF_USER = "The directory where pycinspect was started."
_OF_IMAGE = "The root directory of the image."

#: Code scanning shows no result without a line; bytecode has none, so it is the first.
_REGION = {"startLine": 1}

_LEVELS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.INFO: "note",
        Severity.WARNING: "warning",
        Severity.ERROR: "error",
        Severity.SECURITY: "error",
    }
)
#: Severities that code scanning shows as weaknesses: a score as CVSS has it.
_SCORES: Mapping[Severity, str] = MappingProxyType({Severity.SECURITY: "7.0"})


class SarifReporter:
    """Writes one log with one run; results are streamed, the invocation follows them."""

    def __init__(self, out: TextIO, context: ReportContext) -> None:
        self._out = out
        self._context = context
        self._rules = sorted(context.rules)
        self._index = {rule: index for index, rule in enumerate(self._rules)}
        self._results = 0
        is_image = context.policy.view.root is not None
        self._base = "/" if is_image else context.base
        self._whose = _OF_IMAGE if is_image else _OF_USER
        #: Where some results may be suppressed, the others say that they are not (3.27.23).
        self._unsuppressed: Json = {"suppressions": []} if context.policy.baseline else {}

    def finding(self, finding: Finding) -> None:
        """Write one result."""
        self._write(self._result(finding) | self._unsuppressed)

    def accepted(self, finding: Finding, entry: Accepted) -> None:
        """Write one result that the baseline suppresses."""
        suppression: Json = {"kind": "external", "status": "accepted"}
        if entry.reason:
            suppression["justification"] = visible(entry.reason)
        if entry.expires is not None:
            suppression["properties"] = {"expires": entry.expires.isoformat()}
        self._write(self._result(finding) | {"suppressions": [suppression]})

    def _write(self, result: Json) -> None:
        self._out.write(",\n" if self._results else self._head())
        self._out.write(json.dumps(result))
        self._results += 1

    def close(self, summary: Summary) -> None:
        """Write what is known at the end, and end the log."""
        tail: Json = {
            "invocations": [{"executionSuccessful": summary.complete, **self._settings()}],
            "originalUriBaseIds": {_BASE_ID: {"description": {"text": self._whose}}},
        }
        head = "" if self._results else self._head()
        self._out.write(f"{head}\n], {json.dumps(tail)[1:-1]}}}]}}\n")

    def _settings(self) -> Json:
        found = settings_objects(self._context.settings, self._context.base)
        return {"properties": {"settings": plain(found, _unicode)}} if found else {}

    def _head(self) -> str:
        """Return everything up to the first result."""
        driver: Json = {
            "name": "pycinspect",
            "version": self._context.version,
            "rules": [_descriptor(self._context.rules[rule]) for rule in self._rules],
        }
        log = json.dumps({"$schema": _SCHEMA, "version": _VERSION})
        run = json.dumps({"tool": {"driver": driver}})
        return f'{log[:-1]}, "runs": [{run[:-1]}, "results": [\n'

    def _result(self, finding: Finding) -> Json:
        result: Json = {"ruleId": finding.rule}
        if finding.rule in self._index:
            result["ruleIndex"] = self._index[finding.rule]
        shown = shown_path(finding.path, self._base)
        artifact = _artifact(shown, self._base)
        physical: Json = {"artifactLocation": artifact, "region": _REGION}
        location = {"physicalLocation": physical}
        return result | {
            "level": _LEVELS[finding.severity],
            "message": {"text": visible(finding.message)},
            "locations": [location],
            "partialFingerprints": {
                _FINGERPRINT: fingerprint(finding, shown, self._context.policy)
            },
            "properties": _properties(finding),
        }


def _descriptor(rule: type[Rule]) -> Json:
    properties: Json = {}
    if rule.severity in _SCORES:
        properties = {"security-severity": _SCORES[rule.severity], "tags": ["security"]}
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": paragraph(rule)},
        "help": {
            "text": rule.documentation() or rule.title,
            "markdown": markdown(rule) or rule.title,
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }


def _properties(finding: Finding) -> Json:
    """Return a finding's data; ``tags`` has a meaning of its own in SARIF (3.8.2)."""
    bag = {str(key): plain(value, _unicode) for key, value in finding.data.items()}
    if "tags" in bag:
        bag["data.tags"] = bag.pop("tags")
    return bag


def _unicode(text: str) -> str:
    """Return a string without lone surrogates, which readers of JSON do not agree on."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _artifact(shown: str, base: str | None) -> Json:
    """Return where a path is, relative to the base if it lies below it."""
    posix = shown.replace(os.sep, "/")
    if os.path.isabs(shown) or posix.partition("/")[0] == os.pardir:
        full = os.path.abspath(os.path.join(base or "", shown))
        return {"uri": PurePath(_encodable(full)).as_uri()}
    return {"uri": quote(os.fsencode(_encodable(posix))), "uriBaseId": _BASE_ID}


def _encodable(path: str) -> str:
    """Return a path that has bytes; text that never was one may have none."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return visible(path)
    return path
