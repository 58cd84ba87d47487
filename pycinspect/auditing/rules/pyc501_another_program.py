"""What it finds
=============
A cache whose header fits, and whose code is not what compiling the source gives. Looked for with
``--verify``: the source is compiled again, in another process, by the interpreter that wrote the
cache, and both are compared.

Why it matters
==============
The interpreter looks at the header alone. What runs is the cache, whatever the source says; whoever
reads the source sees another program. Somebody who can write one file hides code so, and no tool
that looks at sources, hashes of sources or headers sees it.

What to do
==========
Do not import the module. Look at what the code does, which runs nothing:
``pycinspect diff SOURCE CACHE``. Find out who could write the file; delete it and compile again. A
tool that changes code as it is compiled, and does not say so in the name, does this, too. A source
that was changed twice within a second is PYC105.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.rules.pyc105_same_second import SameSecond, is_of_earlier_source
from pycinspect.verifying import Rung, other_statements, told

__all__ = ["AnotherProgram"]


class AnotherProgram(Rule):
    """PYC501."""

    id = "PYC501"
    name = "another-program"
    title = "Code that is not what the source says"
    severity = Severity.SECURITY
    message = "is not what {compiler} makes of {source}: {what}"
    needs_verification = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report what differs."""
        found = self.context.verifications.of(cache, payload)
        if found is None or found.rung is not Rung.MISMATCH or found.reason == "optimization":
            return None
        if is_of_earlier_source(cache) and self.context.policy.selection.takes(SameSecond.id):
            return None
        fields = [change.field for _, change in found.differences]
        return self.of_cache(
            cache,
            compiler=found.compiler,
            source=cache.source,
            what=told(found),
            fields=list(dict.fromkeys(fields)),
            changes=[change._asdict() for change in other_statements(found.diff)],
        )
