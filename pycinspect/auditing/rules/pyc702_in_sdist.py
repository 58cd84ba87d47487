"""What it finds
=============
Caches in a source distribution.

Why it matters
==============
A source distribution is what others build from, and review. Caches in it are left over from where it was
packed; ``pip`` and distributions unpack them with their times, so that they are fresh, and run.

What to do
==========
Leave ``__pycache__`` out: ``global-exclude *.py[cod]`` in ``MANIFEST.in``, or the build backend's
setting.
"""

from collections.abc import Iterator, Sequence

from pycinspect.auditing.archives import CacheTally, archive_place
from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule

__all__ = ["InSdist"]


class InSdist(Rule):
    """PYC702."""

    id = "PYC702"
    name = "bytecode-in-sdist"
    title = "Bytecode in a source distribution"
    severity = Severity.WARNING
    message = "the source distribution has {count} {caches}, such as {example}"
    needs_archive = True
    about_tree = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._tally = CacheTally(archive_place(context, "sdist"))

    def check_groups(self, groups: Sequence[Alike]) -> Sequence[Finding]:
        """Count the caches of a source distribution."""
        self._tally.add(groups)
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the source distribution."""
        tally = self._tally
        if tally.count and tally.place is not None:
            data = {
                "count": tally.count,
                "caches": _CACHES[tally.count != 1],
                "example": tally.example,
            }
            yield self.of_path(tally.place.mount, data)


_CACHES = ("cache", "caches")
