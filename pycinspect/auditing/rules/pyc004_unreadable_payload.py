"""What it finds
=============
A cache with a header that the importer accepts, but without the code behind it.

Why it matters
==============
A bad header heals itself: the importer takes the source and writes the cache anew.
A bad payload does not. ``marshal`` raises EOFError, ``SourceLoader.get_code`` lets it
through, and every import of the module fails although its source is there.

What to do
==========
Delete the file at once; then find what cut it off, often a full disk: up to 3.13
``_write_atomic`` does not notice a short write.
"""

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Rule

__all__ = ["UnreadablePayload"]


class UnreadablePayload(Rule):
    """PYC004."""

    id = "PYC004"
    name = "unreadable-payload"
    title = "Payload cannot be loaded: the import fails"
    severity = Severity.ERROR
    message = "nothing follows its header of {header} bytes: the import raises {exception}"
    reasons = frozenset({"empty-payload"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a file that is a header and nothing else."""
        judgement = cache.judgement
        return self.of_cache(cache, header=int(judgement.expected), exception=judgement.exception)
