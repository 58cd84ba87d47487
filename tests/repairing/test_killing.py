"""Whenever the process ends, every file is old or new, and the journal takes all back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.differential.trees import workspace
from tests.repairing.killing import kills

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each death needs a process")
def test_killed_at_every_call_of_the_system() -> None:
    with workspace() as place:
        done = subprocess.run(
            [sys.executable, "-m", "tests.repairing.kill_child", os.fspath(place)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.fspath(ROOT)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["problems"] == []
    assert answer["kinds"] == ["chmod", "convert", "delete", "recompile", "remove-directory"]
    for deed in ("apply", "undo"):
        assert answer["calls"][f"{deed} before"] == answer["calls"][f"{deed} after"] > 100
        assert answer["calls"][f"{deed} half"] >= 5


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills it")
def test_killed_as_strace_counts_calls(tmp_path: Path) -> None:
    wrong = dict(kills(tmp_path, every=12))
    assert len(wrong) > 10
    assert {call: texts for call, texts in wrong.items() if texts} == {}
