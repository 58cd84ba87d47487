"""What it finds
=============
An unchecked hash-based cache beside its source, in a tree that is not trusted. Looked for with
``--profile security``, or where the rule is named.

Why it matters
==============
The importer takes such a cache without a look at the source (PEP 552): not its time, not its size,
not its hash. Whoever can write the one file decides what runs, the source stays as it was, and it
stays so whatever becomes of the source. Build systems write such caches for trees that nobody
changes; in a tree from somewhere else it is the cache that an attacker would write.

What to do
==========
Compare it with its source (``pycinspect verify``), and compile again with checked hashes or times
(``python -m compileall -f --invalidation-mode checked-hash``). Where the tree is your own build's,
accept it in a baseline.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import NOT_COMPARED, Outcome

__all__ = ["NotCompared"]


class NotCompared(Rule):
    """PYC508."""

    id = "PYC508"
    name = "not-compared"
    title = "The importer never compares it with its source"
    severity = Severity.SECURITY
    message = "is imported whatever {source} says: the importer compares neither time nor hash"
    only_on_request = True
    #: Its hash is that of another source, which tells more.
    yields_to = frozenset({"PYC104"})
    reasons = NOT_COMPARED

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report what is loaded though a source lies beside it."""
        if cache.judgement.outcome is not Outcome.LOAD or cache.source_status is None:
            return None
        return self.of_cache(cache, source=cache.source)
