"""What an audited archive is, for the rules about archives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import ArchivePlace

__all__ = ["CountedInArchive", "archive_place"]


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


_CACHES = ("cache", "caches")


class CountedInArchive(Rule):
    """A rule that counts the caches of an archive that stand beside sources, and names the first.

    Its message has ``{kind}`` of the archive, ``{count}``, ``{caches}`` and ``{example}``.
    """

    needs_archive = True
    about_tree = True
    #: What the archive must be (``Layout.kind``).
    kinds: ClassVar[tuple[str, ...]]
    #: Only caches that the importer judges for this reason, if there is one.
    reason: ClassVar[str | None] = None

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._place = self.archive(context)
        self._count = 0
        self._example = ""

    def archive(self, context: Context) -> ArchivePlace | None:
        """Return the archive that the rule is about; None for none."""
        return archive_place(context, *self.kinds)

    def check_groups(self, groups: Sequence[Alike]) -> Sequence[Finding]:
        """Count those of a directory."""
        if self._place is None:
            return ()
        for group in groups:
            first = group.first
            if first.is_module or (self.reason and first.judgement.reason != self.reason):
                continue
            self._example = self._example or first.path.removeprefix(self._place.mount)[1:]
            self._count += group.files
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the archive."""
        if self._count and self._place is not None:
            data = {
                "kind": self._place.archive.layout.kind,
                "count": self._count,
                "caches": _CACHES[self._count != 1],
                "example": self._example,
            }
            yield self.of_path(self._place.mount, data)
