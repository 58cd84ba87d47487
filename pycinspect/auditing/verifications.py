"""Are the caches of a run what their sources say? Asked where ``--verify`` is given.

Several rules look at one answer, so that of the last cache is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Summary
from pycinspect.auditing.known import Known, Source
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.policy import Policy
from pycinspect.cache import SOURCE_LIMIT, Outcome
from pycinspect.dialects import DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.verifying import Rung, Verification, transformed

if TYPE_CHECKING:
    from pycinspect.verifying.verifier import Verifier

__all__ = ["Verifications", "started_verifier"]

#: Caches that a tool alone takes are named, and not compared.
_TOOLS = "tool-cache"


class Verifications:
    """Compares caches with their sources; a context manager, which ends the processes.

    Args:
        policy: what the audit was told.
        summary: the rungs are counted here.
        known: has what was compared before.
    """

    def __init__(self, policy: Policy, summary: Summary, known: Known) -> None:
        self._known = known
        self._view = policy.view
        self._summary = summary
        self._policy = policy
        self._verifier: Verifier | None = None
        self._last: tuple[Payload, Verification | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._verifier is not None:
            self._verifier.close()

    def of(self, cache: CacheFile, payload: Payload) -> Verification | None:
        """Return what became of a cache; None of one that no import takes as it is.

        Such a cache says nothing of the source as it is now, and other rules say why.
        """
        if self._last is None or self._last[0] is not payload:
            found = self._compared(cache, payload) if _is_taken(cache, payload) else None
            if found is not None:
                self._summary.verified[found.rung.value] += 1
            self._last = payload, found
        return self._last[1]

    def _started(self) -> Verifier:
        """Return who compares; most audits never ask, and what it needs takes time to import."""
        if self._verifier is None:
            self._verifier = started_verifier(self._policy.dialects)
        return self._verifier

    def _compared(self, cache: CacheFile, payload: Payload) -> Verification:
        tools = transformed(cache.path, cache.source)
        if tools is not None:
            return tools
        if cache.is_module or cache.source_status is None:
            return Verification(cache.path, None, Rung.UNVERIFIABLE, "no-source")
        if payload.compared is not None and payload.compared.source == cache.source:
            return payload.compared
        try:
            source = self._view.read_all(cache.source, SOURCE_LIMIT)
        except (OSError, PycInspectError) as error:
            detail = error.message if isinstance(error, PycInspectError) else str(error)
            return Verification(
                cache.path, cache.source, Rung.UNVERIFIABLE, "source-unreadable", detail
            )
        found = Source(cache.path, cache.source, source)
        return self._known.compared(payload, found, self._started())


def started_verifier(dialects: DialectTable) -> Verifier:
    """Return who compares for an audit, which asks about many sources."""
    from pycinspect.compiling import CompileLimits
    from pycinspect.verifying.verifier import Verifier

    return Verifier(CompileLimits(seconds=20.0, memory=1024 * 1024 * 1024), dialects=dialects)


def _is_taken(cache: CacheFile, payload: Payload) -> bool:
    """Return whether code of a cache is run: by an import, or by the tool that wrote it."""
    judgement = cache.judgement
    is_loaded = judgement.outcome is Outcome.LOAD or judgement.reason == _TOOLS
    return is_loaded and payload.has_code
