"""Targets of ``async for``: up to 3.7 they are assigned where the loop waits for its end.

A StopAsyncIteration that assigning or unpacking raises then ends the loop, as one that
``__anext__`` raises does; 3.8 propagates it (bpo-33041, Python/compile.c: compiler_async_for).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.states import PROPAGATE
from pycinspect.canonical.values import Value
from pycinspect.dialects import Dialect

__all__ = ["guards_target"]

#: Edges of a graph for each node, with those that are followed past others.
_TIMES = 8


def guards_target(old: Form, new: Form) -> bool:
    """Return whether only the handler differs that targets of ``async for`` have up to 3.7.

    Args:
        old: one side.
        new: the other.
    """
    is_guarded = [_guards(form.dialect) for form in (old, new)]
    if old.differing(new) != [Plane.INSTRUCTIONS] or sum(is_guarded) != 1:
        return False
    guarded, other = (old, new) if is_guarded[0] else (new, old)
    return _behaves_as(_without_guards(guarded.graph), other.graph)


def _guards(dialect: Dialect) -> bool:
    """Return whether a dialect has asynchronous loops, but no opcode that ends them."""
    names = dialect.bytecode.opcodes.by_name if dialect.bytecode else {}
    return "GET_ANEXT" in names and "END_ASYNC_FOR" not in names


def _without_guards(graph: Sequence[Merged]) -> list[Merged]:
    """Return the graph with targets of which the errors go past the handlers of their loops."""
    waits = {node.handler for node in graph if _waits(node)} - {NOWHERE}
    raised = {handler: _raised_to(graph, handler) for handler in waits}
    return [node if _waits(node) else _moved(node, raised) for node in graph]


def _waits(node: Merged) -> bool:
    """Return whether a node asks for the next item of an asynchronous iterator."""
    value = node.payload[1] if node.payload[0] == "ev" else None
    if not isinstance(value, Value):
        return False
    if value.first.kind == "yield_from":
        value = value.first.value(0)
    return value.first.kind == "anext"


def _raised_to(graph: Sequence[Merged], handler: int) -> int:
    """Return where the handler of a loop raises again what is not the end of the iterator."""
    branch = graph[handler].successors[0] if graph[handler].successors else handler
    if graph[branch].payload[0] != "branch":
        return handler
    otherwise = graph[branch].successors[1]
    return NOWHERE if graph[otherwise].payload == (PROPAGATE,) else otherwise


def _moved(node: Merged, raised: Mapping[int, int]) -> Merged:
    return node._replace(handler=raised.get(node.handler, node.handler))


def _behaves_as(graph: Sequence[Merged], other: Sequence[Merged]) -> bool:
    """Walk through two graphs side by side; the second is minimal, the first need not be."""
    partners: dict[int, int] = {}
    waiting = [(0, 0)]
    for _ in range(_TIMES * len(graph)):
        if not waiting:
            return True
        place, partner = waiting.pop()
        node, like = graph[place], other[partner]
        if _is_assumed(node):
            waiting.append((node.successors[0], partner))
        elif place not in partners and _does_same(node, like):
            partners[place] = partner
            waiting += zip(node.after, like.after, strict=True)
        elif partners.get(place) != partner:
            return False
    return False  # no compiler's


def _is_assumed(node: Merged) -> bool:
    """Return whether a node reads a variable that is assumed to be bound where nothing guards it."""
    value = node.payload[1] if node.payload[0] == "load" else None
    return isinstance(value, Value) and value.kind != "local" and node.handler == NOWHERE


def _does_same(node: Merged, like: Merged) -> bool:
    return (
        payload_digest(node.payload) == payload_digest(like.payload)
        and len(node.successors) == len(like.successors)
        and (node.handler == NOWHERE) == (like.handler == NOWHERE)
    )
