"""What came of comparing an expectation with code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from pytest_pycinspect.expect.matcher import SearchRun, State
from pytest_pycinspect.expect.model import Pattern
from pytest_pycinspect.expect.operands import UNBOUND, Key, key_of
from pytest_pycinspect.expect.steps import Group, NestedLines, One, SearchProgram
from pytest_pycinspect.noted import note
from pytest_pycinspect.view.code import CodeView

__all__ = ["Match", "Part", "Place"]


class Place(NamedTuple):
    """Where a step was met.

    Args:
        step: its number in the program.
        start: the first instruction.
        end: the one after the last.
        member: of an unordered group, from 0; None for other steps.
    """

    step: int
    start: int
    end: int
    member: int | None


class Part(NamedTuple):
    """What came of the lines about nested code.

    Args:
        section: the lines.
        found: what came of them; None where there is no such code.
    """

    section: NestedLines
    found: Match | None


@dataclass(frozen=True, eq=False, repr=False)
class Match:
    """What came of comparing an expectation with code; true if it was met.

    Args:
        pattern: the expectation.
        code: the code.
        anchored: it was compared with all of the code, not a part.
        program: the expectation as it holds for this code.
        run: the search.
        end: where it ended, None if it was not met.
        parts: what came of nested code.
        words: says in one line what came of it.
    """

    pattern: Pattern
    code: CodeView
    anchored: bool
    program: SearchProgram
    run: SearchRun
    end: State | None
    parts: tuple[Part, ...]
    words: Callable[[Match], str]

    def __bool__(self) -> bool:
        """Return whether it was met; the test's report shows what was asked last."""
        note(self)
        return self.met

    @property
    def met(self) -> bool:
        """Whether the expectation was met."""
        return self.end is not None and all(p.found and p.found.met for p in self.parts)

    @property
    def says_not(self) -> bool:
        """Whether it says that something is not there: it was not met, or has a ``not`` in it."""
        negative = any(part.negative for part in self.program.named)
        inner = (part.found for part in self.parts if part.found is not None)
        return not self.met or negative or any(found.says_not for found in inner)

    def __repr__(self) -> str:
        return self.words(self)

    @property
    def state(self) -> State:
        """The end of the way, or where it went no further."""
        return self.end or self.run.furthest

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where each step was met, up to the end or to where it went no further."""
        return tuple(_places(self.program, self.state))

    @property
    def span(self) -> tuple[int, int]:
        """The first instruction that a line was about, and the one after the last."""
        used = [place for place in self.places if self._consumes(place)]
        return (used[0].start, used[-1].end) if used else (0, 0)

    def _consumes(self, place: Place) -> bool:
        step = self.program.steps[place.step]
        return step.line is not None

    @cached_property
    def captures(self) -> Mapping[str, object]:
        """The variables and what they stand for; instructions of labels by index."""
        known = zip(self.program.variables, self.state.bindings, strict=True)
        bound = {name: (is_label, key) for (name, is_label), key in known if key is not UNBOUND}
        operands = self._operands({key for is_label, key in bound.values() if not is_label})
        return {name: key if is_label else operands[key] for name, (is_label, key) in bound.items()}

    def _operands(self, keys: set[Key]) -> Mapping[Key, object]:
        """Return operands by what they are compared by."""
        found: dict[Key, object] = {}
        for instr in chain(self.run.instrs, *(view.values() for view in self.run.views.values())):
            if len(found) == len(keys):
                break
            key = key_of(instr)
            if key in keys:
                found.setdefault(key, instr.operand)
        return found


# --- The way that was found ----------------------------------------------------------------


def _places(program: SearchProgram, last: State) -> Iterator[Place]:
    """Yield where each step on the way to a state was met."""
    chain: list[State] = []
    state: State | None = last
    while state is not None:
        chain.append(state)
        state = state.before
    previous: State | None = None
    for place in reversed(chain):
        first = 0 if previous is None else previous.step + (place.step != previous.step)
        straight = [isinstance(step, One) for step in program.steps[first : place.step]]
        index = place.at - sum(straight)
        if previous is not None and (place.step, place.left) != (previous.step, previous.left):
            member = _member(previous, place, program)
            yield Place(previous.step, previous.at, index, member)
        for number, width in enumerate(straight, first):
            yield Place(number, index, index + width, None)
            index += width
        previous = place


def _member(before: State, after: State, program: SearchProgram) -> int | None:
    """Return which member of an unordered group was taken between two states."""
    step = program.steps[before.step]
    if not isinstance(step, Group):
        return None
    left = before.left or (1 << len(step.members)) - 1
    taken = left ^ (after.left if after.step == before.step else 0)
    return taken.bit_length() - 1
