"""What it finds
=============
A tree in which nearly all timestamp caches are stale, and in the same way; or that part
of it that a known cause reaches: rounding makes half of the caches stale, clamping those
of the newest sources.

Why it matters
==============
One step of a build or deployment has broken them all: a copy without times, an
archive that drops or rounds them, a tool that sets them to a fixed value. Every
start compiles every module again until the caches can be rewritten; where they
cannot be, for ever.

What to do
==========
The finding names the likely cause. Mend that step, compile after it
(``python -m compileall``), or use hash-based caches, which do not depend on
times (``python -m compileall --invalidation-mode checked-hash``).
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.causes import Evidence, find_cause
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome

__all__ = ["TreeStale"]


class TreeStale(Rule):
    """PYC107."""

    id = "PYC107"
    name = "tree-stale"
    title = "Whole tree stale the same way"
    severity = Severity.WARNING
    message = "{stale} of {timestamp_caches} timestamp caches are stale: {explanation}"
    about_tree = True
    reasons = frozenset({"mtime-differs", "mtime-never-matches"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._evidence = Evidence()

    def check_cache(self, cache: CacheFile) -> None:
        """Collect the times of a stale timestamp cache."""
        mtime = cache.header_mtime()
        if mtime is not None and cache.source_status is not None and cache.status is not None:
            self._evidence.add_stale(mtime, cache.source_status, cache.status, cache.source)

    def finish(self) -> Iterator[Finding]:
        """Report the tree, with the cause that its times point to."""
        evidence = self._evidence
        evidence.fresh = self.context.counts.get(("header-matches", Outcome.LOAD), 0)
        host = self.context.policy.view.host
        if evidence.stale:
            evidence.sample = host(evidence.sample)
        cause = find_cause(evidence, host(self.context.root))
        if cause is None:
            return
        offset, _ = evidence.offsets.most_common(1)[0]
        yield self.of_path(
            self.context.root,
            {
                "stale": evidence.stale,
                "timestamp_caches": evidence.stale + evidence.fresh,
                "cause": cause.slug,
                "explanation": cause.text,
                "most_common_offset": offset,
                "oldest_source": evidence.oldest_source,
                "newest_source": evidence.newest_source,
            },
        )
