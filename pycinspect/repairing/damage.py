"""What is known of a path that has findings, before anything is decided."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pycinspect.auditing import Finding
from pycinspect.cache import level_of, split_dotted, transformer_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, PYCACHE, NameEnd, parse_name_end
from pycinspect.repairing.folder import DIRECTORY, NOTHING, Grounds, Sighting, opened
from pycinspect.repairing.repair import FileState, Repair, RepairKind, Spot

__all__ = ["Damage", "Looker"]

_OUTSIDE = "it lies outside of what was named"
_OF_TREE = "it is about the tree as a whole: --invalidation-mode says which mode its caches get"


@dataclass(frozen=True, slots=True)
class Damage:
    """A path with findings.

    Args:
        path: as the audit reports it.
        findings: by rule; all of them can be mended, in principle.
        spot: where it is; None outside of what the user named.
        seen: what is there.
        problem: why that could not be looked at, without a full stop; "" where it could.
        source: the source that it belongs to, None where that is not there.
        dialect: the name of the Python that looks for it, or None.
        level: the level of optimization that its name says, None where it says none.
        is_among_caches: it lies in a ``__pycache__`` or below the cache prefix.
        age: seconds since it was last written to.
        excess: permissions to write that its source does not give; those of the owner apart.
    """

    path: str
    findings: Mapping[str, Finding]
    spot: Spot | None
    seen: Sighting = NOTHING
    problem: str = ""
    source: str | None = None
    dialect: str | None = None
    level: int | None = None
    is_among_caches: bool = False
    age: float = 0.0
    excess: int = 0

    @property
    def start(self) -> bytes:
        """The bytes in which a header is."""
        return self.seen.content[:LONGEST_HEADER]

    def repaired(self, kind: RepairKind, rule: str) -> Repair:
        """Return a repair of what is there, after which nothing is; the caller says what else."""
        assert self.spot is not None
        assert self.seen.state is not None
        return Repair(kind, self.path, self.spot, (rule,), self.seen.state)


class Looker:
    """Looks at paths that have findings.

    Args:
        grounds: nothing outside them is looked at.
        prefix: the cache prefix, or None.
        clock: seconds since the epoch.
    """

    def __init__(
        self, grounds: Grounds, prefix: str | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._grounds = grounds
        self._prefix = None if prefix is None else os.path.join(os.path.abspath(prefix), "")
        self._clock = clock

    def damage(self, path: str, findings: Iterable[Finding]) -> Damage:
        """Return what is known of a path."""
        by_rule = {finding.rule: finding for finding in findings}
        spot = self._grounds.spot(path)
        if spot is None:
            is_tree = self._grounds.is_top(path)
            return Damage(path, by_rule, None, problem=_OF_TREE if is_tree else _OUTSIDE)
        try:
            with opened(spot) as folder:
                seen = folder.look(os.path.basename(spot.below))
        except PycInspectError as error:
            return Damage(path, by_rule, spot, problem=error.message)
        except OSError as error:
            return Damage(path, by_rule, spot, problem=error.strerror or type(error).__name__)
        source, status = _source(by_rule.values())
        is_among_caches = self._is_among_caches(path)
        return Damage(
            path,
            by_rule,
            spot,
            seen,
            source=source,
            dialect=next((found.dialect for found in by_rule.values() if found.dialect), None),
            level=_level(os.path.basename(path), is_among_caches=is_among_caches),
            is_among_caches=is_among_caches,
            age=0.0 if seen.state is None else self._clock() - seen.state.mtime_ns / 1e9,
            excess=_excess(seen.state, status),
        )

    def names_in(self, spot: Spot) -> Sequence[str]:
        """Return what lies in a directory; nothing can be said of one that cannot be read.

        Raises:
            PycInspectError: ``link``.
            OSError: as ``os.listdir``.
        """
        with opened(spot) as folder:
            return folder.names_in(os.path.basename(spot.below))

    def below(self, path: str) -> Iterator[str]:
        """Yield everything in a directory and in those in it; links are not followed.

        Of what cannot be read, nothing is yielded.
        """
        pending = [path]
        while pending:
            directory = pending.pop()
            state = self.damage(directory, ()).seen.state
            spot = self._grounds.spot(directory)
            if state is None or spot is None or state.kind != DIRECTORY:
                continue
            try:
                paths = [os.path.join(directory, name) for name in self.names_in(spot)]
            except (OSError, PycInspectError):  # so it does not become empty, and stays
                continue
            yield from paths
            pending += paths

    def _is_among_caches(self, path: str) -> bool:
        directory = os.path.dirname(os.path.abspath(path))
        if os.path.basename(directory) == PYCACHE:
            return True
        return self._prefix is not None and os.path.join(directory, "").startswith(self._prefix)


def _source(findings: Iterable[Finding]) -> tuple[str | None, os.stat_result | None]:
    """Return the source that findings name, and its status; None where it is not there."""
    for path in dict.fromkeys(found.source for found in findings if found.source is not None):
        with suppress(OSError):
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                return path, status
    return None, None


def _excess(cache: FileState | None, source: os.stat_result | None) -> int:
    """Return which permissions to write a cache has that its source does not give.

    Where everybody loses one, that of the group comes to light (PYC602 yields to PYC601).
    """
    if cache is None or source is None or source.st_mode & stat.S_IWOTH:
        return 0
    given = source.st_mode & stat.S_IWGRP if source.st_gid == cache.gid else 0
    return cache.mode & stat.S_IWGRP & ~given


def _level(filename: str, *, is_among_caches: bool) -> int | None:
    """Return at which level a cache of this name was compiled; None of a tool's own."""
    if transformer_of(filename) is not None:
        return None
    if not is_among_caches:
        return level_of(NameEnd("", "", filename.rpartition(".")[2]))
    try:
        return level_of(parse_name_end(split_dotted(filename)[1]))
    except ValueError:
        return None
