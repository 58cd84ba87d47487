"""What it finds
=============
A cache in ``__pycache__`` whose source is not there.

Why it matters
==============
It is never imported: finders look for the source, or for bytecode in its place
(``FileFinder``), not into ``__pycache__`` (PEP 3147). It wastes space, misleads
searches, and keeps code that somebody meant to delete, with its strings.

What to do
==========
Delete it. Tools that remove or rename sources should remove their caches, too.
"""

import os

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["Orphan"]


class Orphan(Rule):
    """PYC201."""

    id = "PYC201"
    name = "orphan"
    title = "Cache without source in __pycache__"
    severity = Severity.WARNING
    yields_to = frozenset({"PYC204"})
    message = "there is no {source_name} for it: it is never imported"
    reasons = frozenset({"cache-without-source"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache without source, unless it lies below the cache prefix."""
        if cache.directory.prefix is not None:
            return None  # below the prefix: PYC209
        return self.of_cache(cache, source_name=os.path.basename(cache.source))
