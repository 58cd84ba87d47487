"""Annotations of attributes and items: up to 3.13 they are evaluated where they stand.

In ``a.x: f() = 1``, outside functions, ``f()`` is called after the store and its value dropped
(Python/compile.c, 3.13: check_annotation); 3.14 leaves it out (PEP 649). The instructions are
those of the statements ``a.x = 1`` and ``f()``, so only columns tell: an annotation stands
between the target and the value. Without a value, ``a.x: f()`` evaluates ``a`` and ``f()``, as
``a; f()`` does; but there is an attribute between the two, and the code has ``SETUP_ANNOTATIONS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.values import Value
from pycinspect.dialects import lowering_of
from pycinspect.disasm import Position, instructions, positions
from pycinspect.errors import PycInspectError

__all__ = ["evaluates_annotations"]

#: What a class or a module has whose annotations are evaluated lazily.
_LAZY = frozenset({"__annotate__", "__annotate_func__"})
#: Events that store what an annotation may be written for, and events that only compute.
_STORES = frozenset({"store", "store_attr", "store_item"})
_COMPUTING = frozenset({"ev", "eval", "load", "keep"})
#: What is computed of ``a`` in ``with a: b``, which is written as an annotation is.
_ENTERED = frozenset({"with_enter", "async_with_enter"})
#: Characters that are at least between an index and its annotation, and which no semicolon with
#: one space after it is: of an attribute there are more.
_LEAST_BETWEEN = len("]: ")
_CODE_UNIT = 2

#: Two nodes that shall do the same, and the one before the first that an annotation may follow.
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
    is_annotated = bool(places) and _has_annotations(eager)
    return is_annotated and _is_all_else_same(eager.graph, lazy.graph, places)


def _is_lazy(form: Form) -> bool:
    return not _LAZY.isdisjoint(lowering_of(form.dialect).bookkeeping)


def _has_annotations(form: Form) -> bool:
    """Return whether its source has some (Python/compile.c, 3.13: find_ann)."""
    return any(step.opname == "SETUP_ANNOTATIONS" for step in instructions(form.code, form.dialect))


def _is_all_else_same(
    eager: Sequence[Merged], lazy: Sequence[Merged], places: Sequence[Position]
) -> bool:
    """Walk through both graphs side by side, past the annotations of the first."""
    partners: dict[int, int] = {}
    waiting: list[_Pair] = [(0, 0, None)]
    while waiting:
        place, other, before = waiting.pop()
        node, partner = eager[place], lazy[other]
        if before is not None and _is_annotation(node, before, places):
            waiting.append((node.successors[0], other, before))
            continue
        if place in partners:
            if partners[place] != other:
                return False
            continue
        partners[place] = other
        if not _does_same(node, partner):
            return False
        before = node if _may_be_annotated(node) else None
        waiting += [
            (*both, before) for both in zip(node.successors, partner.successors, strict=True)
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


def _may_be_annotated(node: Merged) -> bool:
    """Return whether an event stores something, or computes what it may be stored in."""
    word, *parts = node.payload
    if word not in _COMPUTING:
        return word in _STORES
    return not any(isinstance(part, Value) and part.first.kind in _ENTERED for part in parts)


def _is_annotation(node: Merged, before: Merged, places: Sequence[Position]) -> bool:
    """Return whether an event evaluates the annotation of what was just stored or computed."""
    if node.payload[0] not in _COMPUTING or len(node.successors) != 1:
        return False
    if not node.offsets or not before.offsets:
        return False
    at = min(before.offsets) // _CODE_UNIT
    target, here = places[at], places[min(node.offsets) // _CODE_UNIT]
    if target.end_column is None or here.line is None or here.column is None:
        return False
    between = here.column - target.end_column
    if target.end_line != here.line or between < 0:
        return False
    if before.payload[0] in _STORES:
        value = _before_target(at, places)
        return value is not None and _start(value) > _start(here)
    return between >= _LEAST_BETWEEN


def _before_target(at: int, places: Sequence[Position]) -> Position | None:
    """Return where the value stands that is stored: it is computed just before the target."""
    target = places[at]
    earlier = (places[index] for index in range(at - 1, -1, -1))
    return next((place for place in earlier if not _is_inside(place, target)), None)


def _is_inside(place: Position, target: Position) -> bool:
    return _start(target) <= _start(place) and _end(place) <= _end(target)


def _start(place: Position) -> tuple[int, int]:
    return place.line or 0, place.column or 0


def _end(place: Position) -> tuple[int, int]:
    return place.end_line or 0, place.end_column or 0
