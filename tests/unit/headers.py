"""Headers made by hand, apart from the layouts in the rows."""

from __future__ import annotations

import struct

from pycinspect.dialects import DIALECTS, Dialect

__all__ = ["PYC_ROWS", "all_magics", "checked", "timestamp", "unchecked"]

#: Rows whose caches are pyc files.
PYC_ROWS = [row for row in DIALECTS if row.header is not None]


def all_magics() -> list[bytes]:
    """Return every magic number that some row has."""
    return [magic for row in DIALECTS for magic in row.magics()]


def timestamp(
    row: Dialect, mtime: int, source_size: int, *, flags: int = 0, magic: bytes | None = None
) -> bytes:
    """Return a timestamp header; what its layout has no room for is left out."""
    assert row.header is not None
    magic = magic or row.magic
    if row.header.size == 8:
        return magic + struct.pack("<I", mtime)
    if row.header.size == 12:
        return magic + struct.pack("<II", mtime, source_size)
    return magic + struct.pack("<III", flags, mtime, source_size)


def unchecked(row: Dialect, source_hash: bytes) -> bytes:
    """Return the header of an unchecked hash-based cache (PEP 552)."""
    return row.magic + struct.pack("<I8s", 0b01, source_hash)


def checked(row: Dialect, source_hash: bytes) -> bytes:
    """Return the header of a checked hash-based cache (PEP 552)."""
    return row.magic + struct.pack("<I8s", 0b11, source_hash)
