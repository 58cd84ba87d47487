"""A project with one module in every state, and a way to run the command line."""

from __future__ import annotations

import os
import py_compile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycinspect.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, project: Path) -> Run:
    """Run ``pycinspect`` with arguments, standing in the project."""
    monkeypatch.chdir(project)
    runner = CliRunner()

    def invoke(*arguments: str | os.PathLike[str], env: dict[str, str] | None = None) -> Result:
        return runner.invoke(main, [os.fspath(a) for a in arguments], env=env)

    return invoke


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """``fresh.py``, ``stale.py`` and ``absent.py``; far in the past, but for one edit."""
    for name in ("fresh", "stale", "absent"):
        source = tmp_path / f"{name}.py"
        source.write_text(f"name = {name!r}\n")
        os.utime(source, (1_500_000_000, 1_500_000_000))
    for name in ("fresh", "stale"):
        py_compile.compile(os.fspath(tmp_path / f"{name}.py"))
    os.utime(tmp_path / "stale.py", (1_500_000_100, 1_500_000_100))
    return tmp_path
