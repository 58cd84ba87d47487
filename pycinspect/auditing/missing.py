"""Which sources of a directory have no cache, and for which Pythons they should have one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pycinspect.auditing.audience import Audience
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.scripts import is_run
from pycinspect.auditing.walk import CLASS_SUFFIX, Directory
from pycinspect.cache import (
    SearchOrder,
    cache_from_source,
    find_in_listing,
    find_init,
    package_of,
    residence,
    search_order,
)
from pycinspect.dialects import Dialect

__all__ = ["MissingCache", "MissingCaches"]


class MissingCache(NamedTuple):
    """A cache that is not there.

    Args:
        stem: the name of the source without its suffix.
        level: the optimization level.
        dialect: the Python that would look for it.
    """

    stem: str
    level: int
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a Python wants to find.

    Args:
        dialect: the Python.
        in_pycache: its caches lie in ``__pycache__``, not beside the sources.
        knows_prefix: or below the cache prefix, where there is one.
        tails: levels, and what follows the stem in the name of the cache.
        order: what its finder looks for.
    """

    dialect: Dialect
    in_pycache: bool
    knows_prefix: bool
    tails: list[tuple[int, str]]
    order: SearchOrder

    def finds(self, stem: str, directory: Directory, package: str) -> bool:
        """Return whether its finder comes to a source: others may be found first."""
        if not stem.isidentifier():
            return False
        if residence(f"{package}.{stem}" if package else stem, self.dialect) is not None:
            return False
        if stem == "__init__":
            found = find_init(directory.source_path, self.order)
        else:
            found = find_in_listing(stem, directory.listing(), self.order)
        return found is not None and found.path == directory.sources[stem].path


class MissingCaches:
    """Compares the names of sources and caches.

    Several rules ask about one directory after the other, so the last answer is kept.

    Args:
        policy: for which levels, and where caches are.
        audience: the Pythons that the tree is for.
    """

    def __init__(self, policy: Policy, audience: Audience) -> None:
        self._policy = policy
        self._audience = audience
        self._dialects: tuple[Dialect, ...] = ()
        self._wanted: Sequence[_Wanted] = ()
        self._last: tuple[Directory, Sequence[MissingCache]] | None = None

    def of(self, directory: Directory) -> Sequence[MissingCache]:
        """Return the caches that a directory lacks."""
        if self._last is None or self._last[0] is not directory:
            self._last = directory, self._found(directory)
        return self._last[1]

    def _found(self, directory: Directory) -> Sequence[MissingCache]:
        if not directory.sources or directory.is_mirror or directory.is_partial:
            return []  # the sources of a place below the cache prefix lie elsewhere
        missing = [one for by in self._wanted_in(directory) for one in _missing_of(by, directory)]
        if not missing:  # nearly always
            return missing
        view = self._policy.view
        place = view.archive_of(directory.path)
        if place is not None and place.archive.layout.is_imported:
            return []  # no cache can be written into a zip file
        return [one for one in missing if not is_run(directory, one.stem, view)]

    def _wanted_in(self, directory: Directory) -> Sequence[_Wanted]:
        """Return what the Pythons want that a directory is for: mostly those of the last one."""
        dialects = self._audience.of(directory)
        if dialects is not self._dialects:
            self._dialects = dialects
            self._wanted = [_wanted(dialect, self._policy) for dialect in dialects]
        return self._wanted


def _missing_of(wanted: _Wanted, directory: Directory) -> list[MissingCache]:
    is_bypassed = directory.prefix is not None and not wanted.knows_prefix
    cache = directory.bypassed if is_bypassed else directory.cache
    if not wanted.in_pycache:
        entries = directory.bytecode
    elif cache is None:
        entries = ()
    elif cache.error is not None:
        return []  # not read: PYC606
    else:
        entries = cache.entries
    sources = directory.sources
    present = {entry.name for entry in entries}
    of_jython = {entry.name for entry in directory.bytecode if entry.name.endswith(CLASS_SUFFIX)}
    missing = [
        (sources[stem].name, level)
        for level, tail in wanted.tails
        for stem in sources
        if stem + tail not in present and stem + CLASS_SUFFIX not in of_jython
    ]
    if not missing:
        return []
    package = package_of(directory.source_path, wanted.order)
    stems = ((filename.rpartition(".")[0], level) for filename, level in sorted(missing))
    return [
        MissingCache(stem, level, wanted.dialect)
        for stem, level in stems
        if wanted.finds(stem, directory, package)
    ]


def _wanted(dialect: Dialect, policy: Policy) -> _Wanted:
    rule = dialect.cache_path
    in_pycache = rule is not None and bool(rule.directory)
    knows_prefix = rule is not None and rule.prefix
    order = search_order(dialect, policy.options())
    tails = _tails(dialect, policy.levels)
    return _Wanted(dialect, in_pycache, knows_prefix, tails, order)


def _tails(dialect: Dialect, levels: tuple[int, ...]) -> list[tuple[int, str]]:
    """Return what follows the stem in the cache's name, for each level once.

    Dialects without caches, or with caches that are not .pyc files, have none.
    """
    if dialect.importer is None or dialect.cache_path is None:
        return []
    if dialect.cache_path.directory and dialect.cache_tag is None:
        return []
    tails: dict[str, int] = {}
    for level in levels:
        path = cache_from_source("stem.py", dialect, optimization=level or "")
        tails.setdefault(os.path.basename(path).removeprefix("stem"), level)
    return [(level, tail) for tail, level in tails.items()]
