"""What it finds
=============
A cache whose name has the tag of one Python, and whose magic number is another's.

Why it matters
==============
The interpreter that the name stands for refuses it (``_classify_pyc``) and compiles the
source again; the one that wrote it looks for another name. Caches were renamed, or a
build wrote them with the wrong interpreter.

What to do
==========
Compile again with the interpreter that the name stands for, or delete it.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["TagAndMagic"]


class TagAndMagic(Rule):
    """PYC301."""

    id = "PYC301"
    name = "tag-and-magic"
    title = "Cache tag and magic number disagree"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC001", "PYC201", "PYC202", "PYC209"})
    message = "its name says {tag}, but its magic number {magic} is that of {writer}"
    #: Those where the magic number differs, or was not yet looked at.
    reasons = frozenset({"bad-magic", "cache-without-source", "mtime-overflow"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare who reads a file of this name with who wrote it."""
        name, writer = cache.ending, cache.writer
        if name is None or writer is None or cache.reader is None or writer is cache.reader:
            return None  # pre-releases of the reader are PYC305
        if name.tag in writer.cache_tags or writer.unchecked:
            return None  # two releases with one tag, such as 3.5.2 and 3.5.3
        return self.of_cache(
            cache, tag=name.tag, magic=cache.start[:4].hex(" "), writer=writer.name
        )
