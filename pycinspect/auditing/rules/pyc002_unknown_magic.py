"""What it finds
=============
A cache that starts with the magic number of no Python that is known, pre-releases
included; or with one whose last two bytes are not CR LF any more.

Why it matters
==============
The file is damaged, encrypted, of an interpreter that somebody altered, or no cache
at all. No stock importer uses it: with a source it is compiled again, without one
the import fails. CR LF is part of the magic number so that a copy in text mode,
which changes line ends and so the whole file, is noticed.

What to do
==========
Find out who wrote it. A damaged file is deleted or compiled again; where a copy in
text mode did it, everything that it copied has to be copied again.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.dialects.model import CRLF

__all__ = ["UnknownMagic"]

_MAGIC_SIZE = 4
_AS_TEXT = (
    "starts with the magic number {word} of {owner}, followed by other bytes than CR LF:"
    " {magic}; was it copied as text?"
)


class UnknownMagic(Rule):
    """PYC002."""

    id = "PYC002"
    name = "unknown-magic"
    title = "Unknown magic number"
    severity = Severity.ERROR
    yields_to = frozenset({"PYC202"})
    message = "starts with {magic}, the magic number {word} of no known Python"
    reasons = frozenset({"bad-magic"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a magic number that is in no table."""
        magic = cache.start[:_MAGIC_SIZE]
        if cache.writer is not None or len(magic) < _MAGIC_SIZE or not any(cache.start):
            return None
        tag = None if cache.ending is None else cache.ending.tag
        owner = self.context.policy.dialects.find(magic[:2] + CRLF, tag)
        finding = self.of_cache(
            cache,
            magic=magic.hex(" "),
            word=int.from_bytes(magic[:2], "little"),
            crlf=magic[2:] == CRLF,
            owner=None if owner is None else owner.name,
        )
        return finding if owner is None else finding._replace(template=_AS_TEXT)
