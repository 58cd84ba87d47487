"""From a directory's listing to its cache files, each with the importer's judgement.

This is the inner loop of an audit. A timestamp cache that is fresh is recognised
by comparing its whole header with the only one that its importer accepts
(``expected_header``); everything else goes through the full procedure, which
comes to the same answer for those.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import Alike, CacheFile
from pycinspect.auditing.walk import Directory
from pycinspect.cache import (
    SOURCE_LIMIT,
    CacheBytes,
    Judgement,
    Outcome,
    Subject,
    expected_header,
    header_maker,
    judge_cache,
    judge_sourceless,
    mtime_overflows,
    running_platform,
    source_mtime,
)
from pycinspect.dialects import Dialect, OptimizationName
from pycinspect.errors import PycInspectError
from pycinspect.pyc import NameEnd, file_kind, parse_name_end, read_all, read_listed, read_start
from pycinspect.values import U32_MASK

__all__ = ["Examined", "Examiner"]

_FRESH = Judgement(Outcome.LOAD, "header-matches")
_ORPHANED = Judgement(Outcome.NOT_FOUND, "cache-without-source")
_NOT_A_CACHE = Judgement(Outcome.NO_CACHE, "not-a-cache-path")

#: Set-ID, execution, and writing by anybody but the owner.
_UNCOMMON_BITS = 0o6133

#: A longer optimization is no level, but the mark of a tool.
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
    """

    ending: NameEnd | None
    reader: Dialect | None
    writer: Dialect | None
    make_header: Callable[[os.stat_result], bytes | None]
    is_usual: bool


class Examined(NamedTuple):
    """The cache files of one directory, one by one and added up."""

    caches: list[CacheFile]
    groups: list[Alike]


#: What came of opening a file: its start, its status, what went wrong, whether it is
#: a link. A plain tuple: there is one for every file.
_Reading: TypeAlias = tuple[bytes, os.stat_result | None, Judgement | None, bool]


class Examiner:
    """Reads and judges the cache files of one directory after another."""

    def __init__(self, policy: Policy, dialect: Dialect) -> None:
        self._policy = policy
        self._dialect = dialect
        self._extensions = running_platform().extension_suffixes(dialect.extensions)
        self._kind = lru_cache(_REMEMBERED_KINDS)(self._find_kind)
        self._writer = lru_cache(_REMEMBERED_KINDS)(policy.dialects.find)

    def caches(self, directory: Directory) -> Examined:
        """Return the cache files of a directory, those in its cache directory first."""
        examined = self._in_cache_directory(directory)
        for entry in directory.bytecode:
            cache = self._beside_source(entry, directory)
            size = 0 if cache.status is None else cache.status.st_size
            examined.caches.append(cache)
            examined.groups.append(Alike(cache, 1, size))
        return examined

    def _find_kind(self, end: str, magic: bytes) -> _Kind:
        try:
            ending = parse_name_end(end)
        except ValueError:  # a name that no importer looks for
            return _Kind(None, None, self._writer(magic, None), _no_header, is_usual=False)
        tagged = self._policy.dialects.tagged(ending.tag)
        readers = [row for row in tagged if _looks_for(row, ending)]
        writer = next((row for row in readers if row.magic == magic), None)
        # Of releases with one tag, the one whose magic number it is.
        reader = writer or next(iter(readers), None)
        return _Kind(
            ending,
            reader,
            writer or self._writer(magic, ending.tag),
            _no_header if reader is None else header_maker(reader),
            is_usual=reader is self._dialect and len(ending.optimization) <= _LEVEL_DIGITS,
        )

    def _in_cache_directory(self, directory: Directory) -> Examined:
        """Return the files of the cache directory.

        What concerns nearly every file stands here in one piece: the loop takes a
        quarter less time than with a function for each step.
        """
        caches: list[CacheFile] = []
        groups: list[Alike] = []
        group_ending: NameEnd | None = None
        group_judgement: Judgement | None = None
        find_source, find_kind = directory.sources.get, self._kind
        for entry in () if directory.cache is None else directory.cache.entries:
            start, status, failure, is_link = _read(entry)
            stem, _, end = entry.name.partition(".")
            ending, reader, writer, make_header, is_usual = find_kind(end, start[:4])
            if ending is None:
                stem, kind = self._with_dotted_stem(entry.name, start[:4], directory)
                ending, reader, writer, make_header, is_usual = kind
            source_entry = find_source(stem)
            if source_entry is None:
                source, source_status = f"{directory.source_path}{stem}.py", None
            else:
                source, source_status = source_entry.path, _status(source_entry)
            if (
                source_status is not None
                and status is not None
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
                judgement = failure or self._judge(reader, start, status, source, source_status)
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
        return Examined(caches, groups)

    def _with_dotted_stem(
        self, filename: str, magic: bytes, directory: Directory
    ) -> tuple[str, _Kind]:
        """Read a name whose stem has dots, if there is such a source.

        No import statement finds ``a.b.py``, but loaders that are given a path
        cache it as ``a.b.TAG.pyc`` (``cache_from_source``, since 3.5).
        """
        parts = filename.split(".")
        length = 3 if parts[-2].startswith("opt-") else 2
        stem = ".".join(parts[:-length])
        if stem not in directory.sources:
            stem, length = parts[0], len(parts) - 1
        return stem, self._kind(".".join(parts[-length:]), magic)

    def _beside_source(
        self,
        entry: os.DirEntry[str],
        directory: Directory,
    ) -> CacheFile:
        stem = entry.name.rpartition(".")[0]
        start, status, judgement, is_link = _read(entry)
        writer = self._writer(start[:4], None)
        reader = writer or self._dialect
        source = f"{directory.source_path}{stem}.py"
        source_status = _status(directory.sources[stem]) if stem in directory.sources else None
        if judgement is None:
            is_cache = reader.cache_path is not None and not reader.cache_path.directory
            winner = self._winner(stem, directory)
            if winner is None:
                judgement = self._judge_sourceless(reader, start, status)
            elif is_cache and source_status is not None:
                judgement = self._judge(reader, start, status, source, source_status)
            else:
                judgement = Judgement(Outcome.NO_CACHE, "shadowed", "", winner)
        return CacheFile(
            entry.path,
            directory,
            None,
            reader,
            writer,
            start,
            status,
            source,
            source_status,
            judgement,
            is_link,
        )

    def _winner(self, stem: str, directory: Directory) -> str | None:
        """Return the file that a finder takes before bytecode beside it, or None."""
        names = (stem + suffix for suffix in self._extensions)
        extension = next((name for name in names if name in directory.others), None)
        if extension is not None:
            return extension
        return f"{stem}.py" if stem in directory.sources else None

    def _judge(
        self,
        reader: Dialect | None,
        start: bytes,
        status: os.stat_result | None,
        source: str,
        source_status: os.stat_result | None,
    ) -> Judgement:
        if reader is None or reader.importer is None:
            return _NOT_A_CACHE
        if source_status is None:
            return _ORPHANED
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
            lambda: read_all(source, SOURCE_LIMIT),
            self._policy.check_hash_based_pycs,
        )
        try:
            return judge_cache(subject)
        except PycInspectError as error:  # no hash: the package is missing, the source too large
            return Judgement(Outcome.NO_CACHE, "hash-unavailable", "", error.message)

    def _judge_sourceless(
        self, reader: Dialect, start: bytes, status: os.stat_result | None
    ) -> Judgement:
        if reader.importer is None:
            return _NOT_A_CACHE
        assert status is not None
        cache = CacheBytes(start, status.st_size)
        hash_checks = self._policy.check_hash_based_pycs
        return judge_sourceless(Subject(reader, cache, None, bytes, hash_checks))


def _looks_for(row: Dialect, ending: NameEnd) -> bool:
    """Return whether a dialect gives its caches such a name."""
    rule = row.cache_path
    if rule is None:
        return False
    if rule.optimization is OptimizationName.OPT_TAG:
        return ending.extension == "pyc"
    return ending.extension in ("pyc", "pyo") and not ending.optimization


def _no_header(_: os.stat_result) -> None:
    """Make the header of what no importer looks for."""


#: On Windows an entry's own answer is what the listing said, and that may be old.
_ask = os.DirEntry.stat if os.name == "posix" else os.stat


def _status(source: os.DirEntry[str]) -> os.stat_result | None:
    """Return the status of a source in the listing; most systems' entries remember it."""
    try:
        status = _ask(source)
    except OSError:  # a dangling link: FileFinder passes over it, too
        return None
    # A link to a directory, a fifo: likewise.
    return status if stat.S_ISREG(status.st_mode) else None


def _read(entry: os.DirEntry[str]) -> _Reading:
    """Read a file's start; what is not a file is never opened."""
    try:
        if entry.is_file(follow_symlinks=False):
            return *read_listed(entry.path), None, False
        if entry.is_symlink():
            return *read_start(entry.path), None, True
        status = entry.stat(follow_symlinks=False)
    except PycInspectError as error:
        return _failed(entry, "cache-not-regular", error.message)
    except OSError as error:
        return _failed(entry, "cache-unreadable", error.strerror or type(error).__name__)
    kind = file_kind(status.st_mode)
    return b"", status, Judgement(Outcome.RECOMPILE, "cache-not-regular", "", kind), False


def _failed(entry: os.DirEntry[str], reason: str, actual: str) -> _Reading:
    judgement = Judgement(Outcome.RECOMPILE, reason, "", actual)
    try:
        return b"", entry.stat(follow_symlinks=False), judgement, entry.is_symlink()
    except OSError:  # it has gone since the listing
        return b"", None, judgement, False
