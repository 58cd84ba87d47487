"""What it finds
=============
That the audit did not look at everything: a limit on files or time was reached, a source
hash could not be computed, or a file went away, or changed into something else, while it was
looked at.

Why it matters
==============
What was not looked at is not clean. An audit that ends early must not pass for one
that found nothing.

What to do
==========
Raise the limit, audit a part of the tree, install what is missing (siphash24), or audit the
tree when nobody writes to it.
"""

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Rule

__all__ = ["Incomplete"]


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
