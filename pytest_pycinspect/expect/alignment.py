"""Which instructions are most like the lines of an expectation that is not met."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pytest_pycinspect.expect.matcher import SearchRun
from pytest_pycinspect.expect.operands import Test
from pytest_pycinspect.expect.steps import Gap, Many, One, SearchProgram

__all__ = ["Likeness", "aligned", "cost"]

#: Instructions that are looked at.
_INSTRS = 2_000
#: Lines times instructions that are compared; about a tenth of a second.
_CELLS = 100_000
#: What it costs that nothing stands for a line, or no line for an instruction.
_MISSING, _EXTRA = 5, 2
_SAME, _OPERAND, _FAMILY, _OTHER = 0, 1, 2, 4
#: Words before the one that says what an opcode does.
_PREFIXES = ("POP_", "JUMP_IF_")


class Likeness(NamedTuple):
    """An instruction that stands for a line.

    Args:
        at: of the instruction.
        cost: 0 for the same, 1 for another operand, 2 for the same family, 4 for another.
    """

    at: int
    cost: int


def cost(test: Test, run: SearchRun, index: int) -> int:
    """Return how unlike a line one instruction is."""
    instr = run.instrs[index]
    if run.meets(test, index, run.furthest.bindings) is not None:
        return _SAME
    if test.opname is None or instr.opname == test.opname:
        return _OPERAND
    return _FAMILY if family(instr.opname) == family(test.opname) else _OTHER


def family(opname: str) -> str:
    """Return the word that says what an opcode does: JUMP, LOAD, CALL."""
    for prefix in _PREFIXES:
        opname = opname.removeprefix(prefix)
    return opname.partition("_")[0]


def aligned(program: SearchProgram, run: SearchRun) -> dict[int, Likeness]:
    """Return for each line the instruction that stands for it where all are most alike.

    Args:
        program: the expectation.
        run: the search in which it was not met.

    Returns:
        Lines by number; those for which nothing stands are missing, and all are in code of
        more than 2,000 instructions.
    """
    lines = [step for step in program.steps if isinstance(step, One | Many)]
    size = len(run.instrs)
    if size > _INSTRS or not lines or size * len(lines) > _CELLS:
        return {}
    free = _free(program)
    table = _table([step.test for step in lines], free, run)
    return dict(_way(lines, free, table, run))


def _free(program: SearchProgram) -> list[bool]:
    """Return for each place between lines whether others may stand there."""
    steps = [step for step in program.steps if isinstance(step, One | Many | Gap)]
    free = []
    for before, step in pairwise([None, *steps, None]):
        if not isinstance(step, Gap):
            free.append(isinstance(before, Gap))
    return free


def _table(tests: Sequence[Test], free: Sequence[bool], run: SearchRun) -> list[list[int]]:
    """Return the least cost of the first i lines and the first j instructions."""
    size = len(run.instrs)
    skip = 0 if free[0] else _EXTRA
    table = [[j * skip for j in range(size + 1)]]
    for number, test in enumerate(tests, 1):
        above, skip = table[-1], 0 if free[number] else _EXTRA
        row = [above[0] + _MISSING]
        for j in range(size):
            row.append(min(above[j] + cost(test, run, j), above[j + 1] + _MISSING, row[j] + skip))
        table.append(row)
    return table


def _way(
    lines: Sequence[One | Many], free: Sequence[bool], table: list[list[int]], run: SearchRun
) -> list[tuple[int, Likeness]]:
    """Follow the least cost back from the end; an instruction is taken as late as it can be."""
    found = []
    i, j = len(lines), len(run.instrs)
    while i:
        skip = 0 if free[i] else _EXTRA
        unlike = cost(lines[i - 1].test, run, j - 1) if j else _OTHER
        if j and table[i][j] == table[i - 1][j - 1] + unlike:
            if unlike < _OTHER:
                found.append((lines[i - 1].line, Likeness(j - 1, unlike)))
            i, j = i - 1, j - 1
        elif j and table[i][j] == table[i][j - 1] + skip:
            j -= 1
        else:
            i -= 1
    return found
