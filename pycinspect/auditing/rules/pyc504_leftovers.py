"""What it finds
=============
Code with constants that no instruction loads, or instructions at the end that no path leads to,
written by a Python whose compiler leaves neither: constants since 3.12, instructions since 3.10.

Why it matters
==============
No source gives such code. Somebody has put something in that waits to be used, has cut off what
used it, or has appended instructions to which a single changed jump leads. Compilers of older
versions leave both, so nothing is said of their caches: comparing with the source (PYC501) finds
it in every version. The rest of a loop that is never run is not meant.

What to do
==========
Look at what is left over (``pycinspect show``), and compare the cache with its source
(``pycinspect verify``). Delete the file and compile again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["Leftovers"]

_SHOWN = 5


class Leftovers(Rule):
    """PYC504."""

    id = "PYC504"
    name = "leftovers"
    title = "Constants or instructions that nothing uses"
    severity = Severity.WARNING
    message = "in {qualname}, {problem}{more}"
    #: These compare with the source, and tell what should be there.
    yields_to = frozenset({"PYC105", "PYC306", "PYC501"})
    facts = ("leftovers",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first ones."""
        found = payload.leftovers
        if not found:
            return None
        count = len(found) - 1
        places = [
            {"qualname": name, "slug": left.slug, "message": left.message, "offset": left.offset}
            for name, left in found[:_SHOWN]
        ]
        return self.of_cache(
            cache,
            qualname=found[0].qualname,
            problem=found[0].defect.message,
            more=f", and {count} more" if count else "",
            count=len(found),
            places=places,
        )
