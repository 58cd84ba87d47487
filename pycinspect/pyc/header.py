"""The header of a cache: magic number, flags, and what ties it to its source."""

from __future__ import annotations

from dataclasses import dataclass

from pycinspect.dialects import DIALECTS, Dialect, DialectTable, HeaderField
from pycinspect.dialects.model import CRLF
from pycinspect.errors import PycInspectError
from pycinspect.values import InvalidationMode, shown

__all__ = ["CHECK_SOURCE", "HASH_BASED", "LONGEST_HEADER", "Header", "parse_header"]

_MAGIC_SIZE = 4
#: Bits of the flags (PEP 552).
HASH_BASED = 0b01
CHECK_SOURCE = 0b10
_RESERVED = ~(HASH_BASED | CHECK_SOURCE)

#: Bytes that are enough to decode every header.
LONGEST_HEADER = max(row.header.size for row in DIALECTS if row.header is not None)


@dataclass(frozen=True, slots=True)
class Header:
    """A decoded header.

    Args:
        dialect: who wrote the file.
        magic_word: bytes 0 and 1 as a number; not the dialect's own where the
            file comes from a pre-release.
        flags: the flags of PEP 552, None where the layout has none.
        mode: how the cache is tied to its source.
        mtime: seconds since the epoch modulo 2**32, None in hash-based caches.
        source_size: bytes modulo 2**32, None where the header has none.
        source_hash: SipHash of the source, None in timestamp caches.
        fields: every field with the number in it, in the order of the file.
    """

    dialect: Dialect
    magic_word: int
    flags: int | None
    mode: InvalidationMode
    mtime: int | None
    source_size: int | None
    source_hash: bytes | None
    fields: tuple[tuple[HeaderField, int], ...]

    def __repr__(self) -> str:
        return shown(self)

    @property
    def size(self) -> int:
        """Length of the header in bytes."""
        last, _ = self.fields[-1]
        return last.offset + last.size


def parse_header(
    data: bytes, *, tag: str | None = None, dialects: DialectTable = DIALECTS
) -> Header:
    """Decode the header of a cache file.

    Args:
        data: the file, or at least its first 16 bytes.
        tag: the cache tag in the file's name, which decides where two
            implementations share a magic number.
        dialects: the rows to look in.

    Raises:
        PycInspectError: ``empty-file``, ``short-header``, ``unknown-magic``,
            ``bad-crlf`` (the right number followed by other bytes than CR LF),
            ``not-a-pyc`` (Java class, .NET assembly) or ``reserved-flags``, each
            with the offset of the first byte that is wrong.

    The layouts are those of ``Python/import.c`` (up to 3.2) and
    ``importlib/_bootstrap_external.py: _classify_pyc`` (PEP 552).

    >>> header = parse_header(bytes.fromhex("cb0d0d0a 00000000 d2029649 2a000000"))
    >>> header.dialect.name, header.mode.value, header.mtime, header.source_size
    ('cpython-3.12', 'timestamp', 1234567890, 42)
    """
    dialect = _dialect_of(data, tag, dialects)
    layout = dialect.header
    if layout is None:
        raise PycInspectError(
            "not-a-pyc", f"a cache of {dialect.name} is not a .pyc file: {dialect.note}", offset=0
        )
    if len(data) < layout.size:
        raise PycInspectError(
            "short-header",
            f"{len(data)} bytes, but the header of {dialect.name} has {layout.size}",
            offset=len(data),
        )
    flags = _number(data, layout.hashed[1]) if layout.has_flags else None
    if flags is not None and flags & _RESERVED:
        raise PycInspectError(
            "reserved-flags",
            f"flags {flags:#x}: only bits 0 and 1 have a meaning (PEP 552)",
            offset=layout.hashed[1].offset,
        )
    mode = _mode(flags or 0)
    columns = layout.timestamp if mode is InvalidationMode.TIMESTAMP else layout.hashed
    fields = tuple((column, _number(data, column)) for column in columns)
    numbers = {column.name: number for column, number in fields}
    source_hash = numbers.get("source_hash")
    return Header(
        dialect=dialect,
        magic_word=int.from_bytes(data[:2], "little"),
        flags=flags,
        mode=mode,
        mtime=numbers.get("mtime"),
        source_size=numbers.get("source_size"),
        source_hash=None if source_hash is None else source_hash.to_bytes(8, "little"),
        fields=fields,
    )


def _dialect_of(data: bytes, tag: str | None, dialects: DialectTable) -> Dialect:
    if not data:
        raise PycInspectError("empty-file", "the file is empty", offset=0)
    magic = data[:_MAGIC_SIZE]
    dialect = dialects.find(magic, tag)
    if dialect is not None:
        return dialect
    if len(magic) < _MAGIC_SIZE:
        raise PycInspectError(
            "short-header",
            f"{len(magic)} bytes, but a magic number has {_MAGIC_SIZE}",
            offset=len(magic),
        )
    word = int.from_bytes(magic[:2], "little")
    owner = dialects.find(magic[:2] + CRLF, tag)
    if owner is not None:
        raise PycInspectError(
            "bad-crlf",
            f"magic number {word} of {owner.name} is followed by {magic[2:].hex(' ')},"
            f" not by {CRLF.hex(' ')}: was the file copied as text?",
            offset=2,
        )
    raise PycInspectError(
        "unknown-magic",
        f"magic number {word} (bytes {magic.hex(' ')}) is in no table",
        offset=0,
    )


def _number(data: bytes, column: HeaderField) -> int:
    return int.from_bytes(data[column.offset : column.offset + column.size], "little")


def _mode(flags: int) -> InvalidationMode:
    if not flags & HASH_BASED:  # bit 1 alone is accepted and means nothing
        return InvalidationMode.TIMESTAMP
    if flags & CHECK_SOURCE:
        return InvalidationMode.CHECKED_HASH
    return InvalidationMode.UNCHECKED_HASH
