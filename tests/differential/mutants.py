"""One change in a source, that a reader would call a change of what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Mutant", "mutants_of"]


class Mutant(NamedTuple):
    """One changed source."""

    name: str
    text: str
    kind: str
    line: int
    what: str


def mutants_of(texts: Mapping[str, str], count: int, seed: int) -> list[Mutant]:
    return []
