"""``pycinspect explain``: each instruction in words."""

from __future__ import annotations

import dis
import re
import sys
from pathlib import Path

import pytest

from tests.samples import SAMPLES

from .conftest import Run

SOURCE = "def total(prices, tax=0.2):\n    try:\n        return sum(prices) * (1 + tax)\n    except TypeError:\n        return 0\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "total.py"
    path.write_text(SOURCE)
    return path


def test_every_instruction_of_dis_is_explained(run: Run, source: Path) -> None:
    lines = run("explain", source, "--code", "total").stdout.splitlines()
    namespace: dict[str, object] = {}
    exec(SOURCE, namespace)  # our own
    theirs = [(one.offset, one.opname) for one in dis.get_instructions(namespace["total"])]  # type: ignore[arg-type]
    found = [re.match(r" {4} *(\d+)  ([A-Z_]+)", line) for line in lines]
    assert [(int(one[1]), one[2]) for one in found if one] == theirs
    assert sum(line.startswith(" " * 11 + "stack  ") for line in lines) == len(theirs)
    assert "     3 |         return sum(prices) * (1 + tax)" in lines


def test_the_stack_before_is_the_stack_after_the_instruction_above(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "line.py"
    path.write_text("def f(a, b):\n    return a.x(b, [a, b]) + -b\n")
    lines = run("explain", path, "--code", "f").stdout.splitlines()
    stacks = [line.split("here   ")[1].split(" → ") for line in lines if "here   " in line]
    assert len(stacks) > 5
    assert [before for before, _ in stacks[1:]] == [after for _, after in stacks[:-1]]


def test_where_an_exception_goes(run: Run, source: Path) -> None:
    namespace: dict[str, object] = {}
    exec(SOURCE, namespace)  # our own
    entries = dis.Bytecode(namespace["total"]).exception_entries  # type: ignore[attr-defined, arg-type]
    theirs = {
        one.offset: entry.target
        for one in dis.get_instructions(namespace["total"])  # type: ignore[arg-type]
        for entry in entries
        if entry.start <= one.offset < entry.end
    }
    found, offset = {}, -1
    for line in run("explain", source, "--code", "total").stdout.splitlines():
        if head := re.match(r" {4} *(\d+)  [A-Z_]+", line):
            offset = int(head[1])
        if target := re.search(r"If it raises, control goes to (\d+)\.", line):
            found[offset] = int(target[1])
    assert found == theirs
    assert len(found) > 5


def test_a_cache_of_an_old_python(run: Run) -> None:
    result = run("explain", SAMPLES / "cpython-2.6-plain10.pyc")
    assert result.exit_code == 0
    assert "the stack of cpython-2.6 is not followed in symbols" in result.stdout
    assert "stack  a, b → a + b" in result.stdout
    assert "here   " not in result.stdout


def test_what_cannot_be_explained(run: Run, source: Path, tmp_path: Path) -> None:
    assert "no-such" not in run("explain", source).stderr
    result = run("explain", source, "--code", "totl")
    assert (result.exit_code, "did you mean total?" in result.stderr) == (2, True)
    assert run("explain", tmp_path / "nothing.py").exit_code == 2
    result = run("explain", SAMPLES / "cpython-2.6-plain10.pyc", "--python", "3.13")
    assert (result.exit_code, "--python is for sources" in result.stderr) == (2, True)


def test_hostile_names_are_harmless(run: Run, tmp_path: Path) -> None:
    import importlib.util
    import marshal

    code = compile("x = 1", "\x1b[31m\n", "exec").replace(
        co_name="\u202e\n<script>", co_qualname="\x1b]0;", co_names=("\x1b[2J" * 10_000,)
    )
    path = tmp_path / "m.pyc"
    path.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    lines = run("explain", path).stdout.splitlines()
    assert all(line.isprintable() and len(line) < 1_000 for line in lines)
    assert len(lines) > 10


def test_the_way_before_the_instructions(run: Run, source: Path) -> None:
    lines = run("explain", source).stdout.splitlines()
    stages = [line for line in lines[1:] if re.fullmatch(r"[a-z]+", line)]
    assert stages == ["source", "file", "importer"]
    assert f"  '{source}': 5 lines" in lines
    assert any(line.startswith("  cache ") for line in lines)
    assert "  arguments: prices, tax (bound by the call)" in lines
    assert "  globals: sum, TypeError (looked up in the module, then among the builtins)" in lines


def test_a_cache_is_judged_too(run: Run, project: Path) -> None:
    result = run("explain", f"__pycache__/fresh.{sys.implementation.cache_tag}.pyc")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert any(line.startswith("so load: the header records the source's time") for line in lines)
    assert any(line.startswith("magic number ") and line.endswith(": yes") for line in lines)
