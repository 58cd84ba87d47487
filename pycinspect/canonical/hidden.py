"""What two statements differ in that are written alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pycinspect.canonical.kinds import KINDS, Trait, kinds_with
from pycinspect.canonical.statements import Statement, payload_digest, without_docstring
from pycinspect.canonical.states import Payload
from pycinspect.canonical.text import Budget, Writer, listed, short
from pycinspect.canonical.values import Value, digest_of

__all__ = ["Hidden"]

#: Characters of an expression that is named, and pairs of expressions that are looked at.
_LONGEST, _MOST_PAIRS = 120, 2_000

#: Whose variable it is: what a listing leaves out.
_OF_COMPREHENSION = "a variable of a comprehension"
_VARIABLES = kinds_with(Trait.VARIABLE)
#: What happens in an event that a listing writes like another one, or not at all.
_EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "load": "{} may not be bound here",
        "keep": "{} is read here, before something else happens",
        "ev": "{} is computed here",
        "branch": "the truth of {} is asked for here",
    }
)


class Hidden:
    """Says in words what statements differ in that are written alike.

    Args:
        budget: what may be written; beyond it there are ellipses.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._writer = Writer(budget=budget)

    def difference(self, old: Statement, new: Statement) -> str:
        """Return what two statements of one text differ in.

        Args:
            old: with its events.
            new: likewise.

        Returns:
            Such as ``x is a local variable before, a global variable after``; "" for two that
            are equal, but for where they lead.
        """
        if old.digest == new.digest:
            return ""
        ours, theirs = (_only_in(*pair) for pair in ((old, new), (new, old)))
        if len(ours) == len(theirs):
            found = (self._between(*pair) for pair in zip(ours, theirs, strict=True))
            return next((words for words in found if words), "the same happens in another order")
        alike = self._written_alike(ours, theirs)
        if alike is not None:
            return self._between(*alike)
        sides = (("only before", ours), ("only after", theirs))
        words = (f"{side}: {listed(map(self._event, e))}" for side, e in sides if e)
        return short("; ".join(words), 2 * _LONGEST)

    def _written_alike(
        self, ours: Sequence[Payload], theirs: Sequence[Payload]
    ) -> tuple[Payload, Payload] | None:
        """Return the first two events that are written alike."""
        texts: dict[str, Payload] = {}
        for event in theirs:
            texts.setdefault(self._event(event), event)
        for event in ours:
            if self._budget.is_spent:
                break
            if (other := texts.get(self._event(event))) is not None:
                return event, other
        return None

    def _between(self, old: Payload, new: Payload) -> str:
        """Return the first difference of two events."""
        if old[0] != new[0] or len(old) != len(new):
            return f"{self._event(old)} before, {self._event(new)} after"
        pairs = [(a, b) for a, b in zip(old, new, strict=True) if not _is_same(a, b)]
        for one, other in pairs:
            if not isinstance(one, Value) or not isinstance(other, Value):
                return f"{one} before, {other} after"
            return next((self._told(*pair) for pair in _first(one, other)), "")
        return ""

    def _told(self, old: Value, new: Value) -> str:
        """Return what two parts differ in."""
        ours, theirs = self._text(old), self._text(new)
        if old.kind == new.kind == "code":
            numbers = (f"number {value.ordinal + 1}" for value in (old, new))
            return f"of the functions of that name, it is {' before, '.join(numbers)} after"
        if ours != theirs:
            return f"{ours} before, {theirs} after"
        before, after = (_kind(one, other) for one, other in ((old, new), (new, old)))
        if before != after:
            return f"{ours} is {before} before, {after} after"
        return f"{ours} differs in what is too long to be shown"

    def _event(self, event: Payload) -> str:
        word, *parts = event
        if str(word) in _EVENTS:
            return _EVENTS[str(word)].format(self._text(parts[0]))
        return short(self._writer.event(event), _LONGEST)

    def _text(self, part: object) -> str:
        text = self._writer.expression(part) if isinstance(part, Value) else part
        return short(str(text), _LONGEST)


def _only_in(one: Statement, other: Statement) -> list[Payload]:
    """Return the events that a statement has, and another one has not, or less often."""
    left = Counter(map(_digest, other.events))
    found = []
    for event in one.events:
        digest = _digest(event)
        if left[digest]:
            left[digest] -= 1
        else:
            found.append(event)
    return found


def _digest(event: Payload) -> bytes:
    return payload_digest(without_docstring(event))


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, Value) and isinstance(other, Value):
        return digest_of(one) == digest_of(other)
    return one == other


def _first(old: Value, new: Value) -> Iterator[tuple[Value, Value]]:
    """Yield the first parts of two expressions that differ themselves, and not in their parts."""
    waiting = [(old, new)]
    for _ in range(_MOST_PAIRS):
        if not waiting:
            return
        one, other = waiting.pop()
        if digest_of(one) == digest_of(other):
            continue
        if one.kind == other.kind and _own(one) == _own(other):
            inner = list(zip(one.parts, other.parts, strict=True))
            waiting.extend(
                (a, b) for a, b in reversed(inner) if isinstance(a, Value) and isinstance(b, Value)
            )
        else:
            yield one, other


def _own(value: Value) -> Sequence[object]:
    """Return what an expression says itself, with None in the place of its parts."""
    if value.kind == "code":
        return (value.ordinal,)
    return [None if isinstance(part, Value) else part for part in value.parts]


def _kind(value: Value, other: Value) -> str:
    """Return what kind of value it is, with what says that beside its parts."""
    if other.kind == "again" != value.kind:
        return "the first result of the expression"
    words = KINDS[value.kind].words or f"a value of the kind {value.kind}"
    if value.kind in _VARIABLES:
        return _OF_COMPREHENSION if len(value.parts) > 1 else words
    details = [str(part) for part in value.parts if not isinstance(part, Value)]
    return f"{words} ({', '.join(details)})" if details else words
