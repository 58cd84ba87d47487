"""``pycinspect diff`` of Jython's class files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycinspect.cli.diff import command
from pycinspect.diffing.classfiles import compare_classes
from pycinspect.jvm import parse_jython_class
from tests.jython.kit import FIXTURES
from tests.jython.situations import with_mtime

SAMPLE, CHANGED = FIXTURES / "sample$py.class", FIXTURES / "changed$py.class"


def _diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_class_is_the_same_as_itself_whatever_time_it_records(tmp_path: Path) -> None:
    other = tmp_path / "mod$py.class"
    other.write_bytes(with_mtime(5))
    result = _diff(FIXTURES / "mod$py.class", other)
    assert result.exit_code == 0
    assert result.output.endswith("the same code\n")


def test_signatures_lines_and_instructions_are_compared() -> None:
    result = _diff("--json", SAMPLE, CHANGED)
    assert result.exit_code == 1
    changes = json.loads(result.output)["changes"]
    found = {(change["name"], change["aspect"]) for change in changes}
    assert {("outer", "signature"), ("twice", "lines"), ("twice", "instructions")} <= found
    twice = next(
        one for one in changes if (one["name"], one["aspect"]) == ("twice", "instructions")
    )
    assert {"-iconst_2", "+iconst_3"} <= set(twice["detail"])
    assert ("total", "instructions") not in found


@pytest.mark.parametrize("name", ["goto", "ifeq"])
def test_a_jump_to_another_place_is_a_difference(name: str) -> None:
    found = parse_jython_class(SAMPLE.read_bytes())
    body = next(code.body for code in found.codes if code.name == "outer")
    assert body is not None
    jumps = [place for place, one in enumerate(body.instructions) if one.name.startswith("goto")]
    if name == "ifeq":
        jumps = [place for place, one in enumerate(body.instructions) if one.name.startswith("if")]
    changed = list(body.instructions)
    changed[jumps[0]] = changed[jumps[0]]._replace(operands=(changed[jumps[0]].offset,))
    codes = tuple(
        code._replace(body=body._replace(instructions=tuple(changed)))
        if code.name == "outer"
        else code
        for code in found.codes
    )
    (change,) = compare_classes(found, found._replace(codes=codes))
    assert (change.name, change.aspect) == ("outer", "instructions")


def test_what_would_be_ignored_is_refused() -> None:
    assert _diff("--only", "x", SAMPLE, CHANGED).exit_code == 2
    assert _diff("--format", "markdown", SAMPLE, CHANGED).exit_code == 2
