"""Where results are kept, how much there is, and how it goes away again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

__all__ = [
    "DATABASE",
    "SECRET",
    "Figures",
    "clear",
    "delete_database",
    "figures",
    "results_directory",
]

#: Another directory than the system's.
VARIABLE = "PYCINSPECT_CACHE_DIR"
DATABASE, SECRET = "results.sqlite", "secret"
#: The database, and what SQLite writes beside it.
_DATABASE = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
_FILES = (*_DATABASE, SECRET)


class Figures(NamedTuple):
    """How much is kept.

    Args:
        directory: where.
        size: bytes.
    """

    directory: str
    size: int


def results_directory(environment: Mapping[str, str] = os.environ) -> str:
    """Return the directory of this user's results; it need not be there.

    Args:
        environment: variables; ``PYCINSPECT_CACHE_DIR`` names another than the system's.
    """
    named = environment.get(VARIABLE)
    if named:
        return named
    from platformdirs import user_cache_dir  # which no other command needs

    return user_cache_dir("pycinspect", appauthor=False)


def figures(directory: str) -> Figures:
    """Return how much is kept in a directory."""
    size = 0
    for name in _FILES:
        with suppress(FileNotFoundError):
            size += os.stat(os.path.join(directory, name)).st_size
    return Figures(directory, size)


def delete_database(directory: str) -> None:
    """Delete the results in a directory.

    Raises:
        OSError: as ``os.remove`` does.
    """
    for name in _DATABASE:
        with suppress(FileNotFoundError):
            os.remove(os.path.join(directory, name))


def clear(directory: str) -> Figures:
    """Delete what is kept, and nothing else; return how much it was.

    Raises:
        OSError: as ``os.remove`` does.
    """
    found = figures(directory)
    delete_database(directory)
    with suppress(FileNotFoundError):
        os.remove(os.path.join(directory, SECRET))
    with suppress(OSError):  # there is more in it, or it is not there
        os.rmdir(directory)
    return found
