"""What it finds
=============
Timestamp caches in a wheel or zip file that are fresh where it is unpacked with the times in it, and
stale where it is not.

Why it matters
==============
The header of such a cache has the time of its source. ``unzip`` and ``bsdtar`` set the times that a zip file
has; ``pip``, ``uv``, and ``zipfile`` of the standard library, which ``shutil.unpack_archive`` and many
deployment tools use, leave the time of unpacking. Then every one of these caches is stale: each start
compiles all sources, and where nothing can be written, all starts do.

What to do
==========
Compile with ``--invalidation-mode unchecked-hash`` or ``checked-hash`` before packing, or compile after
unpacking. In a wheel, leave caches out.
"""

from collections.abc import Iterator, Sequence

from pycinspect.auditing.archives import CacheTally, archive_place
from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule

__all__ = ["TimesLost"]


class TimesLost(Rule):
    """PYC704."""

    id = "PYC704"
    name = "times-lost"
    title = "Fresh only if times are kept"
    severity = Severity.WARNING
    message = "{count} {caches} such as {example} are fresh after unzip and bsdtar, which keep times, and stale after pip, uv and zipfile, which do not"
    needs_archive = True
    about_tree = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._tally = CacheTally(
            archive_place(context, "wheel", "pex", "shiv", "zip archive"), "header-matches"
        )

    def check_groups(self, groups: Sequence[Alike]) -> Sequence[Finding]:
        """Count timestamp caches that are fresh with the times in the archive."""
        self._tally.add(groups)
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the archive."""
        tally = self._tally
        if tally.count and tally.place is not None:
            data = {
                "count": tally.count,
                "caches": _CACHES[tally.count != 1],
                "example": tally.example,
            }
            yield self.of_path(tally.place.mount, data)


_CACHES = ("cache", "caches")
