"""Whether the graph of a snippet is somewhere in that of a code object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, takewhile

from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value
from pytest_pycinspect.relations.sameness import CodeForm, SameValues, is_same_event

__all__ = ["END", "Search"]

#: A name after a snippet: evaluating it is the event at its end.
END = "__end_of_snippet__"


# --- Events --------------------------------------------------------------------------------------

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

    def __init__(self, wanted: CodeForm, program: CodeForm, *, has_result: bool) -> None:
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
        values = SameValues(self._wanted, self._program)
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
                if _may_be_bound(ours):
                    waiting += [(after, place) for after in ours.successors]
                    continue
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
        return is_same_event(one, other, SameValues(self._program, self._program))

    def _fitting(self, ours: Merged, place: int, values: SameValues) -> frozenset[int]:
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
            if all(is_same_event(ours, self._graph[at], values) for at in ways)
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
        values = SameValues(self._program, self._program)
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
            elif not is_same_event(ours, theirs, values):
                return frozenset()
            else:
                waiting += zip(ours.successors, theirs.successors, strict=True)
        return frozenset() if place in ends else frozenset(ends)


_PREAMBLE = frozenset({"__module__", "__qualname__"})


def _is_preamble(node: Merged) -> bool:
    target = node.payload[1] if node.payload[0] == "store" else None
    return isinstance(target, Value) and target.kind == "name" and target.word(0) in _PREAMBLE


def _may_be_bound(node: Merged) -> bool:
    """Return whether an event only reads a local variable, and no handler depends on that."""
    word, *parts = node.payload
    variable = parts[0] if word == "load" else None
    is_local = isinstance(variable, Value) and variable.kind == "local"
    return is_local and node.handler == NOWHERE


def _is_none(value: object) -> bool:
    return isinstance(value, Value) and value.is_literal and value.literal is None
