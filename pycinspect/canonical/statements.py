"""The graph as lines of pseudo-source."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from pycinspect.canonical.minimise import Merged

__all__ = ["Statement", "statements_of"]


class Statement(NamedTuple):
    """One line of the listing.

    Args:
        text: Python-like.
        line: of the source, None for none.
        digest: the same for the same statement, wherever it stands.
        offsets: of the instructions behind it, in bytes.
    """

    text: str
    line: int | None
    digest: bytes
    offsets: tuple[int, ...]


def statements_of(graph: Sequence[Merged]) -> tuple[Statement, ...]:
    """Return the lines of a graph."""
    return tuple(
        Statement(repr(n.payload), n.line, blake2b(repr(n.payload).encode()).digest(), n.offsets)
        for n in graph
    )
