"""What it finds
=============
A cache in the library of one Python (``lib/python3.12``, ``lib/pypy3.10``) that another
one wrote, by its magic number.

Why it matters
==============
The interpreter to whom the library belongs does not use it. A package was built or
compiled with the wrong interpreter, as in rpmlint's ``wrong-magic-value``, so that
all its modules are compiled at every start, or the tree was compiled by a
foreign Python in passing.

What to do
==========
Compile with the interpreter that the library belongs to, and delete these.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.dialects import Dialect
from pycinspect.values import Implementation

__all__ = ["WrongLibrary"]


class WrongLibrary(Rule):
    """PYC304."""

    id = "PYC304"
    name = "wrong-library"
    title = "In the library of another Python"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC201", "PYC202", "PYC207", "PYC209", "PYC301"})
    message = "lies in the library of {place}, but its magic number {magic} is that of {writer}"
    looks_at_reader = True  # an ordinary cache is fresh: the reader is the writer

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._directory: Directory | None = None
        self._place: Dialect | None = None
        self._accepted: Dialect | None = None

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare place and magic number."""
        directory = cache.directory
        if directory is not self._directory:
            self._enter(directory)
        if self._place is None:
            return None
        writer = cache.writer
        if writer is self._accepted or writer is None:
            return None
        if _belongs(writer, self._place):
            self._accepted = writer
            return None
        return self.of_cache(
            cache, place=self._place.name, writer=writer.name, magic=cache.start[:4].hex(" ")
        )

    def _enter(self, directory: Directory) -> None:
        self._directory = directory
        place = self.context.places.dialect_of(directory)
        if place is not self._place:
            self._place = place
            self._accepted = None


def _belongs(writer: Dialect, place: Dialect) -> bool:
    """Return whether a writer's caches belong into a library.

    Only PyPy gives its libraries a name of their own (``sysconfig``: lib/pypy3.10); all
    others call them python3.10.
    """
    ours, theirs = writer.python, place.python
    is_pypy = writer.implementation is Implementation.PYPY
    return ours == theirs and is_pypy == (place.implementation is Implementation.PYPY)
