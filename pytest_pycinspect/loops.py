"""The loops of a code object: one for each ``for`` and ``while`` that can come round again.

A loop is a jump back to an instruction that every path to the jump passes, and all from which the
jump is reached without passing that again (Aho, Lam, Sethi, Ullman, 9.6). What compilers make
otherwise is told from the statements of the source:

* 3.10 to 3.13 copy the test of a ``while`` to its end (``Python/compile.c: compiler_while``), and
  ``continue`` still jumps to the first: both are one loop.
* ``finally`` blocks are copied since 3.9, with the loops in them. Each statement with a body has lines of its
  own, so loops of the same lines that are not in each other are copies.
* Comprehensions are evaluated in place since 3.12 (PEP 709). They are no statements.
* ``await`` and ``yield from`` delegate in a loop around SEND since 3.11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.pyc import Code
from pytest_pycinspect.dominators import Dominators
from pytest_pycinspect.flow import Graph, Step, graph_of
from pytest_pycinspect.rotation import first_test

__all__ = ["loops_of"]


def loops_of(code: Code, dialect: Dialect) -> list[frozenset[int]]:
    """Return the offsets of the instructions of each loop, in the order of the source.

    Args:
        code: the code object.
        dialect: who compiled it.

    Raises:
        PycInspectError: as ``graph_of``.
    """
    graph = graph_of(code, dialect)
    found = _statements(graph, _grouped(graph, list(_natural(graph))))
    once = _without_copies(graph.steps, found)
    return [frozenset(graph.steps[index].offset for index in loop.body) for loop in once]


class _Loop(NamedTuple):
    """One loop.

    Args:
        head: the step that it begins with.
        body: all its steps.
    """

    head: int
    body: frozenset[int]


# --- Natural loops -----------------------------------------------------------------------------


def _natural(graph: Graph) -> Iterator[tuple[int, _Loop]]:
    """Yield the step of each jump back, and its loop."""
    successors = [list(graph.after(place)) for place in range(len(graph.reached))]
    dominators = Dominators(successors)
    before: list[list[int]] = [[] for _ in successors]
    for place, after in enumerate(successors):
        for one in after:
            before[one].append(place)
    for place, after in enumerate(successors):
        for head in after:
            step = graph.steps[graph.reached[head]]
            if dominators.dominates(head, place) and step.opname != _DELEGATES:
                body = _leading(head, place, before)
                steps = frozenset(graph.reached[one] for one in body)
                yield graph.reached[place], _Loop(graph.reached[head], steps)


_DELEGATES = "SEND"


def _leading(head: int, end: int, before: Sequence[Sequence[int]]) -> set[int]:
    """Return the head of a loop, its end, and all that leads there without passing the head."""
    body, waiting = {head}, [end]
    while waiting:
        place = waiting.pop()
        if place not in body:
            body.add(place)
            waiting.extend(before[place])
    return body


def _grouped(graph: Graph, loops: Sequence[tuple[int, _Loop]]) -> list[_Loop]:
    """Return one loop for those that share a head; the test at an end is that at the head."""
    whole: dict[int, frozenset[int]] = {}
    for _, loop in loops:
        whole[loop.head] = whole.get(loop.head, frozenset()) | loop.body
    bodies: dict[int, frozenset[int]] = {}
    for end, loop in loops:
        head = first_test(graph, end, loop.head, whole[loop.head])
        bodies[head] = bodies.get(head, frozenset()) | loop.body
    return [_Loop(head, body) for head, body in bodies.items()]


# --- Statements --------------------------------------------------------------------------------


def _statements(graph: Graph, loops: Sequence[_Loop]) -> list[_Loop]:
    """Leave out those of comprehensions, and what is inside them."""
    entered: dict[int, list[int]] = {}
    for place, step in enumerate(graph.reached):
        for after in graph.follows[place]:
            entered.setdefault(graph.reached[after], []).append(step)
    outermost = [loop for loop in loops if _is_comprehension(graph.steps, loop, entered)]
    return [
        loop for loop in loops if not any(loop.head in one.body for one in outermost)
    ]


def _is_comprehension(
    steps: Sequence[Step], loop: _Loop, entered: dict[int, list[int]]
) -> bool:
    """Return whether a loop fills what its first instruction finds below the iterator.

    The list is pushed, and put below the iterator (``Python/codegen.c:
    codegen_push_inlined_comprehension_state`` and what calls it): SWAP is what leads to the loop.
    """
    if not steps[loop.head].has("FOR_ITER", "GET_ANEXT"):
        return False
    outside = (step for step in entered.get(loop.head, ()) if step not in loop.body)
    return any(steps[step].opname == "SWAP" for step in outside)


def _without_copies(steps: Sequence[Step], loops: Sequence[_Loop]) -> list[_Loop]:
    """Return the loops in the order of the source, the first of copies alone."""
    def order(loop: _Loop) -> tuple[int, int, int]:
        return _line(steps, loop) or 0, -len(loop.body), min(loop.body)

    kept: list[_Loop] = []
    for loop in sorted(loops, key=order):
        line = _line(steps, loop)
        alike = (one for one in kept if line is not None and _line(steps, one) == line)
        if all(loop.body & one.body for one in alike):
            kept.append(loop)
    return kept


def _line(steps: Sequence[Step], loop: _Loop) -> int | None:
    """Return the first line of a loop."""
    lines = (steps[index].line for index in loop.body)
    return min((line for line in lines if line is not None), default=None)
