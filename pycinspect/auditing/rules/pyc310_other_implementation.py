"""What it finds
=============
A cache of PyPy, GraalPy or another implementation that is not CPython, in a tree or
library that is for another one.

Why it matters
==============
Its magic number and its code are that implementation's own; tools that know CPython's
numbers call it damaged. It is named here so that nobody else has to wonder.

What to do
==========
Nothing, if that implementation is in use; otherwise delete it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.dialects import Dialect
from pycinspect.values import Implementation

__all__ = ["OtherImplementation"]


class OtherImplementation(Rule):
    """PYC310."""

    id = "PYC310"
    name = "other-implementation"
    title = "Cache of another implementation"
    severity = Severity.INFO
    is_statistic = True
    message = "is a cache of {dialect}, not of CPython"
    skips_ordinary = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._accepted: Dialect | None = None

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at whose importer reads it; runs for every cache."""
        reader = cache.reader
        if reader is self._accepted or reader is None:
            return None
        if reader.implementation in self._expected():
            self._accepted = reader
            return None
        place = self.context.places.dialect_of(cache.directory)
        if place is not None and place.implementation is reader.implementation:
            return None  # its own library, somewhere in this tree
        return self.of_cache(cache, dialect=reader.name, implementation=reader.implementation.value)

    def _expected(self) -> set[Implementation]:
        pythons = {row.implementation for row in self.context.audience.dialects}
        return {Implementation.CPYTHON, *pythons}
