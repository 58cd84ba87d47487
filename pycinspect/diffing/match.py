"""Which code object of one side is which of the other.

A short ladder is enough, because Python keeps names: the same name beside it; the same body elsewhere;
the same body but for names; the most similar body beside it. Of several of one name (``@overload``,
the setter of a property, lambdas) content decides, never which comes first. Whoever is matched brings
the code objects inside along.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pycinspect.canonical import Form, Place, Plane, Units
from pycinspect.canonical.planes import named_parameters
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.states import Payload
from pycinspect.canonical.structural import renamed
from pycinspect.canonical.values import Value, Values

__all__ = ["Match", "matched"]

#: Statements that two bodies share, of those that either has: less is another function.
_SIMILAR = 0.6
#: Pairs of bodies that are looked at inside one code object.
_MOST_PAIRS = 20_000
#: Statements of pairs of bodies that are looked at in all.
_MOST_STATEMENTS = 3_000_000
#: Words that two bodies of one name share, of those of both, if their parameters are not the same.
_ALIKE = 0.5
_PAIR = 2
_WORD = re.compile(r"\w+|[^\w\s]")

#: What stays the same when a function gets another name or another place.
_BODY = (Plane.INSTRUCTIONS, Plane.SIGNATURE, Plane.DOCSTRING, Plane.ANNOTATIONS)
_ROOT: Place = ()

_Pair = tuple[Place, Place]
#: What two code objects must share to be one; None for one that takes no part.
_Key = Callable[[Units, Place], Hashable | None]


class Match(NamedTuple):
    """A code object on both sides.

    Args:
        old: where it is before; None where it is added.
        new: where it is after; None where it is removed.
        is_renamed: its own name, or what it is in, is another.
    """

    old: Place | None
    new: Place | None
    is_renamed: bool = False


def matched(old: Units, new: Units) -> list[Match]:
    """Return every place of both sides once: in the order of the new side, then the removed.

    Args:
        old: what ``canonical.units_of_both`` returned for one side.
        new: and for the other.
    """
    ladder = _Ladder(old, new)
    ladder.join(_ROOT, _ROOT)
    ladder.join_equal(_body)
    ladder.join_equal(_nameless_body)
    ladder.join_similar_bodies()
    return ladder.matches()


# --- Keys ------------------------------------------------------------------------------------


def _body(units: Units, place: Place) -> Hashable | None:
    form = units[place]
    if form.problem is not None:
        return None
    return tuple(form.planes[plane] for plane in _BODY)


def _nameless_body(units: Units, place: Place) -> Hashable | None:
    """Return the body without the names of the code object itself and of local variables."""
    form = units[place]
    if form.problem is not None or not form.graph:
        return None
    own = form.code.name
    nodes = tuple(
        (payload_digest(_without_own_name(node.payload)), node.successors, node.handler)
        for node in renamed(form.graph, Values(), named_parameters(form.code), own=own)
    )
    counts = form.code.argcount, form.code.posonlyargcount, form.code.kwonlyargcount
    return nodes, counts, form.planes[Plane.DOCSTRING]


def _without_own_name(payload: Payload) -> Payload:
    """Return an event without what a class body stores of its own name."""
    target = payload[1] if payload[0] == "store" else None
    is_own = isinstance(target, Value) and target.parts[0] == "__qualname__"
    return payload[:-1] if is_own else payload


def _place_and_content(units: Units, place: Place) -> Hashable | None:
    """Return what is told without a form: the others need none where this finds a partner."""
    number = units.shared.get(place)
    return None if number is None else (place[-1], number)


def _name_and_body(units: Units, place: Place) -> Hashable | None:
    body = _body(units, place)
    return None if body is None else (place[-1][0], body)


def _place_and_body(units: Units, place: Place) -> Hashable | None:
    body = _body(units, place)
    return None if body is None else (place[-1], body)


#: Tried in turn inside two parents that are one, before names alone. Of several lambdas, or
#: functions of one name, one may be new: the others are known by their bodies.
_BESIDE: tuple[_Key, ...] = (_place_and_content, _place_and_body, _name_and_body)


# --- The ladder --------------------------------------------------------------------------------


class _Ladder:
    """Matches more and more code objects of two sides."""

    def __init__(self, old: Units, new: Units) -> None:
        self._old, self._new = old, new
        self._inside_old, self._inside_new = _children(old), _children(new)
        self._to_new: dict[Place, Place] = {}
        self._to_old: dict[Place, Place] = {}
        self._left = _MOST_STATEMENTS

    def join(self, old: Place, new: Place) -> None:
        """Match two code objects, and those inside that have the same names."""
        waiting = [(old, new)]
        while waiting:
            pair = waiting.pop()
            self._note(pair)
            for key in _BESIDE:
                found = self._unique(*self._unmatched_inside(pair), key)
                waiting.extend(self._noted(found))
            waiting.extend(self._noted(self._of_one_name(pair)))

    def join_equal(self, key: _Key) -> None:
        """Match what was renamed or moved, if there is one such body on each side."""
        pairs = self._unique(self._unmatched(self._old), self._unmatched(self._new), key)
        for old, new in sorted(pairs, key=lambda pair: len(pair[0])):
            if self._are_free((old, new)):
                self.join(old, new)

    def join_similar_bodies(self) -> None:
        """Match the most similar bodies inside matched parents, from outside inwards."""
        waiting = [_ROOT]
        while waiting:
            parent = waiting.pop()
            for pair in self._similar((parent, self._to_new[parent])):
                if self._are_free(pair):
                    self.join(*pair)
            waiting.extend(p for p in self._inside_old[parent] if p in self._to_new)

    def matches(self) -> list[Match]:
        """Return what was found, and what has no partner."""
        found = [self._match(place) for place in _in_order(self._new)]
        gone = (place for place in _in_order(self._old) if place not in self._to_new)
        return [*found, *(Match(place, None) for place in gone)]

    # --- Parts of it ---

    def _match(self, new: Place) -> Match:
        old = self._to_old.get(new)
        if not old or not new:  # it is added, or the module itself
            return Match(old, new)
        is_same = old[-1][0] == new[-1][0] and self._to_new.get(old[:-1]) == new[:-1]
        return Match(old, new, not is_same)

    def _noted(self, pairs: list[_Pair]) -> list[_Pair]:
        for pair in pairs:
            self._note(pair)
        return pairs

    def _note(self, pair: _Pair) -> None:
        old, new = pair
        self._to_new[old], self._to_old[new] = new, old

    def _are_free(self, pair: _Pair) -> bool:
        return pair[0] not in self._to_new and pair[1] not in self._to_old

    def _unmatched(self, side: Units) -> list[Place]:
        known = self._to_new if side is self._old else self._to_old
        return [place for place in _in_order(side) if place not in known]

    def _unmatched_inside(self, parents: _Pair) -> tuple[list[Place], list[Place]]:
        ours = (p for p in self._inside_old[parents[0]] if p not in self._to_new)
        theirs = (p for p in self._inside_new[parents[1]] if p not in self._to_old)
        return list(ours), list(theirs)

    def _unique(self, old: Sequence[Place], new: Sequence[Place], key: _Key) -> list[_Pair]:
        """Return the places whose key one code object has on each side."""
        ours, theirs = _by_key(old, self._old, key), _by_key(new, self._new, key)
        return [
            (places[0], theirs[found][0])
            for found, places in ours.items()
            if len(places) == 1 and len(theirs.get(found, ())) == 1
        ]

    def _of_one_name(self, parents: _Pair) -> list[_Pair]:
        """Return pairs of one name: of several, the most alike; what is left over, if it is one."""
        ours, theirs = map(_by_name, self._unmatched_inside(parents))
        found: list[_Pair] = []
        for name, old in ours.items():
            new = theirs.get(name, [])
            pairs = self._most_alike(old, new) if len(old) + len(new) > _PAIR else []
            found += pairs
            rest = [place for place in old if all(place != one for one, _ in pairs)]
            others = [place for place in new if all(place != other for _, other in pairs)]
            if len(rest) == len(others) == 1:
                found.append((rest[0], others[0]))
        return found

    def _most_alike(self, old: Sequence[Place], new: Sequence[Place]) -> list[_Pair]:
        """Return pairs of which no partner is more like another one, but not too unlike."""
        if len(old) * len(new) > _MOST_PAIRS:
            return []
        bodies = [_Body.of(self._old[place]) for place in old]
        others = [_Body.of(self._new[place]) for place in new]
        self._left -= len(new) * sum(len(body.words) for body in bodies)
        self._left -= len(old) * sum(len(body.words) for body in others)
        if self._left < 0:
            return []
        scored = [
            (body.likeness(other), (one, place))
            for one, body in zip(old, bodies, strict=True)
            for place, other in zip(new, others, strict=True)
        ]
        pairs: list[_Pair] = []
        taken: set[tuple[int, Place]] = set()
        for likeness, pair in sorted(scored, key=lambda entry: -entry[0]):
            if likeness >= _ALIKE and taken.isdisjoint(enumerate(pair)):
                taken.update(enumerate(pair))
                pairs.append(pair)
        return pairs

    def _similar(self, parents: _Pair) -> list[_Pair]:
        """Return pairs that are similar enough, the most similar first."""
        ours, theirs = self._unmatched_inside(parents)
        if len(ours) * len(theirs) > _MOST_PAIRS:
            return []
        bodies = [(place, _statements(self._new[place])) for place in theirs]
        scored: list[tuple[float, _Pair]] = []
        for one in ours:
            body = _statements(self._old[one])
            near = [entry for entry in bodies if _is_alike_in_size(body, entry[1])]
            self._left -= sum(len(body) + len(other) for _, other in near) + len(bodies)
            if self._left < 0:
                return []
            scored.extend((_jaccard(body, other), (one, place)) for place, other in near)
        found = [entry for entry in scored if entry[0] >= _SIMILAR]
        return [pair for _, pair in sorted(found, key=lambda entry: -entry[0])]


class _Body(NamedTuple):
    """What two code objects of one name are compared by.

    Args:
        form: the form.
        words: of its statements.
    """

    form: Form
    words: Counter[str]

    @classmethod
    def of(cls, form: Form) -> _Body:
        """Return that of a form."""
        words = (word for part in form.statements for word in _WORD.findall(part.text))
        return cls(form, Counter(words))

    def likeness(self, other: _Body) -> float:
        """Return a number from 0 to 2; 1 is that of two that have their parameters alone in common."""
        total = self.words.total() + other.words.total()
        shared = 2 * (self.words & other.words).total() / total if total else 0
        ours, theirs = (one.form.planes[Plane.SIGNATURE] for one in (self, other))
        return shared + (ours == theirs)


def _by_name(places: Iterable[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        found[place[-1][0]].append(place)
    return found


def _in_order(units: Units) -> list[Place]:
    codes = units.codes
    return sorted(codes, key=lambda place: (bool(place), codes[place].firstlineno, place))


def _children(units: Units) -> Mapping[Place, list[Place]]:
    inside: dict[Place, list[Place]] = defaultdict(list)
    for place in _in_order(units):
        if place:
            inside[place[:-1]].append(place)
    return inside


def _by_key(places: Iterable[Place], units: Units, key: _Key) -> dict[Hashable, list[Place]]:
    found: dict[Hashable, list[Place]] = defaultdict(list)
    for place in places:
        value = key(units, place)
        if value is not None:
            found[value].append(place)
    return found


def _statements(form: Form) -> frozenset[bytes]:
    return frozenset(statement.digest for statement in form.statements)


def _is_alike_in_size(one: frozenset[bytes], other: frozenset[bytes]) -> bool:
    """Return whether two bodies can share enough of their statements."""
    return min(len(one), len(other)) >= _SIMILAR * max(len(one), len(other))


def _jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 0.0
