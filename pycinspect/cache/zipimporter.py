"""What an import from a zip file takes: bytecode, or the source beside it.

``Modules/zipimport.c`` up to 3.7, ``Lib/zipimport.py`` since; the differences
are columns of ``dialect.zip_importer``. Nothing is ever written into a zip.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.cache.compilable import Compilable, SourceCompiler, compilable
from pycinspect.cache.importer import Judgement
from pycinspect.cache.importer import refused as does_not_compile
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.payload import PAYLOAD_LIMIT, PayloadJudgement, judge_bytes
from pycinspect.cache.sourcehash import NOT_COMPARED, hash_differs, source_hash
from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, TooShort, ZipImporter
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode

if TYPE_CHECKING:
    import zipfile

__all__ = ["find_in_zip", "is_in_zip", "judge_zip", "lies_in_zip"]

_INIT = "/__init__"
_SOURCE = ".py"
#: Largest source, in bytes, that is unpacked for its hash.
_SOURCE_LIMIT = 64 * 1024 * 1024
#: DOS times are even: a source may be one second off (zipimport.py: _eq_mtime).
_TOLERANCE = 1
#: The record at the end of an archive without a comment.
_END_SIZE = 22
_END_SIGNATURE = b"PK\x05\x06"


class _Place(NamedTuple):
    """An archive and a directory in it, ``""`` or with a slash at its end."""

    archive: str
    prefix: str


class _Candidate(NamedTuple):
    """One name in the order of search."""

    suffix: str
    is_bytecode: bool
    is_package: bool


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
        with (
            _zip_errors_named(self.path, member),
            self.file.open(self.members[member]) as stream,
        ):
            return stream.read(size)

    def whole(self, member: str) -> bytes:
        data = self.start(member, _SOURCE_LIMIT + 1)
        if len(data) > _SOURCE_LIMIT:
            raise PycInspectError("too-large", f"more than {_SOURCE_LIMIT} bytes", path=member)
        return data


def is_in_zip(entry: str, dialect: Dialect, view: View) -> bool:
    """Return whether an entry of the search path is, or lies in, a zip file."""
    place = _place(entry, view) if dialect.zip_importer is not None else None
    return place is not None and _is_archive(place.archive, dialect, view)


def lies_in_zip(found: Found, dialect: Dialect, view: View) -> bool:
    """Return whether a file that was found is a member of a zip file."""
    path = found.path
    return (
        path is not None
        and not view.exists(path)
        and is_in_zip(os.path.dirname(path), dialect, view)
    )


def _is_archive(path: str, dialect: Dialect, view: View) -> bool:
    rules = dialect.zip_importer
    if rules is None:
        return False
    import zipfile  # which takes longer to import than all of this room

    try:
        with view.open(path) as stream:
            if not zipfile.is_zipfile(stream):
                return False
            stream.seek(-_END_SIZE, os.SEEK_END)
            return rules.comments or stream.read(len(_END_SIGNATURE)) == _END_SIGNATURE
    except (OSError, PycInspectError):  # it has gone since, or may not be read: passed over
        return False


def find_in_zip(name: str, entry: str, dialect: Dialect, options: ImportOptions) -> Found:
    """Find one name in a zip file; see ``cache.finder.find_module``."""
    place = _place(entry, options.view)
    rules = dialect.zip_importer
    if place is None or rules is None:
        return Found(FinderKind.NONE)
    with _open(place.archive, options.view) as file:
        archive = _Archive(place.archive, file, file.NameToInfo)
        path = place.prefix + name
        present = [
            candidate
            for candidate in _search_order(rules, options)
            if path + candidate.suffix in archive.members
        ]
        if present:
            return _found(archive, path, present)
        if not dialect.finder.package_needs_init and _is_directory(archive, f"{path}/", rules):
            portion = archive.join(path)
            return Found(FinderKind.NAMESPACE, portion, search_path=(portion,))
    return Found(FinderKind.NONE)


def judge_zip(
    found: Found,
    dialect: Dialect,
    options: ImportOptions,
    compiler: SourceCompiler | None = None,
) -> Verdict:
    """Decide which candidate of a module in a zip file is used.

    Args:
        found: what :func:`find_in_zip` returned, of kind PACKAGE, SOURCE or
            SOURCELESS.
        dialect: whose zip importer is asked; it has one.
        options: how the import is started.
        compiler: who is asked whether a source compiles; None: nobody.

    Raises:
        PycInspectError: ``bad-zip``, ``too-large`` or ``hash-unavailable``.

    The rule is ``zipimport.py: _get_module_code``; the source's time is the DOS
    time of the archive in the *local* time zone.
    """
    rules = dialect.zip_importer
    assert rules is not None
    assert found.path is not None
    place = _place(found.path, options.view)
    if place is None:  # it was there when the module was found
        raise PycInspectError("bad-zip", "no longer a zip file", path=found.path)
    stem = _module_stem(place.prefix.removesuffix("/"), found)
    refused: Judgement | None = None
    verdict = Verdict(dialect, found, None, Outcome.RAISE, "zip-nothing-usable")
    with _open(place.archive, options.view) as file:
        archive = _Archive(place.archive, file, file.NameToInfo)
        for candidate in _search_order(rules, options):
            name = stem + candidate.suffix
            if name not in archive.members:
                continue
            used = _used(found, archive.join(name), candidate, rules)
            if not candidate.is_bytecode:
                source = archive.whole(name)
                asked = compilable(source, archive.join(name), dialect, options.optimize, compiler)
                return _from_source(replace(verdict, found=used), refused, asked)
            judged, was_read = _judge_bytecode(
                archive, name, dialect, options.check_hash_based_pycs
            )
            verdict = replace(verdict, cache_path=used.path)
            if judged.outcome is not Outcome.RECOMPILE:
                is_old = _runs_old_code(archive, name, dialect, judged)
                verdict = replace(verdict, found=used, payload_read=was_read, runs_old_code=is_old)
                return _as_judged(verdict, judged)
            refused = judged
    cause = "" if refused is None else refused.reason
    return replace(verdict, exception="ZipImportError", actual=cause)


def _used(found: Found, path: str, candidate: _Candidate, rules: ZipImporter) -> Found:
    """Return what was found, as the candidate that is loaded makes it.

    A module can be loaded in a package's place: up to 3.9 it is none then
    (``zipimporter.load_module``), since 3.10 it is, and has the ``__path__`` that the
    place of the file gives it (``spec_from_file_location``).
    """
    others = (name for name in (found.path, *found.ignored) if name is not None)
    found = replace(found, path=path, ignored=tuple(name for name in others if name != path))
    if candidate.is_package or found.kind is not FinderKind.PACKAGE:
        return found
    search_path = (os.path.dirname(path),) if rules.path_from_file else ()
    return replace(found, search_path=search_path)


def _runs_old_code(archive: _Archive, name: str, dialect: Dialect, judged: Judgement) -> bool:
    """Compare the hashes in the importer's place, where it does not."""
    source = archive.members.get(name[: name.rindex(".")] + _SOURCE)
    if source is None or judged.outcome is not Outcome.LOAD or judged.reason not in NOT_COMPARED:
        return False
    assert dialect.header is not None
    try:
        start = archive.start(name, dialect.header.size)
        return hash_differs(start, archive.whole(source.filename), dialect)
    except PycInspectError:  # a source that cannot be hashed is no reason to fail
        return False


def _from_source(verdict: Verdict, refused: Judgement | None, asked: Compilable) -> Verdict:
    """Return the verdict where the source in the archive is compiled."""
    if asked.refusal is not None:
        return _as_judged(verdict, does_not_compile(asked.refusal))
    judged = refused or Judgement(Outcome.RECOMPILE, "cache-absent")
    verdict = replace(verdict, doubt=asked.doubt)
    sentence = "zip files are never written to"
    return replace(_as_judged(verdict, judged), not_written=sentence, hindrance="in-zip")


def _as_judged(verdict: Verdict, judged: Judgement) -> Verdict:
    return replace(
        verdict,
        outcome=judged.outcome,
        reason=judged.reason,
        expected=judged.expected,
        actual=judged.actual,
        exception=judged.exception,
    )


# --- Members -----------------------------------------------------------------


def _place(entry: str, view: View) -> _Place | None:
    """Split a path into the archive that exists and the rest inside it."""
    archive, inside = entry, ""
    while True:
        try:
            status = view.stat(archive)
        except (OSError, ValueError):  # as zipimporter.__init__: go up
            parent, name = os.path.split(archive)
            if parent == archive or not parent:
                return None
            archive, inside = parent, f"{name}/{inside}" if name else inside
            continue
        return _Place(archive, inside) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _open(archive: str, view: View) -> Iterator[zipfile.ZipFile]:
    with ExitStack() as stack:
        with _zip_errors_named(archive, "not a readable zip file"):
            file = stack.enter_context(view.zip_file(archive))
        yield file


@contextmanager
def _zip_errors_named(archive: str, what: str) -> Iterator[None]:
    """Turn what ``zipfile`` and its decompressors raise, a dozen types, into one."""
    try:
        yield
    except PycInspectError:
        raise
    except Exception as error:
        raise PycInspectError("bad-zip", f"{what}: {error}", path=archive) from error


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
    return rules.implicit_directories and any(member.startswith(path) for member in archive.members)


def _module_stem(member: str, found: Found) -> str:
    """Return the member's name without ``/__init__`` and suffix."""
    stem = member.rpartition(".")[0]
    return stem.removesuffix(_INIT) if found.kind is FinderKind.PACKAGE else stem


# --- Bytecode in the archive ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bytecode:
    """A header that is long enough and has the right magic number, and its company."""

    archive: _Archive
    header: bytes
    source: zipfile.ZipInfo | None
    dialect: Dialect
    hash_checks: HashCheckMode

    def number(self, name: str) -> int:
        """Return a field of the header as if it were a timestamp cache's; 0 if it has none."""
        assert self.dialect.header is not None
        for field in self.dialect.header.timestamp:
            if field.name == name:
                end = field.offset + field.size
                return int.from_bytes(self.header[field.offset : end], "little")
        return 0


def _judge_bytecode(
    archive: _Archive, name: str, dialect: Dialect, hash_checks: HashCheckMode
) -> PayloadJudgement:
    """Return what the importer does with a member; RECOMPILE: it tries the next one."""
    layout = dialect.header
    assert layout is not None
    source = archive.members.get(name[: name.rindex(".")] + _SOURCE)
    start = archive.start(name, layout.size + 1)
    header = start[: layout.size]
    judged = _judge_start(header, dialect) or _judge_header(
        _Bytecode(archive, header, source, dialect, hash_checks)
    )
    if judged.outcome is not Outcome.LOAD:
        return PayloadJudgement(judged, was_read=False)
    if len(start) == layout.size:
        size = str(layout.size)
        judged = Judgement(Outcome.RAISE, "empty-payload", size, size, "EOFError")
        return PayloadJudgement(judged, was_read=True)
    return _judge_payload(archive, name, dialect, judged)


def _judge_payload(
    archive: _Archive, name: str, dialect: Dialect, judged: Judgement
) -> PayloadJudgement:
    """Decode what would be loaded; the source beside it helps nobody if that fails."""
    if archive.members[name].file_size > PAYLOAD_LIMIT:
        return PayloadJudgement(judged, was_read=False)
    data = archive.start(name, PAYLOAD_LIMIT)
    assert dialect.zip_importer is not None
    return judge_bytes(judged, data, dialect, dialect.zip_importer.payload_errors)


def _judge_start(header: bytes, dialect: Dialect) -> Judgement | None:
    """Judge length and magic number; None if both are right."""
    layout, rules = dialect.header, dialect.zip_importer
    assert layout is not None
    assert rules is not None
    is_short = len(header) < layout.size
    exception = "EOFError" if rules.too_short is TooShort.EOF_ERROR else "ZipImportError"
    too_short = Judgement(
        Outcome.RAISE, "short-header", str(layout.size), str(len(header)), exception
    )
    if is_short and rules.too_short is TooShort.ZIP_IMPORT_ERROR:
        return too_short
    if header[:4] != dialect.magic:
        found = header[:4].hex(" ") or "absent"
        return Judgement(Outcome.RECOMPILE, "bad-magic", dialect.magic.hex(" "), found)
    return too_short if is_short else None


def _judge_header(bytecode: _Bytecode) -> Judgement:
    rules = bytecode.dialect.zip_importer
    assert rules is not None
    flags = bytecode.number("flags")
    if flags and not rules.hash_checked:
        return _judge_unhashed(flags, bytecode.hash_checks)
    if flags & ~0b11:
        return Judgement(Outcome.RECOMPILE, "reserved-flags", "0 to 3", f"{flags:#x}")
    return _judge_hashed(bytecode, flags) if flags & 0b01 else _judge_timestamp(bytecode)


def _judge_timestamp(bytecode: _Bytecode) -> Judgement:
    rules, source = bytecode.dialect.zip_importer, bytecode.source
    assert rules is not None
    expected = 0 if source is None else _dos_mtime(source)
    if source is None or not expected:
        return Judgement(Outcome.LOAD, "sourceless")
    mtime, size = bytecode.number("mtime"), bytecode.number("source_size")
    if abs(mtime - expected) > _TOLERANCE:
        return Judgement(Outcome.RECOMPILE, "mtime-differs", str(expected), str(mtime))
    if rules.size_compared and size != source.file_size:
        expected_size = str(source.file_size)
        return Judgement(Outcome.RECOMPILE, "source-size-differs", expected_size, str(size))
    return Judgement(Outcome.LOAD, "header-matches", str(expected), str(mtime))


def _judge_unhashed(flags: int, checks: HashCheckMode) -> Judgement:
    """Judge by the flags alone: zipimport.c of 3.7 cannot hash."""
    if checks is HashCheckMode.NEVER or (flags == 1 and checks is not HashCheckMode.ALWAYS):
        return Judgement(Outcome.LOAD, "hash-not-checked")
    return Judgement(Outcome.RECOMPILE, "zip-hash-refused", "1", str(flags))


def _judge_hashed(bytecode: _Bytecode, flags: int) -> Judgement:
    checks = bytecode.hash_checks
    checked = bool(flags & 0b10)
    if checks is HashCheckMode.NEVER or not (checked or checks is HashCheckMode.ALWAYS):
        return Judgement(Outcome.LOAD, "hash-not-checked" if checked else "unchecked-hash")
    if bytecode.source is None:
        return Judgement(Outcome.LOAD, "sourceless")
    source = bytecode.archive.whole(bytecode.source.filename)
    expected = source_hash(source, bytecode.dialect).hex()
    found = bytecode.header[8:16].hex()
    if found != expected:
        return Judgement(Outcome.RECOMPILE, "source-hash-differs", expected, found)
    return Judgement(Outcome.LOAD, "source-hash-matches", expected, found)


def _dos_mtime(info: zipfile.ZipInfo) -> int:
    """Return a member's DOS time in the local time zone (zipimport._parse_dostime)."""
    try:
        return int(time.mktime((*info.date_time, -1, -1, -1)))
    except (OverflowError, ValueError):
        return 0
