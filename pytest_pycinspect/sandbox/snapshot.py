"""What is on the disk, and what has changed: by inode, time and digest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

__all__ = ["Changes", "Snapshot", "Stamp", "changes_between", "stamp_of", "take_snapshot"]

#: Longest file, in bytes, whose content is compared; no cache that people test is longer.
_DIGEST_LIMIT = 64 * 1024 * 1024


class Stamp(NamedTuple):
    """What tells that a file is the same one, untouched.

    Args:
        inode: another one when it was replaced, as importers do.
        mtime_ns: another one when it was written to.
        size: in bytes.
        digest: SHA-256 of the content; empty for what is no file, or cannot be read.
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


def stamp_of(path: str, *, digest: bool = True) -> Stamp | None:
    """Return the stamp of a file, None where there is none.

    Args:
        path: links are not followed: a cache that is a link is replaced by a file.
        digest: whether the content is read, too.
    """
    try:
        status = os.lstat(path)
    except (OSError, ValueError):  # not there, or in a directory that cannot be searched
        return None
    content = _digest(path, status) if digest else b""
    return Stamp(status.st_ino, status.st_mtime_ns, status.st_size, content)


def _digest(path: str, status: os.stat_result) -> bytes:
    if not stat.S_ISREG(status.st_mode) or status.st_size > _DIGEST_LIMIT:
        return b""
    try:
        with open(path, "rb") as stream:
            return sha256(stream.read()).digest()
    except OSError:  # unreadable: inode, time and size are left to compare
        return b""


def take_snapshot(paths: Iterable[str], *, digest: bool = True) -> dict[str, Stamp]:
    """Return the stamps of the files that are there."""
    stamps = ((path, stamp_of(path, digest=digest)) for path in paths)
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
