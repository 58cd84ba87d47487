"""What is on the disk, and what has changed: by inode, time and digest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

__all__ = [
    "Changes",
    "Look",
    "Snapshot",
    "Stamp",
    "changes_between",
    "look_at",
    "stamp_of",
    "take_snapshot",
]

#: Longest file, in bytes, whose content is compared; no cache that people test is longer.
_DIGEST_LIMIT = 64 * 1024 * 1024


class Stamp(NamedTuple):
    """What tells that a file is the same one, untouched.

    Args:
        inode: another one when it was replaced, as importers do.
        mtime_ns: another one when it was written to.
        size: in bytes.
        digest: SHA-256 of the content; empty for what is not a file, or cannot be read.
    """

    inode: int
    mtime_ns: int
    size: int
    digest: bytes


#: Path to stamp.
Snapshot = Mapping[str, Stamp]


@dataclass(frozen=True, slots=True)
class Changes:
    """Files that are not as they were, as paths from the root, in order; falsy for none."""

    created: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.rewritten or self.removed)

    def __str__(self) -> str:
        kinds = {"created": self.created, "rewritten": self.rewritten, "removed": self.removed}
        parts = [f"{kind} {', '.join(paths)}" for kind, paths in kinds.items() if paths]
        return "; ".join(parts) or "nothing changed"


class Look(NamedTuple):
    """A file at a moment: its stamp, None where there is no file, and its content."""

    stamp: Stamp | None
    content: bytes


def look_at(path: str) -> Look:
    """Look at a file; of a link, the stamp is its own: importers replace it by a file."""
    status = _status(path)
    if status is None:
        return Look(None, b"")
    content = _content(path, status)
    return Look(_stamp(status, sha256(content).digest() if content else b""), content)


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of a file without its digest, None where there is none."""
    status = _status(path)
    return None if status is None else _stamp(status, b"")


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (OSError, ValueError):  # not there, or in a directory that cannot be searched
        return None


def _stamp(status: os.stat_result, digest: bytes) -> Stamp:
    return Stamp(status.st_ino, status.st_mtime_ns, status.st_size, digest)


def _content(path: str, status: os.stat_result) -> bytes:
    try:
        if stat.S_ISLNK(status.st_mode):
            status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _DIGEST_LIMIT:
            return b""
        with open(path, "rb", buffering=0) as stream:
            return stream.read()
    except OSError:  # unreadable: inode, time and size are left to compare
        return b""


def take_snapshot(paths: Iterable[str], *, digest: bool = True) -> dict[str, Stamp]:
    """Return the stamps of the files that are there.

    Args:
        paths: the files.
        digest: whether their content counts, too.
    """
    stamps = ((path, look_at(path).stamp if digest else stamp_of(path)) for path in paths)
    return {path: stamp for path, stamp in stamps if stamp is not None}


def changes_between(before: Snapshot, after: Snapshot, root: str) -> Changes:
    """Return what changed from one snapshot to another, as paths from ``root``."""

    def named(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(os.path.relpath(path, root).replace(os.sep, "/") for path in paths))

    both = before.keys() & after.keys()
    return Changes(
        created=named(after.keys() - before.keys()),
        rewritten=named(path for path in both if before[path] != after[path]),
        removed=named(before.keys() - after.keys()),
    )
