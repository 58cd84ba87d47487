"""What it finds
=============
A file with a name that no importer looks for. In a cache directory it is not
``stem.tag.pyc`` or ``stem.tag.opt-N.pyc`` (PEP 3147, PEP 488) with a level ``N`` from 1
on, its tag is of no interpreter that is known, or its extension is another one. Outside,
there is a dot in it before the suffix, or its suffix is one that its Python does not
know.

Why it matters
==============
No interpreter that is known ever uses it. It may be a copy that somebody made, a leftover
of a tool, or the cache of an interpreter newer than this version of pycinspect.

What to do
==========
Find out who wrote it; delete it if nobody misses it.
"""

import os
from collections.abc import Iterable, Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.names import is_interrupted_write
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import CacheDirectory, Directory
from pycinspect.pyc import PYCACHE

__all__ = ["BadName"]

#: Numba keeps its own caches there: index and data.
_OTHER_CACHES = (".nbi", ".nbc")


class BadName(Rule):
    """PYC207."""

    id = "PYC207"
    name = "bad-name"
    title = "Name that no importer looks for"
    severity = Severity.WARNING
    message = "no importer looks for a cache of this name: {why}"
    needs_caches = True
    skips_ordinary_directories = True
    reasons = frozenset({"not-a-cache-path"})

    def check_cache(self, cache: CacheFile) -> Finding:
        """Report a name that is none, or with the tag of nobody."""
        return self.of_cache(cache, why=cache.judgement.actual)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report files with other extensions in a ``__pycache__``."""
        cache = directory.cache
        if cache is None or not cache.strangers or os.path.basename(cache.path) != PYCACHE:
            return ()
        return self._with_other_extensions(cache)

    def _with_other_extensions(self, cache: CacheDirectory) -> Iterator[Finding]:
        for entry in cache.strangers:
            if entry.name.endswith(_OTHER_CACHES) or is_interrupted_write(entry.name):
                continue  # others' own, or PYC211
            if entry.is_file(follow_symlinks=False):
                yield self.of_path(entry.path, {"why": "it does not end in .pyc"})
