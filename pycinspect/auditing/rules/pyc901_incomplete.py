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

from collections.abc import Iterable, Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Context, Rule

__all__ = ["Incomplete", "incomplete"]


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


def incomplete(context: Context, reasons: Iterable[str]) -> Iterator[Finding]:
    """Yield, if it is selected, a finding of this rule for each thing that another left out."""
    if context.policy.selection.takes(Incomplete.id):
        rule = Incomplete(context)
        yield from (rule.of_path(context.root, {"reason": reason}) for reason in reasons)
