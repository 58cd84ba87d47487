"""The test of a ``while`` that compilers copied to the end of its body (3.10 to 3.13)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.pyc.code import constants_equal
from pytest_pycinspect.view.flow import Graph

__all__ = ["copies", "first_test", "significant"]

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
    return significant(graph, min(copies(graph, end, head, body).values(), default=head))


def copies(graph: Graph, end: int, head: int, body: Collection[int]) -> Mapping[int, int]:
    """Return the steps of the test at an end of a loop, with those that they are copies of.

    Args:
        graph: of the code object.
        end: the step that jumps back.
        head: where it jumps to.
        body: the steps of all loops with that head.
    """
    steps = graph.steps
    last = graph.test_of(end)
    if not steps[last].has(*_TESTS):
        return {}
    leading = (graph.test_of(step) for step in graph.before[head] if step not in body)
    found = [_alike(graph, last, test) for test in leading if steps[test].has(*_TESTS)]
    return max(found, key=len, default={})


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


def _alike(graph: Graph, copy: int, test: int) -> dict[int, int]:
    """Return the steps that end with a test, and are like those up to its copy, by the copies."""
    found: dict[int, int] = {}
    for one, other in zip(_backwards(graph, copy), _backwards(graph, test), strict=False):
        if not _is_same(one, other):
            break
        found[one[0]] = other[0]
    return found if len(found) > 1 else {}  # the test alone is like any other


def _backwards(graph: Graph, index: int) -> Iterator[_Part]:
    """Yield ops, the last first, without jumps of inverted tests."""
    for place in graph.backwards(index):
        step = graph.steps[place]
        yield from ((place, step.line, op) for op in reversed(step.ops) if op.name != "JUMP")


def _is_same(one: _Part, other: _Part) -> bool:
    (_, line, op), (_, other_line, other_op) = one, other
    if line != other_line:
        return False
    if op.name in _TESTS and other_op.name in _TESTS:
        return True
    return op.name == other_op.name and constants_equal(op.operand, other_op.operand)
