"""What it finds
=============
Caches in a package whose kind has none: a Debian package, or a conda package for any Python
(``noarch``).

Why it matters
==============
Debian's packages are for all Pythons that are installed, and ``py3compile`` makes the caches when a package
is installed or a Python is added (Debian Python Policy, "Modules Byte-Compilation"); ``dh_python3`` removes
them from packages. conda compiles ``noarch: python`` packages when it installs them. Caches that come with such
a package are of one Python, are not removed with the package's own, and may be stale. Of RPM packages, in which
caches belong, other rules say what is stale.

What to do
==========
Leave them out of the package.
"""

import json
from collections.abc import Iterator, Sequence

from pycinspect.auditing.archives import CacheTally, archive_place
from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import ArchivePlace

__all__ = ["InPackage"]

_DEBIAN, _CONDA = "Debian package", "conda package"
_CACHES = ("cache", "caches")
#: Characters of a package's description that are read.
_LIMIT = 1024 * 1024


class InPackage(Rule):
    """PYC706."""

    id = "PYC706"
    name = "bytecode-in-package"
    title = "Bytecode in a package that should have none"
    severity = Severity.WARNING
    message = "the {kind} has {count} {caches}, such as {example}"
    needs_archive = True
    about_tree = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        place = archive_place(context, _DEBIAN, _CONDA)
        if place is not None and place.archive.layout.kind == _CONDA and not _is_noarch(place):
            place = None
        self._tally = CacheTally(place)

    def check_groups(self, groups: Sequence[Alike]) -> Sequence[Finding]:
        """Count caches."""
        self._tally.add(groups)
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the package."""
        tally = self._tally
        if tally.count and tally.place is not None:
            data = {
                "kind": tally.place.archive.layout.kind,
                "count": tally.count,
                "caches": _CACHES[tally.count != 1],
                "example": tally.example,
            }
            yield self.of_path(tally.place.mount, data)


def _is_noarch(place: ArchivePlace) -> bool:
    text = place.archive.read_text("info/index.json", _LIMIT)
    try:
        index = json.loads(text or "{}")
    except (ValueError, RecursionError):  # it is not said
        return False
    return isinstance(index, dict) and index.get("noarch") not in (None, "")
