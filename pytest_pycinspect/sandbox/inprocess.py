"""Importing in the test's own process, which is afterwards as it was before."""

from __future__ import annotations

import _imp
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import machinery
from types import ModuleType
from typing import Any
from zipimport import zipimporter

from pycinspect.cache import ImportOptions
from pycinspect.values import HashCheckMode
from pytest_pycinspect.sandbox.child import observe
from pytest_pycinspect.sandbox.inquiry import Report, Request

__all__ = ["can_import_here", "observe_here"]

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


def observe_here(request: Request, options: ImportOptions) -> Report:
    """Import in this process, and report as ``child.observe`` does.

    Raises:
        BaseException: what is not an ``Exception``, such as KeyboardInterrupt.
    """
    modules = {name.partition(".")[0] for name in request["sources"]}
    with _isolated(request["root"], modules, options):
        report, raised = observe(request, {"__name__": "__main__"})
    if raised and not issubclass(raised[0], Exception):
        raise raised[1]
    answer: Report = report
    return answer


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
        _importer_cache_restored(root),
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
def _importer_cache_restored(root: str) -> Iterator[None]:
    before = dict(sys.path_importer_cache)
    for path in [path for path in before if path.startswith(root)]:
        del sys.path_importer_cache[path]
    try:
        yield
    finally:
        sys.path_importer_cache.clear()
        sys.path_importer_cache.update(before)


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
    path = str(getattr(module, "__file__", None))
    return name.partition(".")[0] in names or path.startswith(root)
