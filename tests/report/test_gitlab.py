"""The format ``gitlab``."""

from __future__ import annotations

import json

from tests.report.kit import BASE, Broken, Disk, Forged, finding, hostile_findings, report, stale


def test_findings() -> None:
    found = [
        stale(f"{BASE}/pkg/a.pyc"),
        finding(Broken, "b.pyc", why="x"),
        finding(Forged, "c.pyc", what="y"),
        finding(Disk, "d", size=1, share=2),
    ]
    rows = json.loads(report("gitlab", found))
    assert [row["severity"] for row in rows] == ["minor", "major", "critical", "info"]
    assert rows[0] == {
        "description": "stale: the header has 1, the source 2",
        "check_name": "PYC101",
        "fingerprint": rows[0]["fingerprint"],
        "severity": "minor",
        "location": {"path": "pkg/a.pyc", "lines": {"begin": 1}},
    }


def test_empty_run() -> None:
    assert json.loads(report("gitlab")) == []


def test_a_finding_is_recognised_when_only_numbers_change() -> None:
    one, two, other = (
        json.loads(report("gitlab", [found]))[0]["fingerprint"]
        for found in (stale("a.pyc", 1, 2), stale("a.pyc", 3, 4), stale("b.pyc", 1, 2))
    )
    assert one == two != other


def test_hostile_paths() -> None:
    rows = json.loads(report("gitlab", hostile_findings()))
    assert all(row["location"]["path"].isprintable() for row in rows)
    assert len(rows) == len(list(hostile_findings()))
