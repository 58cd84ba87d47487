"""What is to be done to compare an expectation with code, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.model import View
from pytest_pycinspect.expect.operands import Test, Variable

__all__ = [
    "End",
    "Gap",
    "Global",
    "Group",
    "Line",
    "Many",
    "Mark",
    "NamedOpcode",
    "NestedLines",
    "One",
    "SearchProgram",
    "Start",
    "Step",
    "opname_of",
]


class NamedOpcode(NamedTuple):
    """An opcode that an expectation names.

    Args:
        opname: in the full spelling.
        operand: what is said of its operand.
        negative: whether the expectation is met where it does not occur.
        view: whose name it is.
        place: where in the source it must be, None for anywhere.
    """

    opname: str
    operand: model.Operand
    negative: bool
    view: View
    place: model.At | None = None


class Line(NamedTuple):
    """A line, as it is shown in failures.

    Args:
        number: from 1, of the expectation's own text.
        text: what it says.
        active: whether it counts on this Python.
    """

    number: int
    text: str
    active: bool


@dataclass(frozen=True, slots=True)
class Global:
    """So many instructions in the whole code object; none for ``never``."""

    line: int
    test: Test
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class One:
    """One instruction."""

    line: int
    test: Test


@dataclass(frozen=True, slots=True)
class Gap:
    """Any run of instructions.

    Args:
        line: of its ``...``; None for the ends of what is only contained.
        forbidden: lines and tests of what must not occur in it.
        to_end: nothing but the end of the code comes after it.
    """

    line: int | None
    forbidden: tuple[tuple[int, Test], ...] = ()
    to_end: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A run of instructions that one line is about.

    Args:
        line: its number.
        test: what all of them must be.
        low: the least number.
        high: the largest, None for no limit.
        alone_before: the run must begin there; the line is after a gap.
        alone_after: the run must end there.
    """

    line: int
    test: Test
    low: int
    high: int | None
    alone_before: bool = False
    alone_after: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of instructions in any order.

    Args:
        line: of ``any:``; the members are in the lines below.
        members: the tests of each.
        gaps: whether others may stand between them.
    """

    line: int
    members: tuple[tuple[Test, ...], ...]
    gaps: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A label."""

    line: int
    slot: int


@dataclass(frozen=True, slots=True)
class Start:
    """The first instruction."""

    line: int


@dataclass(frozen=True, slots=True)
class End:
    """Behind the last instruction; None for the end of the expectation itself."""

    line: int | None


Step = One | Gap | Many | Group | Mark | Start | End


def opname_of(step: Step) -> str | None:
    """Return the opcode that a step is one instruction of, None for any."""
    if isinstance(step, One) and step.test.view is View.OWN:
        return step.test.opname
    return None


class NestedLines(NamedTuple):
    """Lines about nested code.

    Args:
        line: of their header.
        block: how the code is found.
        program: what it must be.
    """

    line: int
    block: model.Block
    program: SearchProgram


@dataclass(frozen=True, slots=True)
class SearchProgram:
    """What is to be done, and what to say about it.

    Args:
        steps: in order; the last is an :class:`End`.
        globals: what must hold of the code object as a whole.
        sections: nested code.
        variables: names of captured variables and labels, by slot.
        named: the opcodes that are named.
        lines: of this code object, in order; those of sections have their own.
        slots: of variables that are asked about, those that are longest asked about first.
        live: for each step, how many of ``slots`` it or a later one asks about.
    """

    steps: tuple[Step, ...]
    globals: tuple[Global, ...]
    sections: tuple[NestedLines, ...]
    variables: tuple[Variable, ...]
    named: tuple[NamedOpcode, ...]
    lines: tuple[Line, ...]
    slots: tuple[int, ...]
    live: tuple[int, ...]
