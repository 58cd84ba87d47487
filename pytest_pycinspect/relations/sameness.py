"""Which expressions and events of two programs are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import starmap

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value, digest_of, digest_of_words
from pycinspect.pyc import Code
from pytest_pycinspect.view.facts import values_in
from pytest_pycinspect.view.forms import form_of

__all__ = ["CodeForm", "SameValues", "has_value", "is_same_event"]


class CodeForm:
    """The form of a code object, and what the functions inside it are.

    Args:
        form: the form.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.graph = form.graph
        self._meanings: dict[tuple[str, int], bytes] = {}

    @cached_property
    def _inside(self) -> Mapping[str, list[Code]]:
        found: dict[str, list[Code]] = {}
        for code in self.form.children:
            found.setdefault(code.name, []).append(code)
        return found

    def meaning(self, name: str, code: Value) -> bytes:
        """Return what is the same for functions that are, in any program.

        Args:
            name: of the function.
            code: its code object, as an expression of the graph.
        """
        key = name, code.ordinal
        known = self._meanings.get(key)
        if known is None:
            inner = self._code(name, code)
            known = b"" if inner is None else _meaning(inner, self.form)
            self._meanings[key] = known
        return known

    def makes_unused_of(self, wanted: CodeForm) -> bool:
        """Return whether functions that another program makes for nobody are made here, too.

        The compiler leaves out the first store of ``x, x = lambda: 1, 2`` (3.13), and tests of what
        is always true; the function is no part of an event then.
        """
        unused = [code for code in wanted.form.children if id(code) not in wanted._used]
        meanings = {_meaning(code, self.form) for code in self.form.children} if unused else set()
        return all(_meaning(code, wanted.form) in meanings for code in unused)

    @cached_property
    def _used(self) -> frozenset[int]:
        """The functions that are part of an event."""
        events = (part for node in self.graph for part in node.payload)
        made = (value for value in values_in(events, set()) if value.kind == "func")
        codes = (self._code(value.word(0), value.value(1)) for value in made)
        return frozenset(id(code) for code in codes if code is not None)

    def _code(self, name: str, code: Value) -> Code | None:
        inside = self._inside.get(name, ())
        return inside[code.ordinal] if code.ordinal < len(inside) else None


def _meaning(code: Code, around: Form) -> bytes:
    """Return the digest of a code object and of all inside it."""
    form = form_of(code, around.dialect, around.level)
    inside = [_meaning(child, form) for child in form.children]
    return digest_of_words(
        ([form.planes[plane] for plane in Plane if plane in form.planes], inside)
    )


# --- Values --------------------------------------------------------------------------------------

#: Kinds whose numbers tell them from others of the same function, which a snippet has not.
_NUMBERED = frozenset({"held", "kept", "exc"})
#: Kinds that say who made them, and not what they are: two of them need not be the same.
_OPAQUE = _NUMBERED | {"collected", "sent", "next", "saved", "lasti", "old", "comprehension"}


class SameValues:
    """Which values of the snippet are which of the code.

    What an event computes is told by the event, not by the expression: ``a.b`` after another
    ``a.b`` is a second result.

    Args:
        wanted: the program of the snippet.
        program: that of the code.
    """

    def __init__(self, wanted: CodeForm, program: CodeForm) -> None:
        self._wanted = wanted
        self._program = program
        self._same: dict[Value, set[Value]] = {}
        self._new: list[tuple[Value, Value]] = []

    def are_same(self, pairs: Sequence[tuple[object, object]], *, computed: bool = False) -> bool:
        """Return whether parts of two events are the same, and remember which values are.

        Args:
            pairs: of both.
            computed: the first is computed by the events, and so none that is known.
        """
        self._new = []
        first = pairs[:1] if computed else []
        are_same = all(starmap(self._computed, first)) and all(
            starmap(self._is_same, pairs[len(first) :])
        )
        if are_same:
            for ours, theirs in self._new:
                self._same.setdefault(ours, set()).add(theirs)
        return are_same

    def _computed(self, ours: object, theirs: object) -> bool:
        if not isinstance(ours, Value) or not isinstance(theirs, Value):
            return ours == theirs
        self._new.append((ours, theirs))
        return self._is_alike(ours.first, theirs.first)

    def _is_same(self, ours: object, theirs: object) -> bool:
        if not isinstance(ours, Value) or not isinstance(theirs, Value):
            return type(ours) is type(theirs) and ours == theirs
        if ours in self._same:
            return theirs in self._same[ours]
        if theirs.kind == "kept" and ours.kind != "kept":  # from before the end of a ``finally``
            return self._is_same(ours, theirs.value(0))
        if ours is not ours.first or theirs is not theirs.first or ours.kind in _OPAQUE:
            self._new.append((ours, theirs))
        return self._is_alike(ours.first, theirs.first)

    def _is_alike(self, ours: Value, theirs: Value) -> bool:
        """Return whether two expressions are made in the same way of the same parts."""
        if ours.kind != theirs.kind:
            return False
        if ours.is_literal or theirs.is_literal:
            return digest_of(ours) == digest_of(theirs)
        ours_parts, theirs_parts = ours.parts, theirs.parts
        if ours.kind == "func":
            if self._wanted.meaning(ours.word(0), ours.value(1)) != self._program.meaning(
                theirs.word(0), theirs.value(1)
            ):
                return False
            ours_parts, theirs_parts = ours_parts[2:], theirs_parts[2:]
        if ours.kind in _NUMBERED:
            ours_parts = tuple(part for part in ours_parts if not isinstance(part, int))
            theirs_parts = tuple(part for part in theirs_parts if not isinstance(part, int))
        return len(ours_parts) == len(theirs_parts) and all(
            map(self._is_same, ours_parts, theirs_parts)
        )


def has_value(wanted: CodeForm, value: Value, program: CodeForm) -> bool | None:
    """Return whether an expression is a part of an event of a graph.

    Args:
        wanted: the program that the expression is of.
        value: the expression.
        program: where it is looked for.

    Returns:
        None where the expression does not say what it is, only who computed it.
    """
    does_more = any(node.payload[0] not in _COMPUTING for node in wanted.graph if node.successors)
    if does_more or any(part.first.kind in _OPAQUE for part in values_in([value], set())):
        return None
    seen: set[Value] = set()
    parts = (part for node in program.graph for part in values_in(node.payload[1:], seen))
    return any(
        part.first.kind == value.kind
        and SameValues(wanted, program).are_same([(value, part.first)])
        for part in parts
    )


#: Events that do nothing else than to compute something.
_COMPUTING = frozenset({"ev", "load"})


def is_same_event(ours: Merged, theirs: Merged, values: SameValues) -> bool:
    """Return whether two events are the same, and remember which values are."""
    word, *parts = ours.payload
    other, *others = theirs.payload
    if len(ours.successors) != len(theirs.successors):
        return False
    if word in _STORING and other == "assign":
        pairs = [*zip(others[::2], others[1::2], strict=True)]
        return all(
            any(values.are_same([(target, t), (value, v)]) for t, v in pairs)
            for target, value in zip(parts[::2], parts[1::2], strict=True)
        )
    if word != other or len(parts) != len(others):
        return False
    return values.are_same([*zip(parts, others, strict=True)], computed=word == "ev")


_STORING = frozenset({"store", "assign"})
