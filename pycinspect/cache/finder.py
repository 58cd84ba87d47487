"""Which file would an import take, and what would it pass over?

Directories are searched as ``importlib._bootstrap_external.FileFinder`` does
(3.3 on) or as ``Python/import.c: find_module`` (before); zip files are left to
``cache.zipimporter``. Code that would run on the way, such as a package that
changes its ``__path__``, does not run here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pycinspect.cache.options import ImportOptions
from pycinspect.cache.verdict import FinderKind, Found
from pycinspect.cache.view import HERE, View
from pycinspect.cache.zipimporter import find_in_zip, is_in_zip, judge_zip, lies_in_zip
from pycinspect.dialects import DIALECTS, Dialect, residents_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import system_errors_named
from pycinspect.values import StrPath

__all__ = [
    "Listing",
    "SearchOrder",
    "find_in_listing",
    "find_init",
    "find_module",
    "find_part",
    "package_of",
    "residence",
    "search_order",
]

_INIT = "__init__"
_NOTHING = Found(FinderKind.NONE)


class Candidate(NamedTuple):
    """A suffix, and what a file with it is."""

    suffix: str
    kind: FinderKind


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """What an importer looks for in one directory, the first first.

    Args:
        candidates: suffixes of files, after a module's name.
        opens_candidates: see :class:`pycinspect.dialects.Finder`.
        package_needs_init: likewise.
        view: the file system that the importer sees.
        directories_hide: see :class:`pycinspect.dialects.Finder`.
    """

    candidates: tuple[Candidate, ...]
    opens_candidates: bool
    package_needs_init: bool
    view: View = HERE
    directories_hide: bool = False

    def takes(self, path: str) -> bool:
        """Return whether a file with the right name is taken."""
        return _opens(path, self.view) if self.opens_candidates else self.view.is_file(path)

    def looks_for(self, suffix: str) -> bool:
        """Return whether a file with this suffix can be a module."""
        return any(candidate.suffix == suffix for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in one directory of the search path.

    Args:
        directory: the directory, as the paths that are found shall begin.
        names: what is in it; None where it cannot be listed.
    """

    directory: str
    names: Container[str] | None

    @classmethod
    def of(cls, directory: str, view: View = HERE) -> Listing:
        """List a directory, "" for the current one.

        FileFinder passes over what it cannot list, and looks up every name in the list
        first (``_fill_cache``). C does so only where the file system ignores case; it
        opens files in directories that it may search but not list.

        Raises:
            PycInspectError: ``unreadable`` for a reason that the interpreter does not pass
                over either.
        """
        with system_errors_named(directory or os.curdir):
            try:
                return cls(directory, frozenset(view.listdir(directory or os.curdir)))
            except (FileNotFoundError, PermissionError, NotADirectoryError, ValueError):
                # ValueError: a null character; path_hooks find no directory either
                return cls(directory, None)


def find_module(
    name: str,
    path: Sequence[StrPath] | None = None,
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
    *,
    package: str = "",
) -> Found:
    """Find a module as a dialect's importer would.

    Args:
        name: the full name; of ``a.b``, package ``a`` is found first.
        path: directories and zip files, in their order; None is ``sys.path``.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.
        package: the full name of the package whose ``__path__`` the path is.

    Returns:
        What was found; of kind BUILT_IN or FROZEN where the interpreter itself has the module,
        NONE where there is none.

    Raises:
        PycInspectError: ``unknown-dialect``, ``bad-zip``; ``unreadable`` where a directory of
            the path cannot be listed for a reason that the interpreter does not pass over
            either.

    >>> find_module("no_such_module", ["."]).kind.value
    'none'
    >>> find_module("sys").kind.value
    'built-in'
    """
    dialect = DIALECTS.resolve(dialect)
    options = options or ImportOptions()
    places = [os.fsdecode(entry) for entry in (sys.path if path is None else path)]
    parents, _, part = name.rpartition(".")
    if parents:
        places = [*find_module(parents, places, dialect, options, package=package).search_path]
        package = f"{package}.{parents}" if package else parents
    found = find_part(part, places, dialect, options, package=package)
    # Which candidate in a zip file it is depends on what is in them.
    is_judged = found.path is not None and lies_in_zip(found, dialect, options.view)
    return judge_zip(found, dialect, options).found if is_judged else found


def find_part(
    part: str, path: Sequence[str], dialect: Dialect, options: ImportOptions, *, package: str
) -> Found:
    """Find the last part of a module's name in the ``__path__`` of its package.

    Of the files in a zip file the first that may be it is returned.
    """
    resident = residence(f"{package}.{part}" if package else part, dialect)
    if resident is None:
        return _find_on_path(part, path, dialect, options)
    on_path = _NOTHING
    if resident is FinderKind.FROZEN and _has_frozen_modules(part, package, dialect):
        on_path = _find_on_path(part, path, dialect, options)
    return Found(resident, search_path=on_path.search_path)


def _has_frozen_modules(part: str, package: str, dialect: Dialect) -> bool:
    """Return whether a frozen module is a package, whose other modules may be files."""
    start = f"{package}.{part}." if package else f"{part}."
    return any(name.startswith(start) for name in residents_of(dialect).frozen)


def residence(name: str, dialect: Dialect) -> FinderKind | None:
    """Return BUILT_IN or FROZEN for a module that the interpreter has; None for all others.

    ``BuiltinImporter`` and ``FrozenImporter`` come before the search path in
    ``sys.meta_path``.
    """
    residents = residents_of(dialect)
    if name in residents.built_in:
        return FinderKind.BUILT_IN
    return FinderKind.FROZEN if name in residents.frozen else None


def _find_on_path(
    name: str, path: Sequence[str], dialect: Dialect, options: ImportOptions
) -> Found:
    portions: list[str] = []
    order = search_order(dialect, options)
    for entry in path:
        if dialect.classes is not None and options.view.is_file(entry):
            message = f"what {dialect.name} imports from a zip file is not known"
            raise PycInspectError("unsupported", message, path=entry)
        if is_in_zip(entry, dialect, options.view):
            found = find_in_zip(name, entry, dialect, options)
        else:
            found = find_in_listing(name, Listing.of(entry, options.view), order)
        if found.kind is FinderKind.NAMESPACE:
            portions += found.search_path
        elif found.kind is not FinderKind.NONE:
            return found
    if portions:
        return Found(FinderKind.NAMESPACE, portions[0], search_path=tuple(portions))
    return _NOTHING


def find_in_listing(
    name: str, listing: Listing, order: SearchOrder, *, only_winner: bool = False
) -> Found:
    """Find one name in one directory: a package, then a file, then a portion.

    Args:
        name: a part of a module's name, without dots.
        listing: the directory. That the audit of a tree has it already is why this
            is a value.
        order: whose importer looks; see :func:`search_order`.
        only_winner: do not look which other files lose, :attr:`Found.ignored`.
    """
    names, in_c = listing.names, order.opens_candidates
    base = os.path.join(listing.directory, name)
    if names is None:
        listed = order.candidates if in_c else ()
    else:
        listed = tuple([one for one in order.candidates if name + one.suffix in names])
    is_directory = (in_c if names is None else name in names) and order.view.is_dir(base)
    if is_directory:
        package = find_init(base, order)
        if package is not None:
            return package
    if is_directory and order.directories_hide:
        return Found(FinderKind.NAMESPACE, base, search_path=(base,))
    files = (candidate for candidate in listed if order.takes(base + candidate.suffix))
    first = next(files, None)
    if first is not None:
        ignored = () if only_winner else tuple(base + candidate.suffix for candidate in files)
        return Found(first.kind, base + first.suffix, ignored)
    if is_directory and not order.package_needs_init:
        return Found(FinderKind.NAMESPACE, base, search_path=(base,))
    return _NOTHING


def find_init(directory: str, order: SearchOrder) -> Found | None:
    """Return which file makes a directory a package; None if it is none."""
    in_c = order.opens_candidates
    if in_c and not _has_init(directory, order):
        return None
    files = list(_inits(directory, order))
    if not files and in_c:  # Python/import.c: load_package goes on without
        return Found(FinderKind.EMPTY_PACKAGE, directory, search_path=(directory,))
    if not files:
        return None
    return Found(FinderKind.PACKAGE, files[0], tuple(files[1:]), search_path=(directory,))


def _inits(directory: str, order: SearchOrder) -> Iterator[str]:
    """Yield the files that can make a directory a package, the first first."""
    for candidate in order.candidates:
        path = os.path.join(directory, _INIT + candidate.suffix)
        if order.takes(path):
            yield path


def _is_package(directory: str, order: SearchOrder) -> bool:
    """Return whether :func:`find_init` finds something."""
    if order.opens_candidates:
        return _has_init(directory, order)
    return next(_inits(directory, order), None) is not None


def _has_init(directory: str, order: SearchOrder) -> bool:
    """Return whether C takes a directory for a package (find_init_module)."""
    return any(
        order.view.exists(os.path.join(directory, _INIT + candidate.suffix))
        for candidate in order.candidates
        if candidate.kind is not FinderKind.EXTENSION
    )


def package_of(directory: str, order: SearchOrder) -> str:
    """Return the full name of the package that a directory is, "" if it is none.

    A directory of a namespace package cannot be told from one of the search path.
    """
    names: list[str] = []
    place = order.view.absolute(directory)
    while _is_package(place, order):
        place, name = os.path.split(place)
        if not name:  # a root
            break
        names.insert(0, name)
    return ".".join(names)


def search_order(dialect: Dialect, options: ImportOptions) -> SearchOrder:
    """Return what a dialect looks for: extension modules, sources, then bytecode."""
    plain = dialect.finder.bytecode or (".pyc" if dialect.header is not None else "")
    bytecode = dialect.finder.optimized_bytecode if options.optimize and plain else plain
    extensions = options.platform.extension_suffixes(dialect.extensions)
    candidates = (
        *(Candidate(suffix, FinderKind.EXTENSION) for suffix in extensions),
        *(Candidate(s, FinderKind.SOURCE) for s in options.platform.source_suffixes),
        *((Candidate(bytecode, FinderKind.SOURCELESS),) if bytecode else ()),
    )
    finder = dialect.finder
    return SearchOrder(
        candidates,
        finder.opens_candidates,
        finder.package_needs_init,
        options.view,
        finder.directories_hide,
    )


def _opens(path: str, view: View) -> bool:
    """Return whether C's ``fopen`` would succeed; fifos and devices are not tried."""
    if view.is_file(path) or view.is_dir(path):
        return view.may_read(path)
    return view.exists(path)
