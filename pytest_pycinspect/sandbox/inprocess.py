"""Importing in the test's own process, which is afterwards as it was before."""

from __future__ import annotations

import _imp
import encodings
import os
import sys
import zipimport
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import machinery
from threading import Lock, get_ident
from types import ModuleType
from typing import Any
from zipimport import zipimporter

from pycinspect.cache import ImportOptions
from pycinspect.values import HashCheckMode
from pytest_pycinspect.sandbox.channel import Hear, Hearing
from pytest_pycinspect.sandbox.moments import Report, moment_of
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.witness import observe

__all__ = ["can_import_here", "codecs_restored", "observe_here"]

#: What zipimport knows of archives: ``zipimport.py`` has no other way to forget one.
_ZIP_DIRECTORIES = "_zip_directory_cache"
_FINDERS = (machinery.BuiltinImporter, machinery.FrozenImporter, machinery.PathFinder)
_LOADERS = (
    (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
    (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)


def can_import_here(options: ImportOptions) -> bool:
    """Return whether this process can import as the options say.

    Its level cannot be changed (``compile`` takes it from the interpreter's configuration),
    and a profiler of the user's, which our observation would displace, cannot always be put
    back (``sys.setprofile`` does not take what ``sys.getprofile`` gives for one made in C).
    """
    return sys.flags.optimize == options.optimize and sys.getprofile() is None


def observe_here(
    code: str, root: str, names: Iterable[str], options: ImportOptions, hear: Hear
) -> Report:
    """Import in this process, and report as ``witness.observe`` does.

    Args:
        code: the import.
        root: the directory of the project.
        names: of its modules.
        options: how it is started.
        hear: is told of each moment of an import, before it goes on.

    Raises:
        BaseException: what is not an ``Exception``, such as KeyboardInterrupt.
    """
    modules = {name.partition(".")[0] for name in names}
    hearing = Hearing(hear)
    with _isolated(root, modules, options):
        report, raised = observe(code, {"__name__": "__main__"}, _Ear(hearing))
    hearing.check()
    if raised and not issubclass(raised[0], Exception):
        raise raised[1]
    answer: Report = report
    return answer


class _Ear:
    """What a witness in this process tells to.

    What is imported here to answer it, and what a handler of a signal imports in the midst of that,
    is not told.
    """

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._lock = Lock()
        self._owner: int | None = None

    def __call__(self, kind: str, *fields: object) -> str | None:
        if self._owner == get_ident():
            return None
        with self._lock:
            self._owner = get_ident()
            try:
                return self._hearing(moment_of(kind, *fields))
            finally:
                self._owner = None


@contextmanager
def _isolated(root: str, names: Iterable[str], options: ImportOptions) -> Iterator[None]:
    """Let the standard importers find the project first, with the sandbox's options.

    pytest's rewriting hook and the like come last: modules of the project are found before.
    The project's entry of ``sys.path_importer_cache`` is new each time, which does for it what
    ``importlib.invalidate_caches`` does for all, at the cost of everybody else's listings.
    """
    others = [finder for finder in sys.meta_path if finder not in _FINDERS]
    with (
        _list_restored(sys.path, [root, *sys.path]),
        _list_restored(sys.meta_path, [*_FINDERS, *others]),
        _list_restored(sys.path_hooks, _standard_hooks()),
        _attributes_restored(
            sys,
            dont_write_bytecode=options.dont_write_bytecode,
            pycache_prefix=options.pycache_prefix,
        ),
        # What --check-hash-based-pycs sets; CPython's own tests set it like this, too.
        _attributes_restored(_imp, check_hash_based_pycs=HashCheckMode.DEFAULT.value),
        _entries_restored(sys.path_importer_cache, root),
        _entries_restored(vars(zipimport)[_ZIP_DIRECTORIES], root),
        _directory_restored(),
        codecs_restored(),
        _modules_restored(root, set(names)),
    ):
        yield


def _standard_hooks() -> list[Any]:
    return [zipimporter, machinery.FileFinder.path_hook(*_LOADERS)]


@contextmanager
def _list_restored(target: list[Any], during: list[Any]) -> Iterator[None]:
    before = list(target)
    target[:] = during
    try:
        yield
    finally:
        target[:] = before


@contextmanager
def _attributes_restored(target: ModuleType, **during: object) -> Iterator[None]:
    before = {name: getattr(target, name) for name in during}
    for name, value in during.items():
        setattr(target, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(target, name, value)


@contextmanager
def _entries_restored(target: dict[str, Any], root: str) -> Iterator[None]:
    """Let the import system know nothing of a directory, and nothing new afterwards."""
    before = dict(target)
    for path in [path for path in before if path.startswith(root)]:
        del target[path]
    try:
        yield
    finally:
        target.clear()
        target.update(before)


@contextmanager
def _directory_restored() -> Iterator[None]:
    before = os.getcwd()
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def codecs_restored() -> Iterator[None]:
    """Forget which codecs were not found meanwhile.

    ``Lib/encodings/__init__.py: search_function`` remembers it for as long as the process lives,
    also of one that could not be imported only because the program has taken its path away.
    """
    cache: dict[str, object] = vars(encodings)["_cache"]
    before = set(cache)
    try:
        yield
    finally:
        for name in [name for name in cache if name not in before and cache[name] is None]:
            del cache[name]


@contextmanager
def _modules_restored(root: str, names: set[str]) -> Iterator[None]:
    """Hide modules that are called like the project's, and put everything back.

    What the project has imported from elsewhere stays loaded, as after any other import: many
    an extension module cannot be loaded a second time.
    """
    before = dict(sys.modules)
    if not before.keys().isdisjoint(names):  # else none of theirs is there, either
        for name in before:
            if name.partition(".")[0] in names:
                del sys.modules[name]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name not in before]:
            if _is_of_project(name, sys.modules[name], root, names):
                del sys.modules[name]
        sys.modules.update(before)


def _is_of_project(name: str, module: ModuleType, root: str, names: set[str]) -> bool:
    """Return whether a module is called, or comes from where, the project's are."""
    path = getattr(module, "__file__", None)
    is_there = isinstance(path, str) and Project(root).has(os.path.join(root, path))
    return name.partition(".")[0] in names or is_there
