"""Reading a tree, one directory at a time, in a stable order.

Only the directory that is being read, and the names of those still to be read,
are held. Symbolic links to directories are not followed: what they lead to is
another tree, or the same one again. A ``__pycache__`` that is a link is read, as the
importer reads it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from pycinspect.cache import HERE, Entry, Listing, View, split_dotted
from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE

__all__ = ["CLASS_SUFFIX", "CacheDirectory", "Directory", "Tree", "distinct", "lies_in"]

_SOURCES_ANYWHERE = (".py", ".pyw")
_SOURCE_SUFFIXES = _SOURCES_ANYWHERE if os.name == "nt" else (".py",)
_BYTECODE_SUFFIXES = (".pyc", ".pyo")
#: What Jython's class files end in.
CLASS_SUFFIX = "$py.class"
#: Of caches that lie beside their sources.
_BESIDE_SUFFIXES = (*_BYTECODE_SUFFIXES, CLASS_SUFFIX)
#: Of extension modules of any Python, on any system; the finder knows whose they are.
_EXTENSION_SUFFIXES = (".so", ".pyd")
_NAME = attrgetter("name")

#: So many directories are looked at to find out what a cache prefix mirrors.
_PROBED_DIRECTORIES = 10_000
#: So many names of one of them.
_PROBED_NAMES = 16

_Entries: TypeAlias = "tuple[Entry, ...]"


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
        is_link: it is a symbolic link.
        is_partial: only some of its entries were asked for.
        error: why it could not be read, or None.
    """

    path: str
    entries: _Entries = ()
    strangers: _Entries = ()
    is_link: bool = False
    is_partial: bool = False
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
        bytecode: ``.pyc``, ``.pyo`` and ``$py.class`` files that lie beside the sources.
        others: names of the other files.
        subdirectories: names of the directories in it besides the cache directory.
        extensions: those of ``others`` that may be extension modules.
        cache: the cache directory, None where there is none.
        bypassed: under a cache prefix, the ``__pycache__`` beside the sources, which
            only interpreters that know no such prefix look into.
        prefix: the cache prefix below which ``cache`` lies, or None.
        is_mirror: it is a place below the cache prefix.
        is_partial: its sources were not asked for, only caches of them.
        names: everything that lies where the sources are, None if that is not yet
            collected.
        error: why the directory could not be read, or None.
    """

    path: str
    root: str
    source_path: str
    package: str = os.curdir
    sources: Mapping[str, Entry] = field(default_factory=dict)
    bytecode: _Entries = ()
    others: frozenset[str] = frozenset()
    subdirectories: frozenset[str] = frozenset()
    extensions: Sequence[str] = ()
    cache: CacheDirectory | None = None
    bypassed: CacheDirectory | None = None
    prefix: str | None = None
    is_mirror: bool = False
    is_partial: bool = False
    names: frozenset[str] | None = None
    error: OSError | None = None

    @property
    def is_ordinary(self) -> bool:
        """Whether there are sources, and a directory of its own that holds their caches only."""
        cache = self.cache
        if cache is None or cache.strangers or cache.is_link:
            return False
        return bool(self.sources and cache.entries)

    @property
    def has_subdirectories(self) -> bool:
        """Whether there are directories in it besides the cache directory."""
        return bool(self.subdirectories)

    def listing(self) -> Listing:
        """Return what a finder sees where the sources are."""
        return Listing(self.source_path, self.all_names())

    def all_names(self) -> frozenset[str]:
        """Return everything that lies where the sources are; collected when it is needed."""
        if self.names is None:
            files = (entry.name for entry in (*self.sources.values(), *self.bytecode))
            self.names = self.others.union(self.subdirectories, files)
        return self.names


class Tree:
    """The directories of a tree in which there is Python, the root first.

    Args:
        root: a directory, or a single file, which is then all that is looked at.
        prefix: ``sys.pycache_prefix``: caches are looked for below it, and below
            it every directory mirrors the one that its sources are in.
        roots: all trees that are looked at, this one among them.
        view: the file system that they are in.

    Iterating reads the tree. Directories without sources, bytecode or caches are
    read, too, but only counted; what cannot be read is told in
    :attr:`Directory.error`. Under a cache prefix, what mirrors the tree is read after it,
    for the caches of directories that are gone.

    Raises (while iterating):
        PycInspectError: ``not-found`` for the root itself.
    """

    def __init__(
        self,
        root: str,
        prefix: str | None = None,
        roots: Iterable[str] = (),
        view: View = HERE,
    ) -> None:
        #: How many directories were read, cache directories not counted.
        self.directories = 0
        #: How many sources were met.
        self.sources = 0
        #: Whether there was anything at all to judge, or to be told that it cannot be read.
        self.has_python = False
        #: A cache prefix that nobody told of: caches lie in the tree as below one.
        self.recognised: str | None = None
        self._root = root
        self._prefix = prefix
        self._view = view
        self._roots = [view.absolute(path) for path in (root, *roots) if view.is_dir(path)]
        self._has_probed = False

    def __iter__(self) -> Iterator[Directory]:
        for directory in self._read():
            # What a place below the cache prefix mirrors is not a part of the tree.
            self.sources += 0 if directory.is_mirror else len(directory.sources)
            self.has_python = self.has_python or _has_python(directory)
            yield directory

    def _read(self) -> Iterator[Directory]:
        root = self._root
        try:
            mode = self._view.stat(root).st_mode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PycInspectError("not-found", reason, path=root) from error
        if not stat.S_ISDIR(mode):
            self.directories = 1
            yield self._around(root)
        elif os.path.basename(os.path.abspath(root)) == PYCACHE:
            self.directories = 1
            yield self._around_cache(root)
        else:
            yield from self._walk(root)
            yield from self._left_behind(root)

    def _walk(self, top: str) -> Iterator[Directory]:
        pending = [(top, os.curdir)]
        while pending:
            path, package = pending.pop()
            self.directories += 1
            subdirectories, directory = _read(
                path, self._root, package, self._view, keep=self._prefix is not None
            )
            if directory is not None:
                if self._prefix is not None or directory.bytecode:
                    directory = self._with_prefix(directory)
                yield directory
            # Sorted backwards: the first is taken from the end.
            is_top = path is top
            pending += [(e.path, e.name if is_top else package) for e in subdirectories]

    def _left_behind(self, root: str) -> Iterator[Directory]:
        """Yield what below the cache prefix mirrors directories that are not in the tree."""
        if self._prefix is None or lies_in(root, self._prefix):
            return
        mirror = _mirror_of(root, self._prefix)
        if self._view.is_dir(mirror) and not _is_reached(mirror, self._roots, self._view):
            for directory in self._walk(mirror):
                if directory.cache is not None and directory.cache.entries:
                    yield directory

    # --- Below a cache prefix ---------------------------------------------------

    def _with_prefix(self, directory: Directory) -> Directory:
        """Pair sources and caches as an interpreter with a cache prefix does."""
        prefix = self._prefix
        if prefix is not None:
            if lies_in(directory.path, prefix):
                return self._as_mirror(directory, prefix)
            return _beside_mirror(directory, prefix, self._view)
        if directory.cache is None and not directory.sources and _tagged(directory.bytecode):
            prefix = self._recognise(directory)
            if prefix is not None:
                return self._as_mirror(directory, prefix)
        return directory

    def _as_mirror(self, directory: Directory, prefix: str) -> Directory:
        source_path = _mirrored(directory.path, prefix)
        listed, caches = Directory(source_path, directory.root, source_path), directory.bytecode
        if self._view.is_dir(source_path):
            listed = _listed(source_path, self._view)
            if self._prefix is not None and _is_reached(source_path, self._roots, self._view):
                caches = ()  # they are read together with their sources
        return replace(
            directory,
            source_path=os.path.join(source_path, ""),
            prefix=prefix,
            is_mirror=True,
            sources=listed.sources,
            bytecode=(),
            others=listed.others,
            subdirectories=listed.subdirectories,
            extensions=listed.extensions,
            names=listed.all_names(),
            cache=CacheDirectory(directory.path, caches),
        )

    def _recognise(self, directory: Directory) -> str | None:
        """Return the cache prefix that a directory lies below, as its caches tell.

        Nobody said that there is one. But caches with tags outside ``__pycache__``, and
        their sources in the directory of which the end of the path is the name, are what
        ``PYTHONPYCACHEPREFIX`` leaves.
        """
        known = self.recognised
        if known is not None and lies_in(directory.path, known):
            return known
        names = [entry.name for entry in directory.bytecode]
        found = _prefix_above(directory.path, names, self._view)
        if found is None and not self._has_probed:
            self._has_probed = True  # what is gone has neighbours that are not
            found = _prefix_in(self._root, self._view)
            if found is not None and not lies_in(directory.path, found):
                return None
        if found is not None:
            self.recognised = found
        return found

    # --- A part of a directory ----------------------------------------------------

    def _around(self, path: str) -> Directory:
        """Return the listing around one file, with nothing in it that is not its own."""
        parent, name = os.path.split(path)
        in_cache = os.path.basename(os.path.abspath(parent)) == PYCACHE
        home = (os.path.dirname(parent) if in_cache and parent else parent) or os.curdir
        if in_cache and not os.path.basename(parent):
            home = os.path.join(parent, os.pardir)
        whole = replace(self._with_prefix(_listed(home, self._view)), root=path)
        whole.all_names()  # before some are left out
        if not name.endswith((*_SOURCES_ANYWHERE, *_BESIDE_SUFFIXES)):
            return _only(path, whole, self._view)
        bytecode = name.endswith(_BESIDE_SUFFIXES)
        is_cache = bytecode and (in_cache or whole.is_mirror)
        stems = _stems_of(name, is_cache=is_cache)
        return replace(
            whole,
            sources={stem: entry for stem, entry in whole.sources.items() if stem in stems},
            bytecode=tuple(entry for entry in whole.bytecode if entry.name == name),
            cache=_part(whole.cache, name, stems, is_cache=is_cache),
            bypassed=_part(whole.bypassed, name, stems, is_cache=is_cache),
            is_partial=bytecode,
        )

    def _around_cache(self, path: str) -> Directory:
        """Return the directory whose caches are all that was asked for."""
        spelled = path.rstrip("/" + os.sep)
        home = os.path.dirname(spelled) or os.curdir
        if os.path.basename(spelled) != PYCACHE:  # such as "."
            home = os.path.join(path, os.pardir)
        whole = _listed(home, self._view)
        whole.all_names()  # before some are left out
        return replace(
            whole, root=path, bytecode=(), cache=_read_cache(path, self._view), is_partial=True
        )


def _only(path: str, whole: Directory, view: View) -> Directory:
    """Return one file of a directory that is a cache by its content, not by its name."""
    with view.scandir(os.path.dirname(path) or os.curdir) as entries:
        files = tuple(entry for entry in entries if entry.name == os.path.basename(path))
    return replace(
        whole,
        sources={},
        bytecode=files,
        cache=None,
        bypassed=None,
        is_mirror=False,
        is_partial=True,
    )


def _has_python(directory: Directory) -> bool:
    """Return whether there is anything to judge, or something that could not be read."""
    cache = directory.cache
    if directory.is_partial or directory.error or directory.bytecode or directory.bypassed:
        return True
    if directory.is_mirror:
        return cache is not None and bool(cache.entries)
    return bool(directory.sources) or cache is not None


def _stems_of(name: str, *, is_cache: bool) -> frozenset[str]:
    """Return the names of sources that a file may be, or be a cache of."""
    if is_cache:
        return frozenset({name.partition(".")[0], split_dotted(name)[0]})
    if name.endswith(CLASS_SUFFIX):
        return frozenset({name.removesuffix(CLASS_SUFFIX)})
    stem, suffix = os.path.splitext(name)
    return frozenset({stem} if suffix in (*_SOURCE_SUFFIXES, *_BYTECODE_SUFFIXES) else ())


def _part(
    cache: CacheDirectory | None, name: str, stems: frozenset[str], *, is_cache: bool
) -> CacheDirectory | None:
    """Return one cache of a directory, or those of one source."""
    if cache is None:
        return None
    if is_cache:
        entries = [entry for entry in cache.entries if entry.name == name]
    elif name.endswith(_SOURCE_SUFFIXES):
        entries = [
            e for e in cache.entries if not _stems_of(e.name, is_cache=True).isdisjoint(stems)
        ]
    else:
        entries = []
    return replace(cache, entries=tuple(entries), strangers=(), is_partial=True)


def _read(
    path: str, root: str, package: str, view: View, *, keep: bool
) -> tuple[list[Entry], Directory | None]:
    """Return the subdirectories, the last first, and the directory.

    None where it has no Python in it, unless it shall be kept.
    """
    sources: dict[str, Entry] = {}
    bytecode: list[Entry] = []
    subdirectories: list[Entry] = []
    others: list[str] = []
    cache: CacheDirectory | None = None
    try:
        with view.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                # Kinds are asked without following links: a loop of them is an error.
                if name.endswith(_SOURCE_SUFFIXES) and not entry.is_dir(follow_symlinks=False):
                    if name.endswith(".py"):
                        sources[name[:-3]] = entry
                    else:
                        sources.setdefault(name.rpartition(".")[0], entry)  # a finder's order
                elif name == PYCACHE and entry.is_symlink():
                    cache = _read_link(entry.path, view)
                elif name == PYCACHE and entry.is_dir(follow_symlinks=False):
                    cache = _read_cache(entry.path, view)
                elif name.endswith(_BESIDE_SUFFIXES):
                    bytecode.append(entry)
                elif entry.is_dir(follow_symlinks=False):
                    subdirectories.append(entry)
                else:
                    others.append(name)
    except OSError as error:
        return [], Directory(path, root, os.path.join(path, ""), package, error=error)
    # Only what is reported has an order: a directory can have thousands of other files.
    subdirectories.sort(key=_NAME, reverse=True)
    if cache is None and not keep and not sources and not bytecode:
        return subdirectories, None
    bytecode.sort(key=_NAME)
    directory = Directory(
        path,
        root,
        # os.path.join only where it may make a difference.
        os.path.join(path, "") if package == os.curdir else path + os.sep,
        package,
        sources,
        tuple(bytecode),
        frozenset(others),
        frozenset([entry.name for entry in subdirectories]),
        [name for name in others if name.endswith(_EXTENSION_SUFFIXES)],
        cache,
    )
    return subdirectories, directory


def _read_cache(path: str, view: View) -> CacheDirectory:
    try:
        with view.scandir(path) as listing:
            entries = sorted(listing, key=_NAME)
    except OSError as error:
        return CacheDirectory(path, error=error)
    caches = [entry for entry in entries if entry.name.endswith(_BYTECODE_SUFFIXES)]
    if len(caches) == len(entries):
        return CacheDirectory(path, tuple(caches))
    strangers = [entry for entry in entries if not entry.name.endswith(_BYTECODE_SUFFIXES)]
    return CacheDirectory(path, tuple(caches), tuple(strangers))


def _read_link(path: str, view: View) -> CacheDirectory:
    """Read what a linked ``__pycache__`` leads to; PYC603 says where that is."""
    if not view.is_dir(path):  # as if it was not there
        return CacheDirectory(path, is_link=True)
    return replace(_read_cache(path, view), is_link=True)


def _listed(path: str, view: View) -> Directory:
    """Return one directory on its own, whatever is in it."""
    _, directory = _read(path, path, os.curdir, view, keep=True)
    assert directory is not None
    return directory


# --- What a cache prefix mirrors ----------------------------------------------------------


def lies_in(path: str, top: str) -> bool:
    """Return whether a path is another, or lies in it."""
    here, above = os.path.abspath(path), os.path.abspath(top)
    return here == above or here.startswith(os.path.join(above, ""))


def distinct(paths: Sequence[str], view: View = HERE) -> list[str]:
    """Return the paths of which none lies in a tree that another is.

    Args:
        paths: directories and files; of those that are the same, the first counts. What is
            not there stays, to be missed by name.
        view: the file system that they are in.
    """
    kept: dict[str, str] = {}
    for path in paths:
        kept.setdefault(_resolved(path, view), path)
    roots = [real for real in kept if view.is_dir(real)]
    return [
        path
        for real, path in kept.items()
        if not view.exists(real)
        or not any(root != real and _lies_on_walk(real, root, view) for root in roots)
    ]


def _resolved(path: str, view: View) -> str:
    try:
        return view.real(path)
    except (OSError, ValueError):
        # A null character, or the current directory has gone: the walk says what is wrong.
        return path


def _lies_on_walk(real: str, root: str, view: View) -> bool:
    """Return whether the walk through a tree comes to a path, links resolved."""
    if not lies_in(real, root):
        return False
    *above, last = os.path.relpath(real, root).split(os.sep)
    if PYCACHE in above[:-1] or os.path.basename(root) == PYCACHE:
        return False
    return above[-1:] != [PYCACHE] or not view.is_dir(real) or last == PYCACHE


def _is_reached(path: str, roots: Iterable[str], view: View) -> bool:
    """Return whether a directory is walked through from a root: links are not followed."""
    real = view.real(path)
    for root in roots:
        if lies_in(path, root):
            below = os.path.relpath(os.path.abspath(path), root)
            if os.path.normpath(os.path.join(view.real(root), below)) == real:
                return PYCACHE not in below.split(os.sep)
    return False


def _mirror_of(path: str, prefix: str) -> str:
    """Return where the caches of a directory lie (``cache_from_source``)."""
    here = os.path.splitdrive(os.path.abspath(path))[1].lstrip(os.sep)
    return os.path.join(os.path.abspath(prefix), here)


def _mirrored(path: str, prefix: str) -> str:
    """Return the directory whose caches lie in one below the cache prefix."""
    here, top = os.path.abspath(path), os.path.abspath(prefix)
    return os.sep if here == top else os.sep + os.path.relpath(here, top)


def _beside_mirror(directory: Directory, prefix: str, view: View) -> Directory:
    mirror = _mirror_of(directory.path, prefix)
    cache = _read_cache(mirror, view) if view.is_dir(mirror) else None
    if cache is not None:  # directories in it mirror others
        cache = replace(cache, strangers=())
    return replace(directory, cache=cache, bypassed=directory.cache, prefix=prefix)


def _tagged(entries: Iterable[Entry]) -> bool:
    return any(entry.name.count(".") > 1 for entry in entries)


def _prefix_above(path: str, names: Sequence[str], view: View) -> str | None:
    """Return the part of a path without which it leads to the sources of some caches."""
    drive, here = os.path.splitdrive(os.path.abspath(path))
    parts = here.strip(os.sep).split(os.sep)
    stems = [split_dotted(name)[0] for name in names if name.count(".") > 1][:_PROBED_NAMES]
    for length in range(1, len(parts)):
        mirrored = drive + os.sep + os.sep.join(parts[length:])
        if any(view.is_file(os.path.join(mirrored, f"{stem}.py")) for stem in stems):
            return drive + os.sep + os.sep.join(parts[:length])
    return None


def _prefix_in(root: str, view: View) -> str | None:
    """Look through a tree for a directory that tells of a cache prefix."""
    pending, seen = [root], 0
    while pending and seen < _PROBED_DIRECTORIES:
        path = pending.pop()
        seen += 1
        subdirectories, directory = _read(path, root, os.curdir, view, keep=False)
        if directory is not None and directory.cache is None and not directory.sources:
            found = _prefix_above(path, [entry.name for entry in directory.bytecode], view)
            if found is not None:
                return found
        pending += [entry.path for entry in subdirectories]
    return None
