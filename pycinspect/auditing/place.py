"""Which Python a place in the file system belongs to."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from pycinspect.auditing.walk import Directory
from pycinspect.cache import HERE, View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError

__all__ = ["Pin", "Places", "dialect_of_place", "pinned_python"]

#: ``lib/python3.12``, ``lib64/pypy3.9``, ``Lib`` of a framework: sysconfig's schemes.
_LIBRARY = re.compile(
    r"(?:^|[\\/])lib(?:64)?[\\/]"
    r"(?P<name>python|pypy)(?P<version>\d\.\d+)(?=t?(?:[\\/]|$))"
)

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
    name = _dialect_name(places[-1])
    return next((row for row in dialects if row.name == name), None)


def _dialect_name(place: re.Match[str]) -> str:
    return f"{_IMPLEMENTATIONS[place['name']]}-{place['version']}"


class Places:
    """:func:`dialect_of_place` for one directory of a tree after another.

    The answer for the root, or for the library entered last, holds for everything below
    unless a further name like that of a library follows; only then is a path parsed.
    """

    def __init__(self, dialects: DialectTable) -> None:
        self._dialects = {row.name: row for row in dialects}
        self._last: Directory | None = None
        self._root = ""
        self._absolute_root = ""
        self._of_root: Dialect | None = None
        self._within = "\0"  # no path starts like this
        self._dialect: Dialect | None = None

    def dialect_of(self, directory: Directory) -> Dialect | None:
        """Return the interpreter whose library a directory lies in, None outside any."""
        if directory is self._last:
            return self._dialect
        self._last = directory
        path = directory.path
        if not path.startswith(self._within):
            self._begin(directory.root)
        below = path[len(self._within) :]
        if "python" in below or "pypy" in below:
            self._parse(path)
        return self._dialect

    def _begin(self, root: str) -> None:
        """Go back to what holds for the whole tree."""
        if root != self._root:
            self._root = root
            self._absolute_root = os.path.abspath(root)
            places = list(_LIBRARY.finditer(self._absolute_root))
            name = _dialect_name(places[-1]) if places else ""
            self._of_root = self._dialects.get(name)
        self._within = root
        self._dialect = self._of_root

    def _parse(self, path: str) -> None:
        """Look for the innermost library, and note below which directory it holds."""
        below = path[len(self._root) :].lstrip(os.sep)
        text = os.path.join(self._absolute_root, below)
        for place in _LIBRARY.finditer(text):
            end = place.end() - len(text) + len(path)
            if end > len(self._root):
                separator = path.find(os.sep, end)
                self._within = path[: separator + 1] if separator >= 0 else path + os.sep
                self._dialect = self._dialects.get(_dialect_name(place))


class Pin(NamedTuple):
    """The name of the dialect that a file asks for."""

    dialect: str
    path: str


def pinned_python(root: str, view: View = HERE) -> Pin | None:
    """Return the Python that ``pyvenv.cfg``, ``.python-version`` or ``requires-python`` names.

    Args:
        root: the directory that is audited; the nearest file at it or above counts.
        view: the file system that it is in.

    Returns:
        The dialect and the file, None where neither file is there or says so.
    """
    directory: str | None = view.absolute(root)
    while directory is not None:
        for name, pattern in _PINS:
            path = os.path.join(directory, name)
            version = _version_in(path, pattern, view)
            if version is not None:
                return Pin(f"cpython-{version}", path)
        directory = view.above(directory)
    return None


#: No white space that spans lines: many empty ones would take time in proportion to their square.
_PINS = (
    (
        "pyvenv.cfg",
        re.compile(r"^version(?:_info)?[ \t]*=[ \t]*(\d{1,4})\.(\d{1,4})(?!\d)", re.MULTILINE),
    ),
    (
        ".python-version",
        re.compile(r"^[ \t]*(?:c?python-?)?(\d{1,4})\.(\d{1,4})(?!\d)", re.MULTILINE),
    ),
    # One version, not all from one on (PEP 621; version specifiers of PEP 440).
    (
        "pyproject.toml",
        re.compile(
            r"""^[ \t]*requires-python[ \t]*=[ \t]*["'](?:===?|~=)[ \t]*(\d{1,4})\.(\d{1,4})\.(?:\*|\d+)["']""",
            re.MULTILINE,
        ),
    ),
)
_PIN_SIZE = 64 * 1024


def _version_in(path: str, pattern: re.Pattern[str], view: View) -> str | None:
    try:
        text = view.read_start(path, _PIN_SIZE).data.decode("utf-8", "replace")
    except (OSError, PycInspectError):  # a pin that is not a file, or cannot be read, pins nothing
        return None
    found = pattern.search(text)
    return f"{int(found[1])}.{int(found[2])}" if found else None
