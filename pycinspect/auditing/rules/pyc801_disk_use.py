"""What it finds
=============
How much room the caches of a tree take: in all, for each Python, for each
optimization level, and for the ten packages that have most of it.

Why it matters
==============
Caches are often a fifth of an image or an environment. What no importer uses as it
is, because it is stale, an orphan or for nobody, can go at once.

What to do
==========
Nothing, or delete what can be reclaimed: the other findings name it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from operator import itemgetter

from pycinspect.auditing.cachefile import Alike, CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome

__all__ = ["DiskUse"]

_PACKAGES = 10
#: Pythons times levels that are told apart.
_KINDS = 256
_LOAD = Outcome.LOAD
_UNKNOWN = "unknown"
_OTHER = "other"
_PYC, _PYO = "pyc", "pyo"
#: ``.pyo`` stands for any level above 0 (before PEP 488).
_LEVELS = {_PYC: "0", _PYO: "1 or 2"}


@dataclass(slots=True)
class _Sum:
    """What the caches of one Python and level add up to."""

    files: int = 0
    size: int = 0


class DiskUse(Rule):
    """PYC801."""

    id = "PYC801"
    name = "disk-use"
    title = "Disk space of caches"
    severity = Severity.INFO
    is_statistic = True
    message = "{files} caches take {bytes!b}, of which {reclaimable!b} are of no use as they are"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sums: dict[tuple[str, str], _Sum] = {}
        self._reclaimable = 0
        self._package = ""
        self._size_before = 0
        self._largest: list[tuple[int, str]] = []

    def check_groups(self, groups: Sequence[Alike]) -> Iterable[Finding]:
        """Add the files of a directory."""
        self._enter(groups[0].first.directory.package)
        for group in groups:
            total = self._sum_of(group.first)
            total.files += group.files
            total.size += group.size
            if group.first.judgement.outcome is not _LOAD:
                self._reclaimable += group.size
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the sums."""
        if not self._sums:
            return
        self._close_package()
        by_python: Counter[str] = Counter()
        by_level: Counter[str] = Counter()
        for (python, ending), total in sorted(self._sums.items(), key=itemgetter(0)):
            by_python[python] += total.size
            by_level[_LEVELS.get(ending, ending)] += total.size
        yield self.of_path(
            self.context.root,
            {
                "files": sum(total.files for total in self._sums.values()),
                "bytes": by_python.total(),
                "reclaimable": self._reclaimable,
                "by_python": dict(by_python),
                "by_level": dict(by_level),
                "packages": [[name, size] for size, name in sorted(self._largest, reverse=True)],
            },
        )

    def _sum_of(self, cache: CacheFile) -> _Sum:
        """Return the sum that a file goes into."""
        kind = _kind(cache)
        if kind not in self._sums and len(self._sums) >= _KINDS:
            kind = (kind[0], _OTHER)  # a hostile tree must not fill the memory with levels
        if kind not in self._sums:
            self._sums[kind] = _Sum()
        return self._sums[kind]

    def _enter(self, package: str) -> None:
        if package != self._package:
            self._close_package()
            self._package = package

    def _close_package(self) -> None:
        """Keep the package if it is one of the largest so far."""
        size = sum(total.size for total in self._sums.values())
        row = (size - self._size_before, self._package)
        self._size_before = size
        if not row[0]:
            return
        if len(self._largest) < _PACKAGES:
            heappush(self._largest, row)
        else:
            heappushpop(self._largest, row)


def _kind(cache: CacheFile) -> tuple[str, str]:
    """Return a cache's Python, and the part of its name that tells the level."""
    python = _UNKNOWN if cache.reader is None else cache.reader.name
    if cache.ending is None:
        return python, _PYO if cache.path.endswith(".pyo") else _PYC
    return python, cache.ending.optimization or cache.ending.extension
