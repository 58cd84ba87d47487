"""Verdicts as text and as objects."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pycinspect.cache import REASONS, FinderKind, Found, Outcome, Verdict, Write
from pycinspect.dialects import DIALECTS
from pycinspect.report.verdict import _COMPARED, verdict_object, verdict_text
from tests.report.kit import HOSTILE

CACHE = "pkg/__pycache__/a.cpython-312.pyc"
STALE = Verdict(
    DIALECTS["cpython-3.12"],
    Found(FinderKind.SOURCE, "pkg/a.py", ignored=("pkg/a.pyc",)),
    CACHE,
    Outcome.RECOMPILE,
    "mtime-differs",
    expected="1700000000",
    actual="1234567890",
    writes=Write(CACHE, 0, 0o644),
)


def test_text_of_a_mismatch() -> None:
    assert verdict_text("pkg/a.py", STALE, 80) == (
        "pkg/a.py: recompile (mtime-differs)\n"
        "  cpython-3.12 compiles the source: the header records the source's time\n"
        "  1234567890 (2009-02-13 23:31:30 UTC), but the source has 1700000000\n"
        "  (2023-11-14 22:13:20 UTC). It writes pkg/__pycache__/a.cpython-312.pyc (mode\n"
        "  0644, flags 0). Ignored: pkg/a.pyc.\n"
        "                 cache says               importer wants\n"
        "  source's time  1234567890               1700000000\n"
        "                 2009-02-13 23:31:30 UTC  2023-11-14 22:13:20 UTC"
    )


def test_text_of_a_load() -> None:
    verdict = replace(
        STALE,
        outcome=Outcome.LOAD,
        reason="header-matches",
        writes=None,
        found=Found(FinderKind.SOURCE),
    )

    assert verdict_text("a.py", verdict) == (
        "a.py: load (header-matches)\n"
        "  cpython-3.12 loads the cache: the header records the source's time 1234567890"
        " (2009-02-13 23:31:30 UTC). Only the header was judged: payload not read."
    )


@pytest.mark.parametrize(
    ("reason", "actual", "expected", "columns"),
    [
        (
            "bad-magic",
            "a7 0d 0d 0a",
            "cb 0d 0d 0a",
            (
                "                cache says    importer wants\n"
                "  magic number  a7 0d 0d 0a   cb 0d 0d 0a\n"
                "                cpython-3.11  cpython-3.12"
            ),
        ),
        (
            "bad-magic",
            "absent",
            "cb 0d 0d 0a",
            (
                "                cache says  importer wants\n"
                "  magic number  absent      cb 0d 0d 0a\n"
                "                            cpython-3.12"
            ),
        ),
        (
            "bad-magic",
            "00 00 00 00",
            "cb 0d 0d 0a",
            (
                "                cache says   importer wants\n"
                "  magic number  00 00 00 00  cb 0d 0d 0a\n"
                "                unknown      cpython-3.12"
            ),
        ),
        (
            "short-header",
            "7",
            "16",
            "          cache says  importer wants\n  header  7 bytes     16 bytes",
        ),
        (
            "reserved-flags",
            "0x7",
            "0 to 3",
            "         cache says  importer wants\n  flags  0x7         0 to 3",
        ),
        (
            "mtime-never-matches",
            "0",
            "9223372036854775807",
            (
                "                 cache says               importer wants\n"
                "  source's time  0                        9223372036854775807\n"
                "                 1970-01-01 00:00:00 UTC"
            ),
        ),
        (
            "source-size-differs",
            "41",
            "42",
            "                 cache says  importer wants\n  source's size  41 bytes    42 bytes",
        ),
        (
            "source-hash-differs",
            "00" * 8,
            "ff" * 8,
            (
                "                 cache says        importer wants\n"
                "  source's hash  0000000000000000  ffffffffffffffff"
            ),
        ),
    ],
)
def test_columns(reason: str, actual: str, expected: str, columns: str) -> None:
    verdict = replace(STALE, reason=reason, actual=actual, expected=expected)

    assert verdict_text("a.py", verdict).endswith(f"\n{columns}")


@pytest.mark.parametrize("reason", sorted(set(REASONS) - set(_COMPARED)))
def test_other_reasons_compare_nothing(reason: str) -> None:
    assert "importer wants" not in verdict_text("a.py", replace(STALE, reason=reason))


def test_every_comparison_has_a_reason() -> None:
    assert set(_COMPARED) <= set(REASONS)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str) -> None:
    verdict = replace(STALE, cache_path=name, writes=Write(name, None, 0o600))

    lines = verdict_text(name, verdict).split("\n")

    assert all(line.isprintable() for line in lines)
    assert lines[0].endswith(": recompile (mtime-differs)")
    assert json.loads(json.dumps(verdict_object(name, verdict)))["target"] == name


def test_object() -> None:
    assert verdict_object("pkg/a.py", STALE) == {
        "schema": "pycinspect.check/1",
        "target": "pkg/a.py",
        "dialect": "cpython-3.12",
        "finder": {"kind": "source", "path": "pkg/a.py"},
        "cache_path": CACHE,
        "verdict": "recompile",
        "reason": "mtime-differs",
        "exception": None,
        "hindrance": None,
        "writes": {"path": CACHE, "flags": 0, "mode": "0644"},
        "message": STALE.message,
        "compiles": True,
    }


def test_object_where_nothing_is_found() -> None:
    verdict = Verdict(
        DIALECTS["cpython-2.7"],
        Found(FinderKind.NONE),
        None,
        Outcome.NOT_FOUND,
        "module-not-found",
        exception="ImportError",
    )

    found = verdict_object("nothing", verdict)

    assert json.loads(json.dumps(found)) == found
    assert found["finder"] == {"kind": "none", "path": None}
    assert found["exception"] == "ImportError"
    assert found["writes"] is None
    assert found["cache_path"] is None
