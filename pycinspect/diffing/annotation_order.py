"""Annotations of positional-only parameters: up to 3.14 they are evaluated after the next ones.

The order in which they stand in ``__annotations__`` is erased, with a note; that in which they are
evaluated is one of events, which differ (Python/codegen.c: codegen_annotations_in_scope).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from pycinspect.canonical import Form, Note, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.values import Value, digest_of
from pycinspect.diffing.rewriting import Rewriting, same_again

__all__ = ["annotates_in_another_order"]

#: Events that compute something, and which part of a function its annotations are.
_COMPUTING = frozenset({"ev", "load", "keep"})
_ANNOTATIONS = 4

_Payload = tuple[object, ...]


def annotates_in_another_order(old: Form, new: Form) -> bool:
    """Return whether only the order differs in which annotations of functions are evaluated.

    Args:
        old: one side.
        new: the other, where the parameters have another order.
    """
    is_noted = [Note.ANNOTATION_ORDER in form.notes for form in (old, new)]
    if old.differing(new) != [Plane.INSTRUCTIONS] or sum(is_noted) != 1:
        return False
    return _in_any_order(old.graph) == _in_any_order(new.graph)


def _in_any_order(graph: Sequence[Merged]) -> list[tuple[object, ...]]:
    """Return the graph with what computes the annotations of a function in the same order."""
    rewriting = Rewriting(same_again)
    payloads = [rewriting.payload(node.payload) for node in graph]
    digests = [payload_digest(payload) for payload in payloads]
    parts = {digest_of(part) for part in _annotation_parts(payloads)}
    for run in _runs(graph):
        places = [place for place in run if _computes(payloads[place], parts)]
        for place, digest in zip(places, sorted(digests[at] for at in places), strict=True):
            digests[place] = digest
    return [(digest, node.after) for digest, node in zip(digests, graph, strict=True)]


def _annotation_parts(payloads: Iterable[_Payload]) -> set[Value]:
    """Return the expressions in the annotations of the functions that events take."""
    functions = (value for value in _inside(chain(*payloads)) if value.kind == "func")
    return _inside(function.value(_ANNOTATIONS) for function in functions)


def _inside(roots: Iterable[object]) -> set[Value]:
    found: set[Value] = set()
    waiting = [root for root in roots if isinstance(root, Value)]
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting.extend(value.operands)
    return found


def _runs(graph: Sequence[Merged]) -> Iterator[list[int]]:
    """Yield the events that do nothing but compute something, one straight after the other."""
    run: list[int] = []
    for place, node in enumerate(graph):
        if node.payload[0] in _COMPUTING and node.successors == (place + 1,):
            run.append(place)
        elif run:
            yield run
            run = []


def _computes(payload: _Payload, parts: Collection[bytes]) -> bool:
    value = payload[1]
    return isinstance(value, Value) and digest_of(value) in parts
