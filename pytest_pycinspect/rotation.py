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
        body: the steps of all loops with that head.

    Returns:
        The first step of the test before the loop; without such a test, ``head``.
    """
    steps, before = graph.steps, graph.before
    last = _test_of(steps, end)
    if steps[last].has(*_TESTS):
        leading = (_test_of(steps, step) for step in before[head] if step not in body)
        found = [_alike(graph, last, test) for test in leading if steps[test].has(*_TESTS)]
        return significant(graph, min((first for first in found if first is not None), default=head))
    return significant(graph, head)


def _test_of(steps: Sequence[Step], index: int) -> int:
    """Return the test that a jump follows; any other step is itself."""
    return _before(steps, index) if steps[index].has("JUMP") else index


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


#: A step, its line, and one of its ops.
_Part = tuple[int, int | None, CanonicalOp]


def _alike(graph: Graph, copy: int, test: int) -> int | None:
    """Return where the ops begin that end with a test and are like those up to its copy."""
    first = None
    pairs = zip(_backwards(graph, copy), _backwards(graph, test), strict=False)
    for place, (one, other) in enumerate(pairs):
        if not _is_same(one, other):
            break
        first = other[0] if place else None  # the test alone is like any other
    return first


def _backwards(graph: Graph, index: int) -> Iterator[_Part]:
    """Yield ops, the last first, without jumps of inverted tests.

    What is before a step is the one from which control falls into it; the test, if it is skipped by
    an inverted one (3.12); else the first that jumps there.
    """
    seen: set[int] = set()
    while index not in seen:
        seen.add(index)
        step = graph.steps[index]
        yield from ((index, step.line, op) for op in reversed(step.ops) if op.name != "JUMP")
        before = graph.before[index]
        nearest = (index - 1, _test_of(graph.steps, index - 1))
        index = next((i for i in nearest if i in before), min(before, default=index))


def _is_same(one: _Part, other: _Part) -> bool:
    (_, line, op), (_, other_line, other_op) = one, other
    if line != other_line:
        return False
    if op.name in _TESTS and other_op.name in _TESTS:
        return True
    return op.name == other_op.name and constants_equal(op.operand, other_op.operand)
