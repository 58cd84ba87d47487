"""What it finds
=============
A cache, or a ``__pycache__``, that every user of the machine may write. POSIX only: the
permission bits are looked at, not access control lists.

Why it matters
==============
Whoever writes the cache decides what the next import of the module does, with the
rights of whoever imports it; the source stays as it was. In a directory that all may
write, caches can be replaced even if they are protected themselves. The sticky bit
keeps users from replacing each other's caches, not from adding one where there is none.

What to do
==========
``chmod o-w``. New caches take the source's permissions: correct those, too, and the
umask of whoever made the directory.
"""

import os
import stat
from collections.abc import Iterable

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory

__all__ = ["WorldWritable"]

#: On Windows the bits of ``st_mode`` are made up.
_MASK = stat.S_IWOTH if os.name == "posix" else 0


class WorldWritable(Rule):
    """PYC601."""

    id = "PYC601"
    name = "world-writable"
    title = "Writable by everybody"
    severity = Severity.SECURITY
    message = "every user may write this {kind} (mode {mode})"
    needs_caches = True
    skips_ordinary = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at the permission bits; runs for every cache."""
        status = cache.status
        if status is None or not status.st_mode & _MASK:
            return None
        if stat.S_ISLNK(status.st_mode):
            return None  # a dangling link: its own bits have no meaning
        mode = stat.S_IMODE(status.st_mode)
        return self.of_cache(cache, kind="cache", mode=f"{mode:04o}", sticky=False)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Look at the permission bits of the cache directory."""
        cache = directory.cache
        if cache is None or cache.is_link or not _MASK:
            return ()
        try:
            mode = self.context.policy.view.stat(cache.path).st_mode
        except OSError:  # it has gone since the listing
            return ()
        if not mode & _MASK:
            return ()
        sticky = bool(mode & stat.S_ISVTX)
        data = {"kind": "directory", "mode": f"{stat.S_IMODE(mode):04o}", "sticky": sticky}
        return [self.of_path(cache.path, data)]
