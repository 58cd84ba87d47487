"""What it finds
=============
A source with a time before 1970, or from the year 2106 on, beside a timestamp cache.

Why it matters
==============
A header has 32 bits for the time, so that it holds the remainder only. Since 3.7 the
importer masks both sides and the cache is used; earlier importers compare the full
number with the word, and such a cache never matches (3.3 to 3.6), or the import
itself raises OverflowError (before 2.7.3).

What to do
==========
Give the source a time that fits (``touch``) and compile again. Such times come from
broken clocks and from archives with unset times.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import Outcome, expected_header

__all__ = ["MtimeWraps"]

_WRAP = float(2**32)


class MtimeWraps(Rule):
    """PYC111."""

    id = "PYC111"
    name = "mtime-wraps"
    title = "The source's time does not fit the header"
    severity = Severity.INFO
    yields_to = frozenset({"PYC101"})
    message = (
        "the source's time {source_mtime!t} does not fit the 32 bits that the header has for it"
    )
    skips_ordinary = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at the source's time; runs for every cache."""
        source = cache.source_status
        if source is None or 0.0 <= source.st_mtime < _WRAP:
            return None
        if cache.reader is None or cache.is_hash_based():
            return None
        never = expected_header(cache.reader, source) is None
        return self.of_cache(
            cache,
            source_mtime=int(source.st_mtime),
            permanent=never or cache.judgement.outcome is Outcome.RAISE,
        )
