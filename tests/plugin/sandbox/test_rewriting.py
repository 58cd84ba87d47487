"""pytest's own caches, of modules whose assertions it rewrites."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_pycinspect.sandbox import Pycache

TEST = "import helper\n\ndef test_it():\n    assert helper.x == 1\n"
T = 1_700_000_000


@pytest.fixture
def sandbox(tmp_path: Path) -> Pycache:
    sandbox = Pycache(tmp_path, seconds=60)
    sandbox.write("test_m", TEST, mtime=T)
    sandbox.write("helper", "x = 1", mtime=T)
    return sandbox


def test_the_life_of_a_rewritten_cache(sandbox: Pycache) -> None:
    first = sandbox.run_pytest("-p", "no:cacheprovider")
    assert first.returncode == 0, first.stdout
    event = first["test_m"]
    assert (event.outcome, event.written) == ("miss", "created")
    assert "-pytest-" in os.path.basename(str(event.pyc))
    assert first["helper"].written == "created"

    second = sandbox.run_pytest("-p", "no:cacheprovider")
    assert second["test_m"].hit
    assert second["helper"].hit
    assert second["test_m"].code_ran == event.code_ran

    sandbox.edit("test_m", TEST.replace("1", "2"), keep_mtime=True)
    third = sandbox.run_pytest("-p", "no:cacheprovider")
    assert third.returncode == 1
    assert third["test_m"].outcome in {"stale", "hit"}  # before 9.2 pytest went by time and size
    assert third["test_m"].hit == (third["test_m"].code_ran == event.code_ran)


def test_a_damaged_cache_is_made_anew(sandbox: Pycache) -> None:
    event = sandbox.run_pytest("-p", "no:cacheprovider")["test_m"]
    damages: list[dict[str, Any]] = [{"flags": 1}, {"payload": b"N"}, {"magic": "3.8"}]
    for damage in damages:
        sandbox.corrupt(str(event.pyc), **damage)
        again = sandbox.run_pytest("-p", "no:cacheprovider")["test_m"]
        assert (again.outcome, again.written) == ("invalid", "rewritten"), damage
        assert again.code_ran == event.code_ran


def test_nothing_is_written_or_rewritten(sandbox: Pycache) -> None:
    with sandbox.no_write():
        event = sandbox.run_pytest("-p", "no:cacheprovider")["test_m"]
        assert (event.miss, event.written, event.why.code) == (True, False, "write_disabled")
    plain = sandbox.run_pytest("-p", "no:cacheprovider", "--assert=plain")["test_m"]
    assert "-pytest-" not in os.path.basename(str(plain.pyc))
    assert plain.written == "created"


def test_caches_below_a_prefix(sandbox: Pycache) -> None:
    sandbox.prefix("elsewhere")
    first = sandbox.run_pytest("-p", "no:cacheprovider")["test_m"]
    assert first.written == "created"
    assert "elsewhere" in str(first.pyc)
    assert sandbox.run_pytest("-p", "no:cacheprovider")["test_m"].hit
