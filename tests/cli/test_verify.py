"""``pycinspect verify``."""

from __future__ import annotations

import json
import marshal
import os
import shutil
import sys
from pathlib import Path

import pytest

from .conftest import Run

CACHE = f"__pycache__/fresh.{sys.implementation.cache_tag}.pyc"


@pytest.fixture
def forged(project: Path) -> Path:
    """The cache of ``fresh.py``, its header kept, with other code."""
    path = project / CACHE
    code = compile("name = 'forged'\n", os.fspath(project / "fresh.py"), "exec")
    path.write_bytes(path.read_bytes()[:16] + marshal.dumps(code))
    return path


def test_caches_that_are_what_their_sources_say(run: Run, project: Path) -> None:
    result = run("verify", ".")
    assert result.exit_code == 0
    first = result.stdout.splitlines()[0]
    assert first.startswith("1 of 2 caches was compared, and is what its source says; 1 of 2")
    assert "1 identical" in result.stdout


def test_one_file(run: Run, project: Path) -> None:
    result = run("verify", CACHE)
    assert result.exit_code == 0
    assert result.stdout.startswith("The cache is what its source says; the cache is fresh.\n")


def test_a_forged_cache_is_named_on_the_first_screen(run: Run, forged: Path) -> None:
    result = run("verify", ".")
    assert result.exit_code == 1
    assert result.stdout.startswith("1 of 2 caches is not what its source says; ")
    words = " ".join(result.stdout.split())  # lines are broken at the terminal's width
    assert f"{CACHE}" in words
    assert "is not what CPython" in words
    assert "'forged', not [0] 'fresh'" in words
    assert run("audit", ".", "--no-config", "--select", "PYC0,PYC2,PYC3").exit_code == 0
    assert run("audit", ".", "--no-config", "--profile", "security").exit_code == 1
    assert "PYC501" in run("audit", ".", "--no-config", "--verify").stdout


def test_a_baseline_accepts_by_content(run: Run, forged: Path) -> None:
    assert run("verify", ".", "--write-baseline", "known.json").exit_code == 0
    assert run("verify", ".", "--baseline", "known.json").exit_code == 0
    forged.write_bytes(forged.read_bytes() + b"more")
    assert run("verify", ".", "--baseline", "known.json").exit_code == 1


def test_machines_are_told_the_rungs(run: Run, project: Path) -> None:
    summary = json.loads(run("verify", ".", "--json").stdout)["summary"]
    assert summary["verified"] == {
        "identical": 1,
        "canonical": 0,
        "same-code": 0,
        "same-meaning": 0,
        "transformed": 0,
        "unverifiable": 0,
        "mismatch": 0,
        "not_asked": 1,
    }
    assert "verified" not in json.loads(run("audit", ".", "--json").stdout)["summary"]


def test_code_without_a_source_is_not_clean(run: Run, project: Path) -> None:
    shutil.move(project / CACHE, project / "alone.pyc")
    result = run("verify", "alone.pyc")
    assert result.exit_code == 1
    assert "was not compared: its source is not there" in result.stdout


@pytest.mark.parametrize("path", ["nowhere", "absent.pyc"])
def test_what_is_not_there_is_one_line(run: Run, project: Path, path: str) -> None:
    result = run("verify", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"x", b"nobody's magic number"])
def test_what_is_no_cache_is_not_clean(run: Run, project: Path, content: bytes) -> None:
    (project / "damaged.pyc").write_bytes(content)
    result = run("verify", "damaged.pyc")
    assert result.exit_code == 1
    assert result.stdout.startswith("The cache makes its import fail; 1 error.\n")


def test_where_there_is_no_cache_none_lies(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "app" / "m.py"
    source.parent.mkdir()
    source.write_text("name = 1\n")
    result = run("verify", "app")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "No caches for 1 source in 1 directory.",
    )


def test_a_stale_cache_alone_is_not_compared(run: Run, project: Path) -> None:
    (project / "fresh.py").write_text("name = 'longer than it was'\n")
    result = run("verify", CACHE, "--json")
    assert result.exit_code == 1
    said = " ".join(run("verify", CACHE).stdout.split())  # lines are broken at the width
    assert "1 note. Not looked at: whether caches do what their sources say." in said
    assert [found["rule"] for found in json.loads(result.stdout)["findings"]] == ["PYC901"]


def test_accepting_that_nothing_is_compared(run: Run, project: Path) -> None:
    (project / "fresh.py").write_text("name = 'longer than it was'\n")
    assert run("verify", CACHE, "--write-baseline", "known.json").exit_code == 0
    assert run("verify", CACHE, "--baseline", "known.json").exit_code == 0
