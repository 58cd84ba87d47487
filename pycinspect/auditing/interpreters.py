"""Is the interpreter of a dialect installed here?

A look at names, nothing is run: asking every interpreter for its version takes
seconds (``findpython.find`` does that), and every CPython is installed under its
full name, ``python3.12``, too. On Windows it is not; there the registry tells.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from pycinspect.cache import HERE, IMAGE_PATH, View
from pycinspect.dialects import Dialect
from pycinspect.installed import find_executable, python_providers
from pycinspect.values import Implementation

__all__ = ["is_installed"]


def is_installed(dialect: Dialect, view: View = HERE, programs: Sequence[str] = IMAGE_PATH) -> bool:
    """Return whether an interpreter of this implementation and version can be found.

    Where that cannot be told, it counts as installed.

    Args:
        dialect: whose interpreter.
        view: the file system.
        programs: of an image, the directories in which programs are looked for.
    """
    if view.root is not None:
        places = [os.path.join(place, name) for place in programs for name in _commands(dialect)]
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
