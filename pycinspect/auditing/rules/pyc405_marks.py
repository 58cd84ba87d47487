"""What it finds
=============
Objects that are marked to be referred to though nothing refers to them, and interned strings that
are spelled out twice. Told only where the rule is named: every compiler leaves some.

Why it matters
==============
Whether an object is marked depends on how many others hold it at the moment (cpython#78274), so two
runs of one compiler write different bytes for one source. Builds that are to be the same byte for
byte remove what is not needed; this tells whether that was done.

What to do
==========
Nothing, unless builds have to be the same: then pass caches through ``add-determinism`` or
``marshalparser --fix``, or compare them by what they hold (``pycinspect diff --level exact``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["Marks"]


class Marks(Rule):
    """PYC405."""

    id = "PYC405"
    name = "marks"
    title = "Marks that depend on the run of the compiler"
    severity = Severity.INFO
    message = (
        "of {marked} objects that are marked to be referred to, {unneeded} are not referred to;"
        " {repeated} interned strings are spelled out again"
    )
    only_on_request = True
    never_fails = True
    facts = ("spelling",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Count what another run might have done otherwise."""
        found = payload.spelling
        if found is None or not (found.unneeded or found.repeated):
            return None
        return self.of_cache(
            cache, marked=found.marked, unneeded=found.unneeded, repeated=found.repeated
        )
