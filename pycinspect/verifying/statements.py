"""What a mismatch does otherwise, statement by statement: the diff's listing as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.values import brief

if TYPE_CHECKING:
    from pycinspect.diffing import Diff, UnitDiff

__all__ = ["OtherStatements", "other_statements"]

#: Places that are kept, statements of each, and characters of a statement: a hostile file has
#: millions.
_PLACES, _STATEMENTS, _CHARACTERS = 50, 20, 500


class OtherStatements(NamedTuple):
    """Statements that follow each other, where a cache and its source do not do the same.

    Args:
        qualname: of the code object.
        source: what the source says; nothing where the cache alone has something.
        cache: what the cache does; nothing where the source alone has something.
        source_lines: where each stands in the source, None for nowhere.
        cache_lines: where the cache says that each comes from.
    """

    qualname: str
    source: Sequence[str]
    cache: Sequence[str]
    source_lines: Sequence[int | None]
    cache_lines: Sequence[int | None]


def other_statements(diff: Diff | None) -> list[OtherStatements]:
    """Return what a cache does otherwise than its source, the first fifty places.

    Args:
        diff: of the cache (old) and what its source gives (new); None for none.
    """
    units = () if diff is None else diff.units
    return list(islice((place for unit in units for place in _places(unit)), _PLACES))


def _places(unit: UnitDiff) -> Iterator[OtherStatements]:
    from pycinspect.diffing import Op

    side = unit.old or unit.new
    assert side is not None
    for change in unit.changes:
        if change.op is not Op.EQUAL:
            yield OtherStatements(
                brief(side.qualname),
                _cut(change.new),
                _cut(change.old),
                list(change.new_lines[:_STATEMENTS]),
                list(change.old_lines[:_STATEMENTS]),
            )


def _cut(texts: Sequence[str]) -> list[str]:
    return [brief(text, _CHARACTERS) for text in texts[:_STATEMENTS]]
