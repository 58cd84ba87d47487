"""What is found when a cache is compared with its source, as values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.cache import transformer_of
from pycinspect.values import shown

if TYPE_CHECKING:
    from pycinspect.diffing import Diff, FieldChange

__all__ = ["REASONS", "Difference", "Rung", "Verification", "told", "transformed"]


class Rung(StrEnum):
    """How closely a cache is what its source says, the closest first."""

    #: The bytes after the header are those that compiling the source gives.
    IDENTICAL = "identical"
    #: The same objects: only references, the order of sets and paths differ.
    CANONICAL = "canonical"
    #: The same instructions and values: only lines, columns or the spelling differ.
    SAME_CODE = "same-code"
    #: Other instructions that mean the same, as another release of one version writes them.
    SAME_MEANING = "same-meaning"
    #: A tool has changed the code, and says so in the name of the cache.
    TRANSFORMED = "transformed"
    #: It could not be compared; the reason says why.
    UNVERIFIABLE = "unverifiable"
    #: The cache is another program than its source.
    MISMATCH = "mismatch"


#: Reason to a sentence without a full stop; ``{detail}`` says more.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "": "",
        "nearest": "compared with what {detail} makes of the source",
        "no-source": "its source is not there",
        "stale": "it is not a cache of the source as it is now: {detail}",
        "unreadable": "it cannot be read: {detail}",
        "source-unreadable": "its source cannot be read: {detail}",
        "does-not-compile": "its source does not compile: {detail}",
        "no-interpreter": "{detail}",
        "compiler-failed": "its source was not compiled: {detail}",
        "other-version": (
            "it differs from what {detail} makes of the source, in more than is known of the"
            " two versions"
        ),
        "transformer": "{detail} has changed the code",
        "optimization": "it was compiled with {detail}, and its name says otherwise",
        "differs": "it is not what compiling the source gives",
    }
)


class Difference(NamedTuple):
    """A field that differs.

    Args:
        qualname: of the code object; "" for the file.
        change: the field; ``old`` is what the cache has, ``new`` what the source gives.
    """

    qualname: str
    change: FieldChange


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of one cache.

    Args:
        path: the cache.
        source: the source it was compared with, None where there is none.
        rung: how closely it is what the source says.
        reason: a key of :data:`REASONS`.
        detail: what the reason is about.
        compiler: who compiled the source, such as ``CPython 3.12.1``; "" where nobody did.
        optimize: the level at which it was compiled; None likewise.
        differences: fields that differ, the first hundred.
        diff: of a mismatch, what the cache (old) and the source (new) do otherwise.
    """

    path: str
    source: str | None
    rung: Rung
    reason: str = ""
    detail: str = ""
    compiler: str = ""
    optimize: int | None = None
    differences: tuple[Difference, ...] = ()
    diff: Diff | None = None

    def __repr__(self) -> str:
        return shown(self)

    @property
    def why(self) -> str:
        """The reason as a sentence without a full stop, "" where there is nothing to say."""
        return REASONS[self.reason].format(detail=self.detail)

    @property
    def is_verified(self) -> bool:
        """Whether running the cache does what running the source would."""
        return self.rung in _VERIFIED


_VERIFIED = frozenset({Rung.IDENTICAL, Rung.CANONICAL, Rung.SAME_CODE, Rung.SAME_MEANING})


def transformed(path: str, source: str | None) -> Verification | None:
    """Return what is said of a cache whose name tells of a tool; None for any other.

    What the tool made of the source is not replayed: that would run the tool, perhaps from the
    very tree whose caches are asked about.
    """
    tool = transformer_of(os.path.basename(path))
    if tool is None:
        return None
    detail = f"{tool.name} {tool.version or ''}".rstrip()
    return Verification(path, source, Rung.TRANSFORMED, "transformer", detail)


#: Differences that are told in a line, and characters of each side.
_TOLD, _CHARACTERS = 3, 60
_CUT = "…"
_SPELLING = "marshal: "


def told(verification: Verification) -> str:
    """Return what differs, in a line: what the cache has, and what the source gives.

    How marshal spelled it is told only where nothing else differs.
    """
    differences = verification.differences
    seen = [one for one in differences if not one.change.field.startswith(_SPELLING)] or differences
    parts = [_told(one) for one in seen[:_TOLD]]
    more = len(seen) - len(parts)
    return "; ".join([*parts, *([f"{more:,} more"] if more else [])])


def _told(difference: Difference) -> str:
    name, change = difference
    where = f"{name}: " if name else ""
    return f"{where}{change.field} {_short(change.old)}, not {_short(change.new)}"


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + _CUT
