"""What tells code objects apart: a digest of everything but the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256
from operator import attrgetter

from pycinspect.pyc import Code, parts_of

__all__ = ["code_digest"]

#: ``co_filename`` is not compared: the importer sets it when it loads a cache
#: (``Python/import.c: update_code_filenames``), and a moved file keeps its code.
_own = attrgetter(
    *(field.name for field in fields(Code) if field.name not in {"consts", "dialect", "filename"})
)


def code_digest(root: Code) -> str:
    """Return a digest that two code objects share if, and only if, they are the same code.

    Args:
        root: as pycinspect reads it, from a cache or from a live code object.

    Returns:
        64 hexadecimal digits. Linear in the size of the code, however often its constants
        share a part, and not recursive.
    """
    digests: dict[int, bytes] = {}
    waiting: list[object] = [root]
    while waiting:
        value = waiting[-1]
        parts = value.consts if isinstance(value, Code) else parts_of(value)
        missing = [part for part in parts if id(part) not in digests]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        digests[id(value)] = _digest(value, [digests[id(part)] for part in parts])
    return digests[id(root)].hex()


def _digest(value: object, parts: Sequence[bytes]) -> bytes:
    if isinstance(value, Code):
        own = repr(_own(value))
    elif parts:
        own = ""
    else:  # the repr of a float has all its digits, that of 0 its sign
        own = repr(value)
    if isinstance(value, set | frozenset):
        parts = sorted(parts)  # their order depends on the hashes of a run
    text = f"{type(value).__name__} {len(parts)} {own} "
    return sha256(text.encode("utf-8", "surrogatepass") + b"".join(parts)).digest()
