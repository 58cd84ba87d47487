"""From a directory's listing to its cache files, each with the importer's judgement.

This is the inner loop of an audit. A timestamp cache that is fresh is recognised
by comparing its whole header with the only one that its importer accepts
(``expected_header``); everything else goes through the full procedure, which
comes to the same answer for those.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from pycinspect.auditing.audience import Audience
from pycinspect.auditing.cachefile import Alike, CacheFile
from pycinspect.auditing.classfiles import ClassExaminer
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.walk import CLASS_SUFFIX, Directory
from pycinspect.auditing.zipped import ZippedExaminer
from pycinspect.cache import (
    SOURCE_LIMIT,
    CacheBytes,
    Entry,
    FinderKind,
    Found,
    Judgement,
    Outcome,
    SearchOrder,
    Subject,
    expected_header,
    find_in_listing,
    find_init,
    header_maker,
    judge_cache,
    judge_sourceless,
    level_of,
    module_objection,
    mtime_overflows,
    package_of,
    reader_objection,
    residence,
    search_order,
    source_mtime,
    split_dotted,
    transformer_of,
    unreadable_source,
)
from pycinspect.dialects import Dialect, residents_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import NameEnd, file_kind, parse_name_end, read_listed, read_start
from pycinspect.values import U32_MASK

__all__ = ["Examined", "Examiner", "grouped"]

_FRESH = Judgement(Outcome.LOAD, "header-matches")
_ORPHANED = Judgement(Outcome.NOT_FOUND, "cache-without-source")
_BYPASSED = Judgement(Outcome.NO_CACHE, "prefix-elsewhere")

_INIT = "__init__"

#: Set-ID, execution, and writing by anybody but the owner.
_UNCOMMON_BITS = 0o6133

#: A longer optimization is not a level, but the mark of a tool.
_LEVEL_DIGITS = 1

#: Names of one kind repeat; a hostile tree must not fill the memory with others.
_REMEMBERED_KINDS = 1024


class _Kind(NamedTuple):
    """What the end of a cache's name and its magic number tell: most files have the same.

    Args:
        ending: what follows the stem; None for a name that no importer looks for.
        reader: whose importer looks for it, None where none does.
        writer: whose magic number it is, None if unknown.
        make_header: makes the one header with which the reader uses a cache.
        is_usual: it is for the Python that the tree is for, and no tool has marked it.
        refusal: what becomes of it, where there is no reader.
    """

    ending: NameEnd | None
    reader: Dialect | None
    writer: Dialect | None
    make_header: Callable[[os.stat_result], bytes | None]
    is_usual: bool
    refusal: Judgement


class Examined(NamedTuple):
    """The cache files of one directory, one by one and added up."""

    caches: list[CacheFile]
    groups: list[Alike]

    def add(self, caches: Iterable[CacheFile]) -> None:
        """Add cache files."""
        added = list(caches)
        self.caches.extend(added)
        self.groups.extend(grouped(added))


def grouped(caches: Iterable[CacheFile]) -> list[Alike]:
    """Add up cache files that are alike and stand in a row."""
    groups: list[Alike] = []
    for cache in caches:
        if not groups or not _are_alike(groups[-1].first, cache):
            groups.append(Alike(cache))
        groups[-1].files += 1
        groups[-1].size += 0 if cache.status is None else cache.status.st_size
    return groups


def _are_alike(first: CacheFile, second: CacheFile) -> bool:
    # Both are looked up, so that the same value is mostly the same object.
    return (
        first.ending is not None
        and first.ending is second.ending
        and first.judgement is second.judgement
    )


_NOWHERE = Judgement(Outcome.NOT_FOUND, "module-not-found")

#: The first three of them.
_Read: TypeAlias = tuple[bytes, os.stat_result | None, Judgement | None]
#: The name of a source without suffix, its path, and its status.
_Source: TypeAlias = tuple[str, str, os.stat_result | None]

#: What came of opening a file: its start, its status, what went wrong, whether it is
#: a link. A plain tuple: there is one for every file.
_Reading: TypeAlias = tuple[bytes, os.stat_result | None, Judgement | None, bool]
_ReadStart: TypeAlias = Callable[[str], tuple[bytes, os.stat_result]]


class Examiner:
    """Reads and judges the cache files of one directory after another."""

    def __init__(self, policy: Policy, audience: Audience) -> None:
        self._policy = policy
        self._audience = audience
        self._kind = lru_cache(_REMEMBERED_KINDS)(self._find_kind)
        self._writer = lru_cache(_REMEMBERED_KINDS)(policy.dialects.find)
        self._order = lru_cache(_REMEMBERED_KINDS)(self._find_order)
        view = policy.view
        self._view = view
        self._zipped = ZippedExaminer(policy, audience, self._writer)
        self._classes = ClassExaminer(policy.dialects, view, self._found)
        self._read, self._status = _read, _status
        if not view.is_ours:
            self._read = partial(_read, of_file=view.read_listed, of_link=view.read_start)
            self._status = partial(_status, ask=_ask_view)
        self._last: tuple[Directory, SearchOrder, str] | None = None
        rows = set(map(residents_of, policy.dialects))
        #: Full names of modules that are part of an interpreter.
        self._residents = frozenset[str]().union(*chain.from_iterable(rows))
        #: Their last parts, by the last part of their package's name.
        self._resident_parts = _by_package(self._residents)
        self._resident_names = frozenset[str]().union(*self._resident_parts.values())

    def caches(self, directory: Directory) -> Examined:
        """Return the cache files of a directory, those in its cache directory first."""
        examined = Examined([], [])
        if self._view.has_archives and self._is_imported_from(directory):
            examined.add(self._zipped.caches(directory))
            return examined
        contested = self._contested(directory)
        if directory.cache is not None and directory.cache.entries:
            self._in_cache_directory(directory, directory.cache.entries, contested, examined)
        if directory.bypassed is not None and directory.bypassed.entries:
            beside = Examined([], [])
            self._in_cache_directory(directory, directory.bypassed.entries, contested, beside)
            examined.add([_bypassed(cache) for cache in beside.caches])
        if directory.bytecode:
            examined.add([self._beside_source(entry, directory) for entry in directory.bytecode])
        return examined

    def _is_imported_from(self, directory: Directory) -> bool:
        """Return whether it lies in an archive that Python imports from as it is."""
        place = self._view.archive_of(directory.path)
        return place is not None and place.archive.layout.is_imported

    def _contested(self, directory: Directory) -> set[str]:
        """Return the names for which a finder may take something else than the source.

        They are few, and are looked up in the listing as a finder does; all others need
        no more than that their source is a file.
        """
        sources = directory.sources
        contested: set[str] = set()
        for rivals in (directory.subdirectories, directory.others):
            if not rivals.isdisjoint(sources):
                contested.update(rivals.intersection(sources))
        for name in directory.extensions:
            stem = name.partition(".")[0]
            contested |= {stem, stem.removesuffix("module")}  # Python/dynload_shlib.c, 2.7
        package = ""
        if _INIT in sources:
            package = _last_part(directory)
            if package in self._resident_names:
                contested.add(_INIT)
        residents = self._resident_parts.get(package)
        if residents is not None and not residents.isdisjoint(sources):
            contested.update(self._residents_in(directory, residents))
        return contested

    def _residents_in(self, directory: Directory, last_parts: frozenset[str]) -> Iterator[str]:
        """Yield the sources whose modules are part of some interpreter."""
        package = self._package(directory, self._order(self._audience.first, 0))
        for stem in last_parts.intersection(directory.sources):
            if (f"{package}.{stem}" if package else stem) in self._residents:
                yield stem

    def _find_kind(self, end: str, magic: bytes) -> _Kind:
        try:
            ending = parse_name_end(end)
        except ValueError as error:
            writer = self._writer(magic, None)
            refusal = _refused_name(end, error)
            return _Kind(None, None, writer, _no_header, is_usual=False, refusal=refusal)
        tagged = self._policy.dialects.tagged(ending.tag)
        # The loaders of tools that mark their caches judge them as importers do.
        is_tools = transformer_of(f"any.{end}") is not None
        plain = ending._replace(optimization="") if is_tools else ending
        why = [reader_objection(plain, row) for row in tagged]
        readers = [row for row, objection in zip(tagged, why, strict=True) if objection is None]
        writer = next((row for row in readers if row.magic == magic), None)
        # Of releases with one tag, the one whose magic number it is.
        reader = writer or next(iter(readers), None)
        objection = next(iter(why), None) or f"the tag {ending.tag!r} is of no known Python"
        return _Kind(
            ending,
            reader,
            writer or self._writer(magic, ending.tag),
            _no_header if reader is None or _opens(reader) else header_maker(reader),
            is_usual=reader in self._audience.dialects
            and len(ending.optimization) <= _LEVEL_DIGITS,
            refusal=_refused_name(end, objection),
        )

    def _in_cache_directory(
        self,
        directory: Directory,
        entries: Sequence[Entry],
        contested: set[str],
        examined: Examined,
    ) -> None:
        """Add the files of the cache directory.

        What concerns nearly every file stands here in one piece: the loop takes a
        quarter less time than with a function for each step.
        """
        caches, groups = examined
        group_ending: NameEnd | None = None
        group_judgement: Judgement | None = None
        find_source, find_kind = directory.sources.get, self._kind
        read, status_of = self._read, self._status
        for entry in entries:
            start, status, failure, is_link = read(entry)
            stem, _, end = entry.name.partition(".")
            kind = find_kind(end, start[:4])
            ending, reader, writer, make_header, is_usual, _ = kind
            if ending is None:
                stem, kind = self._with_dotted_stem(entry.name, start[:4], directory)
                ending, reader, writer, make_header, is_usual, _ = kind
            source_entry = find_source(stem)
            if source_entry is None:
                source, source_status = f"{directory.source_path}{stem}.py", None
            else:
                source, source_status = source_entry.path, status_of(source_entry)
            if (
                source_status is not None
                and status is not None
                and stem not in contested
                and (header := make_header(source_status)) is not None
                and start.startswith(header)
                and status.st_size > len(header)
            ):
                judgement = _FRESH
                is_ordinary = (
                    is_usual
                    and not is_link
                    and status.st_nlink == 1
                    and not status.st_mode & _UNCOMMON_BITS
                    and status.st_uid == source_status.st_uid
                    and 0.0 <= source_status.st_mtime <= U32_MASK
                )
            else:
                reading, own = (start, status, failure), (stem, source, source_status)
                judgement = self._decide(kind, reading, own, directory, contested)
                is_ordinary = False
            cache = CacheFile(
                entry.path,
                directory,
                ending,
                reader,
                writer,
                start,
                status,
                source,
                source_status,
                judgement,
                is_link,
                is_ordinary,
            )
            caches.append(cache)
            # Both are looked up, so that the same value is mostly the same object.
            if ending is None or ending is not group_ending or judgement is not group_judgement:
                group = Alike(cache)
                groups.append(group)
                group_ending, group_judgement = ending, judgement
            group.files += 1
            group.size += 0 if status is None else status.st_size

    def _with_dotted_stem(
        self, filename: str, magic: bytes, directory: Directory
    ) -> tuple[str, _Kind]:
        """Read a name whose stem has dots, if there is such a source.

        No import statement finds ``a.b.py``, but loaders that are given a path
        cache it as ``a.b.TAG.pyc`` (``cache_from_source``, since 3.5).
        """
        stem, end = split_dotted(filename)
        if stem not in directory.sources:
            stem, _, end = filename.partition(".")
        return stem, self._kind(end, magic)

    def _decide(
        self,
        kind: _Kind,
        reading: _Read,
        own: _Source,
        directory: Directory,
        contested: set[str],
    ) -> Judgement:
        """Judge a cache that is not simply fresh."""
        start, status, failure = reading
        stem, source, source_status = own
        reader = kind.reader
        if source_status is not None and reader is not None and kind.ending is not None:
            is_contested = stem in contested or _opens(reader)
            hidden = self._hidden(stem, kind.ending, reader, directory) if is_contested else None
            if hidden is not None:
                return hidden
        if failure is not None and source_status is None:
            return _unused(failure)
        if reader is None or reader.importer is None:
            return failure or kind.refusal
        judgement = failure or self._judge(reader, start, status, source, source_status)
        if judgement.outcome is Outcome.RECOMPILE and not self._may_read(source):
            return _forbidden()
        return judgement

    # --- Which file is found ---------------------------------------------------

    def _hidden(
        self, stem: str, ending: NameEnd, reader: Dialect, directory: Directory
    ) -> Judgement | None:
        """Say why an import does not come to the source of a cache; None if it does."""
        if module_objection(stem) is not None:
            return None  # for loaders that are given a path
        found = self._found(stem, directory, reader, level_of(ending) or 0)
        if found.path == directory.sources[stem].path:
            return None
        judgement = _loses(found, directory) or _ORPHANED
        is_file = judgement.reason == "shadowed"
        return judgement._replace(reason="source-shadowed") if is_file else judgement

    def _found(self, stem: str, directory: Directory, reader: Dialect, level: int) -> Found:
        """Ask the finder what it takes for a name in a directory."""
        order = self._order(reader, level)
        if stem == _INIT:  # of the package that the directory is
            return self._found_init(directory, reader, order)
        if stem in self._resident_names:
            package = self._package(directory, order)
            resident = residence(f"{package}.{stem}" if package else stem, reader)
            if resident is not None:
                return Found(resident)
        return find_in_listing(stem, directory.listing(), order, only_winner=True)

    def _package(self, directory: Directory, order: SearchOrder) -> str:
        """Return which package a directory is: a library has many names of built-in modules."""
        if self._last is None or self._last[0] is not directory or self._last[1] is not order:
            self._last = directory, order, package_of(directory.source_path, order)
        return self._last[2]

    def _found_init(self, directory: Directory, reader: Dialect, order: SearchOrder) -> Found:
        if _last_part(directory) in self._resident_names:
            package = self._package(directory, order)
            resident = residence(package, reader)
            if resident is not None:
                return Found(resident)
        return find_init(directory.source_path, order) or Found(FinderKind.NONE)

    def _beside_source(self, entry: Entry, directory: Directory) -> CacheFile:
        if entry.name.endswith(CLASS_SUFFIX):
            return self._classes.examine(entry, directory)
        stem, _, suffix = entry.name.rpartition(".")
        start, status, failure, is_link = self._read(entry)
        writer = self._writer(start[:4], None)
        is_known = writer is not None and not writer.unchecked
        reader = self._audience.reader(directory, writer if is_known else None)
        level = 1 if suffix == "pyo" else 0
        source = f"{directory.source_path}{stem}.py"
        source_status = self._status(directory.sources[stem]) if stem in directory.sources else None
        no_module = module_objection(stem)
        # Loaders that are given the path of ``a.b.py`` keep its cache where others do.
        is_given = no_module is not None and source_status is not None and _keeps_beside(reader)
        objection = None if is_given else no_module
        if objection is None and not self._order(reader, level).looks_for(f".{suffix}"):
            objection = f"{reader.name} does not look for .{suffix}"
        is_module = False
        reading = (start, status, failure)
        if objection is not None:
            judgement = _refused(objection)
        elif is_given:
            judgement = self._judge_beside(reader, reading, source)
        else:
            found = self._found(stem, directory, reader, level)
            is_module = found.path == entry.path
            if is_module:
                judgement = self._judge_module(reader, reading)
            elif found.path == source and _keeps_beside(reader):
                judgement = self._judge_beside(reader, reading, source)
            else:
                judgement = _loses(found, directory) or _unused(failure or _NOWHERE)
        return CacheFile(
            entry.path,
            directory,
            None,
            None if objection is not None else reader,
            writer,
            start,
            status,
            source,
            source_status,
            judgement,
            is_link,
            is_module=is_module,
        )

    def _judge_module(self, reader: Dialect, reading: _Read) -> Judgement:
        """Judge bytecode that a finder takes for a module."""
        start, status, failure = reading
        if reader.importer is None:
            return _refused(f"{reader.name} reads no such files")
        if failure is None:
            return self._judge_sourceless(reader, start, status)
        # Only C opens a directory; it reads nothing from it, thus no magic number.
        exception = failure.exception or reader.importer.sourceless_errors["bad-magic"]
        return failure._replace(outcome=Outcome.RAISE, exception=exception)

    def _judge_beside(self, reader: Dialect, reading: _Read, source: str) -> Judgement:
        """Judge the cache of a Python that keeps it beside the source."""
        start, status, failure = reading
        try:
            source_status = self._view.stat(source)
        except OSError as error:  # it has gone since the listing
            return failure or unreadable_source(error)
        judgement = failure or self._judge(reader, start, status, source, source_status)
        if judgement.outcome is not Outcome.RECOMPILE:
            return judgement
        if stat.S_ISREG(source_status.st_mode):
            return judgement if self._may_read(source) else _forbidden()
        # Only C opens what is not a file; Parser/tokenizer.c: E_IO becomes SyntaxError.
        kind = file_kind(source_status.st_mode)
        return Judgement(Outcome.RAISE, "source-unreadable", "", f"a {kind}", "SyntaxError")

    def _find_order(self, reader: Dialect, level: int) -> SearchOrder:
        return search_order(reader, self._policy.options(level))

    # --- What is done with it ----------------------------------------------------

    def _judge(
        self,
        reader: Dialect,
        start: bytes,
        status: os.stat_result | None,
        source: str,
        source_status: os.stat_result | None,
    ) -> Judgement:
        if source_status is None:
            return _ORPHANED
        assert reader.importer is not None
        assert status is not None
        length = status.st_size
        expected = expected_header(reader, source_status)
        if expected is not None and start.startswith(expected) and length > len(expected):
            return _FRESH
        mtime = source_mtime(source_status, reader.importer.mtime_rounding)
        if mtime_overflows(reader.importer, mtime):
            return Judgement(Outcome.RAISE, "mtime-overflow", "", str(mtime), "OverflowError")
        subject = Subject(
            reader,
            CacheBytes(start, length),
            source_status,
            lambda: self._view.read_all(source, SOURCE_LIMIT),
            self._policy.check_hash_based_pycs,
        )
        try:
            return judge_cache(subject)
        except PycInspectError as error:  # no hash: the package is missing, the source too large
            return Judgement(Outcome.NO_CACHE, "hash-unavailable", "", error.message)

    def _may_read(self, path: str) -> bool:
        if self._view.may_read(path):
            return True
        if not self._view.is_ours:
            return False
        try:  # only that is the importer's way to find out
            with open(path, "rb"):
                return True
        except OSError:
            return False

    def _judge_sourceless(
        self, reader: Dialect, start: bytes, status: os.stat_result | None
    ) -> Judgement:
        assert status is not None
        cache = CacheBytes(start, status.st_size)
        hash_checks = self._policy.check_hash_based_pycs
        return judge_sourceless(Subject(reader, cache, None, bytes, hash_checks))


def _by_package(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the last parts of modules' names, by the last part of their package's."""
    parts: dict[str, set[str]] = defaultdict(set)
    for name in names:
        package, _, last = name.rpartition(".")
        parts[package.rpartition(".")[2]].add(last)
    return {package: frozenset(lasts) - {_INIT} for package, lasts in parts.items()}


#: What may stand at the end of a path that leads to a directory by another name.
_NOT_A_NAME = ("", os.curdir, os.pardir)


def _last_part(directory: Directory) -> str:
    """Return what a directory is called; of ``.`` or ``..``, where it is."""
    name = directory.source_path[:-1].rpartition(os.sep)[2]
    if name in _NOT_A_NAME or (os.altsep is not None and os.altsep in name):
        return os.path.basename(os.path.abspath(directory.source_path))
    return name


def _opens(reader: Dialect) -> bool:
    """Return whether a source may be passed over because it cannot be read."""
    return reader.finder.opens_candidates


def _keeps_beside(reader: Dialect) -> bool:
    return reader.cache_path is not None and not reader.cache_path.directory


def _loses(found: Found, directory: Directory) -> Judgement | None:
    """Say what is found in the place of a file; None for nothing, or a mere namespace."""
    if found.resident is not None:
        return Judgement(Outcome.NO_CACHE, found.resident)
    if found.path is None or found.kind is FinderKind.NAMESPACE:
        return None
    winner = found.path.removeprefix(directory.source_path)
    return Judgement(Outcome.NO_CACHE, "shadowed", "", winner)


def _unused(failure: Judgement) -> Judgement:
    """Return what is wrong with a file to which no import comes anyway."""
    return failure._replace(outcome=Outcome.NOT_FOUND, exception=None)


def _refused(why: object) -> Judgement:
    return Judgement(Outcome.NO_CACHE, "not-a-cache-path", "", str(why))


def _refused_name(end: str, why: object) -> Judgement:
    """Return what becomes of a name in a cache directory that no importer looks for."""
    tool = transformer_of(f"any.{end}")
    if tool is None:
        return _refused(why)
    return Judgement(Outcome.NO_CACHE, "tool-cache", "", tool.name)


def _bypassed(cache: CacheFile) -> CacheFile:
    """Return a cache in the ``__pycache__`` that a cache prefix makes importers forget."""
    reader = cache.reader
    if reader is None or reader.cache_path is None or not reader.cache_path.prefix:
        return cache
    return replace(cache, judgement=_BYPASSED, is_ordinary=False)


def _forbidden() -> Judgement:
    return unreadable_source(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _no_header(_: os.stat_result) -> None:
    """Make the header of what no importer looks for."""


#: On Windows an entry's own answer is what the listing said, and that may be old.
_ask: Callable[[Any], os.stat_result] = os.DirEntry.stat if os.name == "posix" else os.stat


def _ask_view(source: Entry) -> os.stat_result:
    return source.stat()


def _status(
    source: Entry, ask: Callable[[Entry], os.stat_result] | None = None
) -> os.stat_result | None:
    """Return the status of a source in the listing; most systems' entries remember it."""
    try:
        status = (ask or _ask)(source)
    except OSError:  # a dangling link: FileFinder passes over it, too
        return None
    # A link to a directory, a fifo: likewise.
    return status if stat.S_ISREG(status.st_mode) else None


def _read(
    entry: Entry, of_file: _ReadStart = read_listed, of_link: _ReadStart = read_start
) -> _Reading:
    """Read a file's start; what is not a file is never opened."""
    try:
        if entry.is_file(follow_symlinks=False):
            start, status = of_file(entry.path)
            return start, status, None, False
        if entry.is_symlink():
            return *of_link(entry.path), None, True
        status = entry.stat(follow_symlinks=False)
    except PycInspectError as error:
        return _failed(entry, "cache-not-regular", error.message)
    except OSError as error:
        name = type(error).__name__
        return _failed(entry, "cache-unreadable", error.strerror or name, name)
    kind = file_kind(status.st_mode)
    return b"", status, Judgement(Outcome.RECOMPILE, "cache-not-regular", "", kind), False


def _failed(entry: Entry, reason: str, actual: str, exception: str | None = None) -> _Reading:
    judgement = Judgement(Outcome.RECOMPILE, reason, "", actual, exception)
    try:
        return b"", entry.stat(follow_symlinks=False), judgement, entry.is_symlink()
    except OSError:  # it has gone since the listing
        return b"", None, judgement, False
