"""What it finds
=============
A Java class file of Jython, ``x$py.class``, with which the import fails: it is damaged behind its
constants, or it is no class file at all; or there is no source, and Jython or Java refuses it.

Why it matters
==============
Jython reads the annotations of the file before it decides whether to compile the source. What is
wrong there is an exception of Java's, which the import raises although the source is there
(``org/python/core/imp.java: createFromPyClass``).

What to do
==========
Delete the class file; Jython compiles the source, if there is one, at the next import.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import Outcome

__all__ = ["ClassFails"]


class ClassFails(Rule):
    """PYC010."""

    id = "PYC010"
    name = "class-fails"
    title = "Class file with which the import fails"
    severity = Severity.ERROR
    message = "the import by {reader} raises {exception}: {why}"
    reasons = frozenset(
        {"class-api-version", "class-cut-short", "class-does-not-load", "class-not-readable"}
    )

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a class file that makes an import fail."""
        judgement = cache.judgement
        if judgement.outcome is not Outcome.RAISE or cache.reader is None:
            return None
        exception, why = judgement.exception, judgement.why
        return self.of_cache(cache, reader=cache.reader.name, exception=exception, why=why)
