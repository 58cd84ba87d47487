"""What it finds
=============
A fresh timestamp cache whose source was changed within two seconds of the cache
being written, or has a time in the future.

Why it matters
==============
A header has whole seconds, and the source's size. A second change within the same
second that keeps the size is never noticed: the old code runs on. The same holds
for a source with a time in the future that is changed and gets the same time again.
Trees that are unpacked and compiled in one go are all like this, and harmless as
long as nobody edits them.

What to do
==========
Nothing, where files are not edited by programs. Code generators, test suites and
deployments that overwrite files should use checked hashes
(``python -m compileall --invalidation-mode checked-hash``) or delete the cache.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule

__all__ = ["RiskWindow"]

#: Seconds; the coarsest clock of a common file system (FAT) has steps of two.
_WINDOW = 2.0
_FUTURE = "fresh, but its source's time {source_mtime!t} lies {ahead:.0f} s in the future"

_COUNTED = "fresh, but its source was changed at about the time of the cache"
_NO_DATA: Mapping[str, object] = MappingProxyType({})


class RiskWindow(Rule):
    """PYC106."""

    id = "PYC106"
    name = "risk-window"
    title = "Another change of the source might not be noticed"
    severity = Severity.INFO
    is_statistic = True
    message = (
        "fresh, but its source was changed within {distance:.1f} s of the cache's own time:"
        " another change in the same second may go unnoticed"
    )
    reasons = frozenset({"header-matches"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._now = context.now
        self._only_counts = context.policy.only_counts(self.id)

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare the times of the two files; runs for every fresh cache."""
        source, status = cache.source_status, cache.status
        if source is None or status is None:
            return None
        mtime, cache_mtime, now = source.st_mtime, status.st_mtime, self._now
        distance = cache_mtime - mtime
        if not -_WINDOW <= distance <= _WINDOW and mtime <= now:
            return None
        if self._only_counts:  # in a tree that was just installed, nearly every cache
            return Finding(self.id, self.severity, cache.path, _COUNTED, _NO_DATA, cache.source)
        if mtime > now:
            finding = self.of_cache(cache, source_mtime=mtime, ahead=mtime - now)
            return finding._replace(template=_FUTURE)
        return self.of_cache(
            cache, source_mtime=mtime, cache_mtime=cache_mtime, distance=abs(distance)
        )
