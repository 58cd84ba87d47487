"""How many processes there may be; apart from what starts them, which costs more to import."""

from __future__ import annotations

import os
import re
import sys

__all__ = ["LOST", "can_start", "usable_cores"]

#: Slug of the error that a piece of work ends with when its process dies of it.
LOST = "process-lost"
#: Where Python is embedded or frozen, ``sys.executable`` is the whole application.
_PYTHON = re.compile(r"(python|pypy)[\w.]*", re.IGNORECASE | re.ASCII)


def usable_cores() -> int:
    """Return how many cores this process may use.

    >>> usable_cores() >= 1
    True
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def can_start() -> bool:
    """Return whether there can be other processes of this Python."""
    return _PYTHON.fullmatch(os.path.basename(sys.executable or "")) is not None
