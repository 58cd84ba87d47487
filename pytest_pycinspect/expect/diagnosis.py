"""What is wrong: the first line that is not met, and what stands there instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.model import At
from pytest_pycinspect.expect.operands import UNBOUND, Test, place_of
from pytest_pycinspect.expect.outcome import Match, Part
from pytest_pycinspect.expect.printer import labels_of, operand_text
from pytest_pycinspect.expect.steps import (
    End,
    Gap,
    Global,
    Group,
    Many,
    Mark,
    One,
    SearchProgram,
    Start,
)

__all__ = ["Trouble", "culprit", "instr_words", "line_words", "trouble"]

_END = ("the end of the code", "")


class Trouble(NamedTuple):
    """The first line that is not met.

    Args:
        line: its number; 0 for the end of the expectation.
        expected: opcode and operand, or a sentence and "".
        found: likewise, what stands there.
        at: of the instruction that stands there, None for none.
        differs: 0 if the opcode differs, 1 if the operand does, None if neither is the point.
        why: more about it, perhaps empty.
    """

    line: int
    expected: tuple[str, str]
    found: tuple[str, str]
    at: int | None
    differs: int | None
    why: str


def culprit(match: Match) -> tuple[Match, Part | None]:
    """Return in which code an expectation is not met, and the lines whose code is not there."""
    if match.end is None:
        return match, None
    for part in match.parts:
        if part.found is None:
            return match, part
        if not part.found.met:
            return culprit(part.found)
    return match, None


def trouble(match: Match) -> Trouble:
    """Return what is wrong with a code object that is not as expected."""
    place = match.run.furthest
    step = match.program.steps[place.step]
    return _EXPLAIN[type(step)](match, step, place.at)


def line_text(program: SearchProgram, number: int) -> tuple[str, str]:
    """Return a line as opcode and operand; a line that is none is one sentence."""
    texts = (line.text for line in program.lines if line.number == number)
    return line_words(next(texts, ""))


def line_words(text: str) -> tuple[str, str]:
    """Return the text of a line as opcode and operand."""
    opname, _, operand = text.strip().partition(" ")
    return (opname, operand.strip()) if opname[:1].isupper() else (text.strip(), "")


def instr_words(match: Match, index: int) -> tuple[str, str]:
    """Return an instruction as opcode and operand."""
    if index >= len(match.run.instrs):
        return _END
    instr = match.run.instrs[index]
    return instr.opname, operand_text(instr, labels_of(match.run.instrs))


def _there(match: Match, index: int) -> int | None:
    """Return the index of an instruction, None for the end of the code."""
    return index if index < len(match.run.instrs) else None


# --- One explanation a kind of step --------------------------------------------------------


def _one(match: Match, step: One, index: int) -> Trouble:
    expected = line_text(match.program, step.line)
    if index >= len(match.run.instrs):
        return Trouble(step.line, expected, _END, None, None, "")
    same = match.run.instrs[index].opname == step.test.opname
    why = _variable(match, step.test) if same else ""
    found = _placed(match, step.test, index)
    return Trouble(step.line, expected, found, index, int(same), why)


def _placed(match: Match, test: Test, index: int) -> tuple[str, str]:
    """Return an instruction as opcode and operand, with its place if the line names one."""
    opname, operand = instr_words(match, index)
    if test.place is None:
        return opname, operand
    line, end_line, column, end_column = place_of(match.run.instrs[index])
    if line is None:
        return opname, f"{operand} in no line".strip()
    ends = (None, None) if test.place.end_column is None else (end_line, end_column)
    here = At(line, None if test.place.column is None else column, *ends)
    return opname, f"{operand} {here}".strip()


def _variable(match: Match, test: Test) -> str:
    if test.slot is None:
        return ""
    key = match.state.bindings[test.slot]
    if key is UNBOUND:
        return ""
    name, is_label = match.program.variables[test.slot]
    if is_label:
        return f"{name} is instruction {key}"
    return f"${name} is {spelled(match.captures[name])}"


def _gap(match: Match, step: Gap, index: int) -> Trouble:
    """Something that must not be there stands in the gap, or what comes after it is nowhere."""
    run, size = match.run, len(match.run.instrs)
    stop, line = run.stop(step, index, run.furthest.bindings)
    if line is not None:
        expected = line_text(match.program, line)
        return Trouble(line, expected, instr_words(match, stop), stop, None, "")
    following = match.program.steps[run.furthest.step + 1]
    number = following.line or 0
    expected = line_text(match.program, number) if number else ("the end of the code", "")
    where = f"nothing like it from instruction {index} on" if index < size else _END[0]
    return Trouble(number, expected, (where, ""), None, None, "")


def _many(match: Match, step: Many, index: int) -> Trouble:
    run, count = match.run, 0
    while index + count < len(run.instrs):
        if run.meets(step.test, index + count, run.furthest.bindings) is None:
            break
        count += 1
    found = (f"{count} of them", "") if count else instr_words(match, index)
    here = _there(match, index)
    return Trouble(step.line, line_text(match.program, step.line), found, here, None, "")


def _group(match: Match, step: Group, index: int) -> Trouble:
    left = match.run.furthest.left or (1 << len(step.members)) - 1
    lines = [step.line + 1 + n for n in range(len(step.members)) if left & 1 << n]
    names = [" ".join(line_text(match.program, line)).strip() for line in lines]
    expected = (f"any of: {', '.join(names)}", "")
    here = _there(match, index)
    return Trouble(lines[0], expected, instr_words(match, index), here, None, "")


def _mark(match: Match, step: Mark, index: int) -> Trouble:
    name, _ = match.program.variables[step.slot]
    known = match.state.bindings[step.slot]
    expected = (f"{name}: at instruction {known}", "")
    found = (f"this is instruction {index}", "")
    return Trouble(step.line, expected, found, _there(match, index), None, "")


def _start(match: Match, step: Start, index: int) -> Trouble:
    found = (f"instruction {index}", "")
    here = _there(match, index)
    return Trouble(step.line, ("the start of the code", ""), found, here, None, "")


def _end(match: Match, step: End, index: int) -> Trouble:
    if index < len(match.run.instrs):
        words = instr_words(match, index)
        return Trouble(step.line or 0, ("the end of the code", ""), words, index, None, "")
    bindings = match.state.bindings
    broken = next(row for row in match.program.globals if not match.run.holds(row, bindings))
    return _global(match, broken)


def _global(match: Match, row: Global) -> Trouble:
    places = match.run.occurrences(row.test, match.state.bindings)
    expected = line_text(match.program, row.line)
    if row.high == 0:
        return Trouble(row.line, expected, instr_words(match, places[0]), places[0], None, "")
    listed = ", ".join(f"@{place}" for place in places[:8])
    found = f"{len(places)} of them" + (f": {listed}" if places else "")
    return Trouble(row.line, expected, (found, ""), None, None, "")


_EXPLAIN: Mapping[type, Callable[[Match, Any, int], Trouble]] = MappingProxyType(
    {
        One: _one,
        Gap: _gap,
        Many: _many,
        Group: _group,
        Mark: _mark,
        Start: _start,
        End: _end,
    }
)
