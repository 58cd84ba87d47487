"""Where the code of a cache says that it comes from: ``co_filename``, as a path."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.auditing.cachefile import CacheFile

__all__ = ["Leak", "is_elsewhere", "leak_in", "module_in"]

_SEPARATORS = re.compile(r"[\\/]")
#: What the names of sources end with; ``<string>`` and its like name none.
_SOURCE = re.compile(r"(?P<stem>[^\\/]+)\.pyw?", re.IGNORECASE)


class Leak(NamedTuple):
    """What a path tells of the machine on which code was compiled.

    Args:
        kind: of the directory, in words.
        name: of the user whose it is; "" for none.
    """

    kind: str
    name: str = ""


#: Where the paths of build machines begin, or what is in them, to what that tells.
_PLACES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "a home directory": re.compile(
            r"(?:[a-z]:)?[\\/](?:home|users)[\\/](?P<name>[^\\/]+)[\\/]|/(?P<root>root)/",
            re.IGNORECASE,
        ),
        "a temporary directory": re.compile(
            r"/(?:private/)?(?:var/)?tmp/|/dev/shm/|/(?:private/)?var/folders/"
            r"|.*[\\/]appdata[\\/]local[\\/]temp[\\/]|[a-z]:[\\/](?:windows[\\/])?temp[\\/]",
            re.IGNORECASE,
        ),
        "a directory of a build": re.compile(
            r"/(?:build|builddir|builds|croot|feedstock_root|__w|github/workspace)/"
            r"|.*[\\/](?:rpmbuild|conda-bld|pip-(?:target|install|req-build|build-env)-[^\\/]+)[\\/]",
            re.IGNORECASE,
        ),
    }
)


def module_in(path: str) -> str | None:
    """Return the module that a path names; None where it names no source.

    >>> module_in("/usr/lib/python3.12/json/decoder.py"), module_in("<string>")
    ('decoder', None)
    """
    found = _SOURCE.fullmatch(_SEPARATORS.split(path)[-1])
    return None if found is None else found["stem"]


def is_elsewhere(path: str, cache: CacheFile) -> bool:
    """Return whether code says that it comes from another place than its source's.

    A relative path is that of whoever compiled it: it is elsewhere only if the source's path
    does not end with it.

    Args:
        path: ``co_filename``.
        cache: whose source may not be there any more; then it counts where it was.

    What is no path, ``<string>`` for example, is nowhere.
    """
    if path.startswith("<"):
        return False
    here = os.path.normcase(os.path.normpath(os.path.abspath(cache.source)))
    there = os.path.normcase(os.path.normpath(path))
    if os.path.isabs(there):
        return there != here
    return not here.endswith(os.sep + there)


def leak_in(path: str) -> Leak | None:
    """Return what a path tells of the machine on which code was compiled.

    >>> leak_in("/home/ann/app/m.py")
    Leak(kind='a home directory', name='ann')
    >>> leak_in("/usr/lib/python3/m.py") is None
    True
    """
    for kind, pattern in _PLACES.items():
        found = pattern.match(path)
        if found is not None:
            named = (name for name in found.groupdict().values() if name)
            return Leak(kind, next(named, ""))
    return None
