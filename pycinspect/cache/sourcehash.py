"""The source hash of PEP 552."""

from __future__ import annotations

from pycinspect.dialects import DIALECTS, Dialect, SourceHash
from pycinspect.errors import PycInspectError

__all__ = ["NOT_COMPARED", "hash_differs", "source_hash"]

#: Reasons for which a hash-based cache is used without a look at the source.
NOT_COMPARED = frozenset({"hash-not-checked", "unchecked-hash"})
#: PEP 552.
_RECORDED = slice(8, 16)


def source_hash(source: bytes, dialect: Dialect | str | None = None) -> bytes:
    """Return the eight bytes that a hash-based cache of ``source`` has.

    Args:
        source: the source file's bytes as they are, line ends included.
        dialect: whose magic number is the key, and whose SipHash is used: a row or its name;
            None is the running interpreter's.

    Raises:
        PycInspectError: ``unknown-dialect``; ``no-source-hash`` for a dialect before PEP 552,
            ``hash-unavailable`` where the package siphash24 is not installed.

    The rule is ``importlib.util.source_hash``, in C ``_imp.source_hash``: the key
    is the magic number, CR LF included, as one 32-bit number.

    >>> source_hash(b"hello", "3.12").hex()
    '9bca4702dbaedbed'
    """
    row = DIALECTS.resolve(dialect)
    if row.source_hash is None:
        raise PycInspectError("no-source-hash", f"{row.name} has no hash-based caches")
    try:
        import siphash24
    except ImportError:
        raise PycInspectError(
            "hash-unavailable", "a source hash needs the package siphash24"
        ) from None
    functions = {
        SourceHash.SIPHASH_24: siphash24.siphash24,
        SourceHash.SIPHASH_13: siphash24.siphash13,
    }
    key = row.magic + bytes(12)
    digest: bytes = functions[row.source_hash](source, key=key).digest()
    return digest


def hash_differs(start: bytes, source: bytes, dialect: Dialect) -> bool:
    """Return whether a hash-based cache records another hash than its source has.

    Args:
        start: the cache's first 16 bytes, at least.
        source: the source.
        dialect: whose cache it is.

    Raises:
        PycInspectError: as :func:`source_hash`.
    """
    return start[_RECORDED] != source_hash(source, dialect)
