"""Are the caches of a run what their sources say? Asked where ``--verify`` is given.

Several rules look at one answer, so that of the last cache is remembered.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Summary
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.policy import Policy
from pycinspect.cache import SOURCE_LIMIT, Outcome
from pycinspect.compiling import CompileLimits
from pycinspect.diffing import Stored
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile
from pycinspect.verifying import Rung, Verification, Verifier

__all__ = ["Verifications"]

#: Of one source: an audit asks many.
_LIMITS = CompileLimits(seconds=20.0, memory=1024 * 1024 * 1024)
#: Caches that a tool alone takes are named, and not compared.
_TOOLS = "tool-cache"


class Verifications:
    """Compares caches with their sources; a context manager, which ends the processes.

    Args:
        policy: what the audit was told.
        summary: the rungs are counted here.
    """

    def __init__(self, policy: Policy, summary: Summary) -> None:
        self._view = policy.view
        self._summary = summary
        self._verifier = Verifier(_LIMITS, dialects=policy.dialects)
        self._last: tuple[Payload, Verification | None] | None = None

    def __enter__(self) -> Self:
        self._verifier.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._verifier.__exit__(kind, error, traceback)

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

    def _compared(self, cache: CacheFile, payload: Payload) -> Verification:
        if cache.is_module or cache.source_status is None:
            return Verification(cache.path, None, Rung.UNVERIFIABLE, "no-source")
        try:
            source = self._view.read_all(cache.source, SOURCE_LIMIT)
        except (OSError, PycInspectError) as error:
            detail = error.message if isinstance(error, PycInspectError) else str(error)
            return Verification(
                cache.path, cache.source, Rung.UNVERIFIABLE, "source-unreadable", detail
            )
        assert payload.code is not None
        file = CodeFile(payload.header, payload.code, payload.trailing)
        stored = Stored(file, payload.data, payload.header.size)
        return self._verifier.verify(stored, cache.path, source, cache.source)


def _is_taken(cache: CacheFile, payload: Payload) -> bool:
    """Return whether code of a cache is run: by an import, or by the tool that wrote it."""
    judgement = cache.judgement
    is_loaded = judgement.outcome is Outcome.LOAD or judgement.reason == _TOOLS
    return is_loaded and payload.code is not None
