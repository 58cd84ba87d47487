"""What it finds
=============
A fresh cache that imports a module, or uses a name, with which code opens connections, starts
programs, makes code, loads native code or pickles, or reads secrets, where its source does not have
that word at all. Of a cache that is imported without a source, it tells which of them it has.

Why it matters
==============
The compiler takes every name from the source: one that is not in it was put into the cache. No
source is compiled for this, so it is looked at wherever payloads are decoded. It is not complete:
what uses only names that the source has as well is found by comparing the two (PYC501,
``--verify``). Of code without a source nothing can be compared; what it could do is all that can
be told.

What to do
==========
Do not import the module. ``pycinspect show`` disassembles it without running it,
``pycinspect diff SOURCE CACHE`` shows what the source does not have. Code without a source that
opens connections or starts programs deserves a question to whoever made it.
"""

from collections.abc import Mapping

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.capabilities import names_missing_in
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.rules.pyc901_incomplete import not_looked_at
from pycinspect.cache import SOURCE_LIMIT, Outcome
from pycinspect.errors import PycInspectError

__all__ = ["HiddenCapability"]

_SOURCELESS = "has no source to compare with, and what it could do is: {told}"


class HiddenCapability(Rule):
    """PYC507."""

    id = "PYC507"
    name = "hidden-capability"
    title = "What the code could do and its source does not say"
    severity = Severity.SECURITY
    message = "has what {source} does not name: {told}"
    facts = ("capabilities",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Compare names that matter with the words of the source."""
        if cache.judgement.outcome is not Outcome.LOAD or not payload.capabilities:
            return None
        if cache.is_module or cache.source_status is None:
            finding = self._found(cache, payload.capabilities)
            return finding._replace(severity=Severity.INFO, template=_SOURCELESS)
        try:
            source = self.context.policy.view.read_all(cache.source, SOURCE_LIMIT)
        except (OSError, PycInspectError) as error:
            return not_looked_at(self.context, cache, "its names were not looked for", error)
        missing = {
            title: left
            for title, names in payload.capabilities.items()
            if (left := names_missing_in(source, names))
        }
        return self._found(cache, missing) if missing else None

    def _found(self, cache: CacheFile, capabilities: Mapping[str, list[str]]) -> Finding:
        told = "; ".join(f"{title} ({', '.join(names)})" for title, names in capabilities.items())
        return self.of_cache(cache, source=cache.source, told=told, capabilities=dict(capabilities))
