"""What it finds
=============
A timestamp cache whose header records another modification time than its
source has, earlier or later.

Why it matters
==============
The importer compares the two for equality (``SourceLoader.get_code``). It
compiles the source again at every start until it can write the cache, which
costs start-up time and, where the tree is read-only, costs it for ever.

What to do
==========
Compile again (``python -m compileall -f``), copy trees with their times
(``cp -p``, ``rsync -t``, ``tar``), or use hash-based caches
(``python -m compileall --invalidation-mode checked-hash``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import why_never

__all__ = ["MtimeDiffers"]


_NEVER = "stale at every import: no header matches the source's time {source_mtime!t}, since {why}"


class MtimeDiffers(Rule):
    """PYC101."""

    id = "PYC101"
    name = "mtime-differs"
    title = "Stale: the source's time differs"
    severity = Severity.WARNING
    message = (
        "stale: its header records the source's time {header_mtime!t}, but the source has"
        " {source_mtime!t}"
    )
    reasons = frozenset({"mtime-differs", "mtime-never-matches"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a cache that the importer judged by its time."""
        recorded = cache.header_mtime()
        actual = int(cache.judgement.expected)
        permanent = cache.judgement.reason == "mtime-never-matches"
        finding = self.of_cache(
            cache, header_mtime=recorded, source_mtime=actual, permanent=permanent
        )
        if not permanent:
            return finding
        assert cache.reader is not None
        data = {**finding.data, "why": why_never(cache.reader)}
        return finding._replace(template=_NEVER, data=data)
