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

from pycinspect.canonical.frames import COMPREHENSIONS
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code
from pytest_pycinspect.view.flow import Graph, Step, graph_of
from pytest_pycinspect.view.rotation import copies, first_test, significant

__all__ = ["copied_tests", "loops_of"]


def loops_of(code: Code, dialect: Dialect) -> list[frozenset[int]]:
    """Return the offsets of the instructions of each loop, in the order of the source.

    Args:
        code: the code object.
        dialect: who compiled it.

    Raises:
        PycInspectError: as ``graph_of``.
    """
    if code.name in COMPREHENSIONS:
        return []
    graph = graph_of(code, dialect)
    loops = _grouped(graph, list(_natural(graph)))
    found = _statements(graph, loops, is_generator=code.name == _GENERATOR)
    once = _without_copies(graph.steps, found)
    return [frozenset(graph.steps[index].offset for index in loop.body) for loop in once]


#: A generator expression has code of its own on every Python, with its ``for`` as loops.
_GENERATOR = "<genexpr>"


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
    before: list[list[int]] = [[] for _ in graph.reached]
    for place in range(len(graph.reached)):
        for after in graph.after(place):
            before[after].append(place)
    for place, head in graph.jumps_back:
        if graph.steps[graph.reached[head]].opname != _DELEGATES:
            body = _leading(head, place, before)
            steps = frozenset(graph.reached[one] for one in body)
            yield graph.reached[place], _Loop(graph.reached[head], steps)


def copied_tests(graph: Graph) -> dict[int, int]:
    """Return the steps of tests that are copied to the ends of loops, with their originals."""
    loops = list(_natural(graph))
    whole = _whole(loops)
    found: dict[int, int] = {}
    for end, loop in loops:
        found.update(copies(graph, end, loop.head, whole[loop.head]))
    return found


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


def _whole(loops: Sequence[tuple[int, _Loop]]) -> dict[int, frozenset[int]]:
    """Return the steps of all loops with a head, by that."""
    whole: dict[int, frozenset[int]] = {}
    for _, loop in loops:
        whole[loop.head] = whole.get(loop.head, frozenset()) | loop.body
    return whole


def _grouped(graph: Graph, loops: Sequence[tuple[int, _Loop]]) -> list[_Loop]:
    """Return one loop for those that share a head; the test at an end is that at the head."""
    whole = _whole(loops)
    heads = [first_test(graph, end, loop.head, whole[loop.head]) for end, loop in loops]
    # Of a test that may be a constant (``while a or 1``), an end is a jump without a condition.
    tests = {
        (loop.head, graph.steps[end].line): head
        for (end, loop), head in zip(loops, heads, strict=True)
        if head != significant(graph, loop.head)
    }
    bodies: dict[int, frozenset[int]] = {}
    for (end, loop), head in zip(loops, heads, strict=True):
        one = tests.get((loop.head, graph.steps[end].line), head)
        bodies[one] = bodies.get(one, frozenset()) | loop.body
    return [_Loop(head, body) for head, body in bodies.items()]


# --- Statements --------------------------------------------------------------------------------


def _statements(graph: Graph, loops: Sequence[_Loop], *, is_generator: bool) -> list[_Loop]:
    """Leave out the loops of expressions, and what is inside them."""

    def is_own(loop: _Loop) -> bool:
        return any(
            _begins_statement(graph.steps, step, is_generator=is_generator)
            for step in _entering(graph, loop)
        )

    iterating = [loop for loop in loops if graph.steps[loop.head].has("FOR_ITER", "GET_ANEXT")]
    inner = [loop for loop in iterating if not is_own(loop)]
    return [loop for loop in loops if not any(loop.head in one.body for one in inner)]


def _entering(graph: Graph, loop: _Loop) -> Iterator[int]:
    """Yield the steps before a loop that lead to its head, but for those that do nothing."""
    waiting, seen = [loop.head], {loop.head}
    while waiting:
        for step in graph.before[waiting.pop()] - seen:
            seen.add(step)
            if not graph.steps[step].ops:
                waiting.append(step)
            elif step not in loop.body:
                yield step


def _begins_statement(steps: Sequence[Step], index: int, *, is_generator: bool) -> bool:
    """Return whether the step before a loop is as in a statement.

    Comprehensions push what they fill, and SWAP puts it below the iterator, up to 3.14 after GET_ITER
    (``Python/codegen.c: codegen_push_inlined_comprehension_locals``, ``codegen_sync_comprehension_generator``); ``any``,
    ``all`` and ``tuple`` of a generator expression loop over what a CALL made (3.14).
    """
    step = steps[index]
    if is_generator and step.has("LOAD_FAST", "POP_TOP"):
        # Its argument, ``.0``, is an iterator; 3.15 asks for that before RETURN_GENERATOR.
        return True
    is_filled = index > 0 and steps[index - 1].opname == "SWAP"  # END_SEND is a SWAP, too
    return step.has("GET_ITER", "GET_AITER") and not is_filled


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
