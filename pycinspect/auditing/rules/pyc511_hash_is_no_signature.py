"""What it finds
=============
How many caches of a tree are tied to their sources by a hash that is checked. Told only where the
rule is named.

Why it matters
==============
A checked hash says that the cache was made for this source, and not that it was made *from* it:
the hash is of the source, has no secret key (PEP 552), and anybody can write it in front of other
code. It makes builds reproducible; it proves nothing.

What to do
==========
Compare caches with their sources (``pycinspect verify``), or with digests that you trust
(``--digests``, PYC512).
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule

__all__ = ["HashIsNoSignature"]


class HashIsNoSignature(Rule):
    """PYC511."""

    id = "PYC511"
    name = "hash-is-no-signature"
    title = "A source hash does not say who wrote the cache"
    severity = Severity.INFO
    message = "{caches} with a checked source hash: it fits the source, whoever wrote the code"
    only_on_request = True
    never_fails = True
    reasons = frozenset({"source-hash-matches"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._count = 0

    def check_cache(self, cache: CacheFile) -> None:  # noqa: ARG002 - one more of its kind
        """Count a cache whose hash was compared, and fits."""
        self._count += 1

    def finish(self) -> Iterator[Finding]:
        """Report how many there were."""
        if self._count:
            caches = f"{self._count:,} cache{'s' if self._count > 1 else ''}"
            yield self.of_path(self.context.root, {"caches": caches, "count": self._count})
