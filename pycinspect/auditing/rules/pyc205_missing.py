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
from dataclasses import dataclass

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rewriting import Rewriting
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.scripts import is_run
from pycinspect.auditing.walk import Directory
from pycinspect.cache import (
    ImportOptions,
    SearchOrder,
    cache_from_source,
    find_in_listing,
    find_init,
    package_of,
    residence,
    search_order,
)
from pycinspect.dialects import Dialect

__all__ = ["Missing"]

_NEVER_WRITTEN = (
    "has no cache of {dialect} for optimization level {level}, and none can be written, as"
    " {hindrance}: every start compiles the source"
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a Python wants to find.

    Args:
        dialect: the Python.
        in_pycache: its caches lie in ``__pycache__``, not beside the sources.
        knows_prefix: or below the cache prefix, where there is one.
        tails: levels, and what follows the stem in the name of the cache.
        order: what its finder looks for.
        options: how it is started.
    """

    dialect: Dialect
    in_pycache: bool
    knows_prefix: bool
    tails: list[tuple[int, str]]
    order: SearchOrder
    options: ImportOptions

    def finds(self, stem: str, directory: Directory) -> bool:
        """Return whether its finder comes to a source: others may be found first."""
        if not stem.isidentifier():
            return False
        package = package_of(directory.source_path, self.dialect, self.options)
        if residence(f"{package}.{stem}" if package else stem, self.dialect) is not None:
            return False
        if stem == "__init__":
            found = find_init(directory.source_path, self.order)
        else:
            found = find_in_listing(stem, directory.listing(), self.order)
        return found is not None and found.path == directory.sources[stem].path


class Missing(Rule):
    """PYC205."""

    id = "PYC205"
    name = "missing"
    title = "Source without cache"
    severity = Severity.INFO
    is_statistic = True
    message = "has no cache of {dialect} for optimization level {level}"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wanted: dict[str, _Wanted] = {}
        self._rewriting = Rewriting(context.policy)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report the sources that could have a cache."""
        for stem, level, dialect in self.missing(directory):
            path = directory.sources[stem].path
            if self.context.sources.refusal(directory.path, path, dialect) is None:
                yield self._missing(directory, stem, level, dialect)

    def missing(self, directory: Directory) -> list[tuple[str, int, Dialect]]:
        """Compare the names of sources and caches; return stems, levels and for whom."""
        if not directory.sources or directory.is_mirror or directory.is_partial:
            return []  # the sources of a place below the cache prefix lie elsewhere
        missing: list[tuple[str, int, Dialect]] = []
        for dialect in self.context.audience.of(directory):
            missing += self._missing_of(self._wanted_by(dialect), directory)
        view = self.context.policy.view
        return missing and [one for one in missing if not is_run(directory, one[0], view)]

    def _missing_of(self, wanted: _Wanted, directory: Directory) -> list[tuple[str, int, Dialect]]:
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
        missing = [
            (sources[stem].name, level)
            for level, tail in wanted.tails
            for stem in sources
            if stem + tail not in present
        ]
        stems = ((filename.rpartition(".")[0], level) for filename, level in sorted(missing))
        return [
            (stem, level, wanted.dialect) for stem, level in stems if wanted.finds(stem, directory)
        ]

    def _wanted_by(self, dialect: Dialect) -> _Wanted:
        if dialect.name not in self._wanted:
            self._wanted[dialect.name] = _wanted(dialect, self.context.policy)
        return self._wanted[dialect.name]

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


def _wanted(dialect: Dialect, policy: Policy) -> _Wanted:
    rule = dialect.cache_path
    in_pycache = rule is not None and bool(rule.directory)
    knows_prefix = rule is not None and rule.prefix
    options = policy.options()
    order = search_order(dialect, options)
    tails = _tails(dialect, policy.levels)
    return _Wanted(dialect, in_pycache, knows_prefix, tails, order, options)


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
