"""What it finds
=============
A source that can be imported and has no cache for the interpreter that the tree is
for, at each optimization level that the policy names.

Why it matters
==============
The first start compiles it; where the tree is read-only, every start does. Packages
of distributions and container images should bring their caches along, for
every level that is used (PEP 488: a level never falls back to another).

What to do
==========
Compile the tree (``python -m compileall -o 0 -o 1 -o 2``). Sources that do not compile
stay without a cache.
"""

import os
from collections.abc import Iterator

from pycinspect.audit.findings import Finding, Severity
from pycinspect.audit.rule import Context, Rule
from pycinspect.audit.walk import Directory
from pycinspect.cache import cache_from_source, running_platform
from pycinspect.dialects import Dialect

__all__ = ["Missing"]


class Missing(Rule):
    """PYC205."""

    id = "PYC205"
    name = "missing"
    title = "Source without cache"
    severity = Severity.INFO
    message = "has no cache of {dialect} for optimization level {level}"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        dialect = context.dialect
        self._in_pycache = dialect.cache_path is not None and bool(dialect.cache_path.directory)
        self._tails = _tails(dialect, context.policy.levels)
        self._extensions = running_platform().extension_suffixes(dialect.extensions)

    def check_directory(self, directory: Directory) -> Iterator[Finding]:
        """Compare the names of sources and caches."""
        if not self._tails or directory.is_mirror:
            return  # the sources of a place below the cache prefix lie elsewhere
        cache = directory.cache
        if self._in_pycache and cache is not None and (cache.is_link or cache.error is not None):
            return  # not read: PYC603, PYC606
        entries = directory.bytecode
        if self._in_pycache:
            entries = () if cache is None else cache.entries
        present = {entry.name for entry in entries}
        for stem in directory.sources:
            for level, tail in self._tails:
                if stem + tail not in present and self._is_importable(stem, directory):
                    yield self._missing(directory, stem, level)

    def _is_importable(self, stem: str, directory: Directory) -> bool:
        """Return whether a finder comes to this source: extension modules are first."""
        if not stem.isidentifier():
            return False
        return not any(stem + suffix in directory.others for suffix in self._extensions)

    def _missing(self, directory: Directory, stem: str, level: int) -> Finding:
        dialect = self.context.dialect
        source = os.path.join(directory.path, f"{stem}.py")
        cache = cache_from_source(
            source,
            dialect,
            optimization=level or "",
            pycache_prefix=self.context.policy.pycache_prefix,
        )
        data = {"dialect": dialect.name, "level": level, "cache": cache}
        return self.of_path(directory.sources[stem].path, data)._replace(dialect=dialect.name)


def _tails(dialect: Dialect, levels: tuple[int, ...]) -> list[tuple[int, str]]:
    """Return what follows the stem in the cache's name, for each level once.

    Dialects without caches, or with caches that are no pyc files, have none.
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
