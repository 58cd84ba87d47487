"""Code of Pythons that cannot be installed any more, as they disassemble it themselves."""

from __future__ import annotations

from typing import Any

import pytest

from pycinspect.disasm import Instruction, instructions, line_starts
from pycinspect.pyc.codefile import read_pyc
from tests.samples import ENTRIES, SAMPLES, truths

#: How the truths were written, where it was not by the version's own dis: 1.x from its table
#: of opcodes, where some have no name; constants of 3.0 to 3.3 with ``ascii()``.
_WITHOUT_TEXT = {"cpython-1.2", "cpython-1.3", "cpython-1.4", "cpython-1.5"}
_ESCAPED = {"cpython-3.0", "cpython-3.1", "cpython-3.2", "cpython-3.3"}
#: ... and 3.3 without the counts of arguments.
_WITHOUT_COUNTS = {"cpython-3.3"}


def _ours(step: Instruction, their_name: str, interpreter: str) -> list[Any]:
    """Return an instruction in the form of a truth."""
    name, text = step.opname, step.argrepr
    if interpreter in _WITHOUT_TEXT:
        text = ""
        name = name if their_name != f"<{step.opcode}>" else their_name
    elif interpreter in _ESCAPED and name == "LOAD_CONST":
        text = text.encode("ascii", "backslashreplace").decode()
    if interpreter in _WITHOUT_COUNTS and name.startswith("CALL_FUNCTION"):
        text = ""
    return [step.offset, step.opcode, name, step.arg, text]


def _theirs(row: list[Any], interpreter: str) -> list[Any]:
    text = "" if interpreter in _WITHOUT_TEXT else row[4].replace(" at 0x,", " at 0x0,")
    return [*row[:4], text]


def _threaded(found: list[Instruction], truth: list[list[Any]]) -> list[list[Any]]:
    """Return a truth with the arguments of the file where loading changes jumps.

    In 2.3 the constructor of code objects optimises, so loading does it once more: a jump to
    an unconditional jump then goes where that one does (Python/compile.c: optimize_code).
    """
    at = {step.offset: step for step in found}
    rows = []
    for step, row in zip(found, truth, strict=True):
        next_one = at.get(step.jump_target) if step.jump_target is not None else None
        if next_one is not None and next_one.opname in ("JUMP_ABSOLUTE", "JUMP_FORWARD"):
            assert row[3] in (step.arg, next_one.jump_target)
            rows.append([*row[:3], step.arg, row[4]])
        else:
            rows.append(row)
    return rows


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_instructions_are_those_of_their_own_interpreter(entry: dict[str, Any]) -> None:
    file = read_pyc(SAMPLES / entry["file"])
    interpreter = entry["interpreter"]

    for code, truth in zip(file.code.walk(), truths()[entry["file"]], strict=True):
        found = instructions(code, file.dialect)
        expected = [_theirs(row, interpreter) for row in truth["instructions"]]
        if entry.get("loaded_code_differs"):
            expected = _threaded(found, expected)
        else:
            targets = {step.jump_target for step in found} - {None}
            assert targets == set(truth["labels"]), code
        named = zip(found, truth["instructions"], strict=True)
        assert [_ours(step, row[2], interpreter) for step, row in named] == expected, code


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_lines_are_those_of_their_own_interpreter(entry: dict[str, Any]) -> None:
    file = read_pyc(SAMPLES / entry["file"])

    for code, truth in zip(file.code.walk(), truths()[entry["file"]], strict=True):
        found = [list(start) for start in line_starts(code, file.dialect)]
        assert found == truth.get("linestarts", found), code
