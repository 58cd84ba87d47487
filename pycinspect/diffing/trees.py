"""Files and directories that are compared, and what their modules are called on every side."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from pycinspect.compiling import ReadOptions, Subject, read_subject
from pycinspect.errors import PycInspectError
from pycinspect.pyc import DEFAULT_LIMITS, PYCACHE, parse_cache_name, read_all
from pycinspect.pyc.file import errors_named

__all__ = ["FileTree", "PairedModule", "Tree", "modules_of", "paired_modules"]

_SOURCE = (".py", ".pyw")
_BYTECODE = (".pyc", ".pyo")


class PairedModule(NamedTuple):
    """The files of a module on both sides; None where there is none."""

    old: str | None
    new: str | None


class Tree(Protocol):
    """A file, or a directory of modules: of the file system, or of a revision."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def modules(self) -> Mapping[str, str] | None:
        """Return the files below a directory by their modules; None for a file."""

    def content(self, file: str) -> bytes:
        """Return the bytes of one of the files, by the name that ``modules`` has for it."""

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read one of the files, by the name that ``modules`` has for it."""


class FileTree(NamedTuple):
    """What lies in the file system.

    Args:
        name: the path.
    """

    name: str

    def modules(self) -> Mapping[str, str] | None:
        """Return the files below a directory by their modules; None for a file.

        Links to directories are not followed.

        Raises:
            PycInspectError: ``unreadable``; ``ambiguous-cache``.
        """
        if not os.path.isdir(self.name):
            return None
        return modules_of(_files(self.name), self.name)

    def content(self, file: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            PycInspectError: ``not-found``, ``not-a-file``, ``unreadable`` or ``too-large``.
        """
        with errors_named(file):
            return read_all(file, DEFAULT_LIMITS.size)

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read a file as ``read_subject`` does."""
        return read_subject(file, options)


def paired_modules(old: Tree, new: Tree) -> list[PairedModule]:
    """Return the files of two sides, those of directories paired by their relative names.

    Raises:
        PycInspectError: ``not-a-file`` where one is a directory and the other is not, or what
            the trees raise.
    """
    ours, theirs = old.modules(), new.modules()
    if ours is None and theirs is None:
        return [PairedModule(old.name, new.name)]
    if ours is None or theirs is None:
        message = "a directory can be compared with a directory only"
        raise PycInspectError("not-a-file", message, path=new.name if ours is None else old.name)
    return [PairedModule(ours.get(n), theirs.get(n)) for n in sorted({*ours, *theirs})]


def modules_of(paths: Iterable[str], directory: str) -> Mapping[str, str]:
    """Return the modules among some files: the relative path without suffixes to the file.

    A module's source is taken, or else its cache, in ``__pycache__`` or beside where the
    source would be.

    Raises:
        PycInspectError: ``ambiguous-cache`` where a module has no source, and several caches.
    """
    sources: dict[str, str] = {}
    caches: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        stem, extension = os.path.splitext(os.path.relpath(path, directory))
        if extension in _SOURCE:
            sources[stem] = path
        elif extension in _BYTECODE:
            caches[_module(stem, extension)].append(path)
    found = {name: _only(paths) for name, paths in caches.items() if name not in sources}
    return found | sources


def _files(directory: str) -> Iterator[str]:
    for folder, _, names in os.walk(directory, onerror=_refuse):
        for name in sorted(names):
            yield os.path.join(folder, name)


def _refuse(error: OSError) -> None:
    reason = error.strerror or str(error)
    raise PycInspectError("unreadable", reason, path=str(error.filename)) from error


def _module(stem: str, extension: str) -> str:
    """Return a cache's module, ``pkg/mod`` of ``pkg/__pycache__/mod.cpython-312``."""
    folder, name = os.path.split(stem)
    parent, last = os.path.split(folder)
    if last != PYCACHE:
        return stem
    try:
        return os.path.join(parent, parse_cache_name(name + extension).stem)
    except ValueError:  # somebody else's file: it is called what it is called
        return stem


def _only(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return paths[0]
    names = " and ".join(repr(os.path.basename(path)) for path in paths[:2])
    message = f"{names} are caches of one module, which has no source: which is meant?"
    raise PycInspectError("ambiguous-cache", message, path=paths[0])
