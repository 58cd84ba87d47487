"""What it finds
=============
A directory, fifo, socket or device in the place of a cache.

Why it matters
==============
The importer opens whatever has the cache's name. A directory makes it compile the source
at every start, because it cannot be replaced; a fifo without a writer makes the import
wait for ever. None of them gets there by itself.

What to do
==========
Find out who made it, then delete it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["NotAFile"]


class NotAFile(Rule):
    """PYC605."""

    id = "PYC605"
    name = "not-a-file"
    title = "Not a file"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "is a {kind}, not a file"
    reasons = frozenset({"cache-not-regular"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report what stands in a cache's place."""
        kind = cache.judgement.actual.removeprefix("a ").removesuffix(", not a file")
        return self.of_cache(cache, kind=kind)
