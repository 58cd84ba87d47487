"""What it finds
=============
Code that hides what it does: names that PyArmor, SOURCEdefender or pyconcrete leave, or at least
512 bytes of data as dense as packed or encrypted data in a code object that also calls ``exec``,
``eval`` or ``loads``.

Why it matters
==============
Nobody can read such code, and no comparison tells what it will do: what runs is made when it runs.
Programs that are sold are hidden so, and so is what somebody has put into a package. Instructions
that are encrypted themselves are no instructions, which PYC505 says.

What to do
==========
Ask whoever made the package for a version that can be read. If you have not bought it from them,
do not import it; ``pycinspect show`` shows the data, and the code around it, without running any
of it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.values import brief

__all__ = ["Obfuscated"]

_SHOWN = 5


class Obfuscated(Rule):
    """PYC506."""

    id = "PYC506"
    name = "obfuscated"
    title = "Code that hides what it does"
    severity = Severity.SECURITY
    message = "in {qualname}, {sign}{more}"
    facts = ("hidden",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first signs."""
        found = payload.hidden
        if not found:
            return None
        count = len(found) - 1
        return self.of_cache(
            cache,
            qualname=brief(found[0].qualname),
            sign=found[0].message,
            more=f", and {count} more signs" if count else "",
            signs=[sign._asdict() for sign in found[:_SHOWN]],
        )
