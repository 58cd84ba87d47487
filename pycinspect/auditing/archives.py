"""What an audited archive is, for the rules about archives."""

from __future__ import annotations

from collections.abc import Iterable

from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.rule import Context
from pycinspect.cache import ArchivePlace

__all__ = ["CacheTally", "archive_place"]


def archive_place(context: Context, *kinds: str) -> ArchivePlace | None:
    """Return where in an archive the audited tree lies.

    Args:
        context: what a rule knows about the run.
        kinds: what it must be (``Layout.kind``); any if there are none.

    Returns:
        None outside of archives, and in those of other kinds.
    """
    place = context.policy.view.archive_of(context.root)
    return place if place is None or not kinds or place.archive.layout.kind in kinds else None


class CacheTally:
    """Counts caches of an archive that stand beside sources.

    Args:
        place: the archive; None for none, of which nothing is counted.
        reason: only those that the importer judges for it.
    """

    def __init__(self, place: ArchivePlace | None, reason: str | None = None) -> None:
        self.place = place
        self.count = 0
        #: The first of them, from the root of the archive on.
        self.example = ""
        self._reason = reason

    def add(self, groups: Iterable[Alike]) -> None:
        """Count those of a directory."""
        if self.place is None:
            return
        for group in groups:
            first = group.first
            if first.is_module or (self._reason and first.judgement.reason != self._reason):
                continue
            self.example = self.example or first.path.removeprefix(self.place.mount)[1:]
            self.count += group.files
