"""Do sources without a cache compile? Asked of few of them, because it takes so long.

A healthy tree has no such sources. Of others a source is read, and compiled in a process with
limits, where payloads are decoded too (``--deep``), where the rule is named, and of the
first few of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pycinspect.auditing.cost import Rate, measured_rate
from pycinspect.auditing.findings import Summary
from pycinspect.auditing.policy import Policy
from pycinspect.cache import Refusal, SourceCompiler, compilable
from pycinspect.compiling import CompileLimits, Compilers, InstalledCompilers
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError

__all__ = ["NOT_COMPILABLE", "SourceBudget", "Sources"]

#: The rule whose question this is.
NOT_COMPILABLE = "PYC206"
#: Of one source: an audit asks many.
_LIMITS = CompileLimits(seconds=5.0, memory=512 * 1024 * 1024)
#: Largest source, in bytes, that an audit reads.
_SIZE = 4 * 1024 * 1024


@dataclass(slots=True)
class SourceBudget:
    """What may still be asked of where nothing is said.

    Args:
        files: sources.
        size: bytes.
    """

    files: int = 100
    size: int = 1024 * 1024


class Sources:
    """Asks whether sources compile; a context manager, which ends the processes.

    Args:
        policy: what the audit was told.
        summary: what is compiled is counted here.
        budget: shared by all trees of a run.
    """

    def __init__(self, policy: Policy, summary: Summary, budget: SourceBudget) -> None:
        self._policy = policy
        self._summary = summary
        self._budget = budget
        self._is_bounded = not policy.deep and not policy.selection.names(NOT_COMPILABLE)
        self._compilers = Compilers(_LIMITS)
        self._installed = InstalledCompilers(self._compilers, dialects=policy.dialects)
        self._directory = ""
        self._rates: dict[str, tuple[Rate | None, str]] = {}
        self._known: dict[tuple[str, str], Refusal | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._compilers.close()

    def refusal(self, directory: str, path: str, dialect: Dialect) -> Refusal | None:
        """Return why a source does not compile, None where it does or nobody knows.

        Two rules ask; of the last directory answers are remembered.
        """
        if directory != self._directory:
            self._directory, self._known = directory, {}
        key = (path, dialect.name)
        if key not in self._known:
            self._known[key] = self._asked(path, dialect)
        return self._known[key]

    def _asked(self, path: str, dialect: Dialect) -> Refusal | None:
        if self._is_bounded and min(self._budget.files, self._budget.size) <= 0:
            return None
        try:
            source = self._read(path)
        except (OSError, PycInspectError):  # other rules say what is wrong with the file
            return None
        self._budget.files -= 1
        self._budget.size -= len(source)
        return compilable(source, path, dialect, 0, self._compiler()).refusal

    def rate(self, paths: Sequence[str], dialect: Dialect) -> tuple[Rate | None, str]:
        """Return how fast sources are compiled, measured once for each Python; or why not."""
        if dialect.name not in self._rates:
            self._rates[dialect.name] = self._measured(paths, dialect)
        return self._rates[dialect.name]

    def _measured(self, paths: Sequence[str], dialect: Dialect) -> tuple[Rate | None, str]:
        if self._policy.deep is False:
            return None, "--no-deep: nothing is compiled"
        rate = None
        for row in (dialect, self._policy.dialects.running()):
            try:
                rate = measured_rate(paths, row, self._read, self._compile(row), self._policy.clock)
            except PycInspectError as error:
                if error.slug == "no-interpreter" and row is dialect:
                    continue
                return None, error.message
            break
        return rate, "none of them compiles"

    def _read(self, path: str) -> bytes:
        return self._policy.view.read_all(path, _SIZE)

    def _compile(self, dialect: Dialect) -> Callable[[bytes, str], object]:
        return lambda source, path: self._installed(source, path, dialect, 0)

    def _compiler(self) -> SourceCompiler | None:
        if self._policy.deep is False:
            return None
        self._summary.compiled += 1
        return self._installed
