"""Each call of the source once: compilers copy code, and paths meet at one instruction.

Copied are ``finally`` bodies (3.9), the tests of ``while`` and short ends of functions (3.10). Since
3.11 the columns say which call of the source an instruction is. Before, the line does, and whether
one run can come to both: of copies of a line it takes one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.disasm import Position, exception_table, instructions, positions
from pycinspect.disasm.stack import stack_depths
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pytest_pycinspect.flow import graph_of
from pytest_pycinspect.loops import copied_tests

__all__ = ["Call", "each_once"]


class Call(NamedTuple):
    """One call, on one path.

    Args:
        code: the code object that it is in.
        offset: of the instruction.
        line: of the source, None for none.
        text: what is called.
    """

    code: Code
    offset: int
    line: int | None
    text: str


def each_once(calls: Sequence[Call], dialect: Dialect) -> list[Call]:
    """Return one for each call of the source, in the order in which they first come.

    Where paths call different things at one place, as ``(a or b)()`` does, its text is all of them.

    Args:
        calls: of a code object, and of comprehensions in it.
        dialect: who compiled it.

    Raises:
        PycInspectError: as ``graph_of``, and ``positions``.
    """
    codes: dict[int, Code] = {}
    by_code: dict[int, dict[int, list[Call]]] = {}
    for call in calls:
        codes[id(call.code)] = call.code
        by_code.setdefault(id(call.code), {}).setdefault(call.offset, []).append(call)
    kept = [
        call
        for identity, found in by_code.items()
        for call in _sources(codes[identity], [_met(paths) for paths in found.values()], dialect)
    ]
    order = {(id(call.code), call.offset): number for number, call in enumerate(calls)}
    return sorted(kept, key=lambda call: order[id(call.code), call.offset])


def _met(paths: Sequence[Call]) -> Call:
    """Return one call for those of all paths at an instruction."""
    return paths[0]._replace(text=" or ".join(sorted({call.text for call in paths})))


def _sources(code: Code, calls: Sequence[Call], dialect: Dialect) -> Iterator[Call]:
    """Yield one of the copies of each call; of copies, the first in the code."""
    places = positions(code, dialect)
    at: dict[tuple[Position, str], Call] = {}
    alike: dict[tuple[int | None, str], list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.offset):
        place = places[call.offset // 2] if call.offset // 2 < len(places) else None
        if place is not None and place.column is not None:
            at.setdefault((place, call.text), call)
        else:
            alike.setdefault((call.line, call.text), []).append(call)
    yield from at.values()
    copied = [group for group in alike.values() if len(group) > 1]
    runs = _Runs(code, dialect) if copied else None
    for group in alike.values():
        yield from group if runs is None or len(group) == 1 else runs.once(group)


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

    def once(self, calls: Sequence[Call]) -> Iterator[Call]:
        """Yield the calls, of one line and text, of the run that has most of them."""
        starts: dict[int, Call] = {}
        for call in calls:
            start = self._start(bisect_left(self._offsets, call.offset))
            starts.setdefault(self._copies.get(start, start), call)
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
