"""What changed although it does the same: stores in another order, copies of a block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.canonical import Form, Level, canonicalize
from pycinspect.canonical.statements import payload_digest
from pycinspect.diffing.align import aligned
from pycinspect.diffing.changes import Diff, Op, Side

__all__ = ["Rewrite", "rewrites"]


#: Events that only give values to variables, or keep them for that.
_ASSIGNING = ("store", "keep")


class Rewrite(NamedTuple):
    """A code object whose forms are the same, but not at the level ``strict``.

    Args:
        name: its qualified name, on the new side.
        moved: events that stand elsewhere.
        gone: events that the new side has less often.
        come: events that it has more often.
        only_stores: whether all of these are assignments to variables.
    """

    name: str
    moved: int
    gone: int
    come: int
    only_stores: bool


def rewrites(diff: Diff) -> list[Rewrite]:
    """Return what one dialect compiled to equal forms that are not equal when strict.

    Between dialects that says nothing: most code objects would be among them.
    """
    if diff.level in (Level.STRICT, Level.EXACT):
        return []
    return list(_rewritten(diff))


def _rewritten(diff: Diff) -> Iterator[Rewrite]:
    for unit in diff.units:
        old, new = unit.old, unit.new
        if old is None or new is None or unit.planes or unit.problem:
            continue
        if old.dialect.name == new.dialect.name and old.code.code != new.code.code:
            ours, theirs = _strict(old), _strict(new)
            if ours != theirs and ours.problem is None and theirs.problem is None:
                yield _rewrite(new.qualname, ours, theirs)


def _strict(side: Side) -> Form:
    return canonicalize(side.code, side.dialect, Level.STRICT)


def _rewrite(name: str, old: Form, new: Form) -> Rewrite:
    ours = [payload_digest(node.payload) for node in old.graph]
    theirs = [payload_digest(node.payload) for node in new.graph]
    spans = [span for span in aligned(ours, theirs) if span.op is not Op.EQUAL]
    before = Counter(ours[i] for span in spans for i in span.old)
    after = Counter(theirs[j] for span in spans for j in span.new)
    nodes = [old.graph[i] for span in spans for i in span.old]
    nodes += [new.graph[j] for span in spans for j in span.new]
    return Rewrite(
        name,
        (before & after).total(),
        (before - after).total(),
        (after - before).total(),
        all(node.payload[0] in _ASSIGNING for node in nodes),
    )
