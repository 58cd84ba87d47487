"""What it finds
=============
A header whose flags are not 0, 1 or 3: reserved bits are set, or bit 1 ("check the
source") is set without bit 0 ("this is a hash").

Why it matters
==============
PEP 552 gives a meaning to bits 0 and 1 only. The importer refuses a file with other
bits (``_classify_pyc``: "invalid flags") and compiles the source again; without a
source the import fails. Flags of 2 are accepted as a timestamp cache, but no Python
writes them: a tool, or somebody, has patched the header.

What to do
==========
Find out who wrote it, then delete the file or compile it again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["ReservedFlags"]

_TIMESTAMP = bytes(4)
#: Nothing but bit 1.
_CHECK_WITHOUT_HASH = b"\x02\0\0\0"


class ReservedFlags(Rule):
    """PYC003."""

    id = "PYC003"
    name = "reserved-flags"
    title = "Flags that no Python writes"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "the header's flags are {flags}, but only 0, 1 and 3 have a meaning"
    skips_ordinary = True
    #: Flags of 2 are judged like those of a timestamp cache.
    reasons = frozenset(
        {
            "empty-payload",
            "header-matches",
            "mtime-differs",
            "mtime-never-matches",
            "reserved-flags",
            "source-size-differs",
            "sourceless",
        }
    )

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report flags that have no meaning."""
        flags = cache.start[4:8]
        if flags == _TIMESTAMP:  # nearly all of them
            return None
        if flags != _CHECK_WITHOUT_HASH and cache.judgement.reason != "reserved-flags":
            return None
        layout = None if cache.reader is None else cache.reader.header
        if layout is None or not layout.has_flags:
            return None  # the word is a time
        return self.of_cache(cache, flags=f"{int.from_bytes(flags, 'little'):#x}")
