"""``pycinspect cache``, and ``--no-cache``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Run


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "results"
    monkeypatch.setenv("PYCINSPECT_CACHE_DIR", os.fspath(directory))
    return directory


def size(run: Run) -> int:
    told = json.loads(run("cache", "info", "--json").stdout)
    assert told["version"] == 1
    found: int = told["size"]
    return found


def test_a_deep_audit_keeps_what_it_found_out(run: Run, project: Path, results: Path) -> None:
    assert (size(run), results.exists()) == (0, False)
    first = run("audit", ".", "--deep")
    assert size(run) > 0
    again = run("audit", ".", "--deep")
    assert (again.exit_code, again.stdout.splitlines()[:3]) == (
        first.exit_code,
        first.stdout.splitlines()[:3],
    )
    assert run("cache", "info").stdout == f"{size(run):,} bytes in {results}\n"


@pytest.mark.parametrize("arguments", [("audit", "--deep", "--no-cache"), ("audit", "--no-deep")])
def test_nothing_is_kept_where_nobody_wants_it(
    run: Run, project: Path, results: Path, arguments: tuple[str, ...]
) -> None:
    run(*arguments, ".")
    assert not results.exists()


def test_verify_keeps_comparisons(run: Run, project: Path, results: Path) -> None:
    assert run("verify", ".").exit_code == run("verify", ".").exit_code == 0
    assert size(run) > 0
    assert run("verify", ".", "--no-cache").exit_code == 0


def test_clearing(run: Run, project: Path, results: Path) -> None:
    run("audit", ".", "--deep")
    kept = size(run)
    assert run("cache", "clear").stdout == f"Deleted {kept:,} bytes in {results}\n"
    assert not results.exists()
    assert run("cache", "clear").exit_code == 0


def test_a_directory_in_the_place_of_the_database(run: Run, results: Path) -> None:
    (results / "results.sqlite").mkdir(parents=True)
    result = run("cache", "clear")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
