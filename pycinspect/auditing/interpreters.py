"""Is the interpreter of a dialect installed here?

A look at names, nothing is run: asking every interpreter for its version takes
seconds (``findpython.find`` does that), and every CPython is installed under its
full name, ``python3.12``, too. On Windows it is not; there the registry tells.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from pycinspect.cache import HERE, View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.installed import find_executable, python_providers
from pycinspect.values import Implementation

__all__ = ["IMAGE_PATH", "is_installed", "python_of_image"]

#: Where programs are in an image that does not say so itself: Docker's default for PATH.
IMAGE_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
#: The commands that start the Python that is meant where no version is named.
_UNVERSIONED = ("python3", "python", "pypy3", "pypy")
_PROGRAM = re.compile(r"(python|pypy)(\d\.\d+)t?")


def is_installed(dialect: Dialect, view: View = HERE) -> bool:
    """Return whether an interpreter of this implementation and version can be found.

    Where that cannot be told, it counts as installed.

    Args:
        dialect: whose interpreter.
        view: the file system; of an image, the directories in which programs are there.
    """
    if view.root is not None:
        places = [os.path.join(place, name) for place in IMAGE_PATH for name in _commands(dialect)]
        return any(view.is_file(place) for place in places)
    if any(find_executable(command) for command in _commands(dialect)):
        return True
    if dialect.implementation is not Implementation.CPYTHON:
        return False
    try:
        return _is_known_to_findpython(dialect)
    except Exception:  # noqa: BLE001 - a broken registry or file system of somebody else's
        return True


def _commands(dialect: Dialect) -> tuple[str, ...]:
    name = dialect.implementation.value
    command = "python" if dialect.implementation is Implementation.CPYTHON else name
    exact = f"{command}{dialect.version}"
    if dialect.implementation is Implementation.CPYTHON:
        return (exact,)
    return (exact, f"{command}{dialect.python[0]}", command)


def _is_known_to_findpython(dialect: Dialect) -> bool:
    """Look where pyenv, uv, asdf and others keep interpreters that are not on PATH."""
    wanted = f"python{dialect.version}"
    for provider in python_providers():
        for python in provider.find_pythons():
            name = python.executable.name.removesuffix(".exe")
            if name == wanted:
                return True
            if os.name == "nt" and python.is_valid():
                version = f"{python.major}.{python.minor}"
                if wanted == f"python{version}":
                    return True
    return False


def python_of_image(view: View, path: Sequence[str], dialects: DialectTable) -> Dialect | None:
    """Return the Python that an image starts, as the names of its programs tell.

    Nothing of the image is run.

    Args:
        view: the image.
        path: the directories of its ``PATH``.
        dialects: the rows to look in.

    Returns:
        What ``python3`` or ``python`` leads to; without them the latest version in the first
        directory that has one; None where there is no Python.
    """
    for directory in path:
        commands = [os.path.join(directory, name) for name in _UNVERSIONED]
        targets = [view.real(command) for command in commands if view.is_file(command)]
        names = [os.path.basename(target) for target in targets] or _listed(view, directory)
        rows = [row for name in names if (row := _row_of(name, dialects)) is not None]
        if rows:
            return rows[0] if targets else max(rows, key=lambda row: row.python)
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
