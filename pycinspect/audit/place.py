"""Which Python a place in the file system belongs to."""

from __future__ import annotations

import os
import re

from pycinspect.dialects import Dialect, DialectTable

__all__ = ["dialect_of_place", "pinned_python"]

#: ``lib/python3.12``, ``lib64/pypy3.9``, ``Lib`` of a framework: sysconfig's schemes.
_LIBRARY = re.compile(r"(?:^|[\\/])lib(?:64)?[\\/](?P<name>python|pypy)(?P<version>\d\.\d+)(?=t?(?:[\\/]|$))")

_IMPLEMENTATIONS = {"python": "cpython", "pypy": "pypy"}


def dialect_of_place(path: str, dialects: DialectTable) -> Dialect | None:
    """Return the interpreter whose library a path lies in, None outside any.

    Args:
        path: made absolute first; the innermost library counts.
        dialects: the rows to look in.
    """
    places = list(_LIBRARY.finditer(os.path.abspath(path)))
    if not places:
        return None
    name = f"{_IMPLEMENTATIONS[places[-1]['name']]}-{places[-1]['version']}"
    return next((row for row in dialects if row.name == name), None)


def pinned_python(root: str) -> tuple[int, int] | None:
    """Return the Python that ``.python-version`` or ``pyvenv.cfg`` names.

    Args:
        root: the directory that is audited; the nearest file at it or above counts.

    Returns:
        The version, None where neither file is there or says so.
    """
    directory = os.path.abspath(root)
    while True:
        for name, pattern in _PINS:
            version = _version_in(os.path.join(directory, name), pattern)
            if version is not None:
                return version
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


_PINS = (
    ("pyvenv.cfg", re.compile(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", re.MULTILINE)),
    (".python-version", re.compile(r"^\s*(?:c?python-?)?(\d+)\.(\d+)", re.MULTILINE)),
)
_PIN_SIZE = 4096


def _version_in(path: str, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    try:
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8", errors="replace") as stream:
            found = pattern.search(stream.read(_PIN_SIZE))
    except OSError:  # a pin that cannot be read pins nothing
        return None
    return (int(found[1]), int(found[2])) if found else None
