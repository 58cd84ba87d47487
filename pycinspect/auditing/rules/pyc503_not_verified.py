"""What it finds
=============
A cache that an import takes and that could not be compared with its source, with the reason: there
is no source, it does not compile, no interpreter of this version is installed and the nearest one
makes something else of it, or a tool has changed the code. Told with ``--verify``.

Why it matters
==============
What was not compared is not known to be what its source says.

What to do
==========
Install the interpreter that the finding names, or make the source readable. Of code without a
source only reading it tells what it does: ``pycinspect show``.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome
from pycinspect.verifying import Rung, other_statements

__all__ = ["NotVerified"]

_RUNGS = frozenset({Rung.UNVERIFIABLE, Rung.TRANSFORMED})


class NotVerified(Rule):
    """PYC503."""

    id = "PYC503"
    name = "not-verified"
    title = "Code that could not be compared with its source"
    severity = Severity.INFO
    message = "was not compared: {why}"
    needs_verification = True
    #: That a file could not be read to its end tells this, too.
    yields_to = frozenset({"PYC901"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._read: set[str] = set()

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report what an import takes and nobody here could read."""
        if cache.path in self._read:
            self._read.remove(cache.path)
            return None
        if cache.judgement.outcome is not Outcome.LOAD:
            return None
        return self.of_cache(cache, why="its code was not read", reason="unreadable")

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report why there is no answer."""
        self._read.add(cache.path)
        found = self.context.verifications.of(cache, payload)
        if found is None or found.rung not in _RUNGS:
            return None
        changes = [change._asdict() for change in other_statements(found.diff)]
        return self.of_cache(cache, why=found.why, reason=found.reason, changes=changes)
