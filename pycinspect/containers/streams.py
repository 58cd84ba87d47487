"""Reading with bounds: what a stream may cost is counted where it is read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pycinspect.containers.limits import ContainerLimits
from pycinspect.errors import PycInspectError, described

__all__ = [
    "Budget",
    "Counted",
    "Window",
    "archive_errors_named",
    "read_bounded",
    "read_up_to",
    "too_much",
]

#: Bytes that are read at once.
_STEP = 256 * 1024


def too_much(what: str) -> PycInspectError:
    """Return the error of a container that asks for more than a limit."""
    return PycInspectError("container-limit", f"not looked into: {what}")


class Budget:
    """What may still be unpacked of one file, and of all containers in it.

    Args:
        limits: the bounds.
        size: bytes of the file itself.
    """

    def __init__(self, limits: ContainerLimits, size: int) -> None:
        self.limits = limits
        self._packed = size
        self._unpacked = 0
        self._members = 0

    def unpacked(self, size: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            PycInspectError: ``container-limit``.
        """
        self._unpacked += size
        limits = self.limits
        if self._unpacked > limits.unpacked:
            raise too_much(f"more than {limits.unpacked:,} bytes had to be unpacked")
        if self._unpacked > max(limits.ratio_from, limits.ratio * self._packed):
            raise too_much(
                f"it unpacks to more than {limits.ratio} times its {self._packed:,} bytes"
            )

    def member(self) -> None:
        """Count a member.

        Raises:
            PycInspectError: ``container-limit``.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise too_much(f"it has more than {self.limits.members:,} members")


class _Seekable(io.RawIOBase):
    """A stream that knows its place, and can go to another."""

    def __init__(self) -> None:
        super().__init__()
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes come before the next."""
        return self._position


class Counted(_Seekable):
    """A stream of unpacked bytes, each of which is counted, the ones that are skipped, too.

    Args:
        stream: what unpacks; it seeks by reading (``gzip``, ``bz2``, ``lzma``).
        budget: what may be unpacked.

    A read of more than ``limits.header`` bytes at once is refused: readers of archives ask for
    that much only where a record says that it is so long.
    """

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; what lies before it is unpacked, and counted."""
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence != io.SEEK_SET:
            raise io.UnsupportedOperation("its end is not known")
        if offset < 0:
            raise ValueError("negative seek position")
        if offset < self._position:
            self._stream.seek(0)
            self._position = 0
        while self._position < offset:
            if not self._taken(min(_STEP, offset - self._position)):
                break
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes; fewer only at the end."""
        if not 0 <= size <= self._budget.limits.header:
            raise too_much(f"a record in it has more than {self._budget.limits.header:,} bytes")
        parts = []
        while size > 0:
            data = self._taken(min(size, _STEP))
            if not data:
                break
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer."""
        data = self._taken(min(len(buffer), _STEP))
        buffer[: len(data)] = data
        return len(data)

    def _taken(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._position += len(data)
        self._budget.unpacked(len(data))
        return data


class Window(_Seekable):
    """A part of a file that can be read in any order, as a file of its own.

    Args:
        file: the file; several windows may share it, by one thread.
        start: where the part begins, in bytes.
        size: how long it is.
    """

    def __init__(self, file: BinaryIO | Counted, start: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = max(0, size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with what follows."""
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        self._file.seek(self._start + self._position)
        data = self._file.read(min(wanted, _STEP))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def read_up_to(file: BinaryIO, size: int) -> bytes:
    """Read no more than so many bytes of a file, and take no more memory than there are.

    ``BufferedReader.read(size)`` takes memory for all that it is asked for.

    Args:
        file: the file.
        size: the most that is read.

    Returns:
        Fewer bytes only at the end.
    """
    parts = []
    while size > 0 and (data := file.read(min(size, _STEP))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def read_bounded(file: BinaryIO, limit: int, what: str) -> bytes:
    """Read a file whole.

    Args:
        file: at its start.
        limit: the most bytes that it may have.
        what: what it is, for the error.

    Raises:
        PycInspectError: ``container-limit``.
    """
    data = read_up_to(file, limit + 1)
    if len(data) > limit:
        raise too_much(f"{what} has more than {limit:,} bytes")
    return data


@contextmanager
def archive_errors_named(kind: str) -> Iterator[None]:
    """Turn what readers of archives and decompressors raise, a dozen types, into one.

    Args:
        kind: what the file is, ``"zip archive"``.

    Raises:
        PycInspectError: ``bad-archive``; one from inside stays as it is.
    """
    try:
        yield
    except PycInspectError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        message = f"a damaged {kind}: {described(error)}"
        raise PycInspectError("bad-archive", message) from error
