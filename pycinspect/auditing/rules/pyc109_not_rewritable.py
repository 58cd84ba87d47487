"""What it finds
=============
A stale cache that would not be replaced: the directory is not writable for the user
who runs the audit, a directory stands in the cache's place, or the policy says that
the interpreter writes no bytecode (``-B``, ``PYTHONDONTWRITEBYTECODE``).

Why it matters
==============
A stale cache costs one compilation, then it is written anew. One that cannot be
written costs it at every start, for ever, and the importer says nothing: it
ignores every error of the write (``SourceFileLoader.set_data``). Read-only images,
``/usr`` under an ordinary user and OSTree systems are where this happens.

What to do
==========
Compile as the owner when the tree is made, keep the sources' times when it is
copied, or use unchecked hashes for trees that never change. Run the audit as the user
who runs the programs: root may write nearly everywhere.
"""

import os

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Context, Rule
from pycinspect.cache import Outcome, can_write

__all__ = ["NotRewritable"]


class NotRewritable(Rule):
    """PYC109."""

    id = "PYC109"
    name = "not-rewritable"
    title = "Stale and not rewritable: compiled at every start"
    severity = Severity.WARNING
    yields_to = frozenset({"PYC605"})
    message = (
        "not used ({reason}) and never replaced, as {hindrance}: every start compiles the source"
    )
    #: Those after which the importer compiles a source.
    reasons = frozenset(
        {
            "bad-magic",
            "cache-not-regular",
            "cache-unreadable",
            "mtime-differs",
            "mtime-never-matches",
            "reserved-flags",
            "short-header",
            "source-hash-differs",
            "source-size-differs",
        }
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._never = context.policy.dont_write_bytecode
        self._parent = ""
        self._writable = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache that stays stale."""
        judgement = cache.judgement
        if judgement.outcome is not Outcome.RECOMPILE or cache.source_status is None:
            return None
        hindrance = self._hindrance(cache)
        if hindrance is None:
            return None
        return self.of_cache(cache, reason=judgement.reason, hindrance=hindrance)

    def _hindrance(self, cache: CacheFile) -> str | None:
        """Return why the cache would not be replaced; a directory is asked about once."""
        if self._never:
            return "writing bytecode is switched off"
        if cache.reader is None:
            return None
        writer = cache.reader.writer
        parent = os.path.dirname(cache.path)
        if parent != self._parent:
            self._parent = parent
            self._writable = can_write(os.path.join(parent, "any"), writer)
        if not self._writable:
            return "its directory is not writable"
        if cache.judgement.reason == "cache-not-regular" and not can_write(cache.path, writer):
            return "a directory stands in its place"
        return None
