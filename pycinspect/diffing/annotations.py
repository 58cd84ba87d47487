"""Annotations of attributes and items: up to 3.13 they are evaluated where they stand.

In ``a.x: f() = 1``, outside functions, ``f()`` is called after the store and its value dropped
(Python/compile.c, 3.13: check_annotation); 3.14 leaves it out (PEP 649). The instructions are
those of the statements ``a.x = 1`` and ``f()``, so only columns tell: an annotation stands
between the target and the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.statements import payload_digest
from pycinspect.dialects import lowering_of
from pycinspect.disasm import Position, positions
from pycinspect.errors import PycInspectError

__all__ = ["evaluates_annotations"]

#: What a class or a module has whose annotations are evaluated lazily.
_LAZY = frozenset({"__annotate__", "__annotate_func__"})
#: Events that store what an annotation may be written for, and events that only compute.
_STORES = frozenset({"store_attr", "store_item"})
_COMPUTING = frozenset({"ev", "eval", "load", "keep"})
_CODE_UNIT = 2

#: Two nodes that shall do the same, and the store of the first graph whose annotation may follow.
_Pair: TypeAlias = tuple[int, int, Merged | None]


def evaluates_annotations(old: Form, new: Form) -> bool:
    """Return whether annotations that only one of two forms evaluates are all that differs.

    Args:
        old: one side.
        new: the other.

    Returns:
        False, too, where columns are not known: an expression in a statement of its own could
        not be told from an annotation.
    """
    is_lazy = [_is_lazy(form) for form in (old, new)]
    if old.differing(new) != [Plane.INSTRUCTIONS] or sum(is_lazy) != 1:
        return False
    eager, lazy = (new, old) if is_lazy[0] else (old, new)
    try:
        places = positions(eager.code, eager.dialect)
    except PycInspectError:  # a damaged line table tells nothing
        return False
    return bool(places) and _is_all_else_same(eager.graph, lazy.graph, places)


def _is_lazy(form: Form) -> bool:
    return not _LAZY.isdisjoint(lowering_of(form.dialect).bookkeeping)


def _is_all_else_same(
    eager: Sequence[Merged], lazy: Sequence[Merged], places: Sequence[Position]
) -> bool:
    """Walk through both graphs side by side, past the annotations of the first."""
    partners: dict[int, int] = {}
    waiting: list[_Pair] = [(0, 0, None)]
    while waiting:
        place, other, store = waiting.pop()
        node, partner = eager[place], lazy[other]
        if store is not None and _is_annotation(node, store, places):
            waiting.append((node.successors[0], other, store))
            continue
        if place in partners:
            if partners[place] != other:
                return False
            continue
        partners[place] = other
        if not _does_same(node, partner):
            return False
        store = node if node.payload[0] in _STORES else None
        waiting += [
            (*both, store) for both in zip(node.successors, partner.successors, strict=True)
        ]
        if node.handler >= 0:
            waiting.append((node.handler, partner.handler, None))
    return len(set(partners.values())) == len(partners)


def _does_same(node: Merged, partner: Merged) -> bool:
    return (
        payload_digest(node.payload) == payload_digest(partner.payload)
        and len(node.successors) == len(partner.successors)
        and (node.handler >= 0) == (partner.handler >= 0)
    )


def _is_annotation(node: Merged, store: Merged, places: Sequence[Position]) -> bool:
    """Return whether an event evaluates the annotation of what was just stored."""
    if node.payload[0] not in _COMPUTING or len(node.successors) != 1:
        return False
    if not node.offsets or not store.offsets:
        return False
    stored = min(store.offsets) // _CODE_UNIT
    target, here = places[stored], places[min(node.offsets) // _CODE_UNIT]
    if target.line is None or target.end_column is None or here.column is None:
        return False
    if not target.line == target.end_line == here.line or here.column < target.end_column:
        return False
    # The value was computed before the store; if it stands between, this is the next statement.
    return not any(
        place.line == target.line
        and place.column is not None
        and target.end_column <= place.column < here.column
        for place in places[:stored]
    )
