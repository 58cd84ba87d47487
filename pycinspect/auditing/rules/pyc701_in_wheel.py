"""What it finds
=============
Caches in a wheel.

Why it matters
==============
Installers compile the sources of a wheel themselves, for the Python that they install into. Caches
in it are of the Python that built the wheel; they make it larger and different each time it is built,
and those of a Python that takes them may be stale, or run code that no source shows.

What to do
==========
Leave ``__pycache__`` out: build from a clean tree, or exclude it in the settings of the build
backend.
"""

from collections.abc import Iterator, Sequence

from pycinspect.auditing.archives import CacheTally, archive_place
from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule

__all__ = ["InWheel"]


class InWheel(Rule):
    """PYC701."""

    id = "PYC701"
    name = "bytecode-in-wheel"
    title = "Bytecode in a wheel"
    severity = Severity.WARNING
    message = "the wheel has {count} {caches}, such as {example}"
    needs_archive = True
    about_tree = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._tally = CacheTally(archive_place(context, "wheel"))

    def check_groups(self, groups: Sequence[Alike]) -> Sequence[Finding]:
        """Count the caches of a wheel that have a source's place to lie beside."""
        self._tally.add(groups)
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the wheel."""
        tally = self._tally
        if tally.count and tally.place is not None:
            data = {
                "count": tally.count,
                "caches": _CACHES[tally.count != 1],
                "example": tally.example,
            }
            yield self.of_path(tally.place.mount, data)


_CACHES = ("cache", "caches")
