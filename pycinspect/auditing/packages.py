"""Packages whose own import fails: no import comes to what is in them.

That is one fact, told at the package. What a rule would say of an import of a file inside
is not so, and is not said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.cache import Outcome

__all__ = ["FailingPackages"]

_INIT = "__init__"


class FailingPackages:
    """Knows of the packages of a tree, as far as it was read, which of them fail for whom."""

    def __init__(self) -> None:
        self._failing: set[tuple[str, str]] = set()

    def note(self, caches: Iterable[CacheFile]) -> None:
        """Take the caches of a directory into account."""
        for cache in caches:
            fails = cache.judgement.outcome is Outcome.RAISE
            if fails and cache.reader is not None and _is_init(cache):
                self._failing.add((cache.reader.name, cache.directory.path))

    def hold(self, cache: CacheFile) -> bool:
        """Return whether a package around a cache fails for the Python that reads it."""
        if not self._failing or cache.reader is None:
            return False
        path, reader = cache.directory.path, cache.reader.name
        if _is_init(cache):
            path = os.path.dirname(path)
        while (reader, path) not in self._failing:
            above = os.path.dirname(path)
            if above == path or len(above) < len(cache.directory.root):
                return False
            path = above
        return True


def _is_init(cache: CacheFile) -> bool:
    return os.path.basename(cache.path).partition(".")[0] == _INIT
