"""What it finds
=============
A cache that a tool wrote under a name of its own, after it had changed the code:
pytest (``mod.cpython-312-pytest-8.3.4.pyc``), typeguard, jaxtyping or beartype
(``mod.cpython-312.opt-typeguard441.pyc``).

Why it matters
==============
Such code is not what the source says: assertions are rewritten, checks are added.
Only the same version of the tool uses it; all others leave it lying. In an installed
or distributed package it has no place: tests were run in it.

What to do
==========
Delete it; the tool writes it again. Run tests on a copy, or with
``PYTHONDONTWRITEBYTECODE=1``.
"""

import os

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.cache import transformer_of

__all__ = ["Transformed"]


class Transformed(Rule):
    """PYC308."""

    id = "PYC308"
    name = "transformed"
    title = "Code that a tool has changed"
    severity = Severity.INFO
    is_statistic = True
    message = "holds code that {transformer} changed (version {version})"
    skips_ordinary = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look for a tool's mark in the name; runs for every cache."""
        name = cache.ending
        if name is not None and len(name.optimization) < 2 and cache.reader is not None:
            return None  # a level, and a tag that is known
        if name is None and cache.reader is not None:
            return None  # beside its source, where no tool puts it
        found = transformer_of(os.path.basename(cache.path))
        if found is None:
            return None
        return self.of_cache(cache, transformer=found.name, version=found.version or "unknown")
