"""What it finds
=============
A timestamp cache that records its source's time rightly, but another size.

Why it matters
==============
The source was changed within the second in which it was compiled, or its time was
set back after a change (``git-restore-mtime``, archives with fixed times). The
importer compares sizes, too (3.3 on, ``_validate_timestamp_pyc``), and compiles the
source again. A change that had left the size as it was would not be noticed.

What to do
==========
Compile again (``python -m compileall -f``). Where times are set by a tool, use
hash-based caches (``python -m compileall --invalidation-mode checked-hash``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["SizeDiffers"]


class SizeDiffers(Rule):
    """PYC102."""

    id = "PYC102"
    name = "size-differs"
    title = "Stale: the source's size differs"
    severity = Severity.WARNING
    message = (
        "stale: its header records {header_size!b} of source, but the source has {source_size!b}"
    )
    reasons = frozenset({"source-size-differs"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a cache that the importer judged by the source's size."""
        judgement = cache.judgement
        return self.of_cache(
            cache, header_size=int(judgement.actual), source_size=int(judgement.expected)
        )
