"""What it finds
=============
A cache or a directory that could not be read.

Why it matters
==============
An importer with the same rights cannot read it either: it compiles the source at every
start. And what was not read was not audited.

What to do
==========
Correct the permissions, or run the audit as a user who may read the tree.
"""

from collections.abc import Iterable

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory

__all__ = ["Unreadable"]

_SOURCE = "its source has to be read and cannot be ({reason}): the import raises {exception}"


class Unreadable(Rule):
    """PYC606."""

    id = "PYC606"
    name = "unreadable"
    title = "Unreadable"
    severity = Severity.WARNING
    yields_to = frozenset({"PYC202"})
    message = "cannot be read: {reason}"
    skips_ordinary_directories = True
    reasons = frozenset({"cache-unreadable", "source-unreadable"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache that could not be opened or read."""
        if cache.judgement.reason == "source-unreadable":
            finding = self.of_cache(
                cache, reason=cache.judgement.actual, exception=cache.judgement.exception
            )
            return finding._replace(template=_SOURCE)
        if cache.is_link and not self.context.policy.view.exists(cache.path):
            return None  # PYC603: a dangling link
        return self.of_cache(cache, reason=cache.judgement.actual)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report a directory, or its cache directory, that could not be listed."""
        if directory.error is not None:
            return [self._unlisted(directory.path, directory.error)]
        if directory.cache is not None and directory.cache.error is not None:
            return [self._unlisted(directory.cache.path, directory.cache.error)]
        return ()

    def _unlisted(self, path: str, error: OSError) -> Finding:
        return self.of_path(path, {"reason": error.strerror or type(error).__name__})
