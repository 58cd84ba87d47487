"""What it finds
=============
A cache below the cache prefix (``-X pycache_prefix``, ``PYTHONPYCACHEPREFIX``) whose
source is not at the place that its path mirrors.

Why it matters
==============
It is never imported. A cache prefix outlives the trees that it mirrors: virtual
environments, checkouts and temporary directories leave their caches there, and
nothing ever removes them.

What to do
==========
Delete it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["PrefixOrphan"]


class PrefixOrphan(Rule):
    """PYC209."""

    id = "PYC209"
    name = "prefix-orphan"
    title = "Cache without source below the cache prefix"
    severity = Severity.WARNING
    message = "mirrors {source}, which is not there: it is never imported"
    reasons = frozenset({"cache-without-source"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache without source that lies below the cache prefix."""
        if cache.directory.prefix is None:
            return None  # PYC201
        return self.of_cache(cache, source=cache.source)
