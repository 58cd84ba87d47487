"""Members of zip files, which wheels, zipapps, eggs, pex, shiv and conda packages are.

Read by ``zipfile`` of the standard library, as pip, uv's fallback, ``python -m zipfile`` and
``zipapp`` do; it takes what stands before the archive, too.
"""

from __future__ import annotations

import io
import struct
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from stat import S_IFMT, S_ISDIR, S_ISLNK, S_ISREG
from typing import BinaryIO, cast

from pycinspect.containers.members import Member, MemberKind
from pycinspect.containers.streams import Budget, archive_errors_named, read_bounded, too_much

__all__ = ["ZIP", "is_zip", "zip_members"]

ZIP = "zip archive"
#: Systems whose unpackers keep the mode in the upper half of the external attributes
#: (APPNOTE.TXT, 4.4.2): 3 is Unix, 19 is OS X.
_UNIX = (3, 19)
#: The header ID of the extended timestamp, and its bit for a modification time
#: (Info-ZIP's ``proginfo/extrafld.txt``).
_EXTENDED_TIME, _HAS_MTIME = 0x5455, 1
_LONGEST_TARGET = 4096
#: Bit 0 of the flags: the member is encrypted (APPNOTE.TXT, 4.4.4).
_ENCRYPTED = 1


class _Directory(io.RawIOBase):
    """A zip file whose directory cannot be longer than a limit, and which others close.

    ``zipfile`` reads it in one piece and makes an object of every 46 bytes, whatever the
    number of members is said to be.
    """

    def __init__(self, file: BinaryIO, limit: int) -> None:
        super().__init__()
        self._file = file
        self._limit = limit

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes come before the next."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes."""
        if size > self._limit:
            raise too_much(f"its directory has more than {self._limit:,} bytes")
        return self._file.read(size)


def zip_members(file: BinaryIO, budget: Budget) -> Iterator[Member]:
    """Yield the members of a zip file, in the order of its directory.

    Args:
        file: the file, which stays open; its members are read from it when they are opened.
        budget: what may be unpacked.

    Raises:
        PycInspectError: ``bad-archive``, ``container-limit``.
    """
    with archive_errors_named(ZIP):
        reader = _Directory(file, budget.limits.directory)
        archive = zipfile.ZipFile(cast("BinaryIO", reader))
        for info in archive.infolist():
            budget.member()
            yield _member(archive, info, budget)


def is_zip(file: BinaryIO) -> bool:
    """Return whether a file ends as zip files do."""
    return zipfile.is_zipfile(file)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Member:
    mode = info.external_attr >> 16 if info.create_system in _UNIX else 0
    opened = partial(_opened, archive, info, budget)
    kind, target = _kind(info, mode), ""
    if kind is MemberKind.LINK:
        target = read_bounded(opened(), _LONGEST_TARGET, "a link").decode(
            "utf-8", "surrogateescape"
        )
    return Member(
        info.filename,
        kind,
        info.file_size,
        _mtime(info),
        mode & 0o7777 or (0o755 if kind is MemberKind.DIRECTORY else 0o644),
        opened,
        target,
    )


def _kind(info: zipfile.ZipInfo, mode: int) -> MemberKind:
    if info.is_dir() or S_ISDIR(mode):
        return MemberKind.DIRECTORY
    if S_ISLNK(mode):
        return MemberKind.LINK
    return MemberKind.FILE if S_IFMT(mode) == 0 or S_ISREG(mode) else MemberKind.SPECIAL


def _mtime(info: zipfile.ZipInfo) -> float:
    """Return the time that unzip sets: the extended one, else DOS's in the local time zone."""
    extra, start = info.extra, 0
    while len(extra) >= start + 4:
        number, size = struct.unpack_from("<HH", extra, start)
        field = extra[start + 4 : start + 4 + size]
        if number == _EXTENDED_TIME and len(field) >= 5 and field[0] & _HAS_MTIME:
            return float(int.from_bytes(field[1:5], "little", signed=True))
        start += 4 + size
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (OverflowError, ValueError):  # no day of a calendar: as if it had none
        return datetime(1980, 1, 1, tzinfo=UTC).timestamp()


class _Unpacked(io.RawIOBase):
    """The content of a member; errors are those of the archive, and all bytes are counted."""

    def __init__(self, stream: zipfile.ZipExtFile, info: zipfile.ZipInfo, budget: Budget) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget
        limits = budget.limits
        self._most = max(limits.ratio_from, limits.ratio * info.compress_size)
        self._size = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer."""
        with archive_errors_named(ZIP):
            data = self._stream.read(len(buffer))
        self._size += len(data)
        self._budget.unpacked(len(data))
        if self._size > self._most:
            raise too_much(f"it unpacks to more than {self._budget.limits.ratio} times its size")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close it."""
        self._stream.close()
        super().close()


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> BinaryIO:
    with archive_errors_named(ZIP):
        if info.flag_bits & _ENCRYPTED:
            raise zipfile.BadZipFile(f"{info.filename} is encrypted")
        stream = cast("zipfile.ZipExtFile", archive.open(info))
    return cast("BinaryIO", io.BufferedReader(_Unpacked(stream, info, budget)))
