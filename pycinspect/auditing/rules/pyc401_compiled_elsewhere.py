"""What it finds
=============
A cache whose code says that it comes from another path than that of its source: only counted. As
a warning, one that says it comes from another module (``other.py`` in the cache of ``mod.py``).

Why it matters
==============
pip, image builds and distributions compile in one place and install to another, so most caches say
so. The importer puts the right path in as it loads a cache that has a source; what is loaded
without one, and tools that read caches, show a file that is not there. Another module's name is
something else: a compiler takes the name from the source, so that cache was put under a name that
is not its own.

What to do
==========
Compile where it is installed, or tell the compiler (``python -m compileall -s BUILD -p PREFIX``).
Of another module's name: look at the code (``pycinspect show``), and compare it with its source
(``pycinspect verify``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.compiled_from import is_elsewhere, module_in
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["CompiledElsewhere"]

_OTHER_MODULE = "says that it comes from {path}, another module than its name says"


class CompiledElsewhere(Rule):
    """PYC401."""

    id = "PYC401"
    name = "compiled-elsewhere"
    title = "Compiled under another path"
    severity = Severity.INFO
    is_statistic = True
    message = "says that it comes from {path}, which is not where its source is"
    #: These compare with the source, and tell what should be there.
    yields_to = frozenset({"PYC105", "PYC306", "PYC501"})
    facts = ("filename",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Compare the path in the outermost code object with that of the source."""
        path = payload.filename
        if path is None or cache.reader is None:
            return None
        module = module_in(path)
        if module is not None and module != module_in(cache.source):
            finding = self.of_cache(cache, path=path)
            return finding._replace(severity=Severity.WARNING, template=_OTHER_MODULE)
        return self.of_cache(cache, path=path) if is_elsewhere(path, cache) else None
