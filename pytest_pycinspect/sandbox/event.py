"""What an import did with a cache: a value with words for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pycinspect.cache import ImportOptions, Verdict
from pycinspect.errors import PycInspectError
from pycinspect.values import brief
from pytest_pycinspect.sandbox.cachefile import CacheFile

__all__ = [
    "OUTCOMES",
    "CacheEvent",
    "Outcome",
    "Run",
    "SandboxDisagreement",
    "Scene",
    "Why",
    "Written",
]

Outcome = Literal[
    "hit",
    "miss",
    "stale",
    "stale_hit",
    "invalid",
    "sourceless",
    "orphan",
    "bypassed",
    "not_observed",
]
Written = Literal[False, "created", "rewritten", "failed", "unknown"]

#: Every outcome, and when an import has it.
OUTCOMES: Mapping[Outcome, str] = {
    "hit": "the cache was used, and it is of this source",
    "miss": "there was no cache to look at, the source was compiled",
    "stale": "the cache was refused as one of another source, the source was compiled",
    "stale_hit": "the cache was used although the source differs",
    "invalid": "the cache is damaged or of another Python",
    "sourceless": "the cache stands in the source's place, and was used",
    "orphan": "the cache was not found, because its source is gone",
    "bypassed": "the import uses no cache",
    "not_observed": "it could not be seen what was done with the cache",
}


class SandboxDisagreement(PycInspectError):  # noqa: N818 - it is one, and reads as one
    """pycinspect's verdict and the real import differ: one of them is wrong, or the sandbox."""


class Why(NamedTuple):
    """A reason: a code for machines, and a sentence."""

    code: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What there was before the import, for a person who asks why.

    Args:
        verdict: what pycinspect said.
        options: how the import was started.
        header: the first bytes of the cache; empty where it could not be read.
        source: ``os.stat`` of the source, None where there was none.
    """

    verdict: Verdict
    options: ImportOptions
    header: bytes
    source: os.stat_result | None


@dataclass(frozen=True, slots=True, repr=False)
class CacheEvent:
    """One module's import, as it really happened.

    Args:
        module: its name.
        outcome: see :data:`OUTCOMES`.
        why: the reason for the outcome; of a miss that wrote nothing, why it did not.
        written: what became of the cache: False, ``"created"``, ``"rewritten"``, ``"failed"``
            where the importer tried and could not. Where the import was not observed, what was found
            at the end of the run, or ``"unknown"``.
        pyc: the cache that the importer looked at, None where there is none.
        code_ran: a digest of the code object that ran, whatever file it came from; None where
            none did. Observed, not inferred.
        raised: what the import raised, ``"ValueError: ..."``; None where it did not.
        python: who imported, ``"3.13.0"`` or ``"PyPy 3.9.16"``.
        scene: what there was before the import, pycinspect's verdict among it; None where that
            was not observed.
        cache: what the cache was when the import was done with it: its mode, how it is tied to
            the source, its level. None where there is none, and for a member of a zip file.
    """

    module: str
    outcome: Outcome
    why: Why
    written: Written
    pyc: str | None
    code_ran: str | None
    raised: str | None
    python: str
    scene: Scene | None = field(compare=False)
    cache: CacheFile | None = None

    def __repr__(self) -> str:
        parts = [self.outcome, *([self.written] if self.written else [])]
        raised = "" if self.raised is None else f"; raised {self.raised}"
        return brief(f"<CacheEvent {self.module}: {', '.join(parts)}; {self.why}{raised}>", 1_000)

    def _is(self, outcome: Outcome) -> bool:
        """Return whether the outcome is this one.

        Raises:
            PycInspectError: ``not-observed``, since then neither answer is known to be right.
        """
        if self.not_observed:
            raise PycInspectError("not-observed", f"{self.module} was not observed: {self.why}")
        return self.outcome == outcome

    @property
    def hit(self) -> bool:
        """Whether the cache was used, and is of this source.

        Raises:
            PycInspectError: ``not-observed``, as all that are about the outcome.
        """
        return self._is("hit")

    @property
    def miss(self) -> bool:
        """Whether there was no cache to look at."""
        return self._is("miss")

    @property
    def stale(self) -> bool:
        """Whether the cache was refused as one of another source."""
        return self._is("stale")

    @property
    def stale_hit(self) -> bool:
        """Whether the cache was used although the source differs."""
        return self._is("stale_hit")

    @property
    def invalid(self) -> bool:
        """Whether the cache is damaged or of another Python."""
        return self._is("invalid")

    @property
    def sourceless(self) -> bool:
        """Whether bytecode in the source's place was used."""
        return self._is("sourceless")

    @property
    def orphan(self) -> bool:
        """Whether a cache is left without its source, so that nothing is imported."""
        return self._is("orphan")

    @property
    def bypassed(self) -> bool:
        """Whether the import uses no cache."""
        return self._is("bypassed")

    @property
    def not_observed(self) -> bool:
        """Whether it could not be seen what was done with the cache; ``why`` says why."""
        return self.outcome == "not_observed"


@dataclass(frozen=True, slots=True, repr=False)
class Run(Mapping[str, CacheEvent]):
    r"""What code did in a child process: the events of the project's modules by their names.

    Args:
        events: in the order of the imports; of a module that was imported again, the first time.
        stdout: what it printed; line ends are ``\n``.
        stderr: what it printed there.
        returncode: the exit status; negative for the signal that ended it.
        imported: the names of all modules that it imported, those of the standard library
            among them, in the order in which they were done.
        duration: in seconds, the interpreter's start included.
        python: who ran it.
        raised: the exception that ended the code, ``"ValueError: ..."``, SystemExit among
            them; None where it came to its end, and where the process was ended otherwise,
            by ``os._exit`` or a signal: ``returncode`` says so.
        history: all events, those of modules that were imported again among them.
    """

    events: Mapping[str, CacheEvent]
    stdout: str
    stderr: str
    returncode: int
    imported: tuple[str, ...]
    duration: float
    python: str
    raised: str | None = None
    history: tuple[CacheEvent, ...] = ()

    def __getitem__(self, name: str) -> CacheEvent:
        """Return the event of a module.

        Raises:
            KeyError: it was not imported; the message says what was, and how the run ended.
        """
        try:
            return self.events[name]
        except KeyError:
            last = self.stderr.strip().rpartition("\n")[2]
            raise KeyError(f"{name} is not in {self!r}: {last}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        events = ", ".join(f"{name}: {event.outcome}" for name, event in self.events.items())
        events = brief(events, 1_000) or "no module of the project"
        return f"<Run {events}; exit status {self.returncode}>"
