"""The format ``junit``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from pycinspect.auditing.rules import BUILT_IN
from tests.report.kit import (
    BASE,
    HOSTILE,
    RULES,
    Broken,
    Disk,
    Forged,
    finding,
    hostile_findings,
    report,
    stale,
)


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).parent / "data/junit-10.xsd"))


def _suite(schema: xmlschema.XMLSchema, *args: Any, **changes: Any) -> ET.Element:
    text = report("junit", *args, **changes)
    assert text.isascii()
    root = ET.fromstring(text)
    schema.validate(root)
    (suite,) = root
    assert root.attrib.items() <= suite.attrib.items()
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    return suite


def test_without_findings_each_rule_passes(schema: xmlschema.XMLSchema) -> None:
    suite = _suite(schema)

    assert suite.attrib == {
        "name": "pycinspect.audit",
        "tests": str(len(RULES)),
        "failures": "0",
        "errors": "0",
        "time": "0.500",
    }
    cases = suite.findall("testcase")
    assert [case.attrib["classname"] for case in cases] == list(RULES)
    assert [case.attrib["name"] for case in cases] == [rule.title for rule in RULES.values()]
    assert not any(len(case) for case in cases)


def test_a_rule_that_did_not_run_has_no_case(schema: xmlschema.XMLSchema) -> None:
    suite = _suite(schema, ran=("PYC101",))

    assert [case.attrib["classname"] for case in suite.findall("testcase")] == ["PYC101"]


def test_a_rule_that_did_not_see_all_payloads_is_skipped(schema: xmlschema.XMLSchema) -> None:
    rules = {rule.id: rule for rule in BUILT_IN}
    suite = _suite(schema, rules=rules, ran=("PYC006", "PYC101"), not_decoded=3)

    deep, shallow = suite.findall("testcase")
    (skipped,) = deep
    assert skipped.attrib["message"] == "payloads of 3 caches were not decoded"
    assert len(shallow) == 0


def test_an_audit_that_was_cut_short_does_not_pass(schema: xmlschema.XMLSchema) -> None:
    for found in ([], [stale("a.pyc")]):
        suite = _suite(schema, found, limit="the limit of 3 caches", ran=())

        assert [case.attrib["name"] for case in suite.findall("testcase[error]")] == ["complete"]
        assert len(suite.findall("testcase")) == len(found) + 1


def test_failures_from_warning_on(schema: xmlschema.XMLSchema) -> None:
    suite = _suite(
        schema,
        [
            stale(f"{BASE}/a.pyc"),
            finding(Broken, "b.pyc", why="x"),
            finding(Forged, "c.pyc", what="y"),
            finding(Disk, "d", size=1, share=2),
        ],
        ran=tuple(RULES),
    )

    cases = suite.findall("testcase")
    assert [(case.attrib["classname"], case.attrib["name"]) for case in cases] == [
        ("PYC101", "a.pyc"),
        ("PYC004", "b.pyc"),
        ("PYC501", "c.pyc"),
        ("PYC801", "d"),
    ]
    types = [failure.attrib["type"] for failure in suite.iter("failure")]
    assert types == ["warning", "error", "security"]
    assert cases[0][0].attrib["message"] == "stale: the header has 1, the source 2"
    assert cases[0][0].text == (
        "Stale: the source's time differs\na.pyc: stale: the header has 1, the source 2"
    )
    assert cases[3].findtext("system-out") == Disk.message.format(size=1, share=2)


def test_hostile_paths(schema: xmlschema.XMLSchema) -> None:
    suite = _suite(schema, hostile_findings(), ran=())

    names = [case.attrib["name"] for case in suite.findall("testcase")]
    assert len(names) == 4 * len(HOSTILE)
    assert all(name.isprintable() for name in names)
    assert names[0] == "new\\nline.pyc"
    assert "not-utf8-\\udcff\\udc80.pyc" in names
    assert "emoji-\N{SNAKE}-\N{FAMILY}.pyc" in names
    assert "<&>\"'.pyc" in names
    assert "noncharacter-\\ufffe\\uffff.pyc" in names
