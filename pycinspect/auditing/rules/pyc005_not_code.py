"""What it finds
=============
A cache whose payload is an object of another kind than a code object.

Why it matters
==============
No compiler writes it. The importer raises ImportError, ``Non-code object in ...``
(``_compile_bytecode``), and does not take the source instead. Stale and orphaned
caches are reported, too: what they hold was never a module, and a header can be made
to fit at any time. Files that no import comes to, by their name or because another is
found first, are not.

What to do
==========
Delete the file, and find out what wrote it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.cache import Outcome

__all__ = ["NotCode"]

_NOT_TAKEN = "its payload is {kind}: an import that took it would raise {exception}"


class NotCode(Rule):
    """PYC005."""

    id = "PYC005"
    name = "not-code"
    title = "Payload is not a code object"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC201", "PYC202", "PYC209", "PYC301"})
    message = "its payload is {kind}: an import raises {exception}"

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report a payload of another kind."""
        error = payload.error
        outcome = cache.judgement.outcome
        if error is None or error.slug != "not-code" or outcome is Outcome.NO_CACHE:
            return None
        finding = self.of_cache(cache, kind=error.message, exception=payload.exception)
        return finding if outcome is Outcome.RAISE else finding._replace(template=_NOT_TAKEN)
