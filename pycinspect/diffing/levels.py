"""What differs only because two programs were compiled at different levels of optimization.

To show that, both are brought to one level: a source is compiled again; of a cache, what ``-O`` and
``-OO`` leave out is passed over. What is the same program then differs for no other reason, and
what is not is another program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pycinspect.canonical import Form, Level, Place, Plane, Units, units
from pycinspect.canonical.values import Value
from pycinspect.diffing.changes import Status, UnitDiff
from pycinspect.diffing.explanations import Stripped
from pycinspect.diffing.listing import docstring_in
from pycinspect.diffing.match import Match
from pycinspect.diffing.programs import Leveled

__all__ = ["UNEXPLAINED", "Agreement", "Sides", "forms_like", "with_levels"]

#: The code objects of one side that are the same program on the other side, compiled at the same
#: level, each with the slugs of what explains that; None where that cannot be known.
Agreement = Mapping[Place, tuple[str, ...]] | None

#: What a level may explain.
UNEXPLAINED = frozenset({Status.CHANGED, Status.RENAMED, Status.ADDED, Status.REMOVED})
_ASSERTION_ERROR = "AssertionError"


def forms_like(side: Leveled, other: Leveled, forms: Units, level: Level) -> Units | None:
    """Return the forms that a program would have at the level of optimization of another.

    Args:
        side: the program.
        other: the other one.
        forms: its forms.
        level: how much must be the same for two forms to be equal.

    Returns:
        None for a cache of a higher level: what it lacks is nowhere.
    """
    if side.recompiled is not None:
        compiled = side.recompiled(other.optimize)
        if compiled.dialect.name == other.dialect.name and compiled.code == other.code:
            return forms  # of one source
        return units(compiled.code, compiled.dialect, level)
    if other.optimize < side.optimize:
        return None
    return units(side.code, side.dialect, level, optimize=other.optimize)


class Sides:
    """Two programs of different levels.

    Args:
        old: the forms before.
        new: the forms after.
        stripped: those of the side of the lower level without what the other level leaves out.
        is_old_lower: whether that is the old side.
    """

    def __init__(self, old: Units, new: Units, stripped: Units, *, is_old_lower: bool) -> None:
        self._old, self._new, self._stripped = old, new, stripped
        self._is_old_lower = is_old_lower
        # What is left out has no place any more, and others have another one.
        self._places = {id(code): place for place, code in stripped.codes.items()}

    def lower_and_higher(self, match: Match) -> tuple[Form | None, Form | None]:
        """Return the forms of a code object at the lower level, and at the higher one."""
        old = None if match.old is None else self._old[match.old]
        new = None if match.new is None else self._new[match.new]
        return (old, new) if self._is_old_lower else (new, old)

    def stripped(self, form: Form) -> Form | None:
        """Return that of the lower level without what the other leaves out; None for nothing."""
        place = self._places.get(id(form.code))
        return None if place is None else self._stripped[place]


def with_levels(
    matches: Sequence[Match],
    found: Sequence[UnitDiff],
    sides: Sides,
    agreements: tuple[Agreement, Agreement],
) -> list[UnitDiff]:
    """Return differences, of which those are explained that the levels alone make.

    Args:
        matches: which code object is which.
        found: what became of each.
        sides: both programs.
        agreements: what is the same at the level of the old side, by its places, and at that of
            the new side, by its places.
    """
    explained: dict[tuple[int, Place], tuple[str, ...]] = {}
    reasons: dict[int, tuple[str, ...]] = {}
    # A code object stands after the one that it is in: that one may be all that is known of it.
    waiting = [index for index, unit in enumerate(found) if unit.status in UNEXPLAINED]
    for index in sorted(waiting, key=lambda index: len(_places(matches[index])[0][1])):
        places = _places(matches[index])
        agreed = _agreed(places, agreements, explained)
        if agreed is not None:
            slugs = [*agreed, *_slugs(matches[index], sides)]
            if len(slugs) == len(agreed):  # what it is in is all that is known of it
                slugs += explained.get(_parent(places[0]), ())
            reasons[index] = tuple(dict.fromkeys(slugs))
            explained |= dict.fromkeys(places, reasons[index])
    return [
        replace(unit, status=Status.EXPLAINED, explanations=reasons[index])
        if index in reasons
        else unit
        for index, unit in enumerate(found)
    ]


def _places(match: Match) -> list[tuple[int, Place]]:
    """Return the places of a code object: each with its side, 0 for the old one."""
    return [(side, place) for side, place in enumerate(match[:2]) if place is not None]


def _parent(where: tuple[int, Place]) -> tuple[int, Place]:
    side, place = where
    return side, place[:-1]


def _agreed(
    places: Sequence[tuple[int, Place]],
    agreements: tuple[Agreement, Agreement],
    explained: Mapping[tuple[int, Place], tuple[str, ...]],
) -> list[str] | None:
    """Return what explains a code object beside the levels, None where they do not suffice.

    What is on one side only, and whose level the other side cannot have, is there because of the
    levels if they are all that differs in what it stands in.
    """
    known = [(agreed, place) for side, place in places if (agreed := agreements[side]) is not None]
    if not known:
        return [] if _parent(places[0]) in explained else None
    if any(place not in agreed for agreed, place in known):
        return None
    return [slug for agreed, place in known for slug in agreed[place]]


# --- Which omission it is ------------------------------------------------------------------------


def _slugs(match: Match, sides: Sides) -> Iterator[str]:
    """Yield what the higher level leaves out of a code object."""
    whole, rest = sides.lower_and_higher(match)
    if whole is None:
        return
    stripped = sides.stripped(whole)
    if rest is None:
        if stripped is None:
            yield Stripped.ASSERT
        return
    if docstring_in(whole) is not None and docstring_in(rest) is None:
        yield Stripped.DOCSTRING
    if stripped is not None and Plane.INSTRUCTIONS in whole.differing(rest):
        failures, others = _failures(whole), [_failures(stripped), _failures(rest)]
        if failures > min(others):
            yield Stripped.ASSERT
        if Plane.INSTRUCTIONS in stripped.differing(rest) and others[0] <= others[1]:
            yield Stripped.DEBUG


def _failures(form: Form) -> int:
    """Return how often a code object raises ``AssertionError``."""
    raised = (node.payload[1:2] for node in form.graph if node.payload[0] == "raise")
    return sum(_is_assertion_error(value) for values in raised for value in values)


def _is_assertion_error(value: object) -> bool:
    if isinstance(value, Value) and value.kind == "call":
        value = value.value(0)
    return isinstance(value, Value) and (value.kind, *value.parts) == ("global", _ASSERTION_ERROR)
