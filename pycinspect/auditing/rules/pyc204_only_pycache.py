"""What it finds
=============
A directory in which nothing is left but ``__pycache__``, or directories of which that is
true.

Why it matters
==============
The import system takes any directory for a namespace package (PEP 420), unless it finds a
module of the same name beside it. A package that was removed, but whose caches were not,
still imports: as an empty package that hides the mistake until an attribute is missing.
Python 2 knows no such packages.

What to do
==========
Delete the directory.
"""

import os
from collections.abc import Iterable, Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import FinderKind, ImportOptions, find_module, package_of, search_order
from pycinspect.dialects import Dialect
from pycinspect.pyc import PYCACHE

__all__ = ["OnlyPycache"]


class OnlyPycache(Rule):
    """PYC204."""

    id = "PYC204"
    name = "only-pycache"
    title = "Directory kept alive by __pycache__ alone"
    severity = Severity.WARNING
    message = "holds nothing but {cache}: it imports as an empty namespace package"
    needs_caches = True
    skips_ordinary_directories = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        #: Directories that are known to hold nothing but caches.
        self._seen: set[str] = set()

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report a directory whose only entry is its cache directory, and those above it."""
        cache = directory.cache
        rest = directory.sources or directory.bytecode or directory.others
        if rest or directory.has_subdirectories or cache is None:
            return ()
        if directory.prefix is not None or directory.is_partial:
            return ()
        return list(self._alive(directory))

    def _alive(self, directory: Directory) -> Iterator[Finding]:
        """Yield findings for the directory, and for each above that it alone keeps alive."""
        dialects = self.context.audience.of(directory) or (self.context.dialect,)
        options = self.context.policy.options()
        path = directory.path
        while path != directory.root and path not in self._seen and self._is_bare(path):
            self._seen.add(path)
            if any(_is_namespace(path, dialect, options) for dialect in dialects):
                yield self.of_path(path, {"cache": PYCACHE})
            path = os.path.dirname(path)

    def _is_bare(self, top: str) -> bool:
        """Return whether there are caches below a directory, and nothing else."""
        pending = [top]
        while pending:
            path = pending.pop()
            if path in self._seen:
                continue
            try:
                with self.context.policy.view.scandir(path) as entries:
                    below = list(entries)
            except OSError:  # PYC606; nobody knows what is in it
                return False
            if not below or not all(entry.is_dir(follow_symlinks=False) for entry in below):
                return False
            pending += [entry.path for entry in below if entry.name != PYCACHE]
        return True


def _is_namespace(path: str, dialect: Dialect, options: ImportOptions) -> bool:
    """Return whether a directory is a namespace package to a Python."""
    parent, name = os.path.split(path)
    package = package_of(parent, search_order(dialect, options))
    found = find_module(name, [parent], dialect, options, package=package)
    return found.kind is FinderKind.NAMESPACE
