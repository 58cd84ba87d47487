"""What it finds
=============
A cache that somebody may write who may not write its source: it belongs to another
user, or to a group that may write it and not the source. POSIX only: owner, group
and permission bits of the two files are compared, nothing else; root is left out, and
everybody is PYC601.

Why it matters
==============
That user decides what the next import of the module does, with the rights of whoever
imports it. A review of the sources, and of their permissions, shows nothing.

What to do
==========
``chown --reference=SOURCE``, ``chmod --reference=SOURCE``; let the owner of the sources
compile them, before others can.
"""

import os
import stat

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["MoreWriters", "more_writers"]

_IS_POSIX = os.name == "posix"


class MoreWriters(Rule):
    """PYC602."""

    id = "PYC602"
    name = "more-writers"
    title = "Writable by a user who may not write the source"
    severity = Severity.SECURITY
    yields_to = frozenset({"PYC601"})
    message = "{writers} may write this cache, but not its source"
    skips_ordinary = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare the two files; runs for every cache."""
        status, source = cache.status, cache.source_status
        if source is None or status is None or not _IS_POSIX:
            return None
        if not status.st_mode & stat.S_IWGRP and (
            status.st_uid == source.st_uid or not status.st_uid
        ):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        writers = more_writers(status, source)
        if not writers:
            return None
        return self.of_cache(
            cache,
            writers=" and ".join(writers),
            cache_mode=f"{stat.S_IMODE(status.st_mode):04o}",
            cache_owner=f"{status.st_uid}:{status.st_gid}",
            source_mode=f"{stat.S_IMODE(source.st_mode):04o}",
            source_owner=f"{source.st_uid}:{source.st_gid}",
        )


def more_writers(cache: os.stat_result, source: os.stat_result) -> list[str]:
    """Return who may write the cache and not the source, others apart.

    An owner counts as able to write, since he may change the bits, and as a member
    of his file's group, since only root gives files to a group that one is not in.
    """
    everybody = bool(source.st_mode & stat.S_IWOTH)
    group = everybody or bool(source.st_mode & stat.S_IWGRP and source.st_gid == cache.st_gid)
    writers = []
    if cache.st_uid not in (0, source.st_uid) and not group:
        writers.append(f"user {cache.st_uid}")
    if cache.st_mode & stat.S_IWGRP and not group:
        writers.append(f"group {cache.st_gid}")
    return writers
