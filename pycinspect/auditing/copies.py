"""Do caches of one source say the same in several trees?"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import NamedTuple

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.payload import Payload

__all__ = ["Copies", "Copy"]

_SIZE = 16
#: Caches that are remembered: some 300 bytes each.
_MOST = 250_000


class Copy(NamedTuple):
    """A cache that was seen before.

    Args:
        path: where it is.
        digest: of what follows its header.
    """

    path: str
    digest: bytes


class Copies:
    """Remembers the caches of all trees of a run, by what they were made from."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str, bytes], Copy] = {}
        #: Caches that were not remembered, because there are too many.
        self.forgotten = 0

    def other(self, cache: CacheFile, payload: Payload, source: bytes) -> Copy | None:
        """Return the first cache of the same source that has other bytes, None for none.

        The same are the place below the root, the bytes of the source, the Python and the level.

        Args:
            cache: the cache.
            payload: what follows its header.
            source: what it was made from.
        """
        level = "" if cache.ending is None else cache.ending.optimization
        place = os.path.relpath(cache.source, cache.directory.root)
        key = place, payload.header.dialect.name, level, _digest(source)
        mine = Copy(cache.path, _digest(payload.data[payload.header.size :]))
        if key not in self._seen and len(self._seen) >= _MOST:
            self.forgotten += 1
            return None
        first = self._seen.setdefault(key, mine)
        return None if first.digest == mine.digest else first


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()
