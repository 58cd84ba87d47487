"""What it finds
=============
A Java class file of Jython, ``x$py.class``, that Jython does not use: it is older than its source,
records a later time of the source, was written by another version of Jython's compiler, is cut
short, or is one that Java does not load.

Why it matters
==============
Jython compiles the source again at every start until it can write the class file in its place
(``org/python/core/imp.java``). It keeps to the file that is there: one that it may not write stays
stale for ever.

What to do
==========
Compile again (``jython -m compileall``), copy trees with their times, or delete the class file.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import Outcome

__all__ = ["ClassNotUsed"]


class ClassNotUsed(Rule):
    """PYC112."""

    id = "PYC112"
    name = "class-not-used"
    title = "Class file that Jython does not use"
    severity = Severity.WARNING
    message = "stale for {reader}: {why}"
    reasons = frozenset(
        {
            "class-api-version",
            "class-cut-short",
            "class-does-not-load",
            "class-is-older",
            "class-records-later",
        }
    )

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a class file that is compiled again; PYC010 reports those that fail."""
        if cache.judgement.outcome is not Outcome.RECOMPILE or cache.reader is None:
            return None
        return self.of_cache(cache, reader=cache.reader.name, why=cache.judgement.why)
