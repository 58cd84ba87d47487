"""What it finds
=============
That the audit did not look at everything: a limit on files or time was reached, or a
source hash could not be computed.

Why it matters
==============
What was not looked at is not clean. An audit that ends early must not pass for one
that found nothing.

What to do
==========
Raise the limit, audit a part of the tree, or install what is missing (siphash24).
"""

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Rule

__all__ = ["Incomplete"]


class Incomplete(Rule):
    """PYC901; of limits the engine makes the findings."""

    id = "PYC901"
    name = "incomplete"
    title = "Not everything was looked at"
    severity = Severity.INFO
    message = "not everything was looked at: {reason}"
    reasons = frozenset({"hash-unavailable"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a cache that could not be compared with its source."""
        return self.of_cache(cache, reason=cache.judgement.actual)
