"""Programs that do to a sandbox what programs do, and worse."""

from __future__ import annotations

from .hostile_changes import CHANGES, ENDS, ODDITIES
from .hostile_places import LINKS, PROCESSES, RUNNING, THREADS, ZIPS
from .hostile_settings import REPLACED, SETTINGS, WATCHERS

__all__ = ["HARMLESS", "PROGRAMS"]

PROGRAMS = (
    *THREADS,
    *PROCESSES,
    *RUNNING,
    *ZIPS,
    *LINKS,
    *WATCHERS,
    *REPLACED,
    *SETTINGS,
    *CHANGES,
    *ODDITIES,
    *ENDS,
)

#: Those that can be run in this process, too.
HARMLESS = (*THREADS, *RUNNING, *ZIPS, *LINKS)
