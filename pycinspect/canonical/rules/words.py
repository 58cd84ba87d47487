"""Operands of ops, of the type that their rule needs."""

from __future__ import annotations

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.work import refused

__all__ = ["number", "word"]


def word(op: CanonicalOp) -> str:
    """Return an operand that is a name."""
    if not isinstance(op.operand, str):
        raise refused(f"{op.name} has no name")
    return op.operand


def number(op: CanonicalOp) -> int:
    """Return an operand that is a number."""
    if not isinstance(op.operand, int):
        raise refused(f"{op.name} has no number")
    return op.operand
