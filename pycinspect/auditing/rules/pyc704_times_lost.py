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

from pycinspect.auditing.archives import CountedInArchive
from pycinspect.auditing.findings import Severity

__all__ = ["TimesLost"]


class TimesLost(CountedInArchive):
    """PYC704."""

    id = "PYC704"
    name = "times-lost"
    title = "Fresh only if times are kept"
    severity = Severity.WARNING
    message = "{count} {caches} such as {example} are fresh after unzip and bsdtar, which keep times, and stale after pip, uv and zipfile, which do not"
    kinds = ("wheel", "pex", "shiv", "zip archive")
    reason = "header-matches"
