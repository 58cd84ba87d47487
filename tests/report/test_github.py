"""The format ``github``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pycinspect.auditing import Rule
from pycinspect.errors import PycInspectError
from tests.report.kit import (
    BASE,
    HOSTILE,
    RULES,
    Broken,
    Disk,
    Forged,
    Stale,
    finding,
    hostile_findings,
    report,
    stale,
)


class Cause(Stale):
    """What explains the stale caches of a tree."""

    id = "PYC107"
    title = "Whole tree stale"
    about_tree = True


def test_commands_by_severity() -> None:
    text = report(
        "github",
        [
            stale(f"{BASE}/pkg/a.pyc"),
            finding(Broken, "b.pyc", why="x"),
            finding(Forged, "c.pyc", what="y"),
            finding(Disk, "d", size=1, share=2)._replace(template="big"),
            stale("e.pyc")._replace(rule="XYZ1"),
        ],
    )

    assert text == (
        "pycinspect: 312 of 5,400 caches are stale, 88 have no source; 1 security finding,"
        " 1 error, 2 warnings, 1 note.\n"
        "::error file=c.pyc,title=PYC501 Code does not match its source::y\n"
        "::error file=b.pyc,title=PYC004 Payload cannot be decoded::cannot be decoded: x\n"
        "::warning file=pkg/a.pyc,title=PYC101 Stale%3A the source's time differs"
        "::stale: the header has 1, the source 2\n"
        "::warning file=e.pyc,title=XYZ1::stale: the header has 1, the source 2\n"
        "::notice file=d,title=PYC801 Disk used by caches::big\n"
    )


def test_empty_run() -> None:
    assert report("github", limit="the limit of 3 caches") == (
        "pycinspect: 312 of 5,400 caches are stale, 88 have no source."
        " Not everything was looked at.\n"
    )


def _commands(text: str, kind: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"::{kind} ")]


@pytest.mark.parametrize("count", [1, 9, 10, 11, 5000])
def test_what_github_would_drop_is_counted(count: int) -> None:
    text = report("github", (stale(f"{number}.pyc") for number in range(count)))
    commands = _commands(text, "warning")
    assert len(commands) == (count if count <= 10 else 1)
    if count > 10:
        assert commands[0].endswith(f"(and {count - 1:,} findings like it)")


def test_the_cause_is_first_and_each_rule_is_there() -> None:
    rules = RULES | {"PYC107": Cause}
    found = [*(stale(f"{number}.pyc") for number in range(200)), finding(Cause, "tree")]
    commands = _commands(report("github", found, rules=rules), "warning")
    assert ["PYC107" in line for line in commands] == [True, False]


def test_more_rules_than_annotations() -> None:
    rules: dict[str, type[Rule]] = {
        f"PYC1{number:02}": type(f"Rule{number}", (Stale,), {"id": f"PYC1{number:02}"})
        for number in range(13)
    }
    found = [
        finding(rule, f"{rule.id}-{number}.pyc") for rule in rules.values() for number in range(3)
    ]
    text = report("github", found, rules=rules)
    assert len(_commands(text, "warning")) == 10
    assert all(rule in text for rule in rules)


def test_the_page_is_added_to_the_summary(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    report("github", [stale("a.pyc")], step_summary=str(page))
    text = page.read_text("utf-8")
    assert text.startswith("before\n**312 of 5,400 caches are stale")
    assert "- `a.pyc`: " in text


def test_a_summary_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PycInspectError) as caught:
        report("github", step_summary=str(tmp_path / "none" / "summary.md"))
    assert caught.value.slug == "unwritable"


def _unescaped(text: str) -> str:
    """Undo the escapes as GitHub's runner does."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        text = text.replace(code, character)
    return text.replace("%25", "%")


def test_hostile_paths() -> None:
    for name in HOSTILE:
        (line,) = _commands(report("github", [stale(f"{BASE}/{name}", found=name)]), "warning")
        assert re.fullmatch(r"::\w+ file=[^,:]+,title=[^,:]+::.*", line)
        assert line.isprintable()
        file = _unescaped(line.split("file=")[1].split(",")[0])
        if name.replace("\n", "").replace("\r", "").isprintable():
            assert file == name


def test_hostile_findings_stay_within_the_limit() -> None:
    lines = report("github", hostile_findings()).splitlines()
    for line in lines:
        assert line.isprintable()
    for kind in ("error", "warning", "notice"):
        assert 0 < len(_commands("\n".join(lines), kind)) <= 10
