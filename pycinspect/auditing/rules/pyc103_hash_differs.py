"""What it finds
=============
A hash-based cache whose source hash is not that of its source, where the importer
compares them: the cache is a checked one, or the interpreter runs with
``--check-hash-based-pycs always``.

Why it matters
==============
The source was changed after the cache was written. The importer compiles it again at
every start until it can write the cache (PEP 552, ``_validate_hash_pyc``).

What to do
==========
Compile again (``python -m compileall -f --invalidation-mode checked-hash``), as the
last step after everything that changes sources.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["HashDiffers"]


class HashDiffers(Rule):
    """PYC103."""

    id = "PYC103"
    name = "hash-differs"
    title = "Stale: the source's hash differs"
    severity = Severity.WARNING
    message = (
        "stale: its header records the source hash {header_hash}, but the source has {source_hash}"
    )
    reasons = frozenset({"source-hash-differs"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a cache that the importer judged by its hash."""
        judgement = cache.judgement
        return self.of_cache(cache, header_hash=judgement.actual, source_hash=judgement.expected)
