"""As whose code can a payload be read that is not what its magic number says?"""

from __future__ import annotations

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.payload import Payload
from pycinspect.dialects import DialectTable
from pycinspect.pyc import tag_of

__all__ = ["OtherReadings"]

#: Bytes of all files together that are tried: each is tried as that of many Pythons.
_BUDGET = 4 * 1024 * 1024


class OtherReadings:
    """Tries the first files of a tree that ask for it.

    Args:
        dialects: the rows to look in.
    """

    def __init__(self, dialects: DialectTable) -> None:
        self._dialects = dialects
        self._budget = _BUDGET

    def told(self, cache: CacheFile, payload: Payload) -> str:
        """Return what is added to a sentence about a payload: as whose it can be read; or ""."""
        from pycinspect.disasm import how_it_decodes

        self._budget -= len(payload.data)
        if self._budget < 0:
            return ""
        how = how_it_decodes(payload.data, self._dialects, tag_of(cache.path))
        return how and f"; {how}"
