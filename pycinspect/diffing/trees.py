"""Files and directories that are compared, and what their modules are called on every side."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple, Protocol

from pycinspect.cache import HERE, Entry, ImportOptions, Outcome, View, judge, level_of
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.programs import ReadOptions, Subject, read_subject
from pycinspect.pyc import DEFAULT_LIMITS, PYCACHE, NameEnd, parse_cache_name
from pycinspect.pyc.file import errors_named
from pycinspect.values import Taken

__all__ = [
    "FileTree",
    "PairedModule",
    "Tree",
    "level_named",
    "levels_in",
    "module_name",
    "modules_of",
    "paired_modules",
    "with_their_sources",
    "words_for",
]

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

    def files(self) -> Iterable[str]:
        """Return all files below a directory, also those that ``modules`` leaves out."""

    def content(self, file: str) -> bytes:
        """Return the bytes of one of the files, by the name that ``modules`` has for it."""

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read one of the files, by the name that ``modules`` has for it."""


@dataclass(frozen=True, slots=True)
class FileTree:
    """What lies in the file system.

    Args:
        name: the path.
        taken: which file of each module of a directory is read.
        dialect: whose imports count, and whose caches where there are several; None is the
            running interpreter's.
        optimize: how often ``-O`` is given to it.
        view: the file system, in which archives may be directories.
    """

    name: str
    taken: Taken = Taken.IMPORTED
    dialect: Dialect | None = None
    optimize: int = 0
    view: View = HERE

    def modules(self) -> Mapping[str, str] | None:
        """Return the files below a directory by their modules; None for a file.

        Links to directories are not followed.

        Raises:
            PycInspectError: ``not-found``; ``unreadable``; ``ambiguous-cache``; ``bad-archive``.
        """
        try:
            self.view.lstat(self.name)  # what is wrong with an archive it says itself
        except (OSError, ValueError) as error:
            raise PycInspectError("not-found", "no such file", path=self.name) from error
        if not self.view.is_dir(self.name):
            return None
        found = _modules_among(self.files(), self.name)
        files = {name: self._file(module) for name, module in found.items()}
        return {name: file for name, file in files.items() if file is not None}

    def files(self) -> Iterable[str]:
        """Return all files below the directory.

        Raises:
            PycInspectError: ``unreadable``.
        """
        return _files(self.name, self.view)

    def _file(self, module: _Module) -> str | None:
        """Return the file that is read of a module, if it has one of those."""
        if self.taken is Taken.SOURCES or (self.taken is Taken.IMPORTED and module.source):
            return None if module.source is None else self._imported(module.source)
        caches = [path for path in module.caches if self._is_wanted(path)]
        return _only(caches if len(caches) == 1 else module.caches) if module.caches else None

    def _imported(self, source: str) -> str:
        """Return what an import of a source would run."""
        if self.taken is Taken.SOURCES:
            return source
        options = ImportOptions(optimize=self.optimize, view=self.view)
        verdict = judge(source, self.dialect, options)
        is_loaded = verdict.outcome is Outcome.LOAD and verdict.cache_path is not None
        return verdict.cache_path or source if is_loaded else source

    def _is_wanted(self, path: str) -> bool:
        """Return whether a cache has the name that the dialect gives its caches."""
        row = self.dialect or DIALECTS.running()
        ending = _ending(path)
        return ending is not None and (ending.tag, level_of(ending)) == (
            row.cache_tag,
            self.optimize,
        )

    def content(self, file: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            PycInspectError: ``not-found``, ``not-a-file``, ``unreadable`` or ``too-large``.
        """
        with errors_named(file):
            return self.view.read_all(file, DEFAULT_LIMITS.size)

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read a file as ``read_subject`` does."""
        return read_subject(file, replace(options or ReadOptions(), view=self.view))


def with_their_sources(path: str, view: View = HERE) -> list[PairedModule]:
    """Return every cache below a directory, or one cache, after the source that it belongs to.

    Args:
        path: a directory, or a cache.
        view: the file system that it is in.

    Raises:
        PycInspectError: ``unreadable``.
    """
    files = _files(path, view) if view.is_dir(path) else [path]
    caches = (file for file in files if file.endswith(_BYTECODE))
    return [PairedModule(_source_of(cache, view), cache) for cache in caches]


def levels_in(path: str) -> tuple[int, ...]:
    """Return at which level of optimization a cache was compiled, as its name says it.

    A ``.pyo`` is of ``-O`` or of ``-OO`` (up to 3.4).
    """
    if path.endswith(".pyo"):
        return (1, 2)
    ending = _ending(path)
    return ((None if ending is None else level_of(ending)) or 0,)


def level_named(path: str) -> int | None:
    """Return the one level of optimization that a cache's name says; None where it says none."""
    ending = None if path.endswith(".pyo") else _ending(path)
    return None if ending is None else level_of(ending)


def _ending(path: str) -> NameEnd | None:
    """Return the parts of the name of a file in ``__pycache__``; None where it has none."""
    try:
        name = parse_cache_name(os.path.basename(path))
    except ValueError:
        return None
    return NameEnd(name.tag, name.optimization, name.extension)


def _source_of(cache: str, view: View) -> str | None:
    """Return the source that a cache lies beside, or below; None where there is none."""
    stem, extension = os.path.splitext(cache)
    module = _module(
        os.path.join(os.curdir, stem) if not os.path.dirname(stem) else stem, extension
    )
    found = (module + suffix for suffix in _SOURCE if view.is_file(module + suffix))
    return next(found, None)


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


class _Module(NamedTuple):
    """The files of one module."""

    source: str | None
    caches: list[str]


def modules_of(paths: Iterable[str], directory: str) -> Mapping[str, str]:
    """Return the modules among some files: the relative path without suffixes to the file.

    A module's source is taken, or else its cache, in ``__pycache__`` or beside where the
    source would be.

    Raises:
        PycInspectError: ``ambiguous-cache`` where a module has no source, and several caches.
    """
    found = _modules_among(paths, directory)
    return {name: one.source or _only(one.caches) for name, one in found.items()}


def _modules_among(paths: Iterable[str], directory: str) -> Mapping[str, _Module]:
    """Return the files of each module, by its relative path without suffixes."""
    found: dict[str, _Module] = {}
    is_pycache = os.path.basename(os.path.abspath(directory)) == PYCACHE
    for path in paths:
        stem, extension = os.path.splitext(os.path.relpath(path, directory))
        if extension in _SOURCE:
            module = found.setdefault(stem, _Module(None, []))
            found[stem] = module._replace(source=path)
        elif extension in _BYTECODE:
            inside = os.path.join(PYCACHE, stem) if is_pycache else stem
            name = _module(inside, extension)
            found.setdefault(name, _Module(None, [])).caches.append(path)
    return found


def _files(directory: str, view: View) -> Iterator[str]:
    pending = [directory]
    while pending:
        folder = pending.pop()
        try:
            with view.scandir(folder) as listing:
                entries = sorted(listing, key=attrgetter("name"))
            inner = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            reason = error.strerror or str(error)
            raise PycInspectError("unreadable", reason, path=folder) from error
        yield from (entry.path for entry in entries if not _is_directory(entry))
        pending += reversed(inner)


def _is_directory(entry: Entry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


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


def words_for(modules: Sequence[PairedModule], old: Tree, new: Tree) -> str:
    """Return what is read of two directories, and what of the same kind is not.

    Args:
        modules: the files that are read.
        old: the directory before.
        new: and after.

    Returns:
        Such as ``2 sources (not 2 caches) -> 1 cache, 1 source``.
    """
    sides = [{pair.old for pair in modules}, {pair.new for pair in modules}]
    told = [
        _told(read, [file for file in tree.files() if file not in sides[0] | sides[1]])
        for read, tree in zip(sides, (old, new), strict=True)
    ]
    return " -> ".join(dict.fromkeys(told))


def _told(read: Iterable[str | None], others: Iterable[str]) -> str:
    left_out = _kinds(others)
    return f"{_kinds(read) or 'nothing'}{f' (not {left_out})' if left_out else ''}"


def _kinds(files: Iterable[str | None]) -> str:
    names = [file for file in files if file is not None]
    caches = sum(name.endswith(_BYTECODE) for name in names)
    counts = ((caches, "cache"), (sum(name.endswith(_SOURCE) for name in names), "source"))
    return ", ".join(f"{count:,} {word}{'s' * (count != 1)}" for count, word in counts if count)


def module_name(file: str, directory: str) -> str:
    """Return what an import calls a module: ``pkg.mod`` of ``pkg/__pycache__/mod.cpython-312.pyc``.

    Args:
        file: its source or cache.
        directory: what is compared, or the file itself.
    """
    below = os.path.basename(file) if file == directory else os.path.relpath(file, directory)
    stem, extension = os.path.splitext(below)
    if extension in _BYTECODE:
        folder = os.path.basename(os.path.dirname(os.path.abspath(file)))
        stem = _module(os.path.join(PYCACHE, stem) if folder == PYCACHE else stem, extension)
    parts = stem.split(os.sep)
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def _only(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return paths[0]
    names = " and ".join(repr(os.path.basename(path)) for path in paths[:2])
    message = f"{names} are caches of one module, which has no source: which is meant?"
    raise PycInspectError("ambiguous-cache", message, path=paths[0])
