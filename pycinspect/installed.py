"""Which programs are installed here?

Looked for where the user keeps programs, never where the user happens to be: the current
directory may be a stranger's. ``shutil.which`` looks there first on Windows, and wherever PATH
has an empty or a relative entry.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from findpython.providers.base import BaseProvider

__all__ = ["find_executable", "find_executables", "python_providers"]

#: ``shutil._WIN_DEFAULT_PATHEXT``; what can be started without naming another program.
_WINDOWS_SUFFIXES = ".COM;.EXE;.BAT;.CMD"


def find_executable(command: str) -> str | None:
    """Return the path of a program, or None; as :func:`find_executables`, the first."""
    return next(find_executables(command), None)


def find_executables(command: str) -> Iterator[str]:
    """Yield the paths of the programs that a command can mean, the first on PATH first.

    Args:
        command: a name, looked up in the absolute entries of PATH alone; or a path, absolute or
            not, which is taken as it is given.
    """
    places = [""] if os.path.dirname(command) else filter(_is_anchored, _search_path())
    for place in dict.fromkeys(places):
        for name in _spellings(command):
            path = os.path.join(place, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path


def python_providers() -> Iterator[BaseProvider]:
    """Yield where findpython looks for Pythons: PATH, pyenv, uv, asdf and the registry.

    Left out is what depends on the current directory: relative entries of PATH, and a relative
    PYENV_ROOT or the like.
    """
    from findpython.providers import ALL_PROVIDERS
    from findpython.providers.path import PathProvider

    for factory in ALL_PROVIDERS.values():
        provider = factory.create()
        if isinstance(provider, PathProvider):
            provider.paths = [path for path in provider.paths if _is_anchored(os.fspath(path))]
        root = getattr(provider, "root", None)
        if provider is not None and (root is None or _is_anchored(os.fspath(root))):
            yield provider


def _search_path() -> list[str]:
    # An empty PATH is one empty entry, and means nothing here.
    return os.environ.get("PATH", os.defpath).split(os.pathsep)


def _is_anchored(entry: str, system: ModuleType = os.path) -> bool:
    r"""Return whether an entry of PATH is the same place wherever the process is.

    On Windows ``\tools`` is on the current drive; ntpath calls it absolute up to Python 3.12.
    """
    drive = system.splitdrive(entry)[0]
    return bool(system.isabs(entry)) and (bool(drive) or system.sep == "/")


def _spellings(command: str) -> list[str]:
    """Return the names that a program can have; on Windows PATHEXT says which suffixes."""
    if sys.platform != "win32":
        return [command]
    suffixes = (os.environ.get("PATHEXT") or _WINDOWS_SUFFIXES).split(";")
    wanted = [suffix for suffix in suffixes if suffix]
    if os.path.splitext(command)[1].upper() in map(str.upper, wanted):
        return [command]
    return [command + suffix for suffix in wanted]
