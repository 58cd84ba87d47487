"""Each call of the source once: compilers copy code, and paths meet at one instruction.

Copied are ``finally`` bodies (3.9), the tests of ``while`` and short ends of functions (3.10). Since
3.11 the columns say which call of the source an instruction is. Before, the line does, and whether
one run can come to both: of copies of a line it takes one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from pycinspect.canonical.graph import Site
from pycinspect.dialects import Dialect
from pycinspect.disasm import Position, exception_table, instructions, positions
from pycinspect.disasm.stack import stack_depths
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pytest_pycinspect.view.flow import graph_of
from pytest_pycinspect.view.loops import copied_tests

__all__ = ["CallOnPath", "each_once"]


class CallOnPath(NamedTuple):
    """One call, on one path.

    Args:
        sites: where: the instruction; before it, those that evaluate comprehensions around it.
        text: what is called.
    """

    sites: tuple[Site, ...]
    text: str


def each_once(calls: Sequence[CallOnPath], dialect: Dialect) -> list[CallOnPath]:
    """Return one for each call of the source, in the order in which they last come.

    Where paths call different things at one place, as ``(a or b)()`` does, its text is all of them.

    Args:
        calls: of a code object, and of comprehensions in it.
        dialect: who compiled it.

    Raises:
        PycInspectError: as ``graph_of``, and ``positions``.
    """
    texts: dict[tuple[Site, ...], set[str]] = {}
    for call in calls:  # the last of several at a place gives it its place in the order
        texts[call.sites] = {call.text} | texts.pop(call.sites, set())
    kept = _originals({sites: frozenset(found) for sites, found in texts.items()}, dialect)
    return [
        CallOnPath(sites, " or ".join(sorted(kept[sites])))
        for sites in texts
        if all(sites[:n] in kept for n in range(1, len(sites) + 1))
    ]


#: Where a call is, or a comprehension is evaluated.
_Sites = tuple[Site, ...]
#: What is called there: on paths that meet, each may call something else.
_Texts = frozenset[str]


def _originals(calls: Mapping[_Sites, _Texts], dialect: Dialect) -> dict[_Sites, _Texts]:
    """Return the calls that are not copies of others, with their texts; and such comprehensions."""
    groups: dict[tuple[_Sites, int], dict[_Sites, _Texts]] = {}
    for sites, called in calls.items():
        for n, site in enumerate(sites, 1):
            texts = called if n == len(sites) else frozenset({sites[n].code.name})
            groups.setdefault((sites[: n - 1], id(site.code)), {})[sites[:n]] = texts
    return {
        sites: texts
        for group in groups.values()
        for sites, texts in _Copies(group, dialect).originals()
    }


class _Copies:
    """The calls of one code object, with their copies.

    Args:
        texts: what is called, by where.
        dialect: who compiled it.
    """

    def __init__(self, texts: Mapping[_Sites, _Texts], dialect: Dialect) -> None:
        self._texts = dict(sorted(texts.items(), key=lambda item: item[0][-1].offset))
        self._dialect = dialect
        self._code = next(iter(texts))[-1].code

    @cached_property
    def _runs(self) -> _Runs:
        return _Runs(self._code, self._dialect)

    def originals(self) -> Iterator[tuple[_Sites, _Texts]]:
        """Yield one of the copies of each call, the first in the code, with its texts."""
        places = positions(self._code, self._dialect)
        at: dict[Position, list[_Sites]] = {}
        alike: dict[tuple[int | None, _Texts], list[_Sites]] = {}
        for sites, texts in self._texts.items():
            _, offset, line = sites[-1]
            place = places[offset // 2] if offset // 2 < len(places) else None
            if place is not None and place.column is not None:
                at.setdefault(place, []).append(sites)
            else:
                alike.setdefault((line, texts), []).append(sites)
        for group in at.values():
            yield from self._of_place(group)
        for group in alike.values():
            for sites in group if len(group) == 1 else self._runs.once(group):
                yield sites, self._texts[sites]

    def _of_place(self, group: Sequence[_Sites]) -> Iterator[tuple[_Sites, _Texts]]:
        """Yield the calls at one place of the source: a decorator, and what it is made by.

        ``(f if x else g)()`` may be copied for each of what it calls (3.12).
        """
        places = {self._texts[sites]: sites for sites in reversed(group)}
        waiting = list(places)[::-1]
        while waiting:
            first, *rest = waiting
            same = [t for t in rest if not self._runs.are_ordered(places[first], places[t])]
            yield places[first], first.union(*same)
            waiting = [texts for texts in rest if texts not in same]


class _Runs:
    """Which instructions of a line one run of the code can come to.

    Those of ``f(x) if y else f(x)`` lead to each other without leaving the line.
    """

    def __init__(self, code: Code, dialect: Dialect) -> None:
        self._graph = graph = graph_of(code, dialect)
        bytecode = bytecode_of(dialect)
        self._effects = [opcode.effect for opcode in bytecode.opcodes.by_number]
        self._listed = instructions(code, dialect)
        self._depths = stack_depths(code, self._listed, bytecode, exception_table(code, dialect))
        self._offsets = [step.offset for step in graph.steps]
        self._run = list(range(len(graph.steps)))
        for index, before in enumerate(graph.before):
            for other in before:
                if graph.steps[index].line == graph.steps[other].line:
                    self._join(index, other)
        self._copies = copied_tests(graph)
        self._known: dict[int, frozenset[int]] = {}

    def _join(self, one: int, other: int) -> None:
        self._run[self._first(one)] = self._first(other)

    def _first(self, index: int) -> int:
        """Return what stands for the run of a step."""
        while self._run[index] != index:
            self._run[index] = self._run[self._run[index]]
            index = self._run[index]
        return index

    def are_ordered(self, one: _Sites, other: _Sites) -> bool:
        """Return whether a run that comes to one of two calls can come to the other one."""
        a, b = (bisect_left(self._offsets, sites[-1].offset) for sites in (one, other))
        return a in self._ahead(b) or b in self._ahead(a)

    def once(self, calls: Sequence[_Sites]) -> Iterator[_Sites]:
        """Yield the calls, of one line and text, of the run that has most of them."""
        starts: dict[int, _Sites] = {}
        for sites in calls:
            start = self._start(bisect_left(self._offsets, sites[-1].offset))
            starts.setdefault(self._copies.get(start, start), sites)
        runs: list[list[int]] = []
        for start in starts:
            run = next((run for run in runs if self._are_apart(start, run)), None)
            runs.append([start]) if run is None else run.append(start)
        yield from (starts[start] for start in max(runs, key=len))

    def _are_apart(self, start: int, run: Sequence[int]) -> bool:
        """Return whether a call is another one than those of a run, and no copy."""
        return any(
            start in self._ahead(one)
            or one in self._ahead(start)
            or (self._first(one) == self._first(start) and not self._asserts(start))
            for one in run
        )

    def _ahead(self, start: int) -> frozenset[int]:
        if start not in self._known:
            self._known[start] = self._graph.ahead(start)
        return self._known[start]

    def _asserts(self, start: int) -> bool:
        """Return whether a call is the one that ``assert`` makes: there is one in a statement."""
        return self._graph.steps[start].has("LOAD_COMMON_CONSTANT")

    def _start(self, index: int) -> int:
        """Return the step with which the expression of what is called begins.

        Before it the stack is as it is after the call, but for the result.
        """
        step = self._listed[index]
        effect, depth = self._effects[step.opcode], self._depths[index] if self._depths else None
        if effect is None or depth is None or effect.stay is None:
            return index
        base = depth + effect.stay(step.arg or 0) - 1
        for place in self._graph.backwards(index):
            depth = self._depths[place]
            if depth is not None and depth <= base:
                return place
        return index
