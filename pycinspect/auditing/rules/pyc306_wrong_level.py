"""What it finds
=============
A cache that was compiled with ``-O`` or ``-OO`` and lies under the name of one that was not, or
the other way round. Looked for with ``--verify``.

Why it matters
==============
The interpreter trusts the name (PEP 488). Under the plain name such code runs without its
assertions, or without its docstrings, though nobody asked for that; a check that is an assertion
is gone without a trace.

What to do
==========
Delete the file and compile again. Find out what wrote it: compiling with ``-O`` and renaming the
file does this, and so does somebody who wants a check gone.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.verifying import other_statements

__all__ = ["WrongLevel"]


class WrongLevel(Rule):
    """PYC306."""

    id = "PYC306"
    name = "wrong-level"
    title = "Optimized otherwise than its name says"
    severity = Severity.SECURITY
    message = "{why} ({compiler})"
    needs_verification = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Compare with what the source gives at the other levels."""
        found = self.context.verifications.of(cache, payload)
        if found is None or found.reason != "optimization":
            return None
        return self.of_cache(
            cache,
            why=found.why,
            level=found.detail,
            compiler=found.compiler,
            changes=[change._asdict() for change in other_statements(found.diff)],
        )
