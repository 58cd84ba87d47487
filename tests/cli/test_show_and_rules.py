"""``pycinspect show``, ``pycinspect rules`` and what all commands share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS

from .conftest import Run


def test_header_as_json(run: Run, project: Path) -> None:
    (cache,) = (project / "__pycache__").glob("fresh.*")
    shown = json.loads(run("show", "--header", "--json", cache).stdout)
    row = DIALECTS.running()
    assert shown["dialect"] == row.name
    assert shown["magic"] == row.magic_word
    assert shown["error"] is None
    assert shown["header"] == {
        "size": 16,
        "flags": 0,
        "mode": "timestamp",
        "mtime": 1_500_000_000,
        "source_size": (project / "fresh.py").stat().st_size,
        "source_hash": None,
    }


def test_header_as_text_has_every_field_with_its_offset(run: Run, project: Path) -> None:
    (cache,) = (project / "__pycache__").glob("fresh.*")
    lines = run("show", "--header", cache).stdout.splitlines()
    for field in ("magic", "flags", "mtime", "source_size"):
        assert any(field in line for line in lines)


def test_a_bad_file_is_one_line_and_the_good_ones_are_shown(run: Run, project: Path) -> None:
    (cache,) = (project / "__pycache__").glob("fresh.*")
    (project / "bad.pyc").write_bytes(b"\0" * 8)
    result = run("show", "--header", "bad.pyc", cache, "absent.pyc")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "pycinspect: bad.pyc: offset 0: magic number 0 (bytes 00 00 00 00) is in no table",
        "pycinspect: absent.pyc: no such file",
    ]
    assert "timestamp" in result.stdout


def test_every_rule_is_listed_and_explained(run: Run) -> None:
    listed = run("rules").stdout.splitlines()
    assert [line.split()[0] for line in listed] == sorted(line.split()[0] for line in listed)
    assert "What to do" in run("rules", "PYC101").stdout
    assert run("rules", "PYC999").exit_code == 2
    for line in run("rules", "--json").stdout.splitlines():
        assert set(json.loads(line)) == {"id", "name", "title", "severity", "documentation"}


@pytest.mark.parametrize("command", [(), ("audit",), ("check",), ("show",), ("rules",)])
def test_help_has_examples(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    examples = result.stdout.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert len(examples) > 1
    assert all(line.startswith("    pycinspect ") for line in examples)


def test_a_reader_that_stops_early_is_no_error(project: Path) -> None:
    for number in range(500):
        (project / f"m{number}.py").touch()
    command = f'"{sys.executable}" -m pycinspect audit . --format jsonl | head -1'
    done = subprocess.run(command, shell=True, cwd=project, capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_starting_does_not_load_what_is_not_needed() -> None:
    code = (
        "import sys, pycinspect, pycinspect.cli;"
        "print(sorted({'rich', 'pluggy', 'findpython', 'siphash24', 'zipfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
