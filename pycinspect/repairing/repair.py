"""What mends a finding, as values; nothing here looks at a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pycinspect.values import shown

__all__ = [
    "FileState",
    "Portion",
    "Repair",
    "RepairKind",
    "RepairPlan",
    "RepairResult",
    "RepairStatus",
    "SourceState",
    "Spot",
    "Unmended",
]


class RepairKind(StrEnum):
    """What is done to one file or directory."""

    #: Its permissions lose some bits.
    CHMOD = "chmod"
    #: The file goes.
    DELETE = "delete"
    #: Its source is compiled again, by the Python whose cache it is.
    RECOMPILE = "recompile"
    #: The header alone is written anew, for another invalidation mode.
    CONVERT = "convert"
    #: An empty directory goes.
    REMOVE_DIRECTORY = "remove-directory"


class Spot(NamedTuple):
    """Where something is.

    Args:
        top: a directory that the user named, links resolved.
        below: the path from there, at least one name; none of its directories may be a link.
    """

    top: str
    below: str

    @property
    def path(self) -> str:
        """The absolute path."""
        return os.path.join(self.top, self.below)


class FileState(NamedTuple):
    """What is at a place.

    Args:
        kind: ``regular file``, ``directory``, or what else it is.
        digest: of a file's content, of a link's target; "" for all else.
        mode: permission bits.
        uid: number of the owner.
        gid: number of the group.
        mtime_ns: its time in nanoseconds since the epoch.
        size: bytes.
        links: names that it has.
    """

    kind: str
    digest: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    links: int = 1

    def is_like(self, other: FileState | None) -> bool:
        """Return whether another state has the same content and permissions.

        Times do not count: a ``touch`` changes nothing. Nor do owners, whom not everybody
        may give files to.
        """
        if other is None:
            return False
        return (self.kind, self.digest, self.mode) == (other.kind, other.digest, other.mode)


class SourceState(NamedTuple):
    """The source of which new content was made: path, time in nanoseconds, size in bytes."""

    path: str
    mtime_ns: int
    size: int


class Portion(NamedTuple):
    """Where new content is kept until it is needed: offset and length in bytes."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Repair:
    """One change of one file or directory.

    Args:
        kind: what is done.
        path: to what, as the audit reports it.
        spot: where that is.
        rules: ids of the rules whose findings it mends.
        before: what is there now; anything else is left alone.
        after: what will be there; None for nothing.
        why: more about it, without a full stop; "" for nothing.
        content: the new content.
        source: of what that was made.
        absent: the source for want of which a cache goes; "" for all else.
    """

    kind: RepairKind
    path: str
    spot: Spot
    rules: tuple[str, ...]
    before: FileState
    after: FileState | None = None
    why: str = ""
    content: Portion | None = None
    source: SourceState | None = None
    absent: str = ""

    def __repr__(self) -> str:
        return shown(self)


@dataclass(frozen=True, slots=True)
class Unmended:
    """A finding that is left as it is.

    Args:
        rule: the rule's id.
        path: the file or directory.
        reason: why, without a full stop.
    """

    rule: str
    path: str
    reason: str

    def __repr__(self) -> str:
        return shown(self)


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What would be done, in this order, and what is left."""

    repairs: tuple[Repair, ...] = ()
    unmended: tuple[Unmended, ...] = ()

    def __repr__(self) -> str:
        return shown(self)


class RepairStatus(StrEnum):
    """What became of a repair, or of taking one back."""

    DONE = "done"
    #: There is something else now than when it was looked at.
    CHANGED = "changed"
    #: The system refused.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What became of a repair, or of taking one back.

    Args:
        kind: what was to be done, or was taken back.
        path: to what.
        status: what became of it.
        reason: why it was not done, without a full stop; "" where it was.
    """

    kind: RepairKind
    path: str
    status: RepairStatus
    reason: str = ""

    def __repr__(self) -> str:
        return shown(self)
