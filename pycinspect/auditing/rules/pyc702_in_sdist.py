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

from pycinspect.auditing.archives import CountedInArchive
from pycinspect.auditing.findings import Severity

__all__ = ["InSdist"]


class InSdist(CountedInArchive):
    """PYC702."""

    id = "PYC702"
    name = "bytecode-in-sdist"
    title = "Bytecode in a source distribution"
    severity = Severity.WARNING
    message = "the source distribution has {count} {caches}, such as {example}"
    kinds = ("sdist",)
