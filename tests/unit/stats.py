"""``os.stat`` results of sources that need not exist."""

from __future__ import annotations

import os
import stat

__all__ = ["stat_of"]


def stat_of(mtime_ns: int, size: int, mode: int = 0o644) -> os.stat_result:
    """Return the status of a source; the double is made as ``posixmodule.c`` makes it."""
    seconds, nanoseconds = divmod(mtime_ns, 10**9)
    times = {
        "st_mtime": seconds + 1e-9 * nanoseconds,
        "st_mtime_ns": mtime_ns,
    }
    return os.stat_result((stat.S_IFREG | mode, 0, 0, 1, 0, 0, size, 0, seconds, 0), times)
