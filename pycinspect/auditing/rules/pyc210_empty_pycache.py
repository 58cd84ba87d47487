"""What it finds
=============
A ``__pycache__`` with nothing in it.

Why it matters
==============
It does no harm, but it tells that something removed the caches and not the
directory, or that writing them failed after the directory was made.

What to do
==========
Delete it.
"""

import os
from collections.abc import Iterable

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.pyc import PYCACHE

__all__ = ["EmptyPycache"]


class EmptyPycache(Rule):
    """PYC210."""

    id = "PYC210"
    name = "empty-pycache"
    title = "Empty __pycache__"
    severity = Severity.INFO
    yields_to = frozenset({"PYC204"})
    message = "{directory} is empty"
    needs_caches = True
    skips_ordinary_directories = True

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report a cache directory that was read and has no entries."""
        cache = directory.cache
        if cache is None or cache.entries or cache.strangers:
            return ()
        if cache.is_link or cache.is_partial or cache.error:
            return ()  # nobody looked, or not into all of it
        if os.path.basename(cache.path) != PYCACHE:  # below a prefix it may be a namesake
            return ()
        return [self.of_path(cache.path, {"directory": PYCACHE})]
