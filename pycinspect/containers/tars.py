"""Members of tar files, as sdists, layers of images and packages of distributions are.

Read by ``tarfile`` of the standard library, as pip and ``python -m build`` do, below it
``gzip``, ``bz2``, ``lzma`` and ``compression.zstd``; the last is new in Python 3.14, and the
package ``backports.zstd`` has it for others (the extra ``pycinspect[zstd]``).
"""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, cast

from pycinspect.containers.members import Member, MemberKind
from pycinspect.containers.streams import (
    Budget,
    Counted,
    Window,
    archive_errors_named,
    too_much,
)
from pycinspect.errors import PycInspectError

__all__ = ["TAR", "Part", "TarFile", "decompressed"]

TAR = "tar archive"

_KINDS = {
    tarfile.REGTYPE: MemberKind.FILE,
    tarfile.AREGTYPE: MemberKind.FILE,
    tarfile.CONTTYPE: MemberKind.FILE,
    tarfile.DIRTYPE: MemberKind.DIRECTORY,
    tarfile.SYMTYPE: MemberKind.LINK,
    tarfile.LNKTYPE: MemberKind.HARD_LINK,
}

#: A kind of compressed file to the module and the class that unpack it, and seek in it.
_DECOMPRESSORS = {
    "gzip file": (("gzip", "GzipFile"),),
    "bzip2 file": (("bz2", "BZ2File"),),
    "xz file": (("lzma", "LZMAFile"),),
    "Zstandard file": (("compression.zstd", "ZstdFile"), ("backports.zstd", "ZstdFile")),
}


def decompressed(file: BinaryIO, kind: str, budget: Budget) -> Counted:
    """Return what a compressed file holds, as a stream whose bytes are counted.

    Args:
        file: the file, which stays open.
        kind: what it is, as ``pyc.container_kind_of`` names it.
        budget: what may be unpacked.

    Raises:
        PycInspectError: ``unsupported``, with the extra that is missing.
    """
    for module, name in _DECOMPRESSORS.get(kind, ()):
        try:
            opener: Callable[[BinaryIO], BinaryIO] = getattr(importlib.import_module(module), name)
        except ImportError:  # the next one, or none
            continue
        if name == "GzipFile":
            opener = partial(cast("Callable[..., BinaryIO]", opener), None, "rb", 9)
        return Counted(opener(file), budget)
    message = f"a {kind}, which cannot be looked into"
    if kind in _DECOMPRESSORS:
        message += " without the extra pycinspect[zstd], or Python 3.14"
    raise PycInspectError("unsupported", message)


class TarFile:
    """A tar file, compressed or not.

    Args:
        file: the file, which stays open.
        budget: what may be unpacked.
        compression: how it is compressed, ``"gzip file"``; None if it is not.
    """

    def __init__(self, file: BinaryIO | Window, budget: Budget, compression: str | None) -> None:
        self._budget = budget
        #: Whether any member can be read without unpacking those before it.
        self.is_seekable = compression is None
        self._stream: BinaryIO | Counted = cast("BinaryIO", file)
        if compression is not None:
            self._stream = decompressed(cast("BinaryIO", file), compression, budget)
        self._kind = TAR if compression is None else f"{TAR} in a {compression}"

    def members(self) -> Iterator[Member]:
        """Yield the members in their order.

        Raises:
            PycInspectError: ``bad-archive``, ``container-limit``.
        """
        with archive_errors_named(self._kind):
            guard = _Guarded(self._stream, self._budget)
            with tarfile.open(fileobj=cast("BinaryIO", guard), mode="r:") as archive:
                last = -1
                while (info := archive.next()) is not None:
                    # A negative size would lead back (CVE-2025-8194).
                    if info.offset <= last or info.size < 0 or archive.offset <= info.offset:
                        raise tarfile.ReadError("its headers lead back")
                    last = info.offset
                    self._budget.member()
                    yield self._member(info)
                    cast("Any", archive).members = []  # which grows otherwise
                    guard.next_header()
                guard.require_end()

    def _member(self, info: tarfile.TarInfo) -> Member:
        kind = _KINDS.get(info.type, MemberKind.SPECIAL)
        if info.issparse():  # its content does not lie in one piece; no Python file is sparse
            kind = MemberKind.SPECIAL
        return Member(
            info.name,
            kind,
            info.size if kind is MemberKind.FILE else 0,
            float(info.mtime),
            info.mode & 0o7777,
            partial(self._opened, info.offset_data, info.size),
            info.linkname,
            info.uid,
            info.gid,
        )

    def _opened(self, offset: int, size: int) -> BinaryIO:
        part = Part(self._stream, offset, size, self._kind)
        return cast("BinaryIO", io.BufferedReader(part))

    def window(self, offset: int, size: int) -> Window:
        """Return a part of it as a file."""
        return Window(self._stream, offset, size)


class Part(Window):
    """The content of a member; one that is cut is an error, not an end."""

    def __init__(self, file: BinaryIO | Counted, start: int, size: int, kind: str) -> None:
        super().__init__(file, start, size)
        self._kind = kind

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with what follows."""
        with archive_errors_named(self._kind):
            count = super().readinto(buffer)
            if count == 0 and self._position < self._size and len(buffer) > 0:
                raise EOFError("it ends within a member")
        return count


class _Guarded(io.RawIOBase):
    """What ``tarfile`` reads headers from; those of one member cannot be longer than a limit."""

    def __init__(self, stream: BinaryIO | Counted, budget: Budget) -> None:
        super().__init__()
        self._stream = stream
        self._limit = budget.limits.header
        self._left = self._limit
        self._last = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes come before the next."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes."""
        self._left -= size
        if size < 0 or self._left < 0:
            raise too_much(f"a header in it has more than {self._limit:,} bytes")
        self._last = self._stream.read(size)
        return self._last

    def next_header(self) -> None:
        """Begin to count anew."""
        self._left = self._limit

    def require_end(self) -> None:
        """Refuse a damaged header, at which ``tarfile`` ends as at zeros or at the end (tar(5))."""
        if self._last.strip(b"\0"):
            raise tarfile.ReadError("what follows its last member is neither a member nor the end")
