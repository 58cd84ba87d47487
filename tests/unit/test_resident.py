"""Modules that are part of the interpreter: no file of that name is ever looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.cache import find_module, judge_module, judge_target
from pycinspect.dialects import DIALECTS


@pytest.mark.parametrize(
    ("dialect", "name", "reason"),
    [
        ("cpython-2.7", "sys", "built-in-module"),
        ("cpython-3.8", "zipimport", "frozen-module"),
        ("cpython-3.10", "os", None),
        ("cpython-3.11", "os", "frozen-module"),
        ("cpython-3.14", "linecache", None),
        ("cpython-3.15", "linecache", "frozen-module"),
        ("pypy-3.9", "_socket", "built-in-module"),
        ("cpython-3.9", "_socket", None),
    ],
)
def test_who_has_what(tmp_path: Path, dialect: str, name: str, reason: str | None) -> None:
    (tmp_path / f"{name}.py").touch()
    found = find_module(name, [str(tmp_path)], dialect)
    assert found.resident == reason
    verdict = judge_module(name, [str(tmp_path)], dialect)
    assert (verdict.outcome.value == "no-cache") == (reason is not None)


def test_a_submodule_may_have_the_name(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for name in ("__init__", "io"):
        (package / f"{name}.py").touch()
    row = DIALECTS["cpython-3.12"]
    assert judge_module("package.io", [str(tmp_path)], row).reason == "cache-absent"
    assert judge_target(str(package / "io.py"), row).reason == "cache-absent"
    (tmp_path / "io.py").touch()
    assert judge_target(str(tmp_path / "io.py"), row).reason == "frozen-module"
