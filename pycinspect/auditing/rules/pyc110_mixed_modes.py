"""What it finds
=============
A tree whose caches are tied to their sources in different ways: by time, by a hash
that is checked, by a hash that is not. Where the policy names a mode, each cache
that has another.

Why it matters
==============
Two tools have written them, or one was told differently. What a copy of the tree, a
change of a source or a reproducible build does then depends on the file: some caches
become stale by a ``touch``, some by a change, some never.

What to do
==========
Compile the whole tree again in one mode
(``python -m compileall -f --invalidation-mode ...``).
"""

from collections import Counter
from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome
from pycinspect.pyc.header import CHECK_SOURCE
from pycinspect.values import InvalidationMode

__all__ = ["MixedModes"]

_TIMESTAMP = InvalidationMode.TIMESTAMP
_CHECKED = InvalidationMode.CHECKED_HASH
_UNCHECKED = InvalidationMode.UNCHECKED_HASH

_FRESH = "header-matches"
_NOT_AS_WANTED = "is a {mode} cache, but {wanted} is wanted"


class MixedModes(Rule):
    """PYC110."""

    id = "PYC110"
    name = "mixed-modes"
    title = "Mixed invalidation modes"
    severity = Severity.WARNING
    message = "the caches of this tree have different invalidation modes: {modes}"
    #: Those that can only follow from a header that was understood. Fresh timestamp
    #: caches, nearly all there are, are only counted where no mode is wanted.
    reasons = frozenset(
        {
            "hash-not-checked",
            "hash-unavailable",
            "mtime-differs",
            "mtime-never-matches",
            "source-hash-differs",
            "source-hash-matches",
            "source-size-differs",
            "unchecked-hash",
        }
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wanted = context.policy.invalidation_mode
        if self._wanted is not None:
            self.reasons |= {_FRESH}
        self._counts: Counter[InvalidationMode] = Counter()

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Count a cache's mode, and compare it with the policy's."""
        mode = _mode(cache)
        self._counts[mode] += 1
        if self._wanted is None or mode is self._wanted:
            return None
        finding = self.of_cache(cache, mode=mode.value, wanted=self._wanted.value)
        return finding._replace(template=_NOT_AS_WANTED)

    def finish(self) -> Iterator[Finding]:
        """Report the tree if more than one mode was seen."""
        if self._wanted is None:
            self._counts[_TIMESTAMP] += self.context.counts.get((_FRESH, Outcome.LOAD), 0)
        counts = {mode.value: count for mode, count in sorted(self._counts.items()) if count}
        if len(counts) > 1:
            modes = ", ".join(f"{count} {mode}" for mode, count in counts.items())
            yield self.of_path(self.context.root, {"modes": modes, "counts": counts})


def _mode(cache: CacheFile) -> InvalidationMode:
    if not cache.is_hash_based():
        return _TIMESTAMP
    return _CHECKED if cache.start[4] & CHECK_SOURCE else _UNCHECKED
