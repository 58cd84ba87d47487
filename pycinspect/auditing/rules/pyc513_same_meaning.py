"""What it finds
=============
A cache whose instructions are not those that its source gives here, and mean the same. Looked for
with ``--verify``.

Why it matters
==============
Another release of the same version of Python (3.11.2 and 3.11.7, say) writes such caches: releases
share a magic number, and a few jumps and exchanges on the stack differ. Where no such interpreter
was at work, somebody has changed the code so that it does what it did.

What to do
==========
Nothing, as a rule. ``pycinspect diff --level exact SOURCE CACHE`` shows what differs.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.verifying import Rung, told

__all__ = ["SameMeaning"]


class SameMeaning(Rule):
    """PYC513."""

    id = "PYC513"
    name = "same-meaning"
    title = "Other instructions with the same meaning"
    severity = Severity.INFO
    is_statistic = True
    never_fails = True
    message = "means what {compiler} makes of {source}, in other instructions{what}"
    needs_verification = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report what differs."""
        found = self.context.verifications.of(cache, payload)
        if found is None or found.rung is not Rung.SAME_MEANING:
            return None
        what = f": {told(found)}" if found.differences else ""
        return self.of_cache(cache, compiler=found.compiler, source=cache.source, what=what)
