"""From which places an expectation may still be met, whatever its variables stand for.

A set of places is an integer with a bit for each: bit 0 is the first instruction, the last bit
the end of the code. Steps are undone from the last to the first: where can what comes after a
step begin, and where, therefore, the step itself? One operation on integers answers that for
all places at once. Variables and labels are taken to fit everywhere; so a place that is not in
a set leads nowhere, and one that is in it leads on for certain if there are no variables.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pytest_pycinspect.expect.model import GROUP_LIMIT
from pytest_pycinspect.expect.operands import Test
from pytest_pycinspect.expect.steps import End, Gap, Group, Many, Mark, One, Start, Step, opname_of

__all__ = ["CHOICES", "Level", "Reach", "Sets", "first_of", "places_of", "set_of"]

#: How far a search came: a step, and more the more members of an unordered group are met.
Level = tuple[int, int]
#: Places by the step that begins there, and the members of a group that are still to come.
Sets = Mapping[tuple[int, int], int]

#: Steps that have several ways to go.
CHOICES = (Gap, Many, Group)
#: Places that cost as much as one that is looked at by itself: a thousand bytes of a set.
_WIDTH = 13
#: Times that all steps may be undone until the level is found that can be reached.
_PASSES = 16


def set_of(places: Iterable[int], size: int) -> int:
    """Return a set; all places are below ``size``."""
    flags = bytearray((size >> 3) + 1)
    for place in places:
        flags[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(flags, "little")


def places_of(places: int) -> list[int]:
    """Return the places of a set in order."""
    return [index for index, bit in enumerate(reversed(f"{places:b}")) if bit == "1"]


def first_of(places: int, start: int) -> int | None:
    """Return the first place of a set from ``start`` on, None if there is none."""
    rest = places >> start
    return start + (rest & -rest).bit_length() - 1 if rest else None


class Reach:
    """What can be reached in one code object.

    Args:
        steps: of the expectation.
        size: instructions of the code.
        passing: gives the set of the instructions that pass a test.
        ends: whether what is said of the code as a whole may hold.
        spend: counts what is looked at.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        size: int,
        passing: Callable[[Test], int],
        *,
        ends: bool,
        spend: Callable[[int], None],
    ) -> None:
        self._steps = steps
        self.size = size
        self.passing = passing
        self.ends = ends
        self._spend = spend
        self._width = 1 + (size >> _WIDTH)
        self.every = (2 << size) - 1

    @property
    def cost(self) -> int:
        """The most that :meth:`highest` and :meth:`sets` count, tests of instructions aside."""
        return _PASSES * self._width * sum(map(_weight, self._steps))

    def highest(self) -> Level:
        """Return the last level that a search may come to; the last of all is the end."""
        levels = list(_levels(self._steps))
        if self._may_reach(levels[-1]):
            return levels[-1]
        unmet = bisect_left(levels, 1, hi=len(levels) - 1, key=lambda one: not self._may_reach(one))
        return levels[unmet - 1]

    def _may_reach(self, level: Level) -> bool:
        return self.sets(level).get((0, 0), 0) & 1 == 1

    def sets(self, level: Level) -> Sets:
        """Return from where a level may be reached, for all steps before it where ways part."""
        number, members = level
        sets: dict[tuple[int, int], int] = {}
        places = self.every
        if members:
            group: Any = self._steps[number]
            places = self.group(group, number, 0, sets, GROUP_LIMIT - members)
        for here in range(number, -1, -1):
            if here < number:
                places = self._undone(here, places, sets)
            if not here or isinstance(self._steps[here - 1], CHOICES):
                sets[here, 0] = places
        return sets

    def _undone(self, number: int, places: int, sets: dict[tuple[int, int], int]) -> int:
        step: Any = self._steps[number]
        self._spend(self._width * _weight(step))
        if isinstance(step, Group):
            return self.group(step, number, places, sets)
        if isinstance(step, Gap) and (opname := opname_of(self._steps[number + 1])):
            places &= self.passing(Test(opname))  # a gap ends nowhere else
        return _UNDO[type(step)](self, step, places)

    # --- Sets --------------------------------------------------------------------------

    def before(self, to: int, through: int, most: int | None) -> int:
        """Return from where ``to`` is reached over at most so many places of ``through``."""
        most = self.size if most is None else min(most, self.size)
        covered, row = 1, through  # ways of 0 to covered - 1 places are in ``to``
        while covered <= most:
            more = min(covered, most + 1 - covered)
            if more < covered:
                row = self.in_a_row(through, more)
            to |= row & (to >> more)
            row &= row >> more
            covered += more
        return to

    def in_a_row(self, places: int, count: int) -> int:
        """Return where so many places of a set stand one after the other."""
        if not count or count > self.size:
            return 0 if count else self.every
        known = 1
        while known < count:
            more = min(known, count - known)
            places &= places >> more
            known += more
        return places

    def group(
        self,
        step: Group,
        number: int,
        after: int,
        sets: dict[tuple[int, int], int],
        enough: int = 0,
    ) -> int:
        """Return where a group may begin; add where it may go on, by the members still to come.

        Args:
            step: the group.
            number: its own.
            after: where what comes after it may begin.
            sets: what is known.
            enough: members that need not be met.
        """
        begins = [self._begin(member) for member in step.members]
        every = (1 << len(step.members)) - 1
        known = {0: after}
        for left in range(1, every + 1):
            if left.bit_count() <= enough:
                known[left] = self.every
                continue
            places = 0
            for one, member in enumerate(step.members):
                if left >> one & 1:
                    places |= begins[one] & (known[left ^ 1 << one] >> len(member))
            if step.gaps and left != every:
                places = _up_to_last(places)
            known[left] = places
        sets.update(((number, left), known[left]) for left in range(1, every))
        return known[every]

    def _begin(self, member: Sequence[Test]) -> int:
        self._spend(self._width * len(member))
        places = self.every
        for offset, test in enumerate(member):
            places &= self.passing(test) >> offset
        return places


def _up_to_last(places: int) -> int:
    return (1 << places.bit_length()) - 1


def _weight(step: Step) -> int:
    """Return how much it takes to undo a step, compared with one instruction."""
    if isinstance(step, Group):
        return 1 + (len(step.members) << len(step.members) >> 3)
    if isinstance(step, Many):
        return 8
    return 4 + len(step.forbidden) if isinstance(step, Gap) else 1


def _levels(steps: Sequence[Step]) -> Iterator[Level]:
    for number, step in enumerate(steps):
        yield number, 0
        if isinstance(step, Group):
            for left in range(len(step.members) - 1, 0, -1):
                yield number, GROUP_LIMIT - left
    yield len(steps), 0


# --- Where a step begins, by where what comes after it does ------------------------------------


def _one(reach: Reach, step: One, after: int) -> int:
    return after >> 1 & reach.passing(step.test)


def _mark(reach: Reach, step: Mark, after: int) -> int:
    return after


def _start(reach: Reach, step: Start, after: int) -> int:
    return after & 1


def _end(reach: Reach, step: End, after: int) -> int:
    return after & 1 << reach.size if step.line is not None or reach.ends else 0


def _gap(reach: Reach, step: Gap, after: int) -> int:
    if step.to_end:
        after &= 1 << reach.size
    # All are made, those with variables, too: a diagnosis asks for them.
    forbidden = [(test, reach.passing(test)) for _, test in step.forbidden]
    stops = [places for test, places in forbidden if test.slot is None]
    if not stops:
        return _up_to_last(after)
    through = reach.every
    for places in stops:
        through &= ~places
    return reach.before(after, through, None)


def _many(reach: Reach, step: Many, after: int) -> int:
    run = reach.passing(step.test)
    is_known = step.test.slot is None
    if step.alone_after and is_known:
        after &= ~run
    after = reach.before(after, run, None if step.high is None else step.high - step.low)
    begin = reach.in_a_row(run, step.low) & (after >> step.low)
    return begin & ~(run << 1) if step.alone_before and is_known else begin


_UNDO: Mapping[type, Callable[[Reach, Any, int], int]] = MappingProxyType(
    {One: _one, Mark: _mark, Start: _start, End: _end, Gap: _gap, Many: _many}
)
