"""What it finds
=============
A cache whose code names a path in a home directory, a temporary directory or a directory of a
build, and that lies elsewhere now.

Why it matters
==============
Caches are handed on: in images, in archives, in packages of distributions. The path tells whoever
reads it the name of a user, or how a build machine is laid out, and it makes two builds of one
source differ. What pip installs with ``--target`` is all like this, because it compiles in a
temporary directory; so the findings are listed only by the profiles for what is handed on
(``distro``, ``repro``, ``wheel``), or where the rule is named.

What to do
==========
Compile again where the files are installed, or tell the compiler which path to write
(``python -m compileall -f -s BUILD -p PREFIX``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.compiled_from import is_elsewhere, leak_in
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["PathLeak"]


class PathLeak(Rule):
    """PYC402."""

    id = "PYC402"
    name = "path-leak"
    title = "Path of the machine on which it was compiled"
    severity = Severity.INFO
    is_statistic = True
    message = "names {path}: {kind}{of}"
    facts = ("filename",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Look where the code says that it comes from; at its own place that is no news."""
        path = payload.filename
        leak = None if path is None else leak_in(path)
        if path is None or leak is None or not is_elsewhere(path, cache):
            return None
        of = f" of {leak.name}" if leak.name else ""
        return self.of_cache(cache, path=path, kind=leak.kind, of=of, user=leak.name)
