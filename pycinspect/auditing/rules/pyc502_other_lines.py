"""What it finds
=============
A cache that runs as its source does, and says otherwise where its code comes from: other lines,
columns or first lines, or a path that only a part of it has. Looked for with ``--verify``.

Why it matters
==============
No instruction looks at these, but people do: tracebacks, debuggers, coverage and
``inspect.getsource`` show lines that have nothing to do with what runs. No compiler of this
version writes them so. Caches without any columns (``-X no_debug_ranges``) are not meant.

What to do
==========
Delete the file and compile again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.verifying import Rung, told

__all__ = ["OtherLines"]

_PLACES = frozenset({"line table", "first line", "file name"})


class OtherLines(Rule):
    """PYC502."""

    id = "PYC502"
    name = "other-lines"
    title = "Lines or paths that are not those of the source"
    severity = Severity.WARNING
    message = "runs as {source} does, but says otherwise where the code comes from: {what}"
    needs_verification = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report what differs, if it has no known cause."""
        found = self.context.verifications.of(cache, payload)
        if found is None or found.rung is not Rung.SAME_CODE:
            return None
        places = [one for one in found.differences if one.change.field in _PLACES]
        if all(one.change.cause is not None for one in places):
            return None
        return self.of_cache(cache, source=cache.source, what=told(found))
