"""What it finds
=============
A cache that is fresh by its header, holds other code than its source gives, and was written before
the source got its present content, within the same second. Looked for with ``--verify``.

Why it matters
==============
A header has the source's time in whole seconds, and its size. A source that is changed, compiled
and changed again within one second, and keeps its size, has a header that still fits: the importer
runs the old code until something else changes (cpython#75953). Editors are too slow for that; code
generators, tests and deployments are not. The times are evidence and no proof: whoever can write
the cache can set its time, so it counts for as much as PYC501, which is told of all others.

What to do
==========
Delete the cache; the next import compiles the source. Where programs write sources, use checked
hashes (``python -m compileall --invalidation-mode checked-hash``). If nothing here writes sources,
treat it as PYC501.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.verifying import Rung, other_statements, told

__all__ = ["SameSecond", "is_of_earlier_source"]

_SECOND = 1_000_000_000


class SameSecond(Rule):
    """PYC105."""

    id = "PYC105"
    name = "same-second"
    title = "Fresh by its header, and made from an earlier source"
    severity = Severity.SECURITY
    message = (
        "was written {seconds:.3f} s before {source} was last changed, in the same second, and is"
        " not what {compiler} makes of it: {what}"
    )
    needs_verification = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report a mismatch that an edit within one second explains."""
        if not is_of_earlier_source(cache):
            return None
        found = self.context.verifications.of(cache, payload)
        if found is None or found.rung is not Rung.MISMATCH or found.reason == "optimization":
            return None
        return self.of_cache(
            cache,
            seconds=_later(cache) / _SECOND,
            source=cache.source,
            compiler=found.compiler,
            what=told(found),
            changes=[change._asdict() for change in other_statements(found.diff)],
        )


def is_of_earlier_source(cache: CacheFile) -> bool:
    """Return whether a fresh cache is older than its source, both of one second.

    A cache that was written from the source as it is cannot be: it was written afterwards.
    """
    if cache.source_status is None or cache.status is None or cache.header_mtime() is None:
        return False
    times = cache.source_status.st_mtime_ns, cache.status.st_mtime_ns
    return _later(cache) > 0 and times[0] // _SECOND == times[1] // _SECOND


def _later(cache: CacheFile) -> int:
    """Return by how many nanoseconds the source is younger than its cache."""
    assert cache.source_status is not None
    assert cache.status is not None
    return cache.source_status.st_mtime_ns - cache.status.st_mtime_ns
