"""The format ``github``."""

from __future__ import annotations

import re

from tests.report.kit import (
    BASE,
    HOSTILE,
    Broken,
    Disk,
    Forged,
    finding,
    hostile_findings,
    report,
    stale,
)


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
        "::warning file=pkg/a.pyc,title=PYC101 Stale%3A the source's time differs"
        "::stale: the header has 1, the source 2\n"
        "::error file=b.pyc,title=PYC004 Payload cannot be decoded::cannot be decoded: x\n"
        "::error file=c.pyc,title=PYC501 Code does not match its source::y\n"
        "::notice file=d,title=PYC801 Disk used by caches::big\n"
        "::warning file=e.pyc,title=XYZ1::stale: the header has 1, the source 2\n"
        "pycinspect: 5 findings in 5,400 caches, 89.1 MB\n"
    )


def test_empty_run() -> None:
    assert report("github", complete=False) == (
        "pycinspect: 0 findings in 5,400 caches, 89.1 MB;"
        " incomplete: a limit ended the audit early\n"
    )


def _unescaped(text: str) -> str:
    """Undo the escapes as GitHub's runner does."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        text = text.replace(code, character)
    return text.replace("%25", "%")


def test_hostile_paths() -> None:
    lines = report("github", hostile_findings()).splitlines()

    assert len(lines) == 4 * len(HOSTILE) + 1
    for line in lines[:-1]:
        assert re.fullmatch(r"::\w+ file=[^,:]+,title=[^,:]+::.*", line)
        assert line.isprintable()
    files = [_unescaped(line.split("file=")[1].split(",")[0]) for line in lines[:-1:4]]
    for name, file in zip(HOSTILE, files, strict=True):
        if name.replace("\n", "").replace("\r", "").isprintable():
            assert file == name
    assert files[0] == "new\nline.pyc"
    assert files[9] == "percent%0A, comma: colon::error::.pyc"
