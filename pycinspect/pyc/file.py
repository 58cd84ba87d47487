"""Reading a subject file without trusting it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from pycinspect.dialects import DIALECTS, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc.header import LONGEST_HEADER, Header, parse_header
from pycinspect.pyc.name import parse_cache_name
from pycinspect.values import StrPath

__all__ = [
    "FileStart",
    "errors_named",
    "file_kind",
    "open_regular",
    "read_all",
    "read_header",
    "read_listed",
    "read_start",
    "system_errors_named",
    "tag_of",
]

#: Never wait for a fifo's writer, never become a terminal's owner, never
#: translate line ends; flags that a system does not have are 0.
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_OPEN_LISTED = _OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)

_KINDS = (
    (stat.S_ISREG, "regular file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "character device"),
    (stat.S_ISBLK, "block device"),
)


class FileStart(NamedTuple):
    """The first bytes of a regular file, and what ``fstat`` says of it."""

    data: bytes
    status: os.stat_result


def file_kind(mode: int) -> str:
    """Return what ``st_mode`` says a file is, ``"fifo"``."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "special file")


def read_start(path: str, size: int = LONGEST_HEADER) -> FileStart:
    """Read the first ``size`` bytes of a regular file; links are followed.

    Raises:
        OSError: as ``open`` and ``read`` do.
        PycInspectError: ``not-a-file`` for directories, fifos and devices, which
            are recognised before they are opened.
    """
    _require_regular(path, os.stat(path))
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        _require_regular(path, status)  # it may have been exchanged since
        return FileStart(os.read(descriptor, size), status)
    finally:
        os.close(descriptor)


def read_listed(path: str, size: int = LONGEST_HEADER) -> tuple[bytes, os.stat_result]:
    """Read the start of what a directory listing calls a regular file.

    Unlike :func:`read_start` it does not ask for the kind of file first, which
    would cost a system call, and does not follow a link that has come there since.

    Raises:
        OSError: as ``open`` and ``read`` do.
        PycInspectError: ``not-a-file`` if it has been exchanged for something else.
    """
    descriptor = os.open(path, _OPEN_LISTED)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            _require_regular(path, status)
        return os.read(descriptor, size), status
    finally:
        os.close(descriptor)


def open_regular(path: str) -> BinaryIO:
    """Open a regular file for reading, without ever waiting for a fifo's writer.

    Raises:
        OSError: as ``open`` does.
        PycInspectError: ``not-a-file``.
    """
    _require_regular(path, os.stat(path))
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        _require_regular(path, os.fstat(descriptor))  # it may have been exchanged since
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_all(path: str, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes whole.

    Raises:
        OSError: as ``open`` and ``read`` do.
        PycInspectError: ``not-a-file``, or ``too-large``.
    """
    with open_regular(path) as stream:
        status = os.fstat(stream.fileno())
        data = b""
        if status.st_size <= limit:
            data = stream.read(limit + 1)
    if status.st_size > limit or len(data) > limit:
        raise PycInspectError("too-large", f"more than {limit} bytes", path=path)
    return data


def read_header(path: StrPath, *, dialects: DialectTable = DIALECTS) -> Header:
    """Read and decode the header of the cache file ``path``.

    Args:
        path: a ``.pyc`` file. The cache tag in its name decides where two
            implementations share a magic number.
        dialects: the rows to look in.

    Raises:
        PycInspectError: what :func:`parse_header` raises, or ``not-a-file`` for
            directories and devices (never opened), ``not-found``, ``unreadable``.

    >>> import pathlib, py_compile, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     source = f"{place}/app.py"
    ...     _ = pathlib.Path(source).write_text("total = 1")
    ...     read_header(py_compile.compile(source)).source_size
    9
    """
    name = os.fsdecode(path)
    with errors_named(name):
        return parse_header(read_start(name).data, tag=tag_of(name), dialects=dialects)


@contextmanager
def errors_named(path: str) -> Iterator[None]:
    """Turn what reading the file ``path`` raises into PycInspectError with the path.

    Raises:
        PycInspectError: ``not-found``, ``unreadable``, or as inside, located.
    """
    try:
        with system_errors_named(path):
            yield
    except PycInspectError as error:
        raise error.at(path) from None
    except ValueError as error:  # a null character in the path
        raise PycInspectError("not-found", str(error), path=path) from error


@contextmanager
def system_errors_named(path: str) -> Iterator[None]:
    """Turn an ``OSError`` about the file ``path``, or about what it needs, into PycInspectError.

    Raises:
        PycInspectError: ``not-found``, ``unreadable``; one from inside stays as it is.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise PycInspectError("not-found", "no such file", path=path) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PycInspectError("unreadable", f"cannot be read: {reason}", path=path) from error


def _require_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = file_kind(status.st_mode)
        raise PycInspectError("not-a-file", f"a {kind}, not a file", path=path)


def tag_of(path: str) -> str | None:
    """Return the cache tag in the name of a file, None where it has none."""
    try:
        return parse_cache_name(os.path.basename(path)).tag
    except ValueError:  # no cache name: the magic number alone has to do
        return None
