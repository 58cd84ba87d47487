"""What it finds
=============
A cache with an executable, setuid or setgid bit. POSIX only.

Why it matters
==============
No Python sets the executable bits: it takes the source's bits without them
(``_calc_mode``; Python 2 keeps setuid and setgid). A recursive ``chmod`` did it, an
archive without permissions or a file system without them; on Linux ``binfmt_misc`` can
make such a file a program.

What to do
==========
``chmod a-x,ug-s``.
"""

import os
import stat

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["OddMode"]

#: On Windows the bits of ``st_mode`` are made up.
_MASK = 0o6111 if os.name == "posix" else 0


class OddMode(Rule):
    """PYC607."""

    id = "PYC607"
    name = "odd-mode"
    title = "Executable, setuid or setgid"
    severity = Severity.INFO
    message = "has the mode {mode}: {bits}"
    skips_ordinary = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at the permission bits; runs for every cache."""
        status = cache.status
        if status is None or not status.st_mode & _MASK or not stat.S_ISREG(status.st_mode):
            return None
        mode = stat.S_IMODE(status.st_mode)
        names = ((stat.S_ISUID, "setuid"), (stat.S_ISGID, "setgid"), (0o111, "executable"))
        bits = [name for bit, name in names if mode & bit]
        return self.of_cache(cache, mode=f"{mode:04o}", bits=", ".join(bits))
