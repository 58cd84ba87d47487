"""Directories below those that the user named, reached without following a link.

A tree may belong to somebody who exchanges a directory for a link while we work in it. So each
directory on the way is opened from the one above it, and files are named from there
(``openat(2)``, ``O_NOFOLLOW``). Where the system has no such functions, each name is asked whether
it is a link.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.pyc import file_kind
from pycinspect.repairing.repair import FileState, Spot
from pycinspect.writing import Attributes, write_whole

__all__ = [
    "CONTENT_LIMIT",
    "DIRECTORY",
    "LINK",
    "NOTHING",
    "REGULAR",
    "Folder",
    "Grounds",
    "Sighting",
    "digest_of",
    "opened",
]

#: Largest file, in bytes, that is read and kept.
CONTENT_LIMIT = 64 * 1024 * 1024

REGULAR, DIRECTORY, LINK = (file_kind(mode) for mode in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK))

_HAS_DESCRIPTORS = {os.open, os.stat, os.unlink, os.rmdir, os.mkdir, os.rename, os.link} <= (
    os.supports_dir_fd
) and hasattr(os, "O_DIRECTORY")
#: Never wait for a fifo's writer, never follow a link; flags that a system does not have are 0.
_READ = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
)
_READ_DIRECTORY = _READ | getattr(os, "O_DIRECTORY", 0)


class Sighting(NamedTuple):
    """What was found under a name.

    Args:
        state: None where there is nothing.
        content: of a regular file.
        identity: changes whenever the file is written to, replaced, or given other permissions.
    """

    state: FileState | None
    content: bytes = b""
    identity: tuple[int, ...] = ()


#: What was found where nothing is, or nobody could look.
NOTHING = Sighting(None)


class Folder:
    """One open directory; names in it have no separators.

    Args:
        path: where it is.
        descriptor: it, open; None where the system has no functions that take one.

    Methods raise what the functions of ``os`` that they call raise.
    """

    def __init__(self, path: str, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def look(self, name: str) -> Sighting:
        """Return what has a name; a link is not followed, and nothing but a file is read.

        Raises:
            PycInspectError: ``too-large``.
        """
        try:
            status = self._status(name)
        except FileNotFoundError:
            return NOTHING
        if stat.S_ISREG(status.st_mode):
            return self._read(name)
        digest = ""
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(self._at(name), dir_fd=self._descriptor)
            digest = digest_of(os.fsencode(target))
        return Sighting(_state(status, digest), identity=_identity(status))

    def names(self) -> list[str]:
        """Return everything in it."""
        return os.listdir(self._path if self._descriptor is None else self._descriptor)

    def names_in(self, name: str) -> list[str]:
        """Return everything in one of its directories, which is not a link."""
        with self._inside(name) as inner:
            return inner.names()

    def is_still(self, name: str, seen: Sighting) -> bool:
        """Return whether a name has what was seen there, untouched."""
        try:
            return _identity(self._status(name)) == seen.identity
        except FileNotFoundError:
            return seen.state is None

    def write(
        self, name: str, content: bytes, attributes: Attributes, temporary: str, *, is_new: bool
    ) -> None:
        """Write a file as a whole; see :func:`pycinspect.writing.write_whole`."""
        write_whole(
            self._at(name),
            content,
            attributes,
            temporary=self._at(temporary),
            directory=self._descriptor,
            is_new=is_new,
        )

    def remove(self, name: str) -> None:
        """Delete a file or a link."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def remove_directory(self, name: str) -> None:
        """Delete a directory that is empty."""
        os.rmdir(self._at(name), dir_fd=self._descriptor)

    def make_directory(self, name: str, state: FileState, temporary: str) -> None:
        """Make a directory with the permissions and, where we may, the owner of an old one.

        It has another name until it has them. What has its name by then, empty, is replaced.
        """
        where = self._descriptor
        os.mkdir(self._at(temporary), 0o700, dir_fd=where)
        if where is None:
            os.chmod(self._at(temporary), state.mode)
        else:
            self._dress_directory(temporary, state)
        os.rename(self._at(temporary), self._at(name), src_dir_fd=where, dst_dir_fd=where)

    def _dress_directory(self, name: str, state: FileState) -> None:
        """Give a directory owner and permissions; as it is open, no other can come in its place."""
        descriptor = os.open(name, _READ_DIRECTORY, dir_fd=self._descriptor)
        try:
            with suppress(PermissionError):  # then it is ours
                os.fchown(descriptor, state.uid, state.gid)
            os.fchmod(descriptor, state.mode)
        finally:
            os.close(descriptor)

    def change_mode(self, name: str, mode: int, identity: tuple[int, ...]) -> None:
        """Give a file or directory other permissions, if it is still the one that was seen.

        Raises:
            PycInspectError: ``changed``.
        """
        if self._descriptor is None:
            os.chmod(self._at(name), mode)
            return
        descriptor = os.open(name, _READ, dir_fd=self._descriptor)
        try:
            if _identity(os.fstat(descriptor)) != identity:
                raise PycInspectError("changed", "it has changed since it was looked at")
            os.chmod(descriptor, mode)
        finally:
            os.close(descriptor)

    @contextmanager
    def _inside(self, name: str) -> Iterator[Folder]:
        path = os.path.join(self._path, name)
        if self._descriptor is None:
            _require_directory(path)
            yield Folder(path, None)
            return
        descriptor = os.open(name, _READ_DIRECTORY, dir_fd=self._descriptor)
        try:
            yield Folder(path, descriptor)
        finally:
            os.close(descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self._path, name)

    def _status(self, name: str) -> os.stat_result:
        return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def _read(self, name: str) -> Sighting:
        descriptor = os.open(self._at(name), _READ, dir_fd=self._descriptor)
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            size = min(status.st_size, CONTENT_LIMIT) + 1  # which is allocated
            content = stream.read(size) if stat.S_ISREG(status.st_mode) else b""
        if len(content) > CONTENT_LIMIT:
            raise PycInspectError("too-large", f"more than {CONTENT_LIMIT} bytes")
        return Sighting(_state(status, digest_of(content)), content, _identity(status))


@contextmanager
def opened(spot: Spot) -> Iterator[Folder]:
    """Open the directory in which something is.

    Raises (as the block does):
        PycInspectError: ``link`` where a directory on the way is a link, or is none.
        OSError: as ``os.open``.
    """
    *above, _ = spot.below.split(os.sep)
    if not _HAS_DESCRIPTORS:
        for count in range(1, len(above) + 1):
            _require_directory(os.path.join(spot.top, *above[:count]))
        yield Folder(os.path.dirname(spot.path), None)
        return
    descriptor = _descend(spot.top, above)
    try:
        yield Folder(os.path.dirname(spot.path), descriptor)
    finally:
        os.close(descriptor)


def _descend(top: str, names: Iterable[str]) -> int:
    # The top has no links in it: it was resolved, and is not followed if it became one since.
    descriptor = _open_directory(top, None)
    for name in names:
        above = descriptor
        try:
            descriptor = _open_directory(name, above)
        finally:
            os.close(above)
    return descriptor


def _open_directory(name: str, above: int | None) -> int:
    try:
        return os.open(name, _READ_DIRECTORY, dir_fd=above)
    except OSError as error:
        # Linux says ENOTDIR of a link with O_DIRECTORY, others ELOOP or EMLINK (open(2)).
        if error.errno in {errno.ENOTDIR, errno.ELOOP, errno.EMLINK}:
            raise _not_a_directory(name) from error
        raise


def _require_directory(path: str) -> None:
    status = os.lstat(path)
    # Windows: a junction is a directory with a tag of its own.
    tag: int = getattr(status, "st_reparse_tag", 0)
    if not stat.S_ISDIR(status.st_mode) or tag:
        raise _not_a_directory(path)


def _not_a_directory(path: str) -> PycInspectError:
    name = os.path.basename(path)
    message = f"{name} is a link or not a directory: what lies beyond is left alone"
    return PycInspectError("link", message)


class Grounds:
    """The directories that the user named; nothing outside them is changed.

    Args:
        roots: paths of directories and files; of a file, its directory counts, and where that is
            a ``__pycache__`` the one above it.
        cache_directory: what a directory of caches is called.
    """

    def __init__(self, roots: Iterable[str], cache_directory: str) -> None:
        self._tops: dict[str, str] = {}
        for root in roots:
            top = _top_of(root, cache_directory)
            self._tops[os.path.join(os.path.abspath(top), "")] = os.path.realpath(top)

    def spot(self, path: str) -> Spot | None:
        """Return where a path of a finding is; None outside of them, and for one of them.

        >>> grounds = Grounds(["."], "__pycache__")
        >>> grounds.spot("pkg/__pycache__/m.cpython-312.pyc").below
        'pkg/__pycache__/m.cpython-312.pyc'
        >>> grounds.spot("../m.pyc"), grounds.spot(".")
        (None, None)
        """
        here = os.path.abspath(path)
        tops = [top for top in self._tops if here.startswith(top) and here != top]
        if not tops:
            return None
        top = max(tops, key=len)
        return Spot(self._tops[top], here[len(top) :])

    def is_top(self, path: str) -> bool:
        """Return whether a path is one of them."""
        return os.path.join(os.path.abspath(path), "") in self._tops

    @property
    def tops(self) -> tuple[str, ...]:
        """The directories, links resolved."""
        return tuple(dict.fromkeys(self._tops.values()))


def _top_of(root: str, cache_directory: str) -> str:
    top = root if os.path.isdir(root) else os.path.dirname(root) or os.curdir
    if os.path.basename(os.path.abspath(top)) != cache_directory:
        return top
    spelled = top.rstrip("/" + os.sep)
    if os.path.basename(spelled) != cache_directory:  # such as "."
        return os.path.join(top, os.pardir)
    return os.path.dirname(spelled) or os.curdir


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_mode,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _state(status: os.stat_result, digest: str) -> FileState:
    return FileState(
        file_kind(status.st_mode),
        digest,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        status.st_size,
        status.st_nlink,
    )


def digest_of(content: bytes) -> str:
    """Return what content is recognised by."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
