"""The format ``markdown``."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

from tests.report.kit import BASE, Broken, Disk, finding, hostile_findings, report, stale


def test_a_page() -> None:
    found = [stale(f"{BASE}/pkg/a_b.pyc"), finding(Broken, "c.pyc", why="x|y")]
    assert report("markdown", found).splitlines() == [
        "**312 of 5,400 caches are stale, 88 have no source; 1 error, 1 warning\\.**",
        "",
        "| rule | severity | findings | |",
        "|---|---|---:|---|",
        "| PYC004 | error | 1 | Payload cannot be decoded |",
        "| PYC101 | warning | 1 | Stale\\: the source's time differs |",
        "",
        "<details><summary>PYC004 Payload cannot be decoded</summary>",
        "",
        "- `c.pyc`: cannot be decoded\\: x\\|y",
        "",
        "</details>",
        "",
        "<details><summary>PYC101 Stale: the source's time differs</summary>",
        "",
        "- `pkg/a_b.pyc`: stale\\: the header has 1, the source 2",
        "",
        "</details>",
        "",
        "5,400 caches in 731 directories, 89.1 MB, pycinspect 1\\.2\\.3",
    ]


def test_without_findings_the_answer_is_all() -> None:
    lines = report("markdown", files=3, states=Counter(fresh=3)).splitlines()
    assert lines[0] == "**All 3 caches are fresh\\.**"
    assert len(lines) == 3


def test_a_page_is_to_be_read() -> None:
    found = [stale(f"{number}.pyc") for number in range(500)]
    lines = report("markdown", found).splitlines()
    assert len([line for line in lines if line.startswith("- `")]) == 10
    assert "- … and 490 more" in lines
    assert (
        len([line for line in report("markdown", found, verbose=1).splitlines() if "`" in line])
        == 50
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_hostile_names_are_no_markup() -> None:
    text = report("markdown", hostile_findings())
    for line in text.splitlines():
        assert line.isprintable()
        outside = "".join(line.split("`")[::2]) if line.startswith("- ") else line
        parser = _Tags()
        parser.feed(outside.replace("\\<", "&lt;"))
        assert parser.seen <= {"details", "summary"}


def test_statistics_come_after_what_needs_an_action() -> None:
    found = [finding(Disk, "d", size=1, share=2), stale("a.pyc")]
    rows = [line for line in report("markdown", found).splitlines() if line.startswith("| PYC")]
    assert [row[2:8] for row in rows] == ["PYC101", "PYC801"]
