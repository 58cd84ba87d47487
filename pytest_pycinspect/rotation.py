"""The test of a ``while`` that compilers copied to the end of its body (3.10 to 3.13)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.pyc.code import constants_equal
from pytest_pycinspect.flow import Graph, Step

__all__ = ["first_test", "significant"]

_TESTS = ("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE")


def first_test(graph: Graph, end: int, head: int, body: Collection[int]) -> int:
    """Return where the loop begins in the source: with the test that its end has a copy of.

    Args:
        graph: of the code object.
        end: the step that jumps back.
        head: where it jumps to.
        body: the steps of the loop.

    Returns:
        The first step of the test before the loop; without such a test, ``head``.
    """
    steps = graph.steps
    last = _before(steps, end) if steps[end].has("JUMP") else end
    if steps[last].has(*_TESTS):
        for step in _leading_to(graph, head):
            if step not in body and steps[step].has(*_TESTS):
                first = _alike(steps, last, step)
                if first is not None:
                    return significant(graph, first)
    return significant(graph, head)


def _before(steps: Sequence[Step], index: int) -> int:
    """Return the last step before one that is more than an EXTENDED_ARG."""
    return next((i for i in range(index - 1, -1, -1) if steps[i].ops), index)


def significant(graph: Graph, index: int) -> int:
    """Return the first step, from one on, that is not there only to be traced.

    The NOP of ``try`` counts, as SETUP_FINALLY did: a new handler guards what follows it (3.11).
    """
    last = len(graph.steps) - 1
    while index < last and not graph.steps[index].ops:
        handler = graph.guards[index + 1]
        if handler is not None and handler != graph.guards[index]:
            break
        index += 1
    return index


def _leading_to(graph: Graph, head: int) -> Iterator[int]:
    for place, follows in enumerate(graph.follows):
        if any(graph.reached[after] == head for after in follows):
            yield graph.reached[place]


#: A step, its line, and one of its ops.
_Part = tuple[int, int | None, CanonicalOp]


def _alike(steps: Sequence[Step], copy: int, test: int) -> int | None:
    """Return where the ops begin that end with a test and are like those up to its copy."""
    first = None
    pairs = zip(_backwards(steps, copy), _backwards(steps, test), strict=False)
    for one, other in pairs:
        if not _is_same(one, other):
            break
        first = other[0]
    return first


def _backwards(steps: Sequence[Step], index: int) -> Iterator[_Part]:
    """Yield ops, the last first, without jumps of inverted tests."""
    for place in range(index, -1, -1):
        for op in reversed(steps[place].ops):
            if op.name != "JUMP":
                yield place, steps[place].line, op


def _is_same(one: _Part, other: _Part) -> bool:
    (_, line, op), (_, other_line, other_op) = one, other
    if line != other_line:
        return False
    if op.name in _TESTS and other_op.name in _TESTS:
        return True
    return op.name == other_op.name and constants_equal(op.operand, other_op.operand)
