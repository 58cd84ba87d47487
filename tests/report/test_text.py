"""The format ``text``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import pytest

from pycinspect.auditing import Finding
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

LONG = f"{BASE}/{'directory/' * 9}__pycache__/module.cpython-312.pyc"


def _findings() -> list[Finding]:
    return [
        *(stale(f"{BASE}/a{number}.pyc") for number in range(1200)),
        stale(LONG, 1234567890, 1700000000),
        finding(Disk, BASE, size=89_123_456, share=1_234_567),
        finding(Forged, f"{BASE}/new\nline.pyc", what="co_consts[3] of <module> is 42, not 41"),
        finding(Broken, LONG, why="the object at offset 16 ends in the middle of a tuple of 3"),
    ]


ANSWER = """\
312 of 5,400 caches are stale, 88 have no source; 1 security finding, 1 error,
1,201 warnings, 1 note.
"""
FIGURES = """\
Caches   5,400 caches in 731 directories, 89.1 MB, 1.2 MB of it reclaimable
State    5,000 fresh, 312 stale, 88 orphaned
Python   5,300 cpython-3.12, 100 cpython-3.9
Time     0.50 s, 10,800 files/s
"""

GOLDEN = f"""\
{ANSWER}
PYC501 security     1 x  Code does not match its source
  new\\nline.pyc: co_consts[3] of <module> is 42, not 41

PYC004 error        1 x  Payload cannot be decoded
  directory/directory/directory/directory/directory/directory/directory/directory/directory/__pycache__/module.cpython-312.pyc
      cannot be decoded: the object at offset 16 ends in the middle of a tuple
      of 3

PYC101 warning  1,201 x  Stale: the source's time differs
  a0.pyc: stale: the header has 1, the source 2
  a1.pyc: stale: the header has 1, the source 2
  a2.pyc: stale: the header has 1, the source 2
  ... and 1,198 more

PYC801 info         1 x  Disk used by caches
  .
      caches take 89123456 bytes here, and 1234567 of them belong to Pythons
      that are not installed any more; what the rest is for is a long story that
      needs more than one line

{FIGURES}
Next: pycinspect rules PYC501 says why it matters and what to do; -v shows more
paths.
"""


def test_golden() -> None:
    assert report("text", _findings()) == GOLDEN


def test_clean_tree() -> None:
    text = report("text", states=Counter(fresh=5400), tags=_tags(5400), width=72)

    assert text == (
        "All 5,400 caches are fresh.\n"
        "Caches   5,400 caches in 731 directories, 89.1 MB, 1.2 MB of it\n"
        "         reclaimable\n"
        "State    5,400 fresh\n"
        "Python   5,400 cpython-3.12\n"
        "Time     0.50 s, 10,800 files/s\n"
    )


def test_what_is_only_counted_stands_in_one_line() -> None:
    text = report("text", statistics=Counter(PYC801=7, PYC101=2))
    assert (
        "Also     2 x Stale: the source's time differs (PYC101), 7 x Disk used by caches\n" in text
    )
    assert "--select lists them" in text


def _tags(number: int) -> Counter[str]:
    return Counter({"cpython-3.12": number})


def test_clean_tree_without_caches() -> None:
    text = report("text", files=0, size=0, directories=1, states=_none(), tags=_tags(0))

    assert text.splitlines()[0] == "No caches in 1 directory."


def _none() -> Counter[str]:
    return Counter()


def test_what_was_left_out_is_said() -> None:
    clean = report("text", limit="the limit of 3 caches", suppressed=3)
    dirty = report("text", [stale("a.pyc")], limit="the limit of 3 caches", suppressed=1)

    assert "Incomplete: a limit ended the audit early" in clean
    assert "3 findings suppressed." in clean
    assert "\nIncomplete: a limit ended the audit early" in dirty
    assert "\n1 finding suppressed.\n" in dirty


def test_one_v_shows_more_examples() -> None:
    text = report("text", _findings(), verbose=1)

    assert len(re.findall(r"^  a\d+\.pyc:", text, re.MULTILINE)) == 20
    assert "\n  ... and 1,181 more\n" in text
    assert "-vv shows every path" in text.replace("\n", " ")


def test_two_v_stream_everything() -> None:
    found = _findings()

    lines = report("text", found, verbose=2).splitlines()

    assert "\n".join(lines[:2]) + "\n" == ANSWER
    assert lines[3] == "a0.pyc: PYC101 warning: stale: the header has 1, the source 2"
    assert lines[len(found) + 3] == ""
    assert "\n".join(lines[len(found) + 4 :]) == (
        "PYC501 security     1 x  Code does not match its source\n"
        "PYC004 error        1 x  Payload cannot be decoded\n"
        "PYC101 warning  1,201 x  Stale: the source's time differs\n"
        "PYC801 info         1 x  Disk used by caches\n"
        f"\n{FIGURES}\n"
        "Next: pycinspect rules PYC501 says why it matters and what to do."
    )


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_hostile_paths_do_nothing_to_a_terminal(verbose: int) -> None:
    text = report("text", hostile_findings(), verbose=verbose, states=_none(), width=60)

    assert all(line.isprintable() for line in text.split("\n"))
    if verbose:
        assert text.count("pyc: ") + text.count(".pyc\n") >= 4 * len(HOSTILE)


def test_words_are_never_broken() -> None:
    text = report("text", [stale(LONG, "x" * 100)], width=40)

    assert f"\n  {LONG.removeprefix(BASE + '/')}\n" in text
    assert f"\n      {'x' * 100},\n" in text
    message = [line for line in text.splitlines() if line.startswith("      ")]
    assert all(len(line) <= 40 for line in message if " " in line.strip())


def test_pythons_fill_as_many_lines_as_they_need() -> None:
    tags = Counter({f"cpython-3.{minor}": 1000 - minor for minor in range(9)})
    text = report("text", [stale("a.pyc")], tags=tags, width=50)

    assert (
        "Python   1,000 cpython-3.0, 999 cpython-3.1,\n"
        "         998 cpython-3.2, 997 cpython-3.3,\n" in text
    )


def test_one_rule_with_two_severities_makes_two_groups() -> None:
    text = report("text", [stale("a"), stale("b")._replace(severity=Forged.severity)])

    assert "PYC101 security 1 x" in text
    assert "PYC101 warning  1 x" in text


def test_colours_change_nothing_but_colours() -> None:
    colored = report("text", _findings(), color=True)

    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == GOLDEN


def test_rich_is_imported_for_colours_only() -> None:
    code = "import sys, pycinspect.report; assert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("verbose", "shown"), [(0, 1), (1, 5)])
def test_what_nobody_has_to_act_on_takes_little_room(verbose: int, shown: int) -> None:
    notes = [finding(Disk, f"{BASE}/{number}", size=1, share=1) for number in range(5)]
    text = report("text", notes, verbose=verbose)
    assert sum(line.startswith(tuple(f"  {number}" for number in range(5))) for line in text.splitlines()) == shown  # fmt: skip


def test_what_was_not_decoded_is_said() -> None:
    figures = {"not_decoded": 5000, "undecodable": 1}
    expected = (
        "Payloads not decoded: 5,000 caches (--deep decodes them).",
        "Payloads that cannot be decoded: 1 cache (damaged header or unknown format).",
    )
    for findings in ([], [stale(f"{BASE}/a.pyc")]):
        text = " ".join(report("text", findings, **figures).split())
        assert all(note in text for note in expected)
    assert "ayload" not in report("text", [stale(f"{BASE}/a.pyc")])
