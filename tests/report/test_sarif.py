"""The format ``sarif``."""

from __future__ import annotations

import io
import json
import os
import py_compile
import re
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft4Validator

from pycinspect.auditing import Accepted, Baseline, Finding, Policy
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import View
from pycinspect.report.base import ListsAccepted
from pycinspect.report.formats import REPORTERS
from tests.report.kit import (
    BASE,
    HOSTILE,
    RULES,
    Broken,
    Disk,
    Forged,
    context,
    finding,
    hostile_findings,
    report,
    stale,
    summary_of,
)

SCHEMA = Draft4Validator(
    json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text("utf-8"))
)
#: RFC 3986: what a reference may consist of.
URI = re.compile(r"(?:[A-Za-z0-9._~/:@!$&'()*+,;=-]|%[0-9A-F]{2})+")


def _run(*args: Any, **changes: Any) -> dict[str, Any]:
    log = json.loads(report("sarif", *args, **changes))
    SCHEMA.validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def _uri(result: dict[str, Any]) -> dict[str, str]:
    (location,) = result["locations"]
    artifact = location["physicalLocation"]["artifactLocation"]
    assert isinstance(artifact, dict)
    return artifact


def test_the_schema_refuses_what_is_wrong() -> None:
    assert not SCHEMA.is_valid({"version": "2.1.0"})
    assert not SCHEMA.is_valid({"version": "2.1.0", "runs": [{"tool": {}}]})


def test_empty_run() -> None:
    run = _run()

    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]
    assert run["tool"]["driver"]["name"] == "pycinspect"
    assert run["tool"]["driver"]["version"] == "1.2.3"


def test_an_audit_that_was_cut_short_was_not_successful() -> None:
    assert _run(limit="the limit of 3 caches")["invocations"] == [{"executionSuccessful": False}]


def test_rules() -> None:
    rules = _run()["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == ["PYC004", "PYC101", "PYC501", "PYC801"]
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules}
    assert levels == {
        "PYC004": "error",
        "PYC101": "warning",
        "PYC501": "error",
        "PYC801": "note",
    }
    forged = rules[2]
    assert forged["name"] == "CodeDiffers"
    assert forged["properties"] == {"security-severity": "7.0", "tags": ["security"]}
    assert forged["shortDescription"] == {"text": "Code does not match its source"}
    assert forged["fullDescription"]["text"].startswith("Whatever a test of reports needs")
    assert "## Why it matters\n\nIt has `code`" in forged["help"]["markdown"]
    assert "security-severity" not in rules[0]["properties"]


def test_built_in_rules() -> None:
    rules = {rule.id: rule for rule in BUILT_IN}

    described = _run(rules=rules)["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in described] == sorted(rules)
    for rule in described:
        assert re.fullmatch(r"(?:[A-Z][a-z0-9]*)+", rule["name"])
        assert rule["help"]["markdown"].startswith("## What it finds\n\n")


def test_result() -> None:
    (result,) = _run([stale(f"{BASE}/pkg/a b.pyc")])["results"]

    fingerprint = result.pop("partialFingerprints")["pycinspect/v1"]
    assert re.fullmatch("[0-9a-f]{64}", fingerprint)
    assert result == {
        "ruleId": "PYC101",
        "ruleIndex": 1,
        "level": "warning",
        "message": {"text": "stale: the header has 1, the source 2"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "pkg/a%20b.pyc", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1},
                }
            }
        ],
        "properties": {"found": 1, "expected": 2},
    }


@pytest.mark.parametrize(("rule", "level"), [(Disk, "note"), (Broken, "error"), (Forged, "error")])
def test_levels(rule: type, level: str) -> None:
    data: dict[str, Any] = {"size": 1, "share": 2, "why": "x", "what": "y"}
    (result,) = _run([finding(rule, "a.pyc", **data)])["results"]

    assert result["level"] == level
    assert RULES[result["ruleId"]] is rule


def test_a_rule_that_nobody_knows_has_no_index() -> None:
    (result,) = _run([stale("a.pyc")._replace(rule="XYZ1")])["results"]

    assert "ruleIndex" not in result


def test_data_called_tags_is_kept_apart() -> None:
    (result,) = _run([finding(Forged, "a", what="x", tags={"cpython-311": 2})])["results"]

    assert result["properties"] == {"what": "x", "data.tags": {"cpython-311": 2}}


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        (f"{BASE}/x.pyc", {"uri": "x.pyc", "uriBaseId": "%SRCROOT%"}),
        ("./x.pyc", {"uri": "x.pyc", "uriBaseId": "%SRCROOT%"}),
        (f"{BASE}/..x/c:d.pyc", {"uri": "..x/c%3Ad.pyc", "uriBaseId": "%SRCROOT%"}),
        (BASE, {"uri": ".", "uriBaseId": "%SRCROOT%"}),
        ("/else/x y.pyc", {"uri": "file:///else/x%20y.pyc"}),
        ("../x.pyc", {"uri": "file:///work/x.pyc"}),
        (f"{BASE}er/x.pyc", {"uri": f"file://{BASE}er/x.pyc"}),
        ("\udcff.pyc", {"uri": "%FF.pyc", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_locations(path: str, artifact: dict[str, str]) -> None:
    (result,) = _run([stale(path)])["results"]

    assert _uri(result) == artifact


def test_hostile_paths() -> None:
    results = _run(hostile_findings())["results"]

    assert len(results) == 4 * len(HOSTILE)
    for result in results:
        assert URI.fullmatch(_uri(result)["uri"])
        assert result["message"]["text"].isprintable()
    for name, result in zip(HOSTILE, results[::4], strict=True):
        if "\ud800" not in name:  # no file system gives such a name
            expected = name.encode("utf-8", "surrogateescape")
            assert unquote_to_bytes(_uri(result)["uri"]) == expected


def test_every_reader_of_json_takes_it() -> None:
    text = report("sarif", hostile_findings())

    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")  # no lone surrogates


def _fingerprint(**changes: Any) -> str:
    base = changes.pop("base", BASE)
    item = stale(f"{BASE}/a.pyc")._replace(**changes)
    (result,) = _run([item], base=base)["results"]
    return str(result["partialFingerprints"]["pycinspect/v1"])


def test_fingerprints_outlive_times_hashes_and_places() -> None:
    first = _fingerprint(data={"found": 1, "expected": 2, "why": "x"})

    assert first == _fingerprint(data={"found": 3, "expected": 4, "why": "x"})
    assert first == _fingerprint(data={"found": "00ff", "expected": "/root/x", "why": "x"})
    assert first != _fingerprint(data={"found": 1, "expected": 2, "why": "y"})
    assert first != _fingerprint(path=f"{BASE}/b.pyc", data={"found": 1, "expected": 2, "why": "x"})


def test_fingerprints_do_not_depend_on_where_the_tree_lies() -> None:
    here = _run([stale("/here/p/a.pyc")], base="/here/p")["results"][0]
    there = _run([stale("/there/a.pyc")], base="/there")["results"][0]

    assert here["partialFingerprints"] == there["partialFingerprints"]


# --- What a finding is recognised by -------------------------------------------------------------


def _of_cache(directory: Path, source: str = "answer = 42\n", mtime: int = 1_700_000_000) -> str:
    """Compile a module in a directory, and return the fingerprint of a finding about its cache."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "m.py").write_text(source)
    os.utime(directory / "m.py", (mtime, mtime))
    cache = Path(py_compile.compile(os.fspath(directory / "m.py"), doraise=True))
    return _fingerprint(path=os.fspath(cache), base=os.fspath(directory))


@pytest.mark.parametrize("there", ["b", "a/very/" + "long/" * 60 + "way", "\N{SNAKE}"])
def test_fingerprints_outlive_a_move_of_the_checkout(tmp_path: Path, there: str) -> None:
    source = "def f(x):\n    class C:\n        def g(self): return x\n    return C\n"
    here = _of_cache(tmp_path / "a", source)
    assert here == _of_cache(tmp_path / there, source, mtime=1_600_000_000)
    assert here != _of_cache(tmp_path / "c", source.replace("x", "y"))


def test_fingerprints_change_with_the_content_alone(tmp_path: Path) -> None:
    first = _of_cache(tmp_path / "a")
    (tmp_path / "a/other.py").write_text("")
    assert first == _of_cache(tmp_path / "a")
    assert first != _of_cache(tmp_path / "a", "answer = 43\n")
    (cache,) = (tmp_path / "a/__pycache__").iterdir()
    damaged = [cache.read_bytes()[:-3], cache.read_bytes()[:20], b"", b"no cache"]
    found = set()
    for content in damaged:
        cache.write_bytes(content)
        found.add(_fingerprint(path=os.fspath(cache), base=os.fspath(tmp_path / "a")))
    cache.unlink()
    found.add(_fingerprint(path=os.fspath(cache), base=os.fspath(tmp_path / "a")))
    assert len(found) == len(damaged) + 1


def test_the_expiry_of_an_acceptance_is_not_of_the_finding() -> None:
    data = {"found": 1, "expected": 2}
    assert _fingerprint(data=data) == _fingerprint(data={**data, "accepted_until": "2026-01-31"})


# --- Suppressions ----------------------------------------------------------------------------------


def _log(baseline: Baseline | None, *accepted: tuple[Finding, Accepted]) -> list[dict[str, Any]]:
    out = io.StringIO()
    reporter = REPORTERS["sarif"](out, context(policy=Policy(baseline=baseline)))
    assert isinstance(reporter, ListsAccepted)
    for item, entry in accepted:
        reporter.accepted(item, entry)
    reporter.finding(stale("b.pyc"))
    reporter.close(summary_of([]))
    log = json.loads(out.getvalue())
    SCHEMA.validate(log)
    results: list[dict[str, Any]] = log["runs"][0]["results"]
    return results


def test_what_a_baseline_accepts_is_suppressed() -> None:
    entry = Accepted("PYC101", "a.pyc", None, "vendored\x1b[31m", date(2027, 1, 31))
    plain = Accepted("PYC101", "a.pyc")
    first, second, third = _log(Baseline("/"), (stale("a.pyc"), entry), (stale("a.pyc"), plain))
    assert first["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "vendored\\x1b[31m",
            "properties": {"expires": "2027-01-31"},
        }
    ]
    assert second["suppressions"] == [{"kind": "external", "status": "accepted"}]
    assert third["suppressions"] == []
    assert first["partialFingerprints"] == second["partialFingerprints"]


def test_without_a_baseline_nothing_is_said_of_suppressions() -> None:
    (result,) = _log(None)
    assert "suppressions" not in result


def test_paths_of_an_image_are_relative_to_its_root(tmp_path: Path) -> None:
    policy = Policy(view=View(str(tmp_path)))
    run = _run([stale("/usr/lib/a.pyc")], policy=policy, base=None)
    assert _uri(run["results"][0]) == {"uri": "usr/lib/a.pyc", "uriBaseId": "%SRCROOT%"}
    described = run["originalUriBaseIds"]["%SRCROOT%"]["description"]["text"]
    assert described == "The root directory of the image."
