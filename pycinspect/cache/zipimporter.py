"""What an import from a zip file takes: bytecode, or the source beside it.

``Modules/zipimport.c`` up to 3.7, ``Lib/zipimport.py`` since; the differences
are columns of ``dialect.zip_importer``. Nothing is ever written into a zip.
"""

from __future__ import annotations

import os
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from pycinspect.cache.options import ImportOptions
from pycinspect.cache.sourcehash import source_hash
from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.dialects import Dialect, HeaderLayout, TooShort, ZipImporter
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode

__all__ = ["find_in_zip", "is_in_zip", "judge_zip"]

_INIT = "/__init__"
_SOURCE = ".py"
#: Largest source, in bytes, that is unpacked for its hash.
_SOURCE_LIMIT = 64 * 1024 * 1024
#: DOS times are even: a source may be one second off (zipimport.py: _eq_mtime).
_TOLERANCE = 1


class _Place(NamedTuple):
    """An archive and a directory in it, ``""`` or with a slash at its end."""

    archive: str
    prefix: str


class _Candidate(NamedTuple):
    """One name in the order of search."""

    suffix: str
    is_bytecode: bool
    is_package: bool


class _Refusal(NamedTuple):
    """Why bytecode is not used: an exception reaches the import, or None."""

    reason: str
    expected: str
    actual: str
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class _Archive:
    """The directory of an open zip file."""

    path: str
    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def join(self, member: str) -> str:
        return os.path.join(self.path, *member.split("/"))

    def start(self, member: str, size: int) -> bytes:
        """Return the first bytes of a member, unpacking no more than those."""
        with self.file.open(self.members[member]) as stream:
            return stream.read(size)

    def whole(self, member: str) -> bytes:
        data = self.start(member, _SOURCE_LIMIT + 1)
        if len(data) > _SOURCE_LIMIT:
            raise PycInspectError("too-large", f"more than {_SOURCE_LIMIT} bytes", path=member)
        return data


def is_in_zip(entry: str, dialect: Dialect) -> bool:
    """Return whether an entry of the search path is, or lies in, a zip file."""
    place = _place(entry) if dialect.zip_importer is not None else None
    return place is not None and zipfile.is_zipfile(place.archive)


def find_in_zip(name: str, entry: str, dialect: Dialect, options: ImportOptions) -> Found:
    """Find one name in a zip file; see ``cache.finder.find_module``."""
    place = _place(entry)
    rules = dialect.zip_importer
    if place is None or rules is None:
        return Found(FinderKind.NONE)
    with _open(place.archive) as file:
        archive = _Archive(place.archive, file, file.NameToInfo)
        path = place.prefix + name
        present = [
            candidate
            for candidate in _search_order(rules, options)
            if path + candidate.suffix in archive.members
        ]
        if present:
            return _found(archive, path, present)
        if _is_directory(archive, f"{path}/", rules):
            portion = archive.join(path)
            return Found(FinderKind.NAMESPACE, portion, search_path=(portion,))
    return Found(FinderKind.NONE)


def judge_zip(found: Found, dialect: Dialect, options: ImportOptions) -> Verdict:
    """Decide which candidate of a module in a zip file is used.

    Args:
        found: what :func:`find_in_zip` returned, of kind PACKAGE, SOURCE or
            SOURCELESS.
        dialect: whose zip importer is asked; it has one.
        options: how the import is started.

    Raises:
        PycInspectError: ``bad-zip``, or ``hash-unavailable``.

    The rule is ``zipimport.py: _get_module_code``; the source's time is the DOS
    time of the archive in the *local* time zone.
    """
    rules = dialect.zip_importer
    assert rules is not None
    assert found.path is not None
    refusal: _Refusal | None = None
    verdict = Verdict(dialect, found, None, Outcome.RAISE, "zip-nothing-usable")
    place = _place(found.path)
    assert place is not None
    member = place.prefix.removesuffix("/")
    stem = _module_stem(member, found)
    with _open(place.archive) as file:
        archive = _Archive(place.archive, file, file.NameToInfo)
        for candidate in _search_order(rules, options):
            name = stem + candidate.suffix
            if name not in archive.members:
                continue
            used = replace(found, path=archive.join(name))
            if not candidate.is_bytecode:
                return _from_source(replace(verdict, found=used), refusal)
            judged = _judge_bytecode(archive, name, dialect, options)
            verdict = replace(verdict, cache_path=used.path)
            if isinstance(judged, str):
                return replace(verdict, found=used, outcome=Outcome.LOAD, reason=judged)
            if judged.exception is not None:
                return _raised(replace(verdict, found=used), judged)
            refusal = judged
    cause = "" if refusal is None else refusal.reason
    return replace(verdict, exception="ZipImportError", actual=cause)


def _from_source(verdict: Verdict, refusal: _Refusal | None) -> Verdict:
    """Return the verdict where the source in the archive is compiled."""
    outcome = replace(
        verdict, outcome=Outcome.RECOMPILE, not_written="zip files are never written to"
    )
    if refusal is None:
        return replace(outcome, reason="cache-absent")
    return replace(
        outcome, reason=refusal.reason, expected=refusal.expected, actual=refusal.actual
    )


def _raised(verdict: Verdict, refusal: _Refusal) -> Verdict:
    return replace(
        verdict,
        outcome=Outcome.RAISE,
        reason=refusal.reason,
        expected=refusal.expected,
        actual=refusal.actual,
        exception=refusal.exception,
    )


# --- Members -----------------------------------------------------------------


def _place(entry: str) -> _Place | None:
    """Split a path into the archive that exists and the rest inside it."""
    archive, inside = entry, ""
    while True:
        try:
            status = os.stat(archive)
        except (OSError, ValueError):  # as zipimporter.__init__: go up
            parent, name = os.path.split(archive)
            if parent == archive or not parent:
                return None
            archive, inside = parent, f"{name}/{inside}"
            continue
        return _Place(archive, inside) if stat.S_ISREG(status.st_mode) else None


def _open(archive: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise PycInspectError("bad-zip", f"not a readable zip file: {error}", path=archive) from error


def _search_order(rules: ZipImporter, options: ImportOptions) -> Iterator[_Candidate]:
    """Yield bytecode before source, a package before a module."""
    bytecode = rules.bytecode[::-1] if options.optimize else rules.bytecode
    for stem, is_package in ((_INIT, True), ("", False)):
        for suffix in bytecode:
            yield _Candidate(stem + suffix, is_bytecode=True, is_package=is_package)
        yield _Candidate(stem + _SOURCE, is_bytecode=False, is_package=is_package)


def _found(archive: _Archive, path: str, present: list[_Candidate]) -> Found:
    first = present[0]
    ignored = tuple(archive.join(path + candidate.suffix) for candidate in present[1:])
    found = archive.join(path + first.suffix)
    if first.is_package:
        return Found(FinderKind.PACKAGE, found, ignored, search_path=(archive.join(path),))
    kind = FinderKind.SOURCELESS if first.is_bytecode else FinderKind.SOURCE
    return Found(kind, found, ignored)


def _is_directory(archive: _Archive, path: str, rules: ZipImporter) -> bool:
    if path in archive.members:
        return True
    return rules.implicit_directories and any(
        member.startswith(path) for member in archive.members
    )


def _module_stem(member: str, found: Found) -> str:
    """Return the member's name without ``/__init__`` and suffix."""
    stem = member.rpartition(".")[0]
    return stem.removesuffix(_INIT) if found.kind is FinderKind.PACKAGE else stem


# --- Bytecode in the archive ---------------------------------------------------


def _judge_bytecode(
    archive: _Archive, name: str, dialect: Dialect, options: ImportOptions
) -> str | _Refusal:
    """Return the reason why bytecode is loaded, or why it is not."""
    layout, rules = dialect.header, dialect.zip_importer
    assert layout is not None
    assert rules is not None
    try:
        start = archive.start(name, layout.size + 1)
        source = name[: name.rindex(".")] + _SOURCE
        return _classify(archive, start, source, layout, dialect, options)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise PycInspectError("bad-zip", f"{name}: {error}", path=archive.path) from error


def _classify(
    archive: _Archive,
    start: bytes,
    source: str,
    layout: HeaderLayout,
    dialect: Dialect,
    options: ImportOptions,
) -> str | _Refusal:
    rules = dialect.zip_importer
    assert rules is not None
    header = start[: layout.size]
    too_short = _Refusal("short-header", str(layout.size), str(len(header)))
    is_short = len(header) < layout.size
    if is_short and rules.too_short is TooShort.ZIP_IMPORT_ERROR:
        return too_short._replace(exception="ZipImportError")
    if header[:4] != dialect.magic:
        return _Refusal("bad-magic", dialect.magic.hex(" "), header[:4].hex(" ") or "absent")
    if is_short:
        return too_short._replace(exception="EOFError")
    flags = int.from_bytes(header[4:8], "little") if layout.has_flags else 0
    judge = _judge_hashed if flags else _judge_timestamp
    judged = judge(archive, header, flags, source, dialect, options)
    if isinstance(judged, str) and len(start) == layout.size:
        return _Refusal("empty-payload", str(layout.size), str(len(start)), "EOFError")
    return judged


def _judge_timestamp(
    archive: _Archive,
    header: bytes,
    flags: int,  # noqa: ARG001 - both kinds of cache are judged by one signature
    source: str,
    dialect: Dialect,
    options: ImportOptions,  # noqa: ARG001 - likewise
) -> str | _Refusal:
    layout, rules = dialect.header, dialect.zip_importer
    assert layout is not None
    assert rules is not None
    info = archive.members.get(source)
    mtime = 0 if info is None else _dos_mtime(info)
    if info is None or not mtime:
        return "sourceless"
    numbers = {
        field.name: int.from_bytes(header[field.offset : field.offset + field.size], "little")
        for field in layout.timestamp
    }
    if abs(numbers["mtime"] - mtime) > _TOLERANCE:
        return _Refusal("mtime-differs", str(mtime), str(numbers["mtime"]))
    if rules.size_compared and numbers["source_size"] != info.file_size:
        return _Refusal("source-size-differs", str(info.file_size), str(numbers["source_size"]))
    return "header-matches"


def _judge_hashed(
    archive: _Archive,
    header: bytes,
    flags: int,
    source: str,
    dialect: Dialect,
    options: ImportOptions,
) -> str | _Refusal:
    rules = dialect.zip_importer
    assert rules is not None
    mode = options.check_hash_based_pycs
    if not rules.hash_checked:
        # zipimport.c of 3.7 cannot hash: it takes or refuses by the flags alone.
        taken = mode is HashCheckMode.NEVER or (flags == 1 and mode is not HashCheckMode.ALWAYS)
        return "hash-not-checked" if taken else _Refusal("zip-hash-refused", "1", str(flags))
    if flags & ~0b11:
        return _Refusal("reserved-flags", "0 to 3", f"{flags:#x}")
    if not flags & 0b01:
        return _judge_timestamp(archive, header, flags, source, dialect, options)
    checked = flags & 0b10 or mode is HashCheckMode.ALWAYS
    if mode is HashCheckMode.NEVER or not checked:
        return "hash-not-checked" if flags & 0b10 else "unchecked-hash"
    if source not in archive.members:
        return "sourceless"
    expected = source_hash(archive.whole(source), dialect)
    if header[8:16] != expected:
        return _Refusal("source-hash-differs", expected.hex(), header[8:16].hex())
    return "source-hash-matches"


def _dos_mtime(info: zipfile.ZipInfo) -> int:
    """Return a member's DOS time in the local time zone (zipimport._parse_dostime)."""
    try:
        return int(time.mktime((*info.date_time, -1, -1, -1)))
    except (OverflowError, ValueError):
        return 0
