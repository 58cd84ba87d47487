"""What it finds
=============
A payload that was not read, or not all of it, because it is larger or more deeply
nested than any that a compiler makes: the file has more than 64 MiB, its objects are
nested more than 2000 levels deep or are more than ten million once references are
followed, code objects share their instructions more often than any compiler makes
them, the members of sets are too many to be compared, qualified names that are not in
the file are longer than it could have them, or a code object has more than 1 MiB of
instructions.

Why it matters
==============
What was not read is not clean. A file of a few bytes can describe an object that
fills the memory of whoever loads it. Stale caches are reported, too: what is in them
is not known.

What to do
==========
Delete the file and compile again. If it comes back the same, its source is enormous,
and the file has to be trusted for the source's sake.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import CODE_LIMIT, Payload
from pycinspect.auditing.rule import Rule
from pycinspect.values import brief, byte_count

__all__ = ["LimitReached"]

_LIMITS = ("limit", "too-large")


class LimitReached(Rule):
    """PYC008."""

    id = "PYC008"
    name = "limit-reached"
    title = "A limit was reached: the payload was not looked at"
    severity = Severity.SECURITY
    message = "not looked at: {limit}"
    facts = ("oversized",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report what is beyond a limit."""
        error = payload.error
        if error is not None and error.slug in _LIMITS:
            return self.of_cache(cache, limit=error.message, offset=error.offset)
        if payload.oversized is None:
            return None
        qualname, size = payload.oversized
        limit = (
            f"the instructions of {brief(qualname)}, which take {byte_count(size)};"
            f" the limit is {byte_count(CODE_LIMIT)}"
        )
        return self.of_cache(cache, limit=limit, offset=None)
