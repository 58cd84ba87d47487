"""Reading a tree, one directory at a time, in a stable order.

Only the directory that is being read, and the names of those still to be read,
are held. Symbolic links to directories are not followed: what they lead to is
another tree, or the same one again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE

__all__ = ["CacheDirectory", "Directory", "Tree"]

_SOURCE_SUFFIXES = (".py", ".pyw") if os.name == "nt" else (".py",)
_BYTECODE_SUFFIXES = (".pyc", ".pyo")
_NAME = attrgetter("name")

_Entries: TypeAlias = "tuple[os.DirEntry[str], ...]"


# A value of which there is one for each directory or file is not frozen, for it would take
# five times as long to make; nor a named tuple, whose fields take three times as long to
# read. Nothing changes it.
@dataclass(slots=True, eq=False)
class CacheDirectory:
    """The directory that holds the caches of a directory's sources.

    Args:
        path: where it is: ``__pycache__``, or a place below the cache prefix.
        entries: files with the name of a cache in it, in the order of names.
        strangers: what else lies in it, in the order of names.
        is_link: it is a symbolic link, and was not read.
        error: why it could not be read, or None.
    """

    path: str
    entries: _Entries = ()
    strangers: _Entries = ()
    is_link: bool = False
    error: OSError | None = None


@dataclass(slots=True, eq=False)
class Directory:
    """The listing of one directory.

    Args:
        path: as reached from the root that was given.
        root: the root.
        source_path: the directory of the sources, with a separator at its end:
            ``path``, but for a place below the cache prefix the one that it mirrors.
        package: the first name below the root, ``"."`` for the root itself. A tree is
            walked in depth, so that all directories of one package come in a row.
        sources: name without suffix to the source's entry, in no order.
        bytecode: ``.pyc`` and ``.pyo`` files that lie beside the sources.
        others: names of the other files.
        has_subdirectories: there are directories in it besides the cache directory.
        cache: the cache directory, None where there is none.
        is_mirror: it is a place below the cache prefix.
        error: why the directory could not be read, or None.
    """

    path: str
    root: str
    source_path: str
    package: str = os.curdir
    sources: Mapping[str, os.DirEntry[str]] = field(default_factory=dict)
    bytecode: _Entries = ()
    others: frozenset[str] = frozenset()
    has_subdirectories: bool = False
    cache: CacheDirectory | None = None
    is_mirror: bool = False
    error: OSError | None = None

    @property
    def is_ordinary(self) -> bool:
        """Whether there are sources, and a cache directory that holds caches only."""
        cache = self.cache
        return cache is not None and bool(self.sources and cache.entries) and not cache.strangers


class Tree:
    """The directories of a tree in which there is Python, the root first.

    Args:
        root: a directory, or a single file, which is then all that is looked at.
        prefix: ``sys.pycache_prefix``: caches are looked for below it, and below
            it every directory mirrors the one that its sources are in.

    Iterating reads the tree. Directories without sources, bytecode or caches are
    read, too, but only counted; what cannot be read is told in
    :attr:`Directory.error`.

    Raises (while iterating):
        PycInspectError: ``not-found`` for the root itself.
    """

    def __init__(self, root: str, prefix: str | None = None) -> None:
        #: How many directories were read, cache directories not counted.
        self.directories = 0
        self._root = root
        self._prefix = prefix

    def __iter__(self) -> Iterator[Directory]:
        root = self._root
        try:
            mode = os.stat(root).st_mode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PycInspectError("not-found", reason, path=root) from error
        if not stat.S_ISDIR(mode):
            self.directories = 1
            yield _around(root, self._prefix)
            return
        pending = [(root, os.curdir)]
        while pending:
            path, package = pending.pop()
            self.directories += 1
            subdirectories, directory = _read(path, root, package, self._prefix)
            if directory is not None:
                yield directory
            # Sorted backwards: the first is taken from the end.
            is_root = path is root
            pending += [(e.path, e.name if is_root else package) for e in subdirectories]


def _read(
    path: str, root: str, package: str, prefix: str | None
) -> tuple[list[os.DirEntry[str]], Directory | None]:
    """Return the subdirectories, the last first, and the directory if it has Python in it."""
    sources: dict[str, os.DirEntry[str]] = {}
    bytecode: list[os.DirEntry[str]] = []
    subdirectories: list[os.DirEntry[str]] = []
    others: list[str] = []
    cache: CacheDirectory | None = None
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                # Kinds are asked without following links: a loop of them is an error.
                if name.endswith(_SOURCE_SUFFIXES) and not entry.is_dir(follow_symlinks=False):
                    stem, _, suffix = name.rpartition(".")
                    if suffix == "py" or stem not in sources:  # a finder's order
                        sources[stem] = entry
                elif name == PYCACHE and entry.is_symlink():
                    cache = CacheDirectory(entry.path, is_link=True)
                elif name == PYCACHE and entry.is_dir(follow_symlinks=False):
                    cache = _read_cache(entry.path)
                elif name.endswith(_BYTECODE_SUFFIXES):
                    bytecode.append(entry)
                elif entry.is_dir(follow_symlinks=False):
                    subdirectories.append(entry)
                else:
                    others.append(name)
    except OSError as error:
        return [], Directory(path, root, os.path.join(path, ""), package, error=error)
    # Only what is reported has an order: a directory can have thousands of other files.
    subdirectories.sort(key=_NAME, reverse=True)
    if cache is None and prefix is None and not sources and not bytecode:
        return subdirectories, None
    bytecode.sort(key=_NAME)
    directory = Directory(
        path,
        root,
        # os.path.join only where it may make a difference.
        os.path.join(path, "") if path is root else path + os.sep,
        package,
        sources,
        tuple(bytecode),
        frozenset(others),
        bool(subdirectories),
        cache,
    )
    if prefix is None:
        return subdirectories, directory
    try:
        return subdirectories, _with_prefix(directory, prefix)
    except OSError as error:  # the current directory has gone
        return subdirectories, replace(directory, error=error)


def _read_cache(path: str) -> CacheDirectory:
    try:
        with os.scandir(path) as listing:
            entries = sorted(listing, key=_NAME)
    except OSError as error:
        return CacheDirectory(path, error=error)
    caches = [entry for entry in entries if entry.name.endswith(_BYTECODE_SUFFIXES)]
    if len(caches) == len(entries):
        return CacheDirectory(path, tuple(caches))
    strangers = [entry for entry in entries if not entry.name.endswith(_BYTECODE_SUFFIXES)]
    return CacheDirectory(path, tuple(caches), tuple(strangers))


def _with_prefix(directory: Directory, prefix: str) -> Directory:
    """Pair sources and caches as an interpreter with a cache prefix does."""
    here = os.path.abspath(directory.path)
    top = os.path.abspath(prefix)
    if here != top and not here.startswith(top + os.sep):
        mirror = os.path.join(top, os.path.splitdrive(here)[1].lstrip(os.sep))
        cache = _read_cache(mirror) if os.path.isdir(mirror) else None
        return replace(directory, cache=cache)
    source_path = os.sep + os.path.relpath(here, top)
    if here == top:
        source_path = os.sep
    sources: dict[str, os.DirEntry[str]] = {}
    caches = directory.bytecode
    if os.path.isdir(source_path):
        sources.update(_listed(source_path).sources)
        above = os.path.join(os.path.abspath(directory.root), "")
        if os.path.join(source_path, "").startswith(above):
            caches = ()  # they are read together with their sources
    return replace(
        directory,
        source_path=os.path.join(source_path, ""),
        is_mirror=True,
        sources=sources,
        bytecode=(),
        cache=CacheDirectory(directory.path, caches),
    )


def _listed(path: str) -> Directory:
    """Return one directory on its own, whatever is in it."""
    _, directory = _read(path, path, os.curdir, None)
    return directory or Directory(path, path, os.path.join(path, ""))


def _around(path: str, prefix: str | None) -> Directory:
    """Return the listing around one file, with nothing in it that is not its own."""
    parent, name = os.path.split(path)
    in_cache = os.path.basename(parent) == PYCACHE
    home = (os.path.dirname(parent) if in_cache else parent) or os.curdir
    whole = _listed(home)
    if prefix is not None:
        whole = _with_prefix(whole, prefix)
    stem = name.partition(".")[0]
    cache = whole.cache
    if cache is not None:
        kept = tuple(e for e in cache.entries if e.name == name) if in_cache else ()
        cache = replace(cache, entries=kept)
    return replace(
        whole,
        sources={stem: whole.sources[stem]} if stem in whole.sources else {},
        bytecode=tuple(entry for entry in whole.bytecode if entry.name == name),
        has_subdirectories=False,
        cache=cache,
    )
