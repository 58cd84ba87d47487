"""Where an expectation is met in a sequence of instructions.

Depth first, the shortest gap first, the longest run first; the first way found counts, so
that the answer is the same every time. Everything but gaps, runs and unordered groups has one
way to go. A place that did not lead to the end once is never visited again: the time is
bounded by lines times instructions, as long as variables are not in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect.model import GROUP_LIMIT, View
from pytest_pycinspect.expect.operands import UNBOUND, Key, Test, key_of
from pytest_pycinspect.expect.program import (
    End,
    Gap,
    Global,
    Group,
    Many,
    Mark,
    One,
    Program,
    Start,
)
from pytest_pycinspect.instr import Instr

__all__ = ["Run", "State", "search"]

#: Places that are visited before an expectation is given up; about two seconds.
_BUDGET = 1_000_000

Bindings = tuple[Key, ...]
Views = Mapping[View, Mapping[int, Instr]]


class State(NamedTuple):
    """A place on the way.

    Args:
        step: the next one.
        at: of the next instruction.
        bindings: what variables and labels stand for.
        left: members of an unordered group that are still to come, a bit each.
        before: where it was reached from; None for the start.
    """

    step: int
    at: int
    bindings: Bindings
    left: int
    before: State | None


class Run:
    """One search.

    Args:
        program: what to look for.
        instrs: where.
        views: the instructions of other views, by offset.

    Attributes:
        furthest: the place with the most lines behind it, when nothing was found.
    """

    def __init__(self, program: Program, instrs: Sequence[Instr], views: Views) -> None:
        self.program = program
        self.instrs = instrs
        self.size = len(instrs)
        self.views = views
        self._budget = _BUDGET
        self._scanned: dict[tuple[int, Bindings], set[int]] = {}
        self.furthest: State = State(0, 0, (UNBOUND,) * len(program.variables), 0, None)

    # --- One instruction ---------------------------------------------------------------

    def meets(self, test: Test, index: int, bindings: Bindings) -> Bindings | None:
        """Return what variables stand for if an instruction passes, else None."""
        instr = self.instrs[index]
        if test.view is not View.OWN:
            return self._meets_view(test, instr, bindings)
        if test.opname is not None and instr.opname != test.opname:
            return None
        if test.check is not None and not test.check(instr):
            return None
        if test.slot is None:
            return bindings
        return bound(bindings, test.slot, instr.target if test.is_label else key_of(instr))

    def _meets_view(self, test: Test, instr: Instr, bindings: Bindings) -> Bindings | None:
        """Compare the instructions that it stands for; labels are places in this view."""
        known = self.views[test.view]
        for raw in instr.raw:
            other = known.get(raw.offset)
            if other is None or other.opname != test.opname:
                continue
            if test.check is not None and not test.check(other):
                continue
            if test.slot is None:
                return bindings
            return bound(bindings, test.slot, instr.target if test.is_label else key_of(other))
        return None

    def holds(self, row: Global, bindings: Bindings) -> bool:
        """Return whether what is said of the whole code is so."""
        found = len(self.occurrences(row.test, bindings))
        return row.low <= found and (row.high is None or found <= row.high)

    def occurrences(self, test: Test, bindings: Bindings) -> list[int]:
        """Return where in the code a test is passed."""
        places: Sequence[int] = range(self.size)
        if test.view is View.OWN:
            places = [i for i in places if self.instrs[i].opname == test.opname]
        return [i for i in places if self.meets(test, i, bindings) is not None]

    # --- The way -----------------------------------------------------------------------

    def search(self) -> State | None:
        """Return the end of the first way through all steps, or None."""
        seen: set[tuple[int, int, Bindings, int]] = set()
        stack = [iter((self.furthest,))]
        steps = self.program.steps
        while stack:
            for state in stack[-1]:
                key = (state.step, state.at, self.kept(state), state.left)
                if key in seen:
                    continue
                seen.add(key)
                self.spend()
                place = self._straight(state)
                if place is None:
                    continue
                if place.step == len(steps):
                    return place
                self._note(place)
                stack.append(_CHOICES[type(steps[place.step])](self, place))
                break
            else:
                stack.pop()
        return None

    def kept(self, state: State) -> Bindings:
        """Return the bindings that a state, or what comes after it, asks about."""
        if not state.bindings or state.step == len(self.program.steps):
            return ()
        return tuple(state.bindings[slot] for slot in self.program.live[state.step])

    def scanned(self, state: State) -> set[int]:
        """Return the instructions up to which a gap was followed before."""
        return self._scanned.setdefault((state.step, self.kept(state)), set())

    def spend(self) -> None:
        """Count a place that is looked at.

        Raises:
            PycInspectError: ``pattern-too-costly``.
        """
        self._budget -= 1
        if not self._budget:
            raise _too_many()

    def _straight(self, state: State) -> State | None:
        """Go on while there is one way, to the next choice or the end."""
        number, index, bindings, left, before = state
        steps = self.program.steps
        while True:
            step = steps[number]
            follow = _STRAIGHT.get(type(step))
            if follow is None or left:
                return State(number, index, bindings, left, before)
            reached = follow(self, step, index, bindings)
            if reached is None:
                self._note(State(number, index, bindings, left, before))
                return None
            index, bindings = reached
            number += 1
            if number == len(steps):
                return State(number, index, bindings, left, before)

    def _note(self, place: State) -> None:
        """Remember the place with the most behind it."""
        if _progress(place) > _progress(self.furthest):
            self.furthest = place


def _progress(place: State) -> tuple[int, int]:
    """Return how many steps, and how many members of an unordered group, are behind a place."""
    return place.step, GROUP_LIMIT - place.left.bit_count() if place.left else 0


def bound(bindings: Bindings, slot: int, key: Key) -> Bindings | None:
    """Return the bindings with one more, or None where it stands for something else."""
    if key is None:  # a jump out of the part that is looked at
        return None
    known = bindings[slot]
    if known is UNBOUND:
        return (*bindings[:slot], key, *bindings[slot + 1 :])
    return bindings if known == key else None


def _too_many() -> PycInspectError:
    return PycInspectError(
        "pattern-too-costly",
        f"gave up after {_BUDGET:,} places: use fewer gaps, groups or variables",
    )


_Reached = tuple[int, Bindings] | None

# --- Steps with one way --------------------------------------------------------------------


def _one(run: Run, step: One, index: int, bindings: Bindings) -> _Reached:
    if index == run.size:
        return None
    met = run.meets(step.test, index, bindings)
    return None if met is None else (index + 1, met)


def _mark(run: Run, step: Mark, index: int, bindings: Bindings) -> _Reached:
    met = bound(bindings, step.slot, index)
    return None if met is None else (index, met)


def _start(run: Run, step: Start, index: int, bindings: Bindings) -> _Reached:
    return None if index else (index, bindings)


def _end(run: Run, step: End, index: int, bindings: Bindings) -> _Reached:
    if index != run.size:
        return None
    if step.line is None and not all(run.holds(row, bindings) for row in run.program.globals):
        return None
    return index, bindings


_STRAIGHT: Mapping[type, Callable[[Run, Any, int, Bindings], _Reached]] = MappingProxyType(
    {One: _one, Mark: _mark, Start: _start, End: _end}
)

# --- Steps with several --------------------------------------------------------------------


def _gaps(run: Run, state: State) -> Iterator[State]:
    """Skip nothing, one instruction, two, until one must not be skipped."""
    step: Any = run.program.steps[state.step]
    number, index, bindings = state.step + 1, state.at, state.bindings
    if step.to_end and not step.forbidden:
        yield State(number, run.size, bindings, 0, state)
        return
    following = run.program.steps[number]
    wanted = following.test.opname if isinstance(following, One) else None
    if isinstance(following, One) and following.test.view is not View.OWN:
        wanted = None
    scanned = run.scanned(state)
    while index not in scanned:
        scanned.add(index)
        run.spend()
        at_end = index == run.size
        fits = wanted is None or (not at_end and run.instrs[index].opname == wanted)
        if fits and (at_end or not step.to_end):
            yield State(number, index, bindings, 0, state)
        if at_end:
            return
        for _, test in step.forbidden:
            if run.meets(test, index, bindings) is not None:
                return
        index += 1


def _runs(run: Run, state: State) -> Iterator[State]:
    """Take as many as there are, then one less, down to the least number."""
    step: Any = run.program.steps[state.step]
    index, bindings = state.at, state.bindings
    if step.alone_before and index and run.meets(step.test, index - 1, bindings) is not None:
        return
    reached = [bindings]
    while index < run.size and (step.high is None or len(reached) <= step.high):
        met = run.meets(step.test, index, reached[-1])
        if met is None:
            break
        reached.append(met)
        index += 1
    for count in range(len(reached) - 1, step.low - 1, -1):
        end, known = state.at + count, reached[count]
        more = step.alone_after and end < run.size and run.meets(step.test, end, known) is not None
        if not more:
            yield State(state.step + 1, end, known, 0, state)


def _members(run: Run, state: State) -> Iterator[State]:
    """Take one of the members that are left, or skip an instruction."""
    step: Any = run.program.steps[state.step]
    every = (1 << len(step.members)) - 1
    left = state.left or every
    for number, member in enumerate(step.members):
        if left & 1 << number:
            met = _member(run, member, state.at, state.bindings)
            if met is not None:
                rest = left & ~(1 << number)
                index = state.at + len(member)
                yield State(state.step + (not rest), index, met, rest, state)
    if step.gaps and left != every and state.at < run.size:
        yield State(state.step, state.at + 1, state.bindings, left, state)


def _member(run: Run, member: Sequence[Test], index: int, bindings: Bindings) -> Bindings | None:
    if index + len(member) > run.size:
        return None
    met: Bindings | None = bindings
    for place, test in enumerate(member, index):
        met = None if met is None else run.meets(test, place, met)
    return met


_CHOICES: Mapping[type, Callable[[Run, State], Iterator[State]]] = MappingProxyType(
    {Gap: _gaps, Many: _runs, Group: _members}
)


def search(program: Program, instrs: Sequence[Instr], views: Views) -> tuple[Run, State | None]:
    """Look for an expectation; return the search, and where it ended if it was met.

    Raises:
        PycInspectError: ``pattern-too-costly``; ``constant-too-large``.
    """
    run = Run(program, instrs, views)
    return run, run.search()
