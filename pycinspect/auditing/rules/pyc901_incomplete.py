"""What it finds
=============
That the audit did not look at everything: a limit on files or time was reached, a source
hash could not be computed, it is not known how a Python writes its files, or a file went
away, or changed into something else, while it was looked at.

Why it matters
==============
What was not looked at is not clean. An audit that ends early must not pass for one
that found nothing.

What to do
==========
Raise the limit, audit a part of the tree, install what is missing (siphash24), or audit the
tree when nobody writes to it.
"""

import os
from collections import Counter
from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.failures import reason_of
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.errors import PycInspectError

__all__ = ["Incomplete", "NotLookedAt", "not_looked_at"]


class Incomplete(Rule):
    """PYC901; of all but hashes the engine makes the findings."""

    id = "PYC901"
    name = "incomplete"
    title = "Not everything was looked at"
    severity = Severity.INFO
    message = "not everything was looked at: {reason}"
    about_run = True
    reasons = frozenset({"hash-unavailable"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a cache that could not be compared with its source."""
        return self.of_cache(cache, reason=cache.judgement.actual)


def not_looked_at(
    context: Context, cache: CacheFile, what: str, error: OSError | PycInspectError
) -> Finding | None:
    """Return a finding, if PYC901 is selected, that a rule could not look at one cache.

    Args:
        context: what the rule knows about the run.
        cache: the cache.
        what: it could not do, such as "the source cannot be hashed".
        error: why.
    """
    if not context.policy.selection.takes(Incomplete.id):
        return None
    return Incomplete(context).of_cache(cache, reason=f"{what} ({reason_of(error)})")


class NotLookedAt:
    """Counts caches at which a rule could not look, by the Python that wrote them.

    Args:
        context: what the rule knows about the run.
        reason: why, and what was not looked at; with the fields ``name``, of the dialect, and
            ``caches``, how many.
    """

    def __init__(self, context: Context, reason: str) -> None:
        self._context = context
        self._reason = reason
        self._counts: Counter[str] = Counter()
        self._directories: dict[str, str] = {}

    def add(self, cache: CacheFile, name: str) -> None:
        """Count a cache of one dialect."""
        directory = os.path.dirname(cache.path)
        known = self._directories.get(name, directory)
        if directory != known:  # one below the other, or both below a third
            directory = os.path.commonpath([known, directory])
        self._counts[name] += 1
        self._directories[name] = directory

    def findings(self) -> Iterator[Finding]:
        """Yield, if PYC901 is selected, one for each dialect, at the directory that has them all."""
        if not self._context.policy.selection.takes(Incomplete.id):
            return
        rule = Incomplete(self._context)
        for name, count in sorted(self._counts.items()):
            caches = f"{count} cache{'s' if count > 1 else ''}"
            reason = self._reason.format(name=name, caches=caches)
            yield rule.of_path(self._directories[name] or os.curdir, {"reason": reason})
