"""What it finds
=============
A stale cache that would not be replaced: the directory is not writable for the user
who runs the audit (or ``--user``), its sticky bit protects the file of another owner, the file
system is read-only (or ``--read-only`` says so), a directory stands in the cache's place, or the
interpreter writes no bytecode (``-B``, ``PYTHONDONTWRITEBYTECODE``).

Why it matters
==============
A stale cache costs one compilation, then it is written anew. One that cannot be
written costs it at every start, for ever, and the importer says nothing: it
ignores every error of the write (``SourceFileLoader.set_data``). Read-only images,
``/usr`` under an ordinary user and OSTree systems are where this happens.

What to do
==========
Compile as the owner when the tree is made, keep the sources' times when it is
copied, or use unchecked hashes for trees that never change. Name the user who runs the
programs (``--user``): root may write nearly everywhere.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rewriting import COMPILED_AFTER, Rewriting
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome

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
    reasons = COMPILED_AFTER

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._rewriting = Rewriting(context.policy)

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache that stays stale."""
        judgement = cache.judgement
        reader = cache.reader
        if judgement.outcome is not Outcome.RECOMPILE or reader is None:
            return None
        if cache.source_status is None:
            return None
        hindrance = self._rewriting.hindrance(cache.path, reader)
        if hindrance is None:
            return None
        return self.of_cache(cache, reason=judgement.reason, hindrance=hindrance)
