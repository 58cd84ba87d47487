"""Would a cache be written at the next import, and if not, why?"""

from __future__ import annotations

import os

from pycinspect.auditing.policy import Policy
from pycinspect.cache import why_not_written
from pycinspect.dialects import Dialect

__all__ = ["COMPILED_AFTER", "Rewriting"]

#: The importer's reasons after which it compiles a source although there is a cache.
COMPILED_AFTER = frozenset(
    {
        "bad-magic",
        "cache-not-regular",
        "cache-unreadable",
        "mtime-differs",
        "mtime-never-matches",
        "reserved-flags",
        "short-header",
        "source-hash-differs",
        "source-size-differs",
    }
)

_OF_DIRECTORIES = {
    "read-only": "the file system is read-only",
    "umask": "the umask takes the permission to write there",
}
_OF_FILES = {
    "cache-is-directory": "a directory stands in its place",
    "sticky": "the sticky bit of its directory lets only the owner replace it",
}


class Rewriting:
    """Asks about one cache after another; about the directory of those in a row only once."""

    def __init__(self, policy: Policy) -> None:
        self._never = policy.dont_write_bytecode
        self._view = policy.view
        self._place: tuple[str, str] | None = None
        self._hindrance: str | None = None

    def hindrance(self, cache_path: str, reader: Dialect) -> str | None:
        """Return why a cache would not be written, as the end of a sentence; None if it would.

        Args:
            cache_path: where it is, or would be.
            reader: whose importer would write it.
        """
        if self._never:
            return "writing bytecode is switched off"
        directory = os.path.dirname(cache_path)
        if self._place != (directory, reader.name):
            self._place = directory, reader.name
            found = why_not_written(os.path.join(directory, "any"), reader.writer, self._view)
            self._hindrance = None
            if found is not None:
                self._hindrance = _OF_DIRECTORIES.get(found.slug, "its directory is not writable")
        if self._hindrance is not None:
            return self._hindrance
        found = why_not_written(cache_path, reader.writer, self._view)
        return None if found is None else _OF_FILES.get(found.slug, found.sentence)
