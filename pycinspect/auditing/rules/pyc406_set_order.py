"""What it finds
=============
Constant sets whose members stand in another order than that in which writers since Python 3.11 put
them: by how each is spelled. Looked for with ``--profile repro``, or where the rule is named.

Why it matters
==============
Up to 3.10 members stand in the order of their hashes, and those of strings differ from run to run
(``PYTHONHASHSEED``): two builds of one source differ. Since 3.11 (cpython#81777) the order is
always the same, so that there another one was not written by that Python.

What to do
==========
Compile with ``PYTHONHASHSEED=0`` up to 3.10, which gives one order, if not this one. Since 3.11,
find out what wrote the file.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["SetOrder"]

_SHOWN = 5


class SetOrder(Rule):
    """PYC406."""

    id = "PYC406"
    name = "set-order"
    title = "Members of a set in an order of their own"
    severity = Severity.INFO
    message = "of {sets} constant sets, {count} are not in the order of how members are spelled"
    only_on_request = True
    facts = ("spelling",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report sets that another run, or another Python, writes otherwise."""
        found = payload.spelling
        if found is None or not found.unordered:
            return None
        places = list(found.unordered[:_SHOWN])
        return self.of_cache(cache, sets=found.sets, count=len(found.unordered), offsets=places)
