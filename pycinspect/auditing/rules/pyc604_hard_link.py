"""What it finds
=============
A cache that has another name in another directory: a hard link.

Why it matters
==============
Both names are one file. What is written into it in place under one name is loaded under
the other, in another environment or package. uv and conda link whole
environments to one store, which saves space; the importer itself writes a new file
and leaves the other name alone. Links within the directory, between equal
optimization levels (``compileall --hardlink-dupes``), are not reported.

What to do
==========
Nothing, if a package manager made the link. Otherwise find the other name
(``find / -samefile``) and copy the file.
"""

from collections import Counter

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory

__all__ = ["HardLink"]


class HardLink(Rule):
    """PYC604."""

    id = "PYC604"
    name = "hard-link"
    title = "Hard link out of the directory"
    severity = Severity.INFO
    is_statistic = True
    message = "has {elsewhere} more names in other directories"
    skips_ordinary = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._directory: Directory | None = None
        self._names: Counter[int] = Counter()

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at the number of names; runs for every cache."""
        status = cache.status
        if status is None or status.st_nlink < 2:
            return None
        if cache.judgement.reason == "cache-not-regular":
            return None  # a directory has as many as it has directories in it
        if cache.directory is not self._directory:
            self._directory = cache.directory
            self._names = _names_of_files(cache.directory)
        elsewhere = status.st_nlink - max(1, self._names[status.st_ino])
        if elsewhere < 1:
            return None
        return self.of_cache(cache, elsewhere=elsewhere, links=status.st_nlink)


def _names_of_files(directory: Directory) -> Counter[int]:
    """Count how often each file stands among a directory's caches, by its inode."""
    in_cache = () if directory.cache is None else directory.cache.entries
    return Counter(entry.inode() for entry in (*in_cache, *directory.bytecode))
