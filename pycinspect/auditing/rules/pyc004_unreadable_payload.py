"""What it finds
=============
A cache with a header that the importer accepts, but without code that it can read
after it. Files that are a header and nothing else are always found, others where
payloads are decoded (``--deep``).

Why it matters
==============
A bad header heals itself: the importer takes the source and writes the cache anew.
A bad payload does not. ``marshal`` raises EOFError or ValueError,
``SourceLoader.get_code`` lets it through, and every import of the module fails
although its source is there. A stale cache is not reported: it is compiled again
before anybody reads its payload.

What to do
==========
Delete the file at once; then find what cut it off, often a full disk: up to 3.13
``_write_atomic`` does not notice a short write.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.readings import OtherReadings
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome
from pycinspect.pyc import FAILURES

__all__ = ["UnreadablePayload"]

#: Read by some interpreters, the end of others: no exception is raised.
_ENDS_INTERPRETER = "self-reference"
#: What an import raises over a payload; PYC005 has the other.
_RAISING = frozenset({f"payload-{slug}" for slug in FAILURES} - {"payload-not-code"})


class UnreadablePayload(Rule):
    """PYC004."""

    id = "PYC004"
    name = "unreadable-payload"
    title = "Payload cannot be loaded: the import fails"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "{problem}: the import {effect}{how}"
    reasons = frozenset({"empty-payload"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._readings = OtherReadings(context.policy.dialects)

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a file that is a header and nothing else."""
        header, exception = int(cache.judgement.expected), cache.judgement.exception
        return self.of_cache(
            cache,
            problem=f"nothing follows its header of {header} bytes",
            effect=f"raises {exception}",
            how="",
            header=header,
            exception=exception,
        )

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report a payload that would be loaded, and cannot be."""
        error, judgement = payload.error, cache.judgement
        if error is None:
            return None
        may_end = judgement.outcome is Outcome.LOAD and error.slug == _ENDS_INTERPRETER
        if judgement.reason not in _RAISING and not may_end:
            return None
        exception = judgement.exception
        return self.of_cache(
            cache,
            problem=f"at offset {error.offset}, {error.message}",
            effect="can end the interpreter" if exception is None else f"raises {exception}",
            how=self._readings.told(cache, payload),
            slug=error.slug,
            offset=error.offset,
            exception=exception,
        )
