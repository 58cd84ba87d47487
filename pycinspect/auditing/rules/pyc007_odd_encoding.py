"""What it finds
=============
A payload that loads as the same object as another, but is not spelled as the writer of
its Python spells it: a small number in the type code for large ones, ASCII text in the
type code for other text, a set that has a member twice, a list in the constants of a
function.

Why it matters
==============
``marshal`` always chooses the same type code for the same value; for every Python that
could be run it was checked that it does, over its whole standard library. So the file
was not written by that Python: somebody made it, or changed it, with a tool.
Comparing the loaded objects does not show it. Which objects are shared is not judged
(it differs from run to run), nor are Pythons whose writer is not known, which PYC901
says. Where the file cannot be followed to its end, the finding says from where on it was
not looked at. Stale caches are reported, too: it is the file that is odd.

What to do
==========
Find out what wrote the file. Delete it or compile again.
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.rules.pyc901_incomplete import NotLookedAt

__all__ = ["OddEncoding"]

_SHOWN = 5

_UNCHECKED = (
    "it is not known how {name} chooses between ways to write the same: the encoding"
    " of {caches} was not checked"
)


class OddEncoding(Rule):
    """PYC007."""

    id = "PYC007"
    name = "odd-encoding"
    title = "Non-canonical marshal encoding"
    severity = Severity.SECURITY
    message = "no writer spells it so: {first}{more}"
    facts = ("anomalies",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._unchecked = NotLookedAt(context, _UNCHECKED)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first places."""
        if payload.has_code and not payload.is_writer_known:
            self._unchecked.add(cache, payload.dialect.name)
        found = payload.anomalies
        if not found:
            return None
        more = f", and {len(found) - 1} more places" if len(found) > 1 else ""
        places = [
            {"slug": place.slug, "message": place.message, "offset": place.offset}
            for place in found[:_SHOWN]
        ]
        first = f"at offset {found[0].offset}, {found[0].message}"
        return self.of_cache(cache, first=first, more=more, count=len(found), places=places)

    def finish(self) -> Iterator[Finding]:
        """Say, as PYC901, of which Pythons it is not known how they spell."""
        return self._unchecked.findings()
