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

from pycinspect.auditing.archives import CountedInArchive
from pycinspect.auditing.findings import Severity

__all__ = ["InWheel"]


class InWheel(CountedInArchive):
    """PYC701."""

    id = "PYC701"
    name = "bytecode-in-wheel"
    title = "Bytecode in a wheel"
    severity = Severity.WARNING
    message = "the wheel has {count} {caches}, such as {example}"
    kinds = ("wheel",)
