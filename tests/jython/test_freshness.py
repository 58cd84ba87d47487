"""Would Jython use this class file? Against its own import, and by its rule's numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pycinspect.cache import Outcome, judge, judge_target
from pycinspect.cache.classes import judge_class
from pycinspect.dialects import DIALECTS
from tests.jython.kit import program_or_skip
from tests.jython.situations import CLASS, T, compare, listed, made, truncated, with_api, with_mtime

_ROW = DIALECTS["jython-2.7"]
assert _ROW.classes is not None
_RULES = _ROW.classes


def test_jython_decides_as_we_say(tmp_path: Path) -> None:
    situations = [*listed(), *truncated(61), *made(60, 17)]
    assert compare(situations, program_or_skip("jython"), tmp_path) == []


@pytest.mark.parametrize(
    ("data", "class_time", "source_time", "outcome", "reason"),
    [
        (CLASS, T, T, Outcome.LOAD, "class-is-fresh"),
        (CLASS, T - 1, T, Outcome.RECOMPILE, "class-is-older"),
        (with_mtime(T + 2000), T, T, Outcome.LOAD, "class-is-fresh"),
        (with_mtime(T + 2001), T, T, Outcome.RECOMPILE, "class-records-later"),
        (with_mtime(-(2**63)), T, T, Outcome.RECOMPILE, "class-records-later"),
        (with_mtime(2**63 - 1), T, -1, Outcome.LOAD, "class-is-fresh"),
        (with_api(38), T, T, Outcome.RECOMPILE, "class-api-version"),
        (with_api(38), T, None, Outcome.RAISE, "class-api-version"),
        (CLASS[:200], T, T, Outcome.RECOMPILE, "class-cut-short"),
        (CLASS[:-1], T, T, Outcome.RAISE, "class-not-readable"),
        (CLASS + b"\0", T, T, Outcome.RECOMPILE, "class-does-not-load"),
        (CLASS, T, None, Outcome.LOAD, "sourceless"),
    ],
)
def test_the_rule(
    data: bytes, class_time: int, source_time: int | None, outcome: Outcome, reason: str
) -> None:
    judged = judge_class(data, _RULES, class_time, source_time)
    assert (judged.outcome, judged.reason) == (outcome, reason)


def _pair(folder: Path, after: int) -> Path:
    source, cache = folder / "mod.py", folder / "mod$py.class"
    source.write_text("made = 'source'\n")
    cache.write_bytes(CLASS)
    os.utime(source, ns=(T * 10**6, T * 10**6))
    os.utime(cache, ns=(T * 10**6 + after, T * 10**6 + after))
    return cache


def test_a_class_file_is_asked_about_by_its_name(tmp_path: Path) -> None:
    verdict = judge_target(str(_pair(tmp_path, 0)))
    assert (verdict.dialect.name, verdict.outcome) == ("jython-2.7", Outcome.LOAD)


def test_a_stale_class_file_is_written_in_place(tmp_path: Path) -> None:
    cache = _pair(tmp_path, -1)
    verdict = judge(tmp_path / "mod.py", "jython-2.7")
    assert (verdict.outcome, verdict.reason) == (Outcome.RECOMPILE, "class-is-older")
    assert verdict.writes is not None
    assert (verdict.writes.path, verdict.writes.mode) == (str(cache), 0o600)


def test_a_directory_without_init_hides_the_source(tmp_path: Path) -> None:
    _pair(tmp_path, 0)
    (tmp_path / "mod").mkdir()
    verdict = judge_target(str(tmp_path / "mod.py"), _ROW)
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_CACHE, "shadowed")
