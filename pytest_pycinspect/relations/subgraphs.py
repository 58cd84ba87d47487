"""Whether the graph of a snippet is somewhere in that of a code object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, starmap, takewhile

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value, digest_of, digest_of_words
from pycinspect.pyc import Code
from pytest_pycinspect.view.facts import values_in
from pytest_pycinspect.view.forms import form_of

__all__ = ["END", "Program", "Search", "has_value"]

#: A name after a snippet: evaluating it is the event at its end.
END = "__end_of_snippet__"


class Program:
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

    def makes_unused_of(self, wanted: Program) -> bool:
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


class _Values:
    """Which values of the snippet are which of the code.

    What an event computes is told by the event, not by the expression: ``a.b`` after another
    ``a.b`` is a second result.

    Args:
        wanted: the program of the snippet.
        program: that of the code.
    """

    def __init__(self, wanted: Program, program: Program) -> None:
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


def has_value(wanted: Program, value: Value, program: Program) -> bool | None:
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
        part.first.kind == value.kind and _Values(wanted, program).are_same([(value, part.first)])
        for part in parts
    )


# --- Events --------------------------------------------------------------------------------------

#: Events that do nothing else than to compute something.
_COMPUTING = frozenset({"ev", "load"})
_PROPAGATE, _RETURN = "propagate", "return"
#: Events of reading variables: what may fail in a handler's reach, and what other code may change
#: before the value is used. The same statement elsewhere may have none.
_READING = frozenset({"load", "keep"})


class _Matched:
    """The events that are those of a snippet, and the handlers that are its own.

    Args:
        graph: of the code.
    """

    def __init__(self, graph: Sequence[Merged]) -> None:
        self._graph = graph
        self._places: set[int] = set()
        self.handlers: set[int] = set()

    def add(self, passed: Sequence[int], fitting: frozenset[int]) -> None:
        """Note what is like an event of the snippet.

        Args:
            passed: places up to it and after it; the first are passed over.
            fitting: its own places.
        """
        before = takewhile(lambda place: place not in fitting, passed)
        self._places.update(fitting, filter(self._reads_own, before))

    def _reads_own(self, place: int) -> bool:
        """Return whether an event only reads a local variable, which is bound in the snippet."""
        word, *parts = self._graph[place].payload
        variable = parts[-1] if word in _READING else None
        return isinstance(variable, Value) and variable.first.kind == "local"

    @property
    def is_whole(self) -> bool:
        """Whether all in the reach of the snippet's handlers is of the snippet.

        ``try: f()`` is not a part of ``try: f(); g()``, though it does the same up to its end.
        """
        guarded = (at for at, node in enumerate(self._graph) if node.handler in self.handlers)
        return self._places.issuperset(guarded)


class Search:
    """Looks for one graph in another: equal events, connected equally.

    Args:
        wanted: the program of the snippet, with the event :data:`END` after it.
        program: where it is looked for.
        has_result: the snippet is an expression, and each way through it may have another
            result: what follows is not the same for all.
    """

    def __init__(self, wanted: Program, program: Program, *, has_result: bool) -> None:
        self._wanted = wanted
        self._program = program
        self._has_result = has_result
        self._graph = program.graph
        self._handlers = {node.handler for node in program.graph}

    @property
    def is_empty(self) -> bool:
        """Whether nothing happens in the snippet."""
        return self._is_end(self._start())

    def found(self) -> bool:
        """Return whether the graph is there; its end may be anywhere."""
        start = self._start()
        return any(self._fits_at(start, place) for place in range(len(self._graph)))

    def _start(self) -> int:
        """Return the first event; those of a class body that no source has are before it."""
        number = 0
        while _is_preamble(self._wanted.graph[number]):
            (number,) = self._wanted.graph[number].successors
        return number

    def _is_end(self, number: int) -> bool:
        word, *parts = self._wanted.graph[number].payload
        value = parts[0] if parts else None
        return word == "eval" and isinstance(value, Value) and value.word(0) == END

    def _fits_at(self, start: int, place: int) -> bool:
        values = _Values(self._wanted, self._program)
        waiting = [(start, place)]
        seen: set[tuple[int, int]] = set()
        ends: set[int] = set()
        outer: set[int] = set()
        part = _Matched(self._graph)
        while waiting:
            number, place = waiting.pop()
            if (number, place) in seen:
                continue
            seen.add((number, place))
            if self._is_end(number):
                ends.add(self._past_reading(place)[-1])
                continue
            ours = self._wanted.graph[number]
            if ours.payload[0] == _PROPAGATE and self._is_handler(place):
                outer.add(place)  # the handler around the snippet
                continue
            fitting = self._fitting(ours, place, values)
            if not fitting:
                return False
            part.add(self._past_reading(place), fitting)
            theirs = self._graph[min(fitting)]
            waiting += zip(ours.successors, theirs.successors, strict=True)
            if ours.handler != NOWHERE:
                if theirs.handler == NOWHERE:
                    return False
                part.handlers.add(theirs.handler)
                waiting.append((ours.handler, theirs.handler))
        is_one = self._are_one(outer) and (self._has_result or self._are_one(ends))
        return is_one and part.is_whole

    def _is_handler(self, place: int) -> bool:
        """Return whether a place is the start of a handler, or of a copy of one."""
        handlers = self._handlers - {NOWHERE}
        return place in handlers or any(
            self._are_copies(self._graph[place], self._graph[handler]) for handler in handlers
        )

    def _are_one(self, ends: set[int]) -> bool:
        """Return whether control goes on at one place after the snippet, or at copies of one."""
        first, *others = (self._graph[place] for place in ends or {0})
        return all(self._are_copies(first, other) for other in others)

    def _are_copies(self, one: Merged, other: Merged) -> bool:
        return _is_same_event(one, other, _Values(self._program, self._program))

    def _fitting(self, ours: Merged, place: int, values: _Values) -> frozenset[int]:
        """Return the place of an event that is like one of the snippet, or of its copies.

        Args:
            ours: the event of the snippet.
            place: where it should be.
            values: which are the same.
        """
        word = ours.payload[0]
        places = self._past_reading(place)
        candidates: Iterable[frozenset[int]] = [frozenset({at}) for at in places]
        if word not in _READING:
            candidates = [*candidates][-1:]
        if word == _RETURN:
            candidates = chain(candidates, *map(self._past_cleanup, places))
        fitting = (
            ways
            for ways in candidates
            if all(_is_same_event(ours, self._graph[at], values) for at in ways)
        )
        return next(fitting, frozenset())

    def _past_reading(self, place: int) -> list[int]:
        """Return a place and those after it up to the first that does more than to read."""
        places = [place]
        while self._graph[places[-1]].payload[0] in _READING:
            (after,) = self._graph[places[-1]].successors
            if after in places:
                break
            places.append(after)
        return places

    def _past_cleanup(self, place: int) -> Iterator[frozenset[int]]:
        """Yield where control comes after the ends of ``with`` and ``finally`` around a return.

        The compiler copies them before each ``return`` (Python/compile.c:
        compiler_unwind_fblock). Another copy is where an exception leads to. One that branches
        may end at several places.
        """
        ended = frozenset({place})
        seen: set[frozenset[int]] = set()
        while ended and ended not in seen:
            seen.add(ended)
            places = frozenset(self._past_reading(end)[-1] for end in ended)
            yield places
            ways = [self._past_block(end) for end in places]
            ended = frozenset().union(*ways) if all(ways) else frozenset()

    def _past_block(self, place: int) -> frozenset[int]:
        """Return where control comes after the end of one block; nothing if there is none."""
        copies = (self._past_copy(place, handler) for handler in self._handlers)
        ways = chain([self._past_exit(place), self._past_name(place)], copies)
        return next((ends for ends in ways if ends), frozenset())

    def _past_name(self, place: int) -> frozenset[int]:
        """Return where control comes after the end of ``except … as name``."""
        word, *parts = self._graph[place].payload
        if word != "store" or not _is_none(parts[1]):
            return frozenset()
        (after,) = self._graph[place].successors
        is_deleted = self._graph[after].payload == ("delete", parts[0])
        return frozenset(self._graph[after].successors[:1] if is_deleted else ())

    def _past_exit(self, place: int) -> frozenset[int]:
        """Return where control comes after the end of a ``with``."""
        left = self._graph[place].payload[-1]
        if not isinstance(left, Value) or left.first.kind != "with_exit":
            return frozenset()
        parts = {left}
        while parts.intersection(self._graph[place].payload[1:]):
            (place,) = self._graph[place].successors
            awaited = self._graph[place].payload[-1]
            if isinstance(awaited, Value) and parts.intersection(awaited.operands):
                parts.add(awaited)
        return frozenset({place})

    def _past_copy(self, place: int, handler: int) -> frozenset[int]:
        """Return where control comes after events that are also those of a handler.

        Args:
            place: the first of them.
            handler: the first of the handler, at whose end the exception goes on.
        """
        values = _Values(self._program, self._program)
        ends: set[int] = set()
        waiting = [(place, handler)]
        seen: set[tuple[int, int]] = set()
        while waiting:
            pair = waiting.pop()
            if pair in seen:
                continue
            seen.add(pair)
            if pair[1] in self._handlers - {handler}:
                ends.add(pair[0])
                continue
            # What may be unbound where an exception was raised is bound where none was.
            ours, theirs = (self._graph[self._past_reading(number)[-1]] for number in pair)
            if theirs.payload[0] == _PROPAGATE:
                ends.add(pair[0])
            elif not _is_same_event(ours, theirs, values):
                return frozenset()
            else:
                waiting += zip(ours.successors, theirs.successors, strict=True)
        return frozenset() if place in ends else frozenset(ends)


_PREAMBLE = frozenset({"__module__", "__qualname__"})


def _is_preamble(node: Merged) -> bool:
    target = node.payload[1] if node.payload[0] == "store" else None
    return isinstance(target, Value) and target.kind == "name" and target.word(0) in _PREAMBLE


def _is_none(value: object) -> bool:
    return isinstance(value, Value) and value.is_literal and value.literal is None


def _is_same_event(ours: Merged, theirs: Merged, values: _Values) -> bool:
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
