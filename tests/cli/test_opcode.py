"""``pycinspect opcode``: what an operation does, and how it changed."""

from __future__ import annotations

import dis
import json
from itertools import pairwise

import pytest

from pycinspect.dialects import DIALECTS
from pycinspect.dialects.history import lineage, opcode_changes, opcode_names
from pycinspect.values import Implementation

from .conftest import Run


def test_an_operation_of_the_running_interpreter(run: Run) -> None:
    row = DIALECTS.running()
    for name in ("LOAD_ATTR", "BUILD_LIST", "RETURN_VALUE"):
        found = json.loads(run("opcode", "--json", name, "--python", row.version).stdout)
        assert found["schema"] == "pycinspect.opcode/1"
        assert (found["name"], found["number"]) == (name, dis.opmap[name])
        assert found["dialect"] == row.name


def test_the_history_names_every_version_that_has_it_once(run: Run) -> None:
    for name in ("LOAD_ATTR", "JUMP_IF_FALSE", "SETUP_FINALLY"):
        history = json.loads(run("opcode", "--json", name).stdout)["history"]
        versions = [version for era in history for version in era["dialects"]]
        having = [
            row.name
            for row in DIALECTS
            if row.name == f"cpython-{row.version}"
            and row.bytecode is not None
            and name in row.bytecode.opcodes.by_name
        ]
        assert sorted(versions) == sorted(having)
        order = [row.name for row in lineage(DIALECTS, Implementation.CPYTHON)]
        for before, after in pairwise(history):
            follows = order.index(after["dialects"][0]) - order.index(before["dialects"][-1]) == 1
            same = {**before, "dialects": 0} == {**after, "dialects": 0}
            assert not (follows and same)


def test_text(run: Run) -> None:
    lines = run("opcode", "load_attr", "--python", "3.12").stdout.splitlines()
    assert lines[0].startswith("LOAD_ATTR: Replaces the top by its attribute")
    assert "  stack     object → object.name, self[a&1]" in lines
    assert "  cpython-3.12: number 106, argument name+method, 9 inline caches" in lines
    assert any(line.startswith("  2.7 to 3.10  106") for line in lines)


def test_every_operation_of_every_version_can_be_asked_for(run: Run) -> None:
    rows = [row for row in DIALECTS if row.bytecode is not None]
    for row in rows[::7]:
        result = run("opcode", "--json", *sorted(opcode_names([row])), "--python", row.name)
        assert result.exit_code == 0, result.stderr
        assert len(result.stdout.splitlines()) == len(opcode_names([row]))


@pytest.mark.parametrize(("old", "new"), [("3.12", "3.13"), ("2.7", "3.6"), ("3.10", "pypy-3.9")])
def test_changes_lead_from_the_one_to_the_other(run: Run, old: str, new: str) -> None:
    rows = DIALECTS.resolve(old), DIALECTS.resolve(new)
    found = json.loads(run("opcode", "--json", "--changes", old, new).stdout)
    numbers: list[dict[str, int]] = []
    for row in rows:
        assert row.bytecode is not None
        every = row.bytecode.opcodes.opcodes
        numbers.append({o.name: o.number for o in every if o.role.value in ("real", "pseudo")})
    before, after = numbers
    for one in found["removed"]:
        assert before.pop(one["name"]) == one["number"]
    before.update({one["name"]: one["number"] for one in found["added"]})
    for name, was, is_now in found["renumbered"]:
        assert before[name] == was
        before[name] = is_now
    assert before == after


def test_a_version_has_not_changed_since_itself(run: Run) -> None:
    row = DIALECTS["cpython-3.12"]
    assert not any(opcode_changes(row, row))
    first = run("opcode", "--changes", "3.12", "3.12").stdout.splitlines()[0]
    assert first == "cpython-3.12 → cpython-3.12: 0 added, 0 removed, 0 changed, 0 renumbered"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("LOAD_ATR",), "no CPython has an operation 'LOAD_ATR'; did you mean LOAD_ATTR"),
        (("CACHE", "--python", "2.7"), "cpython-2.7 does not have an operation 'CACHE'"),
        (("NOP", "--python", "9.9"), "9.9"),
        ((), "give either names of operations or --changes OLD NEW"),
        (("NOP", "--changes", "3.8", "3.9"), "give either names"),
        (("--changes", "3.8", "3.9", "--python", "3.8"), "does not go with --python"),
        (("NOP", "--python", "graalpy-3.11"), "graalpy-3.11"),
    ],
)
def test_what_cannot_be_said(run: Run, words: tuple[str, ...], message: str) -> None:
    result = run("opcode", *words)
    assert result.exit_code == 2
    assert message in result.stderr
