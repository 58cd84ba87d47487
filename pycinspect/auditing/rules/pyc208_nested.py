"""What it finds
=============
A directory inside ``__pycache__``, most often another ``__pycache__``.

Why it matters
==============
No importer looks there. It arises when ``__pycache__`` itself was on the search path or
was compiled (``compileall`` skips it), when a tree was copied into itself, or when
somebody hides files where nobody looks.

What to do
==========
Look what is in it, then delete it.
"""

import os
from collections.abc import Iterable

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.pyc import PYCACHE

__all__ = ["Nested"]


class Nested(Rule):
    """PYC208."""

    id = "PYC208"
    name = "nested"
    title = "Directory inside __pycache__"
    severity = Severity.INFO
    message = "a directory inside {parent}, where no importer looks; its content was not read"
    needs_caches = True
    skips_ordinary_directories = True

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report directories among the caches; below a cache prefix they belong there.

        One with a cache's name is PYC605.
        """
        cache = directory.cache
        if cache is None or not cache.strangers or os.path.basename(cache.path) != PYCACHE:
            return ()
        return [
            self.of_path(entry.path, {"parent": PYCACHE})
            for entry in cache.strangers
            if entry.is_dir(follow_symlinks=False)
        ]
