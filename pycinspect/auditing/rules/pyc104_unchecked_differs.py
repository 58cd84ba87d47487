"""What it finds
=============
A hash-based cache that the importer uses without a look at the source, and whose
source has another hash: an unchecked one, or any where the interpreter runs with
``--check-hash-based-pycs never``.

Why it matters
==============
Old code runs. Changes of the source have no effect, tracebacks show lines that were
not executed, and nothing ever says so: the importer compares neither time nor hash
(PEP 552). The tool that wrote the cache has promised to renew it, and has not.

What to do
==========
Compile again (``python -m compileall -f --invalidation-mode unchecked-hash``), or use
checked hashes where sources are edited in place.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.rules.pyc901_incomplete import not_looked_at
from pycinspect.cache import NOT_COMPARED, SOURCE_LIMIT, hash_differs, source_hash
from pycinspect.errors import PycInspectError

__all__ = ["UncheckedDiffers"]


class UncheckedDiffers(Rule):
    """PYC104."""

    id = "PYC104"
    name = "unchecked-differs"
    title = "Old code runs: the hash is not checked, and differs"
    severity = Severity.ERROR
    message = (
        "old code runs: its hash is not checked; it records {header_hash},"
        " but the source has {source_hash}"
    )
    reasons = NOT_COMPARED

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare the hashes in the importer's place."""
        if cache.reader is None or self.context.packages.hold(cache):
            return None
        try:
            source = self.context.policy.view.read_all(cache.source, SOURCE_LIMIT)
            if not hash_differs(cache.start, source, cache.reader):
                return None
        except (OSError, PycInspectError) as error:
            return not_looked_at(self.context, cache, "the source cannot be hashed", error)
        recorded, expected = cache.start[8:16], source_hash(source, cache.reader)
        return self.of_cache(cache, header_hash=recorded.hex(), source_hash=expected.hex())
