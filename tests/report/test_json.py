"""The formats ``json`` and ``jsonl``."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pycinspect.verifying import Rung
from tests.report.kit import (
    BASE,
    HOSTILE,
    Disk,
    Forged,
    finding,
    hostile_findings,
    report,
    stale,
)

_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"type": "object", "additionalProperties": _COUNT}


def _closed(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


_SETTINGS = _closed(
    {
        "file": {"type": "string"},
        "inside_tree": {"type": "boolean"},
        "used": {"type": "boolean"},
        "sets": {"type": "object"},
        "baseline_accepts": _COUNT,
    }
)
_ASSUMED = _closed(
    {
        "path": {"type": "string"},
        "pythons": {"type": "array", "items": {"type": "string"}},
        "reason": {"enum": ["named", "library", "pin", "caches", "libraries", "nothing"]},
        "file": {"type": ["string", "null"]},
    }
)
_STATES = (
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
_SUMMARY = {
    "answer": {"type": "string"},
    "files": _COUNT,
    "directories": _COUNT,
    "sources": _COUNT,
    "bytes": _COUNT,
    "reclaimable_bytes": _COUNT,
    "caches": _closed(dict.fromkeys(_STATES, _COUNT)),
    "pythons": _COUNTS,
    "judged_for": {"type": "array", "items": _ASSUMED},
    "rules": _COUNTS,
    "statistics": _COUNTS,
    "severities": _closed(dict.fromkeys(("error", "warning", "info", "security"), _COUNT)),
    "payloads": _closed(dict.fromkeys(("decoded", "not_decoded", "undecodable"), _COUNT)),
    "verified": _closed(dict.fromkeys((*map(str, Rung), "not_asked"), _COUNT)),
    "sources_compiled": _COUNT,
    "suppressed": _COUNT,
    "complete": {"type": "boolean"},
    "limit": {"type": ["string", "null"]},
    "unread": _COUNT,
    "internal_errors": _COUNT,
    "settings": {"type": "array", "items": _SETTINGS},
    "importer": _closed(
        {
            "dialect": {"type": ["string", "null"]},
            "levels": {"type": "array", "items": _COUNT},
            "dont_write_bytecode": {"type": "boolean"},
            "pycache_prefix": {"type": ["string", "null"]},
            "uid": {"type": ["integer", "null"]},
            "groups": {"type": ["array", "null"], "items": _COUNT},
            "read_only": {"type": "boolean"},
            "root": {"type": ["string", "null"]},
        }
    ),
    "seconds": {"type": "number"},
    "files_per_second": {"type": "number"},
}
_FINDING = {
    "rule": {"type": "string"},
    "severity": {"enum": ["error", "warning", "info", "security"]},
    "path": {"type": "string"},
    "message": {"type": "string"},
    "source": {"type": "string"},
    "dialect": {"type": "string"},
    "data": {"type": "object"},
}
_OPTIONAL = ("source", "dialect")
_VERSION = {"const": "pycinspect.audit/1"}
DOCUMENT = Draft202012Validator(
    _closed(
        {
            "schema": _VERSION,
            "summary": _closed(_SUMMARY, "verified"),
            "findings": {"type": "array", "items": _closed(_FINDING, *_OPTIONAL)},
        }
    )
)
LINE = Draft202012Validator(
    {
        "oneOf": [
            _closed({"schema": _VERSION, "kind": {"const": "finding"}, **_FINDING}, *_OPTIONAL),
            _closed({"schema": _VERSION, "kind": {"const": "summary"}, **_SUMMARY}, "verified"),
        ]
    }
)


def _strict(text: str) -> Any:
    """Decode JSON without the extensions that Python understands."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


def test_document() -> None:
    found = [stale(f"{BASE}/a.pyc"), finding(Disk, BASE, size=7, share="half")]

    document = _strict(report("json", found))

    DOCUMENT.validate(document)
    assert document["findings"] == [
        {
            "rule": "PYC101",
            "severity": "warning",
            "path": "a.pyc",
            "message": "stale: the header has 1, the source 2",
            "source": "a.pyc.py",
            "dialect": "cpython-3.12",
            "data": {"found": 1, "expected": 2},
        },
        {
            "rule": "PYC801",
            "severity": "info",
            "path": ".",
            "message": Disk.message.format(size=7, share="half"),
            "data": {"size": 7, "share": "half"},
        },
    ]
    assert document["summary"] == {
        "answer": "312 of 5,400 caches are stale, 88 have no source; 1 warning, 1 note.",
        "files": 5400,
        "directories": 731,
        "sources": 0,
        "bytes": 89_123_456,
        "reclaimable_bytes": 1_234_567,
        "caches": {
            "fresh": 5000,
            "hidden": 0,
            "transformed": 0,
            "stale": 312,
            "raises": 0,
            "orphaned": 88,
            "sourceless": 0,
            "unused": 0,
            "unread": 0,
        },
        "pythons": {"cpython-3.12": 5300, "cpython-3.9": 100},
        "judged_for": [],
        "rules": {"PYC101": 1, "PYC801": 1},
        "statistics": {},
        "severities": {"info": 1, "warning": 1, "error": 0, "security": 0},
        "payloads": {"decoded": 0, "not_decoded": 0, "undecodable": 0},
        "sources_compiled": 0,
        "suppressed": 0,
        "complete": True,
        "limit": None,
        "unread": 0,
        "internal_errors": 0,
        "settings": [],
        "importer": {
            "dialect": None,
            "levels": [0],
            "dont_write_bytecode": False,
            "pycache_prefix": None,
            "uid": None,
            "groups": None,
            "read_only": False,
            "root": None,
        },
        "seconds": 0.5,
        "files_per_second": 10800.0,
    }


def test_empty_document() -> None:
    document = _strict(report("json", limit="the limit of 3 caches"))

    DOCUMENT.validate(document)
    assert document["findings"] == []
    assert document["summary"]["complete"] is False


def test_hostile_paths_come_back_as_they_were() -> None:
    text = report("json", hostile_findings())
    document = _strict(text)

    DOCUMENT.validate(document)
    assert text.isascii()
    assert [entry["path"] for entry in document["findings"][::4]] == list(HOSTILE)


def test_lines() -> None:
    lines = report("jsonl", hostile_findings()).splitlines()

    entries = [_strict(line) for line in lines]
    for entry in entries:
        LINE.validate(entry)
    assert len(entries) == 4 * len(HOSTILE) + 1
    assert [entry["kind"] for entry in entries].index("summary") == len(entries) - 1
    assert entries[0]["path"] == HOSTILE[0]


def test_lines_of_an_empty_run() -> None:
    (entry,) = map(_strict, report("jsonl").splitlines())

    LINE.validate(entry)
    assert entry["files"] == 5400


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_both_say_the_same_in_every_run(name: str) -> None:
    assert report(name, hostile_findings()) == report(name, hostile_findings())


def test_data_that_json_does_not_have() -> None:
    found = finding(
        Forged,
        "a.pyc",
        what=math.inf,
        raw=b"\xff\x00",
        names={"b", "a"},
        pair=(1, None),
        nested={3: [math.nan]},
        severity=Forged.severity,
        other=complex(1, 2),
    )

    (entry,) = _strict(report("json", [found]))["findings"]

    assert entry["data"] == {
        "what": "inf",
        "raw": "ff00",
        "names": ["a", "b"],
        "pair": [1, None],
        "nested": {"3": ["nan"]},
        "severity": "security",
        "other": "(1+2j)",
    }
