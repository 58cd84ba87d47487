"""Which instructions of a sequence pass a test, and what variables stand for then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_pycinspect.expect.effort import Effort
from pytest_pycinspect.expect.model import View
from pytest_pycinspect.expect.operands import UNBOUND, Key, Test, key_of
from pytest_pycinspect.expect.reach import first_of, places_of, set_of
from pytest_pycinspect.expect.steps import Gap, Global
from pytest_pycinspect.view.instr import Instr

__all__ = ["Bindings", "Passing", "Views", "bind"]

Bindings = tuple[Key, ...]
Views = Mapping[View, Mapping[int, Instr]]


class Passing:
    """Instructions, and the tests that they pass; each is looked at once, as far as it can be.

    Args:
        instrs: the instructions.
        views: those of other views, by offset.
        most: what may be looked at.

    Attributes:
        spend: counts what is looked at.
    """

    def __init__(self, instrs: Sequence[Instr], views: Views, most: int) -> None:
        self.instrs = instrs
        self.size = len(instrs)
        self.views = views
        self.spend = Effort(most).spend
        self._passing: dict[tuple[Test, Key], int] = {}
        self._places: dict[str, list[int]] = {}

    # --- One instruction ---------------------------------------------------------------

    def meets(self, test: Test, index: int, bindings: Bindings) -> Bindings | None:
        """Return what variables stand for if an instruction passes, else None."""
        passed = self._passed(test, index)
        if passed is None:
            return None
        if test.slot is None:
            return bindings
        known, key = bindings[test.slot], self._key(test, index, passed)
        if known is UNBOUND:
            return (*bindings[: test.slot], key, *bindings[test.slot + 1 :])
        return bindings if known == key else None

    def binds(self, test: Test, index: int, known: list[Key]) -> bool:
        """Return whether an instruction passes; add what a variable stands for."""
        passed = self._passed(test, index)
        if passed is None or test.slot is None:
            return passed is not None
        return bind(known, test.slot, self._key(test, index, passed))

    def _passed(self, test: Test, index: int) -> Instr | None:
        """Return the instruction that passes, whatever variables stand for, in the view asked."""
        instr = self.instrs[index]
        opname, check, _, is_label, view, _ = test
        if is_label and instr.target is None:  # a jump out of the part that is looked at
            return None
        if view is not View.OWN:
            return self._passed_view(test, instr)
        if opname is not None and instr.opname != opname:
            return None
        return instr if check is None or check(instr) else None

    def _passed_view(self, test: Test, instr: Instr) -> Instr | None:
        """Compare the instructions that it stands for."""
        known = self.views[test.view]
        for raw in instr.raw:
            other = known.get(raw.offset)
            if other is None or other.opname != test.opname:
                continue
            if test.check is None or test.check(other):
                return other
        return None

    def _key(self, test: Test, index: int, passed: Instr) -> Key:
        """Return what a variable is to stand for; labels are places in this view."""
        return self.instrs[index].target if test.is_label else key_of(passed)

    # --- All instructions --------------------------------------------------------------

    def holds(self, row: Global, bindings: Bindings) -> bool:
        """Return whether what is said of the whole code is so."""
        found = self.passing(row.test, bindings).bit_count()
        return row.low <= found and (row.high is None or found <= row.high)

    def occurrences(self, test: Test, bindings: Bindings) -> list[int]:
        """Return where in the code a test is passed."""
        return places_of(self.passing(test, bindings))

    def passing(self, test: Test, bindings: Bindings) -> int:
        """Return the set of the instructions that pass."""
        key = UNBOUND if test.slot is None else bindings[test.slot]
        if key is UNBOUND and test.slot is not None:
            test = test._replace(slot=None)  # as for all variables that stand for nothing
        known = self._passing.get((test, key))
        if known is None:
            known = self._passing[test, key] = self._set_of(test, bindings)
        return known

    def _set_of(self, test: Test, bindings: Bindings) -> int:
        places = self._named(test)
        self.spend(len(places))
        if test.slot is None:
            found = [place for place in places if self._passed(test, place) is not None]
        else:
            found = [place for place in places if self.meets(test, place, bindings) is not None]
        return set_of(found, self.size)

    def _named(self, test: Test) -> Sequence[int]:
        """Return the instructions with a test's opcode, all where that says nothing."""
        if test.opname is None or test.view is not View.OWN:
            return range(self.size)
        places = self._places.get(test.opname)
        if places is None:
            self.spend(self.size >> 3)
            places = [i for i, instr in enumerate(self.instrs) if instr.opname == test.opname]
            self._places[test.opname] = places
        return places

    def stop(self, gap: Gap, index: int, bindings: Bindings) -> tuple[int, int | None]:
        """Return where a gap that begins somewhere must end, and the line that says so."""
        stop: tuple[int, int | None] = (self.size, None)
        for line, test in gap.forbidden:
            self.spend(1)
            place = first_of(self.passing(test, bindings), index)
            if place is not None and place < stop[0]:
                stop = place, line
        return stop


def bind(known: list[Key], slot: int, key: Key) -> bool:
    """Return whether a variable may stand for something; from now on it does."""
    if known[slot] is UNBOUND:
        known[slot] = key
    return known[slot] == key
