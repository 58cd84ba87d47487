"""Where an expectation is met in a sequence of instructions.

Depth first, the shortest gap first, the longest run first; the first way found counts, so
that the answer is the same every time. Everything but gaps, runs and unordered groups has one
way to go. A place that did not lead to the end once is never visited again.

Where that takes long, the places are computed that may lead to the end, or as far as any way
leads, and all others are passed over (``reach``): the way that is found is the same, and
without variables nothing is tried in vain. What is looked at is counted (``effort``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from pytest_pycinspect.expect.effort import Effort, ExhaustedError
from pytest_pycinspect.expect.model import GROUP_LIMIT
from pytest_pycinspect.expect.operands import UNBOUND, Key, Test
from pytest_pycinspect.expect.passing import Bindings, Passing, Views, bind
from pytest_pycinspect.expect.reach import Level, Reach, Sets
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
    opname_of,
)
from pytest_pycinspect.view.instr import Instr

__all__ = ["SearchRun", "State", "search"]

#: What is looked at before it counts as long: so much, and so much a step and an instruction.
_PATIENCE, _PATIENCE_EACH = 20_000, 4
#: Instructions that take as long to look at as to go on from a place on the way.
_STATE = 5
#: Variables that take as long to compare as one instruction.
_VARIABLES = 4


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


class SearchRun(Passing):
    """One search.

    Args:
        program: what to look for.
        instrs: where.
        views: the instructions of other views, by offset.

    Attributes:
        furthest: the place with the most lines after it, when nothing was found.
    """

    def __init__(self, program: SearchProgram, instrs: Sequence[Instr], views: Views) -> None:
        some = _PATIENCE + _PATIENCE_EACH * (len(program.steps) + len(instrs))
        super().__init__(instrs, views, some)
        self.program = program
        self._begin = State(0, 0, (UNBOUND,) * len(program.variables), 0, None)
        self.furthest = self._begin
        self._sets: Sets = {}
        self._scanned: dict[tuple[int, Bindings], set[int]] = {}

    # --- The way -----------------------------------------------------------------------

    def search(self, pool: Effort) -> State | None:
        """Return the end of the first way through all steps, or None.

        Args:
            pool: what may be looked at where it takes long.

        Raises:
            ExhaustedError: that was not enough.
        """
        try:
            for row in self.program.globals:  # a failure shows them all
                self.passing(row.test, self._begin.bindings)
            return self._walk(None)
        except ExhaustedError:
            self.spend = pool.spend
            return self._long(pool)
        finally:  # a failure is explained by what was looked at before
            self.spend = Effort(sys.maxsize).spend

    def _long(self, pool: Effort) -> State | None:
        """Search with the places known that lead as far as any way does."""
        reach = Reach(
            self.program.steps,
            self.size,
            lambda test: self.passing(test, self._begin.bindings),
            ends=all(self._may_hold(row) for row in self.program.globals),
            spend=pool.spend,
        )
        if reach.cost <= pool.left:
            level = reach.highest()
            self._sets = reach.sets(level)
            end = self._walk(level)
            if end is not None or _progress(self.furthest) == level:
                return end
            self._sets = {}  # variables are in the way
        return self._walk(None)

    def _may_hold(self, row: Global) -> bool:
        return row.test.slot is not None or self.holds(row, self._begin.bindings)

    def _walk(self, goal: Level | None) -> State | None:
        """Return the end, or None where there is none, or where the goal is reached."""
        seen: set[tuple[int, int, Bindings, int]] = set()
        self._scanned = {}
        self.furthest = self._begin
        stack: list[Iterator[State]] = [iter((self._begin,))]
        steps = self.program.steps
        while stack and (goal is None or _progress(self.furthest) < goal):
            for state in stack[-1]:
                self.spend(_STATE)
                key = (state.step, state.at, self.kept(state), state.left)
                if key in seen or (self._sets and not self._leads_on(state)):
                    continue
                seen.add(key)
                place = self._straight(state)
                if place is None:
                    break
                if place.step == len(steps):
                    return place
                self._note(place)
                stack.append(_CHOICES[type(steps[place.step])](self, place))
                break
            else:
                stack.pop()
        return None

    def _leads_on(self, state: State) -> bool:
        """Return whether a place may lead to the goal, as far as that is known."""
        return self._sets.get((state.step, state.left), -1) >> state.at & 1 == 1

    def ends(self, state: State, first: int, last: int) -> Iterator[int]:
        """Yield where a run from a place may end so that it leads on, the last first."""
        places = self._sets.get((state.step + 1, 0))
        if places is None:
            yield from range(last, first - 1, -1)
            return
        within = places >> first & (1 << max(0, last + 1 - first)) - 1
        while within:
            place = within.bit_length() - 1
            yield first + place
            within ^= 1 << place

    def kept(self, state: State) -> Bindings:
        """Return the bindings that a state, or what comes after it, asks about."""
        if not state.bindings or state.step == len(self.program.steps):
            return ()
        slots = self.program.slots[: self.program.live[state.step]]
        self.spend(len(slots) // _VARIABLES)
        return tuple([state.bindings[slot] for slot in slots])

    def scanned(self, state: State) -> set[int]:
        """Return the instructions up to which a gap was followed before."""
        return self._scanned.setdefault((state.step, self.kept(state)), set())

    def _straight(self, state: State) -> State | None:
        """Go on while there is one way, to the next choice or the end."""
        number, index, bindings, left, before = state
        if left:
            return state
        steps, known = self.program.steps, list(bindings)
        reached: int | None = index
        while reached is not None and number < len(steps):
            follow = _STRAIGHT.get(type(steps[number]))
            if follow is None:
                break
            index, reached = reached, follow(self, steps[number], reached, known)
            number += 1
        self.spend(number - state.step)
        if reached is None:
            if (number - 1, 0) > _progress(self.furthest):
                self.furthest = State(number - 1, index, tuple(known), 0, before)
            return None
        return State(number, reached, tuple(known), 0, before)

    def _note(self, place: State) -> None:
        """Remember the place with the most after it."""
        if _progress(place) > _progress(self.furthest):
            self.furthest = place


def _progress(place: State) -> Level:
    """Return how many steps, and how many members of an unordered group, are after a place."""
    return place.step, GROUP_LIMIT - place.left.bit_count() if place.left else 0


# --- Steps with one way: where it leads, and what variables stand for then ---------------------


def _one(run: SearchRun, step: One, index: int, known: list[Key]) -> int | None:
    return index + 1 if index < run.size and run.binds(step.test, index, known) else None


def _mark(run: SearchRun, step: Mark, index: int, known: list[Key]) -> int | None:
    return index if bind(known, step.slot, index) else None


def _start(run: SearchRun, step: Start, index: int, known: list[Key]) -> int | None:
    return None if index else index


def _end(run: SearchRun, step: End, index: int, known: list[Key]) -> int | None:
    if index != run.size:
        return None
    if step.line is None:
        run.spend(len(run.program.globals))
        if not all(run.holds(row, tuple(known)) for row in run.program.globals):
            return None
    return index


_STRAIGHT: Mapping[type, Callable[[SearchRun, Any, int, list[Key]], int | None]] = MappingProxyType(
    {One: _one, Mark: _mark, Start: _start, End: _end}
)

# --- Steps with several --------------------------------------------------------------------


def _gaps(run: SearchRun, state: State) -> Iterator[State]:
    """Skip nothing, one instruction, two, until one must not be skipped."""
    step: Any = run.program.steps[state.step]
    number, index, bindings = state.step + 1, state.at, state.bindings
    if step.to_end and not step.forbidden:
        yield State(number, run.size, bindings, 0, state)
        return
    scanned = run.scanned(state)
    if index in scanned:
        return
    stop, _ = run.stop(step, index, bindings)
    wanted = opname_of(run.program.steps[number])
    while index not in scanned:
        scanned.add(index)
        run.spend(1)
        at_end = index == run.size
        fits = wanted is None or (not at_end and run.instrs[index].opname == wanted)
        if fits and (at_end or not step.to_end):
            yield State(number, index, bindings, 0, state)
        if index == stop:
            return
        index += 1


def _runs(run: SearchRun, state: State) -> Iterator[State]:
    """Take as many as there are, then one less, down to the least number."""
    step: Many = run.program.steps[state.step]  # type: ignore[assignment]
    return (
        _bound_runs(run, step, state)
        if step.test.slot is not None
        else _free_runs(run, step, state)
    )


def _free_runs(run: SearchRun, step: Many, state: State) -> Iterator[State]:
    """Take runs in which no variable is."""
    there = run.passing(step.test, state.bindings)
    run.spend(1)
    if step.alone_before and state.at and there >> state.at - 1 & 1:
        return
    rest = there >> state.at
    longest = (~rest & rest + 1).bit_length() - 1
    last = longest if step.high is None else min(longest, step.high)
    first = longest if step.alone_after else step.low
    for end in run.ends(state, state.at + max(first, step.low), state.at + last):
        yield State(state.step + 1, end, state.bindings, 0, state)


def _bound_runs(run: SearchRun, step: Many, state: State) -> Iterator[State]:
    """Take runs all of which have the same operand."""
    index, bindings = state.at, state.bindings
    if step.alone_before and index and run.meets(step.test, index - 1, bindings) is not None:
        return
    reached = [bindings]
    while index < run.size and (step.high is None or len(reached) <= step.high):
        run.spend(1)
        met = run.meets(step.test, index, reached[-1])
        if met is None:
            break
        reached.append(met)
        index += 1
    for count in range(len(reached) - 1, step.low - 1, -1):
        end, known = state.at + count, reached[count]
        more = step.alone_after and end < run.size and run.meets(step.test, end, known) is not None
        run.spend(1)
        if not more:
            yield State(state.step + 1, end, known, 0, state)


def _members(run: SearchRun, state: State) -> Iterator[State]:
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


def _member(
    run: SearchRun, member: Sequence[Test], index: int, bindings: Bindings
) -> Bindings | None:
    if index + len(member) > run.size:
        return None
    met = bindings
    for place, test in enumerate(member, index):
        run.spend(1)
        known = run.meets(test, place, met)
        if known is None:
            return None
        met = known
    return met


_CHOICES: Mapping[type, Callable[[SearchRun, State], Iterator[State]]] = MappingProxyType(
    {Gap: _gaps, Many: _runs, Group: _members}
)


def search(
    program: SearchProgram, instrs: Sequence[Instr], views: Views, pool: Effort
) -> tuple[SearchRun, State | None]:
    """Look for an expectation; return the search, and where it ended if it was met.

    Args:
        program: the expectation.
        instrs: the code.
        views: the instructions of other views, by offset.
        pool: what may be looked at where it takes long.

    Raises:
        PycInspectError: ``pattern-too-costly``; ``constant-too-large``.
    """
    run = SearchRun(program, instrs, views)
    return run, run.search(pool)
