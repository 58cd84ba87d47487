"""What it finds
=============
A source that can be imported and has no cache for an interpreter that the tree, or the
library that it lies in, is for, at each optimization level that the policy names. A tree
without caches is for nobody until somebody says for whom (``--as``). Scripts are not
imported, nor is what an environment keeps as data beside its library.

Why it matters
==============
The first start compiles it; where the tree is read-only, every start does. Packages
of distributions and container images should bring their caches along, for
every level that is used (PEP 488: a level never falls back to another). Where a cache is missing
and can never be written, it is a warning for who deploys (``--profile deploy``).

What to do
==========
Compile the tree (``python -m compileall -o 0 -o 1 -o 2``). Sources that are known not to
compile are PYC206's.
"""

import os
from collections.abc import Iterable

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rewriting import Rewriting
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import (
    cache_from_source,
)
from pycinspect.dialects import Dialect

__all__ = ["Missing"]

_NEVER_WRITTEN = (
    "has no cache of {dialect} for optimization level {level}, and none can be written, as"
    " {hindrance}: every start compiles the source"
)


class Missing(Rule):
    """PYC205."""

    id = "PYC205"
    name = "missing"
    title = "Source without cache"
    severity = Severity.INFO
    is_statistic = True
    message = "has no cache of {dialect} for optimization level {level}"
    needs_missing = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._rewriting = Rewriting(context.policy)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report the sources that could have a cache."""
        for stem, level, dialect in self.context.missing.of(directory):
            path = directory.sources[stem].path
            if self.context.sources.refusal(directory.path, path, dialect) is None:
                yield self._missing(directory, stem, level, dialect)

    def _missing(self, directory: Directory, stem: str, level: int, dialect: Dialect) -> Finding:
        cache = cache_from_source(
            os.path.join(directory.path, f"{stem}.py"),
            dialect,
            optimization=level or "",
            pycache_prefix=self.context.policy.pycache_prefix,
        )
        data = {"dialect": dialect.name, "level": level, "cache": cache}
        finding = self.of_path(directory.sources[stem].path, data)._replace(dialect=dialect.name)
        if not self.context.policy.needs_caches:
            return finding
        hindrance = self._rewriting.hindrance(cache, dialect)
        if hindrance is None:
            return finding
        data = {**data, "hindrance": hindrance}
        return finding._replace(severity=Severity.WARNING, template=_NEVER_WRITTEN, data=data)
