"""What a shell is told when a user presses Tab, and lists that add up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from pycinspect.cli import main

from .conftest import Run


def _completions(*words: str) -> list[str]:
    *before, incomplete = words
    found = ShellComplete(main, {}, "pycinspect", "_").get_completions(list(before), incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("rules", "PYC10"), "PYC101"),
        (("audit", "--select", "PYC10"), "PYC107"),
        (("audit", "--select", "PYC101,PYC20"), "PYC101,PYC201"),
        (("audit", "--ignore", "PYC8"), "PYC801"),
        (("audit", "--format", "s"), "sarif"),
        (("audit", "--format", ""), "markdown"),
        (("audit", "--profile", "sec"), "security"),
        (("audit", "--as", "pypy-3"), "pypy-3.9"),
        (("check", "--as", "cpython-2"), "cpython-2.7"),
        (("show", "--as", "cpython-3.1"), "cpython-3.12"),
        (("show", "--python", "3.1"), "3.12"),
        (("diff", "--python", "3."), "3.8"),
    ],
)
def test_names_are_completed(words: tuple[str, ...], expected: str) -> None:
    found = _completions(*words)
    assert expected in found
    assert all(name.startswith(words[-1]) for name in found)


def test_selections_add_up(run: Run, project: Path) -> None:
    (project / "__pycache__" / f"gone.{sys.implementation.cache_tag}.pyc").write_bytes(b"")
    together, apart = (
        run("audit", ".", *options, "--json")
        for options in (
            ("--select", "PYC101,PYC201"),
            ("--select", "PYC101", "--select", "PYC201"),
        )
    )
    rules = [sorted(json.loads(result.stdout)["summary"]["rules"]) for result in (together, apart)]
    assert rules[0] == rules[1] == ["PYC101", "PYC201"]


def test_ignored_rules_add_up(run: Run) -> None:
    result = run("audit", "--ignore", "PYC101", "--ignore", "PYC205", "--json", ".")
    assert "PYC101" not in json.loads(result.stdout)["summary"]["rules"]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("fail-on", "info, warning, error, security"),
        ("invalidation-mode", "timestamp, checked-hash, unchecked-hash"),
        ("check-hash-based-pycs", "default, always, never"),
    ],
)
def test_a_wrong_word_names_the_right_ones(run: Run, project: Path, key: str, names: str) -> None:
    (project / "pyproject.toml").write_text(f'[tool.pycinspect.audit]\n{key} = "eror"\n')
    result = run("audit", ".")
    assert result.exit_code == 2
    assert f"'eror' is none of {names}" in result.stderr


def test_the_step_summary_is_written(run: Run, project: Path) -> None:
    page = project / "summary.md"
    run("audit", ".", "--format", "github", env={"GITHUB_STEP_SUMMARY": str(page)})
    assert page.read_text("utf-8").startswith("**")


def test_a_clean_tree_has_results_in_junit(run: Run, tmp_path: Path) -> None:
    result = run("audit", ".", "--format", "junit", "--select", "PYC601,PYC605")
    assert result.exit_code == 0
    assert result.stdout.count("<testcase") == 2
