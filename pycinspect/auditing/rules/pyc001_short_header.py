"""What it finds
=============
A cache that is empty, or ends before its header does: 16 bytes since Python 3.7
(PEP 552), 12 from 3.3 to 3.6, 8 before.

Why it matters
==============
A write was interrupted: by a full disk, a killed process or a crash. The importer
takes the source instead (``_classify_pyc`` raises EOFError, which
``SourceLoader.get_code`` swallows), so that the module is compiled at every start
until the cache can be written. Without a source the import fails.

What to do
==========
Delete the file, or compile again (``python -m compileall -f``).
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["ShortHeader"]

_MAGIC_SIZE = 4


class ShortHeader(Rule):
    """PYC001."""

    id = "PYC001"
    name = "short-header"
    title = "Empty or short header"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "has {size} bytes, but its header needs {needed}"
    reasons = frozenset({"bad-magic", "short-header"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a file that ends before its header does."""
        size = len(cache.start)
        if size >= _MAGIC_SIZE and cache.writer is None:
            return None  # PYC002: whose header it would be is unknown
        dialect = cache.writer or cache.reader
        needed = dialect.header.size if dialect and dialect.header else _MAGIC_SIZE
        if size >= needed or (size and not any(cache.start)):
            return None  # complete, or PYC009
        return self.of_cache(cache, size=size, needed=needed)
