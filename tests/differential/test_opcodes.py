"""The tables of opcode numbers against the interpreters, by tests/capture_opcodes.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pycinspect.dialects
from pycinspect.dialects.opcodes import _EFFECTS
from tests import capture_opcodes
from tests.oracles import Oracle

CHILD = Path(__file__).with_name("opcodes_child.py")
SCRIPT = Path(capture_opcodes.__file__)
_VARIABLES = {"PYTHONPATH": str(SCRIPT.parent), "PYTHONDONTWRITEBYTECODE": "1"}

#: Interpreters that do not say how the stack changes; PyPy's means something else by it.
NO_EFFECTS = {"cpython-2.7", "pypy-3.9"}
#: Each table's newest one before, from which a new table is made.
BEFORE = {
    "cpython-3.6": "cpython-3.5",
    **{f"cpython-3.{minor}": f"cpython-3.{minor - 1}" for minor in range(7, 16)},
}
#: What the interpreter cannot say, and the table before says otherwise: since then the argument
#: has other bits below its index, or the number became a choice, or no file has the opcode.
CHANGED = {
    "cpython-3.6": {"MAKE_FUNCTION", "CALL_FUNCTION", "CALL_FUNCTION_KW"},
    "cpython-3.11": {"LOAD_GLOBAL"},
    "cpython-3.12": {"LOAD_ATTR", "COMPARE_OP"},
    "cpython-3.13": {"COMPARE_OP"},
    "cpython-3.15": {"IMPORT_NAME"},
}


class Captured(NamedTuple):
    """An interpreter's table: its lines without the first, and what it complains about."""

    lines: list[str]
    complaints: list[str]


def capture(oracle: Oracle, like: Sequence[str]) -> list[Captured]:
    """Let an oracle make its table like each of some others."""
    answer: Any = oracle.run(
        CHILD,
        [shipped(name) for name in like],
        environment=_VARIABLES,
        directories=[SCRIPT.parent],
    )
    return [Captured(one["text"].splitlines()[1:], one["complaints"]) for one in answer]


@cache
def shipped(name: str) -> str:
    return files(pycinspect.dialects).joinpath("numbers", f"{name}.tsv").read_text("utf-8")


def without_effects(lines: Sequence[str]) -> list[str]:
    rows = [line if line[0] == "@" else line.rpartition("\t")[0] for line in lines]
    return [row for row in rows if not row.startswith("@effects")]


def rows(lines: Sequence[str]) -> dict[str, list[str]]:
    return {line.split("\t")[1]: line.split("\t") for line in lines if line[0] != "@"}


def test_the_table_is_what_the_interpreter_says(oracle: Oracle) -> None:
    before = BEFORE.get(oracle.dialect, oracle.dialect)
    same, new = capture(oracle, [oracle.dialect, before])

    expected = shipped(oracle.dialect).splitlines()[1:]
    comparable = without_effects if oracle.name in NO_EFFECTS else list
    assert same.complaints == []
    assert comparable(same.lines) == comparable(expected)
    if before != oracle.dialect:
        assert unnamed_differences(new, expected) == CHANGED.get(oracle.dialect, set())


def unnamed_differences(new: Captured, expected: Sequence[str]) -> set[str]:
    """Return what a table made like the one before has wrong without saying so."""
    ours, theirs = rows(new.lines), rows(expected)
    assert ours.keys() == theirs.keys()
    differing = {name for name, row in ours.items() if row != theirs[name]}
    named = {complaint.partition(":")[0] for complaint in new.complaints}
    return {theirs[name][5] or name for name in differing} - named


def test_spellings_mean_the_same_here_and_there() -> None:
    assert set(capture_opcodes.SPELLINGS) == set(_EFFECTS)
    for spelling, effect in _EFFECTS.items():
        for argument in (*range(1000), *capture_opcodes.ARGUMENTS, 0x7FFF_FFFF):
            assert capture_opcodes.effect_of(spelling, argument) == effect(argument), spelling


def test_arguments_tell_spellings_from_each_other() -> None:
    effects = {
        spelling: tuple(
            capture_opcodes.effect_of(spelling, argument) for argument in capture_opcodes.ARGUMENTS
        )
        for spelling in capture_opcodes.SPELLINGS
    }
    assert len(set(effects.values())) == len(effects)
