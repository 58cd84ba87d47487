"""Values that paths bring along are held under a name, where there are too many paths.

A state has the whole stack in it, so that ``f(a if x else b, c if y else d, …)`` has twice as
many states after each argument. In such code, each value that differs from path to path is
stored in a variable of our own before the next branch, and the paths are one again.

That is done at branches, not where jumps meet: versions thread jumps differently, but the
branches of a program, and the values on the stack there, are the same in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import count, islice
from operator import or_
from typing import NamedTuple

from pycinspect.canonical.frames import Frame
from pycinspect.canonical.kinds import Trait, kinds_with
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.stack import EMPTY
from pycinspect.canonical.states import Event, State, bare
from pycinspect.canonical.values import OPEN, Value

__all__ = ["Joins"]

#: Values with a meaning to the machine, which must find them as they are.
_STRUCTURE = kinds_with(Trait.STRUCTURE)
#: A value on the stack, by its place, and a part of it, by the places of operands.
_Path = tuple[int, ...]
_Stack = tuple[Value, ...]


#: Paths that meet at one branch before they are joined. Versions agree on the number, as it is
#: that of different stacks.
_MOST_PATHS = 16
#: Displays inside each other in which parts are held; deeper ones are held whole. The parser
#: takes some 200 brackets inside each other.
_DEEPEST = 100
#: Values that are looked at for one step.
_SEEN_AT_ONCE = 4


class _Branch(NamedTuple):
    """What is known of an event at which paths part.

    Args:
        point: what is the same for all paths that meet there.
        operands: the values on the stack.
    """

    point: Hashable
    operands: _Stack


class _Met(NamedTuple):
    """A branch that was met.

    Args:
        number: of the event.
        point: what is the same for all paths that meet there.
        place: in the code.
        stack: the values on it.
        had_stack: whether a path with these values had been at the point before.
        was_meeting: whether one had been at the place.
    """

    number: int
    point: Hashable
    place: tuple[Frame, int]
    stack: _Stack
    had_stack: bool
    was_meeting: bool


class Joins:
    """Which values are held before which branches.

    Args:
        machine: what follows the paths.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._paths: dict[Hashable, set[_Path]] = defaultdict(set)
        self._stacks: dict[Hashable, dict[_Stack, None]] = defaultdict(dict)
        self._meeting: dict[tuple[Frame, int], set[_Stack]] = defaultdict(set)
        #: Branches that were met, in order, and the points about which there is more to learn.
        self._met: list[_Met] = []
        self._first: dict[Hashable, int] = {}
        self._touched: dict[Hashable, None] = {}
        #: Paths are followed anew whenever something was learnt: what is the same each time.
        self._branches: dict[State, _Branch] = {}
        self._joined: dict[State, tuple[int, Event]] = {}

    # --- Finding out -----------------------------------------------------------------------

    def meet(self, number: int, event: Event) -> bool:
        """Note an event, the next one; return whether too many paths meet there."""
        if not _is_branch(event):
            return False
        point, stack = self._branch(event)
        place = event.state.frame, event.state.pc
        stacks, meeting = self._stacks[point], self._meeting[place]
        self._met.append(_Met(number, point, place, stack, stack in stacks, stack in meeting))
        self._first.setdefault(point, number)
        if stack not in stacks:
            self._touched[point] = None
        stacks[stack] = None
        meeting.add(stack)
        return len(meeting) > _MOST_PATHS

    def forget(self, number: int) -> None:
        """Forget the events from one on."""
        while self._met and self._met[-1].number >= number:
            met = self._met.pop()
            if self._first[met.point] == met.number:
                del self._first[met.point]
            if not met.had_stack:
                del self._stacks[met.point][met.stack]
            if not met.was_meeting:
                self._meeting[met.place].remove(met.stack)

    def learn(self) -> int | None:
        """Find values that differ from path to path.

        Returns:
            The number of the first event before which some are held from now on; None if there
            are no new ones.
        """
        changed: list[int] = []
        for point in self._touched:
            paths = self._paths[point]
            before = len(paths)
            for place, values in enumerate(zip(*self._stacks[point], strict=True)):
                self._spend(len(values))
                paths.update(self._differing((place,), list(dict.fromkeys(values))))
            if len(paths) > before:
                changed.append(self._first[point])
        self._touched.clear()
        return min(changed, default=None)

    def _branch(self, event: Event) -> _Branch:
        """Return what is known of a branch."""
        known = self._branches.get(event.state)
        if known is None:
            self._spend(event.state.stack.depth)
            known = self._branches[event.state] = _Branch(_point(event), self._operands(event))
        return known

    def _operands(self, event: Event) -> _Stack:
        """Return the values at a branch, but for what is tested: that need not be held."""
        tested = event.payload[1]
        values = (bare(value) for value in _all_values(event.state))
        null = self._machine.values.null
        return tuple(null if _positive(value) is tested else value for value in values)

    # --- Holding -----------------------------------------------------------------------------

    def held(self, event: Event) -> Event:
        """Return the event or, if values must be held before it, the event that holds them."""
        if not self._paths or not _is_branch(event):
            return event
        point, operands = self._branch(event)
        paths = self._paths.get(point, ())
        count, joined = self._joined.get(event.state, (0, event))
        if count != len(paths):
            self._spend(len(paths))
            joined = self._joining(event, operands, paths)
            self._joined[event.state] = len(paths), joined
        return joined

    def _joining(self, event: Event, operands: _Stack, paths: Collection[_Path]) -> Event:
        """Return the event that holds what is at some paths, if there is anything to hold."""
        parts = {path: _part(operands[path[0]], path[1:]) for path in sorted(paths)}
        values = {path: part for path, part in parts.items() if part and not _is_held(part)}
        free = _free_numbers(operands)
        make = self._machine.values.make
        names = {value: make("held", next(free)) for value in dict.fromkeys(values.values())}
        if not names:
            return event
        state = self._renamed(event.state, {path: names[part] for path, part in values.items()})
        payload = ("hold", *(word for value, name in names.items() for word in (name, value)))
        return Event(payload, (state,), None, event.state)

    def _renamed(self, state: State, names: Mapping[_Path, Value]) -> State:
        """Return a state that has names in the place of values."""
        values = list(_all_values(state))
        for place, inside in _by_place(names).items():
            values[place] = self._with_parts(bare(values[place]), inside)
        rest = iter(values)
        callers = tuple(
            caller._replace(stack=EMPTY.push(*islice(rest, caller.stack.depth)))
            for caller in state.callers
        )
        return state._replace(callers=callers, stack=EMPTY.push(*rest))

    def _with_parts(self, root: Value, names: Mapping[_Path, Value]) -> Value:
        if () in names:
            return names[()]
        self._spend(len(root.parts))
        inside, operands = _by_place(names), count()
        parts = [
            self._with_parts(part, inside[place])
            if isinstance(part, Value) and (place := next(operands)) in inside
            else part
            for part in root.parts
        ]
        return self._machine.values.make(root.kind, *parts)

    # --- What differs ------------------------------------------------------------------------

    def _differing(self, path: _Path, values: Sequence[Value]) -> Iterator[_Path]:
        """Yield the smallest parts in which values differ."""
        if len(values) < 2 or any(value.kind in _STRUCTURE for value in values):
            return
        self._spend(len(values) * len(values[0].operands))
        if len(path) > _DEEPEST or not _is_alike(values):
            yield path
            return
        for place, parts in enumerate(zip(*(value.operands for value in values), strict=True)):
            yield from self._differing((*path, place), list(dict.fromkeys(parts)))

    def _spend(self, values: int) -> None:
        self._machine.work.spend(1 + values // _SEEN_AT_ONCE)


# --- Where ----------------------------------------------------------------------------------


def _all_values(state: State) -> Iterator[Value]:
    """Yield the stacks of those who wait, the outermost first, and that of the state."""
    for caller in state.callers:
        yield from caller.stack
    yield from state.stack


def _by_place(names: Mapping[_Path, Value]) -> Mapping[int, Mapping[_Path, Value]]:
    """Return names by the first step of their paths, with the rest of those."""
    found: dict[int, dict[_Path, Value]] = defaultdict(dict)
    for path, name in names.items():
        found[path[0]][path[1:]] = name
    return found


def _point(event: Event) -> Hashable:
    """Return what is the same for all paths that meet at a branch, whatever block it is in.

    Some versions have a block twice that others have once: 3.10 copies small ones at the end,
    3.9 the body of ``finally``. And from 3.10 on many arguments are in a list that grows.
    """
    values = list(_all_values(event.state))
    structure = (
        value.kind if value.kind == "returning" else value.kind in _STRUCTURE and value
        for value in values
    )
    size = sum(value.open_size for value in values)
    return event.payload, tuple(structure), size


def _is_branch(event: Event) -> bool:
    """Return whether two paths begin at an event, by the truth of a value."""
    return event.payload[0] == "branch"


def _positive(value: Value) -> Value:
    """Return the value whose truth is asked for where one is tested."""
    while value.kind in ("not", "kept"):
        value = value.value(0)
    return value


# --- What -----------------------------------------------------------------------------------


def _is_held(value: Value) -> bool:
    return value.kind == "held" or value.kind in _STRUCTURE


def _is_alike(values: Sequence[Value]) -> bool:
    """Return whether values are displays, or strings, that differ in their items alone."""
    outlines = {
        (value.kind, *(isinstance(part, Value) or part for part in value.parts)) for value in values
    }
    return len(outlines) == 1 and values[0].kind in OPEN


def _free_numbers(operands: _Stack) -> Iterator[int]:
    """Yield the numbers from 1 on that no held value on the stack has."""
    taken = reduce(or_, (value.held for value in operands), 1)
    while True:
        free = ~taken & taken + 1
        yield free.bit_length() - 1
        taken |= free


def _part(value: Value, path: _Path) -> Value | None:
    """Return a part of a value, None if it has none there."""
    for place in path:
        if place >= len(value.operands):
            return None
        value = value.operands[place]
    return value
