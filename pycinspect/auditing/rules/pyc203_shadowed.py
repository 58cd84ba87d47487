"""What it finds
=============
Bytecode in a source's place that loses against a source or an extension module of
the same name beside it.

Why it matters
==============
Finders look for extension modules first, then for sources, then for bytecode
(``FileFinder``), so that this file is dead weight today. It comes to life as soon as
the file that hides it is deleted.

What to do
==========
Delete it.
"""

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Rule

__all__ = ["Shadowed"]


class Shadowed(Rule):
    """PYC203."""

    id = "PYC203"
    name = "shadowed"
    title = "Bytecode hidden by a source or extension module"
    severity = Severity.INFO
    message = "never imported: {winner} beside it is found first"
    reasons = frozenset({"shadowed"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report bytecode that no finder comes to."""
        return self.of_cache(cache, winner=cache.judgement.actual)
