"""What it finds
=============
Bytes after the code object of a cache.

Why it matters
==============
No importer looks at them and none writes them: they are a place to hide something in,
or the rest of a longer file that was written over. The object in front of them loads
as if they were not there, so that comparing code objects does not show them. Stale
caches are reported, too, because the file was not written by an importer whether or
not one would load it.

What to do
==========
Look at what they are, from the offset that the finding names; then delete the file or
compile again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["TrailingBytes"]

_SHOWN = 16


class TrailingBytes(Rule):
    """PYC006."""

    id = "PYC006"
    name = "trailing-bytes"
    title = "Trailing bytes after the code object"
    severity = Severity.SECURITY
    message = "{trailing} bytes follow the code object, which ends at offset {end}: {start}"

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report what is left over."""
        if not payload.trailing:
            return None
        end = len(payload.data) - payload.trailing
        start = payload.data[end : end + _SHOWN].hex(" ")
        more = " ..." if payload.trailing > _SHOWN else ""
        return self.of_cache(cache, trailing=payload.trailing, end=end, start=start + more)
