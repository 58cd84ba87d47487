"""Which file would an import take, and what would it pass over?

Directories are searched as ``importlib._bootstrap_external.FileFinder`` does
(3.3 on) or as ``Python/import.c: find_module`` (before); zip files are left to
``cache.zipimporter``. Code that would run on the way, such as a package that
changes its ``__path__``, does not run here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pycinspect.cache.options import ImportOptions
from pycinspect.cache.verdict import FinderKind, Found
from pycinspect.cache.zipimporter import find_in_zip, is_in_zip
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.pyc import system_errors_named

__all__ = ["find_module"]

_INIT = "__init__"
_NOTHING = Found(FinderKind.NONE)


class _Candidate(NamedTuple):
    """A suffix, and what a file with it is."""

    suffix: str
    kind: FinderKind


def find_module(
    name: str,
    path: Sequence[str],
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
    *,
    package: str = "",
) -> Found:
    """Find a module as a dialect's importer would.

    Args:
        name: the full name; of ``a.b``, package ``a`` is found first.
        path: directories and zip files, in the order of ``sys.path``.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.
        package: the full name of the package whose ``__path__`` the path is.

    Returns:
        What was found, of kind NONE where nothing was.

    Raises:
        PycInspectError: ``unknown-dialect``; ``unreadable`` where a directory of the path
            cannot be listed for a reason that the interpreter does not pass over either.

    >>> find_module("no_such_module", ["."]).kind.value
    'none'
    """
    if not isinstance(dialect, Dialect):
        dialect = DIALECTS.running() if dialect is None else DIALECTS[dialect]
    options = options or ImportOptions()
    found = _NOTHING
    parents = f"{package}." if package else ""
    for part in name.split("."):
        found = _find_resident(parents + part, dialect) or _find_on_path(
            part, path, dialect, options
        )
        path = found.search_path
        parents += f"{part}."
        if found.kind is FinderKind.NONE:
            break
    return found


def _find_resident(name: str, dialect: Dialect) -> Found | None:
    """Return what says that a module is part of the interpreter; None if it is not.

    ``BuiltinImporter`` and ``FrozenImporter`` come before the search path in
    ``sys.meta_path``.
    """
    if name in dialect.built_in:
        return Found(FinderKind.NONE, resident="built-in-module")
    if name in dialect.frozen:
        return Found(FinderKind.NONE, resident="frozen-module")
    return None


def _find_on_path(
    name: str, path: Sequence[str], dialect: Dialect, options: ImportOptions
) -> Found:
    portions: list[str] = []
    for entry in path:
        find = find_in_zip if is_in_zip(entry, dialect) else _find_in_directory
        found = find(name, entry, dialect, options)
        if found.kind is FinderKind.NAMESPACE:
            portions += found.search_path
        elif found.kind is not FinderKind.NONE:
            return found
    if portions:
        return Found(FinderKind.NAMESPACE, portions[0], search_path=tuple(portions))
    return _NOTHING


def _find_in_directory(name: str, entry: str, dialect: Dialect, options: ImportOptions) -> Found:
    """Find one name in one directory: a package, then a file, then a portion."""
    in_c = dialect.finder.opens_candidates
    listing = _listing(entry or os.curdir)
    candidates = _candidates(dialect, options)
    takes: Callable[[str], bool] = _opens if in_c else os.path.isfile
    base = os.path.join(entry, name)

    def is_listed(suffix: str) -> bool:
        return in_c if listing is None else name + suffix in listing

    is_directory = is_listed("") and os.path.isdir(base)
    if is_directory:
        package = _package(base, candidates, dialect, takes)
        if package is not None:
            return package
    files = [
        candidate
        for candidate in candidates
        if is_listed(candidate.suffix) and takes(base + candidate.suffix)
    ]
    if files:
        ignored = tuple(base + candidate.suffix for candidate in files[1:])
        return Found(files[0].kind, base + files[0].suffix, ignored)
    if is_directory and not dialect.finder.package_needs_init:
        return Found(FinderKind.NAMESPACE, base, search_path=(base,))
    return _NOTHING


def _package(
    base: str,
    candidates: Sequence[_Candidate],
    dialect: Dialect,
    takes: Callable[[str], bool],
) -> Found | None:
    in_c = dialect.finder.opens_candidates
    if in_c and not _has_init(base, candidates):
        return None
    files = [
        os.path.join(base, _INIT + candidate.suffix)
        for candidate in candidates
        if takes(os.path.join(base, _INIT + candidate.suffix))
    ]
    if not files and in_c:  # Python/import.c: load_package goes on without
        return Found(FinderKind.EMPTY_PACKAGE, base, search_path=(base,))
    if not files:
        return None
    return Found(FinderKind.PACKAGE, files[0], tuple(files[1:]), search_path=(base,))


def _has_init(base: str, candidates: Sequence[_Candidate]) -> bool:
    """Return whether C takes a directory for a package (find_init_module)."""
    return any(
        os.path.exists(os.path.join(base, _INIT + candidate.suffix))
        for candidate in candidates
        if candidate.kind is not FinderKind.EXTENSION
    )


def _candidates(dialect: Dialect, options: ImportOptions) -> tuple[_Candidate, ...]:
    """Return the suffixes in the order of search: extension, source, bytecode."""
    bytecode = dialect.finder.optimized_bytecode if options.optimize else ".pyc"
    if dialect.header is None:  # no bytecode that an import would take
        bytecode = ""
    extensions = options.platform.extension_suffixes(dialect.extensions)
    return (
        *(_Candidate(suffix, FinderKind.EXTENSION) for suffix in extensions),
        *(_Candidate(s, FinderKind.SOURCE) for s in options.platform.source_suffixes),
        *((_Candidate(bytecode, FinderKind.SOURCELESS),) if bytecode else ()),
    )


def _listing(directory: str) -> frozenset[str] | None:
    """Return the names in a directory, None for what FileFinder passes over.

    FileFinder looks up every name here first (``_fill_cache``). C does so only
    where the file system ignores case; it opens files in directories that it may
    search but not list.
    """
    with system_errors_named(directory):
        try:
            return frozenset(os.listdir(directory))
        except (FileNotFoundError, PermissionError, NotADirectoryError, ValueError):
            return None  # ValueError: a null character; path_hooks find no directory either


def _opens(path: str) -> bool:
    """Return whether C's ``fopen`` would succeed; fifos and devices are not tried."""
    if os.path.isfile(path) or os.path.isdir(path):
        effective = os.access in os.supports_effective_ids
        return os.access(path, os.R_OK, effective_ids=effective)
    return os.path.exists(path)
