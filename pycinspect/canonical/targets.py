"""Assignments of several values, in the order of their targets.

CPython turns the values around on the stack before it stores the first; PyPy stores the last one
first where all targets are variables
(pypy/interpreter/astcompiler/codegen.py: _optimize_unpacking).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pycinspect.canonical.ops import CanonicalOp

__all__ = ["in_order"]

_STORES = frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_FAST", "STORE_DEREF"})
#: Stores whose order a program can see, in the namespace.
_SEEN = frozenset({"STORE_NAME", "STORE_GLOBAL"})
#: Ops after which the values are on the stack in the order of their targets already.
_TURNED = frozenset({"UNPACK_SEQUENCE", "UNPACK_EX", "COPY", "SWAP", "ROT"})
_OTHER_TARGETS = frozenset({"STORE_ATTR", "STORE_SUBSCR"})
#: Values that CPython turns around on the stack; of more it makes a tuple that it unpacks
#: (Python/peephole.c, 3.9).
_MOST_TURNED = 3


def in_order(ops: Sequence[CanonicalOp]) -> list[CanonicalOp]:
    """Return ops that do the same, in which variables are stored from the left to the right.

    Args:
        ops: of a dialect that stores the last one first.
    """
    places = {op.target for op in ops}
    ordered: list[CanonicalOp] = []
    for is_store, group in groupby(ops, lambda op: op.name in _STORES):
        run = [*group]
        if is_store and ordered and _is_backwards(ordered[-1], run, places):
            run = _turned(run)
        ordered += run
    return ordered


def _is_backwards(before: CanonicalOp, run: Sequence[CanonicalOp], places: set[int | None]) -> bool:
    return (
        len(run) > 1
        and any(op.name in _SEEN for op in run)
        and before.name not in _TURNED | _OTHER_TARGETS
        and not any(op.offset in places for op in run[1:])
    )


def _turned(run: Sequence[CanonicalOp]) -> list[CanonicalOp]:
    """Return stores in the opposite order, after ops that turn their values around."""
    first, count = run[0], len(run)
    if count <= _MOST_TURNED:
        turns = [first._replace(name="ROT", operand=number) for number in range(count, 1, -1)]
    else:
        turns = [first._replace(name=n, operand=count) for n in ("BUILD_TUPLE", "UNPACK_SEQUENCE")]
    stores = (
        op._replace(offset=place.offset, line=place.line)
        for op, place in zip(reversed(run), run, strict=True)
    )
    return [*turns, *stores]
