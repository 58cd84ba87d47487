"""What it finds
=============
A cache that starts with zeros only, as many as were read of it (16 bytes).

Why it matters
==============
This is what a power failure leaves: the file's length reached the disk, its content
did not (``_write_atomic`` renames the file without ``fsync``). Other files that were
written in those seconds may be damaged in the same way. The importer refuses the
cache for its magic number and compiles the source.

What to do
==========
Delete the file or compile it again, and check what else was written at that time.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["AllZero"]


class AllZero(Rule):
    """PYC009."""

    id = "PYC009"
    name = "all-zero"
    title = "Zeros instead of a header"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "its first {zeros} of {size} bytes are zero, as after a power failure"
    reasons = frozenset({"bad-magic", "short-header"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a file that starts with zeros only."""
        status = cache.status
        if status is None or not cache.start or any(cache.start):
            return None
        blocks = getattr(status, "st_blocks", None)  # Windows has none
        return self.of_cache(cache, zeros=len(cache.start), size=status.st_size, sparse=blocks == 0)
