"""What becomes of a project's own caches while a test, or a session, runs.

Seen from outside, by listing and by reading headers, so that whatever writes them is caught: this
process, a child, a tool. That a cache was *read* leaves no trace on the disk (file systems
mostly do not note the time of access); ``session`` tells of it what a process knows of its own
imports.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal, Self

import pytest

from pycinspect.cache import (
    CacheBytes,
    FinderKind,
    Found,
    Outcome,
    Subject,
    Verdict,
    judge_cache,
)
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE, read_all, read_start
from pycinspect.values import HashCheckMode
from pytest_pycinspect.sandbox.reasons import OUTCOME_OF
from pytest_pycinspect.sandbox.snapshot import Snapshot, changes_between, take_snapshot

__all__ = ["Caches", "PycacheAudit", "State"]

State = Literal["fresh", "stale", "orphan", "invalid", "unknown"]

_SOURCE_LIMIT = 64 * 1024 * 1024
#: ``stem.tag[-pytest-version][.opt-level].pyc``: pytest's own caches, of rewritten assertions,
#: have its version after the tag (``_pytest/assertion/rewrite.py: PYC_TAIL``).
_NAME = re.compile(
    r"(?P<stem>.+?)\.(?P<tag>[a-z]+\d+|[a-z]+-\d+)(?:-pytest-.+)?(?:\.opt-\w+)?\.py[co]"
)


@dataclass(frozen=True, slots=True)
class Caches:
    """The caches of a project.

    Args:
        root: its directory.
        skipped: patterns of directories' names that are not looked into.
        prefix: ``sys.pycache_prefix``, or None.
    """

    root: str
    skipped: Sequence[str]
    prefix: str | None

    @classmethod
    def of_config(cls, config: pytest.Config) -> Caches:
        """Return those of the project that is tested; ``norecursedirs`` is kept to."""
        root = os.path.realpath(config.rootpath)
        return cls(root, config.getini("norecursedirs"), sys.pycache_prefix)

    def paths(self) -> Iterator[str]:
        """Yield the paths of all caches."""
        for directory, names, files in os.walk(self.root):
            names[:] = [name for name in names if not self._is_skipped(directory, name)]
            if os.path.basename(directory) == PYCACHE:
                yield from (os.path.join(directory, name) for name in files if _is_cache(name))
        if self.prefix is not None:
            for directory, _, files in os.walk(self._mirror(self.prefix)):
                yield from (os.path.join(directory, name) for name in files if _is_cache(name))

    def _mirror(self, prefix: str) -> str:
        return os.path.join(prefix, os.path.splitdrive(self.root)[1].lstrip(os.sep))

    def _is_skipped(self, directory: str, name: str) -> bool:
        if any(fnmatch(name, pattern) for pattern in self.skipped):
            return True
        return os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))

    def state(self, path: str) -> State:
        """Return what the importer, or pytest, would say to a cache's header."""
        verdict = self.verdict(path)
        return "unknown" if verdict is None else _STATES.get(OUTCOME_OF[verdict.reason], "unknown")

    def verdict(self, path: str) -> Verdict | None:
        """Return what would become of a cache by its header alone, None where nobody can say."""
        source = self.source_of(path)
        try:
            start = read_start(path)
            row = _row(path, start.data)
            if source is None or row is None or row.importer is None:
                return None
            status = os.stat(source)
            cache = CacheBytes(start.data, start.status.st_size)
            mode = HashCheckMode.DEFAULT
            judgement = judge_cache(
                Subject(row, cache, status, lambda: read_all(source, _SOURCE_LIMIT), mode)
            )
        except FileNotFoundError:
            return self._orphan(path)
        except (OSError, PycInspectError):  # unreadable: nobody can say
            return None
        found = Found(FinderKind.SOURCE, source)
        return Verdict(row, found, path, *judgement[:4], exception=judgement.exception)

    def _orphan(self, path: str) -> Verdict | None:
        if not os.path.exists(path):
            return None
        row, found = DIALECTS.running(), Found(FinderKind.NONE)
        return Verdict(row, found, path, Outcome.NOT_FOUND, "cache-without-source")

    def source_of(self, path: str) -> str | None:
        """Return the source that a cache belongs to, None for what has no cache's name."""
        name = _NAME.fullmatch(os.path.basename(path))
        if name is None:
            return None
        return os.path.join(self._source_directory(path), f"{name['stem']}.py")

    def _source_directory(self, path: str) -> str:
        directory = os.path.dirname(path)
        if os.path.basename(directory) == PYCACHE or self.prefix is None:
            return os.path.dirname(directory)
        below = os.path.relpath(directory, self._mirror(self.prefix))
        return os.path.normpath(os.path.join(self.root, below))  # without "." in the root itself


_STATES: Mapping[str, State] = {
    "hit": "fresh",
    "stale": "stale",
    "invalid": "invalid",
    "orphan": "orphan",
}


#: Rungs of ``pycinspect.verifying``, by their names: the room is loaded when it is asked.
_WRONG = frozenset({"mismatch", "unverifiable"})
#: Why a cache is not the one that an import takes.
_NOT_TAKEN = frozenset({"stale", "no-source"})


def _is_cache(name: str) -> bool:
    return name.endswith((".pyc", ".pyo"))


def _row(path: str, data: bytes) -> Dialect | None:
    name = _NAME.fullmatch(os.path.basename(path))
    tag = "" if name is None else name["tag"]
    readers = DIALECTS.tagged(tag)
    return readers[0] if readers else DIALECTS.find(data[:4], tag)


class PycacheAudit:
    """What happened to a project's caches since the audit began, as paths from its root.

    Args:
        caches: which caches are looked at.

    Every property looks at the disk anew. Under xdist other workers' tests write caches at
    the same time; an audit sees theirs, too.
    """

    def __init__(self, caches: Caches) -> None:
        self._caches = caches
        self._before = take_snapshot(caches.paths(), digest=False)
        self._states = self._states_of(self._before)

    @classmethod
    def for_item(cls, item: pytest.Item) -> PycacheAudit:
        """Return an audit of the project that a test belongs to."""
        return cls(Caches.of_config(item.config))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        kinds = ("created", "rewritten", "removed", "stale", "orphaned")
        return f"<PycacheAudit {', '.join(f'{kind} {getattr(self, kind)}' for kind in kinds)}>"

    @property
    def created(self) -> list[str]:
        """Caches that were not there."""
        return [*changes_between(self._before, self._now(), self._caches.root).created]

    @property
    def rewritten(self) -> list[str]:
        """Caches that were replaced or written to, even with the same content."""
        return [*changes_between(self._before, self._now(), self._caches.root).rewritten]

    @property
    def removed(self) -> list[str]:
        """Caches that are gone."""
        return [*changes_between(self._before, self._now(), self._caches.root).removed]

    @property
    def stale(self) -> list[str]:
        """Caches that are of another source now, and were not before."""
        return self._became("stale")

    @property
    def orphaned(self) -> list[str]:
        """Caches whose source is gone now, and was not before."""
        return self._became("orphan")

    @property
    def unverified(self) -> list[str]:
        """Caches that were not shown to be what their source says.

        Sources are compiled again, in other processes. Caches that an import would not take as
        they are, and those that a tool such as pytest has changed and marked, are not among them.
        """
        from pycinspect.verifying.verifier import Verifier

        with Verifier() as verifier:
            found = map(verifier.verify_file, sorted(self._caches.paths()))
            wrong = [
                one.path for one in found if one.rung in _WRONG and one.reason not in _NOT_TAKEN
            ]
        return [os.path.relpath(path, self._caches.root).replace(os.sep, "/") for path in wrong]

    def already(self, state: State) -> int:
        """Return how many caches were in a state when the audit began."""
        return sum(found == state for found in self._states.values())

    def fresh(self, paths: Iterable[str]) -> list[str]:
        """Return which of some caches were there from the beginning, fresh, and are still the same.

        One that was stale is not read; where nothing may be written it is still there.
        """
        now = take_snapshot(paths, digest=False)
        return sorted(
            path
            for path, stamp in now.items()
            if self._before.get(path) == stamp and self._states.get(path) == "fresh"
        )

    def _now(self) -> Snapshot:
        return take_snapshot(self._caches.paths(), digest=False)

    def _states_of(self, paths: Iterable[str]) -> dict[str, State]:
        return {path: self._caches.state(path) for path in paths}

    def _became(self, wanted: State) -> list[str]:
        return sorted(
            os.path.relpath(path, self._caches.root).replace(os.sep, "/")
            for path, state in self._states_of(self._caches.paths()).items()
            if state == wanted and self._states.get(path) != wanted
        )
