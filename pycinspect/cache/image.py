"""Which Python does an image start? Its programs are looked at, and never run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, DialectTable

__all__ = ["IMAGE_PATH", "python_of_image"]

#: Where programs are in an image that does not say so itself: Docker's default for PATH.
IMAGE_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
#: The commands that start the Python that is meant where no version is named.
_UNVERSIONED = ("python3", "python", "pypy3", "pypy")
_PROGRAM = re.compile(r"(python|pypy)(\d\.\d+)t?")


def python_of_image(view: View, path: Sequence[str], dialects: DialectTable) -> Dialect | None:
    """Return the Python that an image starts, as the names of its programs tell.

    Nothing of the image is run.

    Args:
        view: the image.
        path: the directories of its ``PATH``.
        dialects: the rows to look in.

    Returns:
        What ``python3`` or ``python`` leads to; where that has no version in its name, as in
        environments with copies, the latest version beside it; None where there is no Python.
    """
    for directory in path:
        commands = [os.path.join(directory, name) for name in _UNVERSIONED]
        targets = [view.real(command) for command in commands if view.is_file(command)]
        meant = [row for path in targets if (row := _row_of(os.path.basename(path), dialects))]
        if meant:
            return meant[0]
        names = _listed(view, directory)
        others = [row for name in names if (row := _row_of(name, dialects)) is not None]
        if others:
            return max(others, key=lambda row: row.python)
    return None


def _listed(view: View, directory: str) -> list[str]:
    try:
        return view.listdir(directory)
    except OSError:
        return []


def _row_of(program: str, dialects: DialectTable) -> Dialect | None:
    found = _PROGRAM.fullmatch(program)
    if found is None:
        return None
    name = f"{'cpython' if found[1] == 'python' else 'pypy'}-{found[2]}"
    return next((row for row in dialects if row.name == name), None)
