"""What it finds
=============
Bytecode in a source's place to which no import comes because another file of the same
name is found first: a package, an extension module, or a source. Caches in
``__pycache__`` of sources that are hidden so are only counted, as unused: compilers of
whole trees make them, and they do no harm.

Why it matters
==============
Finders look for packages first, then for extension modules, then for sources, then for
bytecode (``FileFinder``), so that this file is dead weight today. It comes to life as
soon as the file that hides it is deleted.

What to do
==========
Delete it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["Shadowed"]


class Shadowed(Rule):
    """PYC203."""

    id = "PYC203"
    name = "shadowed"
    title = "Hidden: another file of this name is found first"
    severity = Severity.INFO
    message = "never imported: {winner} beside it is found first"
    reasons = frozenset({"shadowed"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report bytecode that no finder comes to."""
        return self.of_cache(cache, winner=cache.judgement.actual)
