"""What it finds
=============
Code objects of one cache that say that they come from different files.

Why it matters
==============
One source is compiled at a time, and every code object of it has its path. Where a part has another
path, the code was put together from several caches, or changed: tracebacks and debuggers then show
lines of a file that has nothing to do with what runs.

What to do
==========
Do not import the module; look at the parts that the finding names (``pycinspect show``). Delete the
file and compile again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["SeveralPaths"]


class SeveralPaths(Rule):
    """PYC403."""

    id = "PYC403"
    name = "several-paths"
    title = "Code that comes from several files"
    severity = Severity.SECURITY
    message = "{qualname} says that it comes from {other}, and the module from {path}"
    facts = ("filename", "stranger")

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first code object with a path of its own."""
        if payload.stranger is None:
            return None
        qualname, other = payload.stranger
        return self.of_cache(cache, qualname=qualname, other=other, path=payload.filename)
