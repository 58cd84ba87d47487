"""One cache file with everything that was read of it, for rules to look at."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pycinspect.auditing.walk import Directory
from pycinspect.cache import Judgement
from pycinspect.dialects import Dialect
from pycinspect.pyc import NameEnd

__all__ = ["Alike", "CacheFile"]


@dataclass(slots=True, eq=False)  # as walk.Directory is, and as little to be changed
class CacheFile:
    """One cache file with everything that was read of it.

    Args:
        path: as reached from the root that was given.
        directory: the directory of its source.
        ending: the parts of its name but for the stem; None for a file beside its
            source, and for a name that no importer looks for.
        reader: the dialect whose importer looks for it, None where none does.
        writer: the dialect that its magic number belongs to, None if unknown.
        start: its first bytes, empty where it was not read.
        status: ``fstat``; for what is not a file or cannot be read, ``lstat``.
        source: path of its source, whether that exists or not.
        source_status: ``os.stat`` of the source, None where it does not exist.
        judgement: what the reader's importer does with it.
        is_link: it is a symbolic link.
        is_module: it stands in the place of a source, and the reader's finder takes it.
        is_ordinary: nothing about it is out of the ordinary: fresh by its time, for
            the Python that the tree is for, a file with one name and the owner of its
            source, that its owner alone may write, and nobody execute; the source's
            time fits a header.
    """

    path: str
    directory: Directory
    ending: NameEnd | None
    reader: Dialect | None
    writer: Dialect | None
    start: bytes
    status: os.stat_result | None
    source: str
    source_status: os.stat_result | None
    judgement: Judgement
    is_link: bool = False
    is_ordinary: bool = False
    is_module: bool = False

    def header_mtime(self) -> int | None:
        """Return the source's time in the header; None where it has none."""
        layout = None if self.reader is None else self.reader.header
        if layout is None or len(self.start) < layout.size or self.is_hash_based():
            return None
        offset = next(field.offset for field in layout.timestamp if field.name == "mtime")
        return int.from_bytes(self.start[offset : offset + 4], "little")

    def is_hash_based(self) -> bool:
        """Return whether the header has a source hash (PEP 552, bit 0 of the flags)."""
        layout = None if self.reader is None else self.reader.header
        return (
            layout is not None
            and layout.has_flags
            and bool(self.start[4:5])
            and self.start[4] & 1 == 1
        )


@dataclass(slots=True, eq=False)
class Alike:
    """Cache files in a row, in one directory, that tell a rule that adds up the same.

    The reader, the outcome and its reason, and the name from the first dot on are
    those of the first; files beside their sources stand each for themselves.

    Args:
        first: one of them.
        files: how many there are.
        size: bytes of all of them.
    """

    first: CacheFile
    files: int = 0
    size: int = 0
