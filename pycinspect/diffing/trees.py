"""The modules of a directory, by what they are called on every side."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE, parse_cache_name

__all__ = ["PairedModule", "modules_in", "paired_modules"]

_SOURCE = (".py", ".pyw")
_BYTECODE = (".pyc", ".pyo")


class PairedModule(NamedTuple):
    """The files of a module on both sides; None where there is none."""

    old: str | None
    new: str | None


def paired_modules(old: str, new: str) -> list[PairedModule]:
    """Return the modules of two directories, paired by their relative names.

    Raises:
        PycInspectError: as :func:`modules_in`.
    """
    ours, theirs = modules_in(old), modules_in(new)
    return [PairedModule(ours.get(n), theirs.get(n)) for n in sorted({*ours, *theirs})]


def modules_in(directory: str) -> Mapping[str, str]:
    """Return the modules below a directory: the relative path without suffixes to the file.

    A module's source is taken, or else its cache, in ``__pycache__`` or beside where the
    source would be. Links to directories are not followed.

    Raises:
        PycInspectError: ``unreadable``; ``ambiguous-cache`` where a module has no source, and
            several caches.
    """
    sources: dict[str, str] = {}
    caches: dict[str, list[str]] = defaultdict(list)
    for path in _files(directory):
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
