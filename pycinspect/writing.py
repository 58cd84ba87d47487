"""Files that we write: as a whole, or not at all.

Reports, baselines and goldens are written here, and the caches that are mended. It knows nothing
of what is in them, and so lies below all rooms; the pytest plugin uses it, too.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple, TextIO

from pycinspect.errors import PycInspectError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Attributes", "replacing", "write_whole"]

#: Names of what is open already: to replace the file behind them would leave them with the old one.
_OPEN_ALREADY = ("/dev/fd/", "/dev/stderr", "/dev/stdout", "/proc/")
#: What ``open`` gives new files, before the umask.
_NEW_MODE = 0o666
#: Until a file is complete nobody else needs to see it.
_PRIVATE_MODE = 0o600
_BINARY = getattr(os, "O_BINARY", 0)


class _Place(NamedTuple):
    """Where content goes at first.

    Args:
        descriptor: open for writing.
        temporary: what is put in the target's place at the end; None where the target itself is
            written to.
        target: the file that ``open`` would write to, with all links followed.
    """

    descriptor: int
    temporary: str | None
    target: str


@contextmanager
def replacing(path: str, *, errors: str = "strict", newline: str | None = None) -> Iterator[TextIO]:
    """Write a UTF-8 file that takes the place of ``path`` when the block has ended.

    What is there stays as it is until then, and for good if the block raises. The new file has
    the old one's permissions, and its owner where we may give files away; a link is followed,
    as ``open`` follows it. What is not a regular file, such as ``/dev/stdout`` or a fifo, is written
    to directly.

    Args:
        path: the file.
        errors: as of ``open``.
        newline: as of ``open``.

    Raises:
        PycInspectError: ``unwritable``; of what the block raises nothing is changed.
    """
    with _unwritable(path):
        place = _open(path)
    try:
        buffered = BufferedWriter(_Sink(place.descriptor, path))
        with TextIOWrapper(buffered, "utf-8", errors, newline) as stream:
            yield stream
        if place.temporary is not None:
            with _unwritable(path):
                os.replace(place.temporary, place.target)
    except BaseException:
        if place.temporary is not None:
            with suppress(OSError):  # what was raised first is what counts
                os.remove(place.temporary)
        raise


class _Sink(FileIO):
    """A file whose own errors can be told from those of the block that writes to it."""

    def __init__(self, descriptor: int, path: str) -> None:
        super().__init__(descriptor, "wb")
        self._path = path

    def write(self, data: ReadableBuffer, /) -> int:
        with _unwritable(self._path):
            return super().write(data)


@contextmanager
def _unwritable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise PycInspectError("unwritable", f"cannot be written: {reason}", path=path) from error


def _open(path: str) -> _Place:
    try:
        status = os.stat(path)
    except FileNotFoundError:  # or a link to what is not there, which open would make
        return _beside(os.path.realpath(path), None)
    if not stat.S_ISREG(status.st_mode) or os.path.abspath(path).startswith(_OPEN_ALREADY):
        return _Place(os.open(path, os.O_WRONLY | os.O_TRUNC | _BINARY), None, path)
    # To replace a file takes no right to write to it; open would refuse.
    os.close(os.open(path, os.O_WRONLY | _BINARY))
    return _beside(os.path.realpath(path), status)


def _beside(target: str, status: os.stat_result | None) -> _Place:
    """Make a temporary file, in the directory of the target so that it can be renamed."""
    temporary = os.path.join(os.path.dirname(target), f".pycinspect-{token_hex(8)}.tmp")
    mode = _NEW_MODE if status is None else stat.S_IMODE(status.st_mode) & _NEW_MODE
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    descriptor = os.open(temporary, flags, mode)
    try:
        if status is not None:
            _take_over(temporary, status)
    except BaseException:
        os.close(descriptor)
        os.remove(temporary)
        raise
    return _Place(descriptor, temporary, target)


def _take_over(temporary: str, status: os.stat_result) -> None:
    """Give a new file the old one's owner and permissions."""
    new = os.stat(temporary)
    if (new.st_uid, new.st_gid) != (status.st_uid, status.st_gid):
        with suppress(OSError):  # then it becomes ours, as with most editors
            os.chown(temporary, status.st_uid, status.st_gid)
    os.chmod(temporary, stat.S_IMODE(status.st_mode))  # last: chown clears bits


# --- Files of bytes, in a directory that is open -----------------------------------------------


class Attributes(NamedTuple):
    """What a new file has beside its content.

    Args:
        mode: permission bits; the umask does not count.
        owner: numbers of user and group, or None for whoever writes. Who may not give files away
            keeps it.
        mtime_ns: its time in nanoseconds since the epoch; None for now.
    """

    mode: int
    owner: tuple[int, int] | None = None
    mtime_ns: int | None = None


def write_whole(
    name: str,
    content: bytes,
    attributes: Attributes,
    *,
    temporary: str,
    directory: int | None = None,
    is_new: bool = False,
) -> None:
    """Write a file that is on the disk as a whole before it gets its name.

    A link of that name is replaced, not followed.

    Args:
        name: the file; relative to the directory, if one is given.
        content: what is in it.
        attributes: its permissions, owner and time.
        temporary: what it is called until it is complete; nothing has this name.
        directory: a descriptor, where the system has functions that take one.
        is_new: nothing may have the name yet.

    Raises:
        OSError: ``FileExistsError`` where something has a name that should be new. Nothing is
            left behind then.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    descriptor = os.open(temporary, flags, _PRIVATE_MODE, dir_fd=directory)
    try:
        try:
            _fill(descriptor, content)
            _dress(descriptor, temporary, attributes)
            os.fsync(descriptor)  # or a loss of power leaves a name without content
        finally:
            os.close(descriptor)
        _name(temporary, name, directory, is_new=is_new)
    except BaseException:
        with suppress(OSError):  # what was raised first is what counts
            os.unlink(temporary, dir_fd=directory)
        raise


def _fill(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _dress(descriptor: int, path: str, attributes: Attributes) -> None:
    """Give a file its owner, permissions and time; Windows takes no descriptors for these."""
    if attributes.owner is not None and hasattr(os, "fchown"):
        with suppress(PermissionError):  # then it becomes ours, as one that an importer writes
            os.fchown(descriptor, *attributes.owner)
    os.chmod(descriptor if os.chmod in os.supports_fd else path, attributes.mode)
    if attributes.mtime_ns is not None:
        times = (attributes.mtime_ns, attributes.mtime_ns)
        os.utime(descriptor if os.utime in os.supports_fd else path, ns=times)


def _name(temporary: str, name: str, directory: int | None, *, is_new: bool) -> None:
    if not is_new:
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    elif os.name == "nt":
        os.rename(temporary, name)  # which replaces nothing there
    else:
        _name_new(temporary, name, directory)


def _name_new(temporary: str, name: str, directory: int | None) -> None:
    """Give a file a name that nothing has: only ``link`` says in the same moment whether."""
    try:
        os.link(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=directory, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(temporary, dir_fd=directory)
