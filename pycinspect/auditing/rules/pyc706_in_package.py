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

from pycinspect.auditing.archives import CountedInArchive
from pycinspect.auditing.findings import Severity
from pycinspect.auditing.rule import Context
from pycinspect.cache import ArchivePlace

__all__ = ["InPackage"]

_DEBIAN, _CONDA = "Debian package", "conda package"
#: Characters of a package's description that are read.
_LIMIT = 1024 * 1024


class InPackage(CountedInArchive):
    """PYC706."""

    id = "PYC706"
    name = "bytecode-in-package"
    title = "Bytecode in a package that should have none"
    severity = Severity.WARNING
    message = "the {kind} has {count} {caches}, such as {example}"
    kinds = (_DEBIAN, _CONDA)

    def archive(self, context: Context) -> ArchivePlace | None:
        """Return the package; of conda's, only one that is for every Python."""
        place = super().archive(context)
        is_for_one = place is not None and place.archive.layout.kind == _CONDA
        return None if place is None or (is_for_one and not _is_noarch(place)) else place


def _is_noarch(place: ArchivePlace) -> bool:
    text = place.archive.read_text("info/index.json", _LIMIT)
    try:
        index = json.loads(text or "{}")
    except (ValueError, RecursionError):  # it is not said
        return False
    return isinstance(index, dict) and index.get("noarch") not in (None, "")
