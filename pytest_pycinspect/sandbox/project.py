"""The files of the temporary project: sources by the names of their modules."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zipfile import ZipFile

from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE

__all__ = ["Project", "Time"]

#: A modification time: seconds since the epoch, ``"same"``, or ``"+1h"`` from what it was.
Time = int | float | str

_INIT = "__init__"
_SECOND = 10**9
_RELATIVE = re.compile(r"([+-])\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": 10**6, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND, "d": 86400 * _SECOND}
_MODULE_SUFFIXES = (".py", ".pyc", ".pyo", ".so", ".pyd")


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with modules.

    Args:
        root: where it is, an absolute path without links.
    """

    root: str

    def path(self, name: str) -> str:
        """Return the path of a file: what has a slash or a file's suffix is one already.

        Anything else is the name of a module, and its source is meant: of a package the
        ``__init__.py``.
        """
        if os.sep in name or "/" in name or name.endswith(_MODULE_SUFFIXES) or name == os.curdir:
            return os.path.normpath(os.path.join(self.root, name))
        base = os.path.join(self.root, *name.split("."))
        init = os.path.join(base, f"{_INIT}.py")
        return init if os.path.isdir(base) and not os.path.exists(f"{base}.py") else f"{base}.py"

    def has(self, path: str) -> bool:
        """Return whether an absolute path leads into the project, by its words or by links."""
        return (
            self.is_above(os.path.normpath(path))
            or self.is_above(os.path.realpath(os.path.dirname(path)))
            or self.is_above(os.path.realpath(path))
        )

    def is_above(self, path: str) -> bool:
        """Return whether a path leads into the project by its words."""
        return f"{path}{os.sep}".startswith(f"{self.root}{os.sep}")

    def relative(self, path: str) -> str:
        """Return a path as a person writes it: from the root, with slashes."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def module_of(self, path: str) -> str:
        """Return the name of the module that a source, or what stands in its place, defines."""
        parts = os.path.splitext(self.relative(path))[0].split("/")
        return ".".join(parts[:-1] if parts[-1] == _INIT and len(parts) > 1 else parts)

    def write(self, name: str, source: str | bytes) -> list[str]:
        """Write a source; return all files that are new or changed.

        Packages above it that are not there are made, each with an empty ``__init__.py``.
        """
        path = self.path(name)
        made = list(self._packages_above(path))
        data = source if isinstance(source, bytes) else source.encode("utf-8")
        for file, content in [*((init, b"") for init in made), (path, data)]:
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as stream:
                stream.write(content)
        return [*made, path]

    def _packages_above(self, path: str) -> Iterator[str]:
        missing = (place for place in self._above(path) if not os.path.exists(place))
        yield from (os.path.join(place, f"{_INIT}.py") for place in missing)

    def _above(self, path: str) -> Iterator[str]:
        """Yield the directories between a path and the root, the lowest first."""
        directory = os.path.dirname(path)
        while directory != self.root and directory.startswith(self.root):
            yield directory
            directory = os.path.dirname(directory)

    def read(self, name: str) -> bytes:
        """Return a source's bytes.

        Raises:
            PycInspectError: ``not-found``.
        """
        with open(self.require(name), "rb") as stream:
            return stream.read()

    def require(self, name: str) -> str:
        """Return the path of a file that is there.

        Raises:
            PycInspectError: ``not-found``; the message lists the modules that are.
        """
        path = self.path(name)
        if os.path.lexists(path):
            return path
        known = ", ".join(sorted(self.modules())) or "none"
        message = f"the sandbox has no {self.relative(path)}; its modules: {known}"
        raise PycInspectError("not-found", message)

    def delete(self, name: str) -> list[str]:
        """Delete a source or another file, of a package the whole directory."""
        path = self.require(name)
        if _is_package_name(path, name):
            path = os.path.dirname(path)
        if os.path.isdir(path) and not os.path.islink(path):
            gone = [
                os.path.join(place, file) for place, _, files in os.walk(path) for file in files
            ]
            shutil.rmtree(path)
            return gone
        os.remove(path)
        return [path]

    def move(self, old: str, new: str) -> list[str]:
        """Move a file, of a package the whole directory; what is at the new place is replaced."""
        source = self.require(old)
        target = self.path(new)
        if _is_package_name(source, old):
            source, target = os.path.dirname(source), os.path.splitext(target)[0]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        before = set(self.files())
        os.replace(source, target)
        return sorted(before.symmetric_difference(self.files()) | {target})

    def pack(self, archive: str, names: Iterable[str]) -> list[str]:
        """Move files into a zip file, under their paths from the root; see ``sources.pack``."""
        files = [path for name in names for path in self._files_of(name)]
        target = os.path.join(self.root, archive)
        above = {place for path in files for place in self._above(path)}
        with ZipFile(target, "w", strict_timestamps=False) as stream:
            # With entries for directories, as zip programs make them: importers look for them.
            for path in [*sorted(above), *files]:
                stream.write(path, self.relative(path))
        for path in files:
            os.remove(path)
        return [*files, target]

    def _files_of(self, name: str) -> Iterator[str]:
        """Yield the source of a module, and the cache beside it; a path is that file alone."""
        path = self.path(name)
        candidates = (path,) if name.endswith(_MODULE_SUFFIXES) else (path, f"{path}c")
        there = [one for one in candidates if os.path.exists(one)]
        yield from there or (self.require(name),)

    def set_mtime(self, path: str, wanted: Time, before_ns: int) -> None:
        """Set a file's time.

        Args:
            path: the file.
            wanted: see :data:`Time`.
            before_ns: what the time was, for those that are relative.

        Raises:
            PycInspectError: ``bad-time``.
        """
        mtime_ns = _nanoseconds(wanted, before_ns)
        os.utime(path, ns=(mtime_ns, mtime_ns))

    def files(self) -> Iterator[str]:
        """Yield the paths of all files."""
        for directory, _, names in os.walk(self.root):
            yield from (os.path.join(directory, name) for name in names)

    def modules(self) -> Iterator[str]:
        """Yield the names of the modules, those among them of which only a cache is left."""
        for directory, subdirectories, names in os.walk(self.root):
            is_cache = os.path.basename(directory) == PYCACHE
            place = os.path.dirname(directory) if is_cache else directory
            for name in names:
                if name.endswith(_MODULE_SUFFIXES):
                    yield self.module_of(os.path.join(place, name.partition(".")[0] + ".py"))
            for name in subdirectories:
                if name != PYCACHE and not is_cache:
                    yield self.module_of(os.path.join(place, name + ".py"))


def _is_package_name(path: str, name: str) -> bool:
    """Return whether a name that led to an ``__init__.py`` means the package."""
    return os.path.basename(path) == f"{_INIT}.py" and _INIT not in name


def _nanoseconds(wanted: Time, before_ns: int) -> int:
    if isinstance(wanted, int):
        return wanted * _SECOND
    if isinstance(wanted, float):
        return round(wanted * _SECOND)
    if wanted == "same":
        return before_ns
    relative = _RELATIVE.fullmatch(wanted)
    if relative is None:
        message = f"{wanted!r} is not a time: give seconds, 'same', or such as '+1s', '-2h'"
        raise PycInspectError("bad-time", message)
    sign, number, unit = relative.groups()
    return before_ns + int(sign + "1") * round(float(number) * _UNITS[unit])


def later(before_ns: int) -> int:
    """Return now, but at least the next whole second: an importer compares whole seconds."""
    return max(time.time_ns(), (before_ns // _SECOND + 1) * _SECOND)
