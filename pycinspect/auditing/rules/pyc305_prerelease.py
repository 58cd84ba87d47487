"""What it finds
=============
A cache with a magic number that was only used while a Python was developed: by an
alpha, a beta, or a checkout.

Why it matters
==============
No release uses it. Between such numbers opcodes were renumbered and layouts changed,
so that even tools that know the released format misread the code.

What to do
==========
Compile again with the release, and delete the caches of the pre-release.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["Prerelease"]


class Prerelease(Rule):
    """PYC305."""

    id = "PYC305"
    name = "prerelease"
    title = "Magic number of a pre-release"
    severity = Severity.WARNING
    yields_to = frozenset({"PYC201", "PYC202", "PYC207", "PYC209", "PYC301"})
    message = "its magic number {word} is of a pre-release of {writer}, whose own is {released}"
    #: No importer uses such a cache, so it is in none that is fresh or stale.
    reasons = frozenset(
        {
            "bad-magic",
            "cache-without-source",
            "mtime-overflow",
            "not-a-cache-path",
            "shadowed",
            "source-shadowed",
            "tool-cache",
        }
    )

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a magic number that no release has."""
        writer = cache.writer
        word = int.from_bytes(cache.start[:2], "little")
        if writer is None or not writer.is_prerelease(word):
            return None
        return self.of_cache(cache, word=word, writer=writer.name, released=writer.magic_word)
