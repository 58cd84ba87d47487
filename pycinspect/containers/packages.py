"""Packages of distributions: deb, rpm and conda.

A deb is an ``ar`` archive of tar files (deb(5)), an rpm two headers and a compressed cpio archive (RPM's
``docs/manual/format_v4.md``), a conda package a tar file or a zip file of two. Their own readers
(``python-debian``, ``rpmfile``, ``conda-package-handling``) unpack to disk, or take all into memory, and
add nothing to what the standard library has: what is read here of each format is a page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from stat import S_IFMT, S_ISDIR, S_ISLNK, S_ISREG
from typing import BinaryIO, NamedTuple, cast

from pycinspect.containers.members import Member, MemberKind
from pycinspect.containers.streams import (
    Budget,
    Counted,
    Window,
    archive_errors_named,
    read_bounded,
    too_much,
)
from pycinspect.containers.tars import TAR, Part, TarFile, decompressed
from pycinspect.errors import PycInspectError
from pycinspect.pyc import container_kind_of

__all__ = ["AR", "RPM", "conda_members", "deb_members", "is_conda", "rpm_members"]

AR = "ar archive"
RPM = "RPM package"
#: What is looked into of a deb: its files, not its scripts.
_DATA = "data.tar"
_CONDA_PARTS, _CONDA_SUFFIX = ("pkg-", "info-"), ".tar."


# --- deb ------------------------------------------------------------------------------------

_AR_MAGIC, _AR_END = b"!<arch>\n", b"`\n"
_AR_HEADER = 60


def deb_members(file: BinaryIO, budget: Budget) -> Iterator[Member]:
    """Yield the members of a Debian package.

    Args:
        file: the package, which stays open.
        budget: what may be unpacked.

    Raises:
        PycInspectError: ``bad-archive``, ``container-limit``; ``unsupported`` for an ar archive that
            is not a package.
    """
    part = _ar_part(file, budget)
    if part is None:
        raise PycInspectError("unsupported", f"an {AR} that is not a Debian package")
    yield from _tar(part, budget).members()


def _ar_part(file: BinaryIO, budget: Budget) -> Window | None:
    """Return the part of an ar archive that has a package's files."""
    with archive_errors_named(AR):
        position = len(_AR_MAGIC)
        while True:
            file.seek(position)
            header = file.read(_AR_HEADER)
            if not header:
                return None
            if len(header) < _AR_HEADER or not header.endswith(_AR_END):
                raise ValueError("a header of a member is damaged")
            budget.member()
            size, position = int(header[48:58]), position + _AR_HEADER
            if size < 0:
                raise ValueError("a member has a negative size")
            if header.startswith(_DATA.encode()):
                return Window(file, position, size)
            position += size + size % 2


def _tar(part: BinaryIO | Window, budget: Budget) -> TarFile:
    file = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", part)))
    kind = container_kind_of(file)
    file.seek(0)
    return TarFile(file, budget, None if kind in (None, TAR) else kind)


# --- conda ----------------------------------------------------------------------------------


def is_conda(paths: Sequence[str]) -> bool:
    """Return whether a zip file with such members is a conda package, and nothing besides."""
    others = [path for path in paths if path != "metadata.json"]
    return len(others) < len(paths) and bool(others) and all(map(_is_conda_part, others))


def _is_conda_part(path: str) -> bool:
    return path.startswith(_CONDA_PARTS) and _CONDA_SUFFIX in path


def conda_members(members: Iterable[Member], budget: Budget) -> Iterator[Member]:
    """Yield the members of a conda package of the second version, which is a zip file.

    Args:
        members: of the zip file.
        budget: what may be unpacked.

    Raises:
        PycInspectError: as :meth:`TarFile.members`.
    """
    for outer in members:
        if _is_conda_part(outer.path):
            with outer.open() as stream:
                data = read_bounded(stream, budget.limits.nested, outer.path)
            yield from _tar(cast("BinaryIO", io.BytesIO(data)), budget).members()


# --- rpm ------------------------------------------------------------------------------------

_LEAD_SIZE = 96
_RPM_HEADER = b"\x8e\xad\xe8\x01"


def rpm_members(file: BinaryIO, budget: Budget) -> Iterator[Member]:
    """Yield the members of an RPM package.

    Args:
        file: the package, which stays open.
        budget: what may be unpacked.

    Raises:
        PycInspectError: ``bad-archive``, ``container-limit``, ``unsupported``.
    """
    with archive_errors_named(RPM):
        start = _after_header(file, _LEAD_SIZE)
        start = _after_header(file, start + -start % 8)
        end = file.seek(0, io.SEEK_END)
        part = cast("BinaryIO", io.BufferedReader(Window(file, start, end - start)))
        kind = container_kind_of(part)
        part.seek(0)
        stream = part if kind is None else decompressed(part, kind, budget)
        yield from _cpio(stream, budget)


def _after_header(file: BinaryIO, start: int) -> int:
    """Return where a header structure ends: an index of 16 bytes each, and a store."""
    file.seek(start)
    header = file.read(16)
    if len(header) < 16 or not header.startswith(_RPM_HEADER):
        raise ValueError("a header structure is damaged")
    entries, size = (int.from_bytes(header[at : at + 4], "big") for at in (8, 12))
    return start + 16 + 16 * entries + size


class _Header(NamedTuple):
    """The fields of a cpio header that count (cpio(5), "New ASCII Format")."""

    inode: int
    mode: int
    uid: int
    gid: int
    names: int
    mtime: int
    size: int
    name_size: int


_CPIO_HEADER = 110
_CPIO_MAGICS = (b"070701", b"070702")
_CPIO_END = "TRAILER!!!"
#: Where the fields stand, eight hexadecimal digits each after the magic number.
_CPIO_FIELDS = (0, 1, 2, 3, 4, 5, 6, 11)


def _cpio(stream: BinaryIO | Counted, budget: Budget) -> Iterator[Member]:
    """Yield the members of a cpio archive.

    Of files with several names all but the last come without content.
    """
    position = 0
    waiting: dict[int, list[str]] = {}
    while True:
        stream.seek(position)
        header = _cpio_header(stream.read(_CPIO_HEADER))
        if header.name_size > budget.limits.header:
            raise too_much(f"a header in it has more than {budget.limits.header:,} bytes")
        name = stream.read(header.name_size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        start = position + _CPIO_HEADER + header.name_size
        start += -start % 4
        if name == _CPIO_END:
            return
        budget.member()
        if S_ISREG(header.mode) and header.names > 1 and not header.size:
            waiting.setdefault(header.inode, []).append(name)
        else:
            yield _cpio_member(stream, name, header, start)
            for other in waiting.pop(header.inode, ()):
                yield Member(other, MemberKind.HARD_LINK, target=name)
        position = start + header.size
        position += -position % 4


def _cpio_header(data: bytes) -> _Header:
    if len(data) < _CPIO_HEADER or not data.startswith(_CPIO_MAGICS):
        raise ValueError("a header of a member is damaged, or of a kind that is not known")
    numbers = [int(data[6 + 8 * at : 14 + 8 * at], 16) for at in _CPIO_FIELDS]
    if min(numbers) < 0:
        raise ValueError("a header of a member has a negative number")
    return _Header(*numbers)


_CPIO_KINDS = (
    (S_ISREG, MemberKind.FILE),
    (S_ISDIR, MemberKind.DIRECTORY),
    (S_ISLNK, MemberKind.LINK),
)


def _cpio_member(stream: BinaryIO | Counted, name: str, header: _Header, start: int) -> Member:
    kind = next((kind for is_kind, kind in _CPIO_KINDS if is_kind(header.mode)), MemberKind.SPECIAL)
    opened = partial(_opened, stream, start, header.size)
    target = ""
    if kind is MemberKind.LINK:
        with opened() as content:
            target = read_bounded(content, 4096, "a link").decode("utf-8", "surrogateescape")
    return Member(
        name,
        kind,
        header.size if kind is MemberKind.FILE else 0,
        float(header.mtime),
        header.mode & ~S_IFMT(header.mode),
        opened,
        target,
        header.uid,
        header.gid,
    )


def _opened(stream: BinaryIO | Counted, start: int, size: int) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(Part(stream, start, size, RPM)))
