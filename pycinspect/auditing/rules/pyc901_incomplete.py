"""What it finds
=============
That the audit did not look at everything: a limit on files or time was reached, or a
source hash could not be computed; or that it is not known how a Python writes its files.

Why it matters
==============
What was not looked at is not clean. An audit that ends early must not pass for one
that found nothing.

What to do
==========
Raise the limit, audit a part of the tree, or install what is missing (siphash24).
"""

from collections.abc import Iterable, Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Context, Rule

__all__ = ["Incomplete", "incomplete"]


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


def incomplete(context: Context, reasons: Iterable[str]) -> Iterator[Finding]:
    """Yield, if it is selected, a finding of this rule for each thing that another left out."""
    if context.policy.selection.takes(Incomplete.id):
        rule = Incomplete(context)
        yield from (rule.of_path(context.root, {"reason": reason}) for reason in reasons)
