"""What a cache is, as facts: its mode, how it is tied to its source, its level."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass

from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, read_start
from pycinspect.values import InvalidationMode

__all__ = ["CacheFile", "read_cache_file"]

_LEVEL = re.compile(r"\.opt-(\w+)\.pyc$")
#: PEP 552: flags of the header to how the cache is tied to its source.
_MODES = {
    0b00: InvalidationMode.TIMESTAMP,
    0b01: InvalidationMode.UNCHECKED_HASH,
    0b11: InvalidationMode.CHECKED_HASH,
}
_FLAGS = slice(4, 8)


@dataclass(frozen=True, slots=True)
class CacheFile:
    """A cache on the disk.

    Args:
        path: where it is.
        mode: its permission bits, ``0o644``.
        invalidation: ``"timestamp"``, ``"checked-hash"`` or ``"unchecked-hash"``; None where the
            header says none of them.
        optimize: the level that its name says (PEP 488), 0 for none; ``.pyo`` is 1.
    """

    path: str
    mode: int
    invalidation: InvalidationMode | None
    optimize: int | str

    def __repr__(self) -> str:
        tied, name = self.invalidation or "damaged", os.path.basename(self.path)
        return f"<CacheFile {name}: {tied}, level {self.optimize}, mode {self.mode:#o}>"


def read_cache_file(path: str, dialect: Dialect) -> CacheFile | None:
    """Return the facts of a cache, None where there is no file.

    Args:
        path: where it is; of a link, the file that it leads to is meant.
        dialect: whose layout it has. Up to 3.6 there is no other mode than ``"timestamp"``.
    """
    try:
        start, status = read_start(path, LONGEST_HEADER)
    except (OSError, PycInspectError):  # not there, not a file, or not to be read
        return None
    return CacheFile(
        path, stat.S_IMODE(status.st_mode), _invalidation(start, dialect), _level(path)
    )


def _invalidation(start: bytes, dialect: Dialect) -> InvalidationMode | None:
    layout = dialect.header
    if layout is None or len(start) < layout.size:
        return None
    flags = int.from_bytes(start[_FLAGS], "little") if layout.has_flags else 0
    return _MODES.get(flags)


def _level(path: str) -> int | str:
    found = _LEVEL.search(path)
    if found is None:
        return int(path.endswith(".pyo"))
    return int(found[1]) if found[1].isdigit() else found[1]
