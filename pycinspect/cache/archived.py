"""Archives as directories: ``app.whl!/pkg/m.py`` is a path like any other.

The name of an archive with ``!`` at its end is the directory of what is in it, as it lies where
it is unpacked by something that keeps times and modes (tar, unzip).
"""

from __future__ import annotations

import errno
import io
import os
import weakref
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from stat import S_IFMT, S_ISLNK, S_ISREG
from typing import BinaryIO

from pycinspect.cache.view import ArchivePlace, Entry, User, View
from pycinspect.containers import (
    DEFAULT_CONTAINER_LIMITS,
    Archive,
    ContainerLimits,
    Node,
    read_archive,
    read_up_to,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, FileStart, file_kind
from pycinspect.values import ARCHIVE_MARK

__all__ = ["ArchiveView"]
#: Device numbers of archives: none that a system gives.
_FIRST_DEVICE = 1 << 40
_READ = 4


class ArchiveView(View):
    """A file system in which archives are directories, too.

    Args:
        user: who imports; None is this process.
        read_only: nothing can be written.
        limits: what may be taken for one archive.

    Archives are read when something in them is asked for, and closed when nobody holds the view.
    Methods that find out what is somewhere raise ``PycInspectError`` for an archive that cannot
    be read; those that answer yes or no say no.
    """

    __slots__ = ("__weakref__", "_base", "_found", "_limits", "_numbers", "_zips")

    has_archives = True

    def __init__(
        self,
        user: User | None = None,
        *,
        read_only: bool = False,
        limits: ContainerLimits = DEFAULT_CONTAINER_LIMITS,
    ) -> None:
        super().__init__(None, user, read_only=read_only)
        self.is_ours = False
        #: The same without archives.
        self._base = View(None, user, read_only=read_only)
        self._limits = limits
        self._found: dict[str, Archive | PycInspectError | None] = {}
        self._numbers: dict[int, int] = {}
        self._zips: dict[str, zipfile.ZipFile] = {}

    # --- Where a path leads ---------------------------------------------------------------

    def archive_of(self, path: str) -> ArchivePlace | None:
        """Return where in an archive a path leads; None for one outside of any.

        Raises:
            PycInspectError: as :func:`pycinspect.containers.read_archive`.
        """
        return self._place(path)

    def above(self, directory: str) -> str | None:
        """Return the directory that one lies in; above an archive is nothing of its tree."""
        place = self._place(directory)
        if place is not None and not place.inside:
            return None
        return self._base.above(directory)

    def _place(self, path: str) -> ArchivePlace | None:
        """Split a path into an archive, the innermost one, and what is in it."""
        found: ArchivePlace | None = None
        depth, end = 0, path.find(ARCHIVE_MARK)
        while end >= 0:
            if path[end + 1 : end + 2] in ("", os.sep, "/"):
                archive = self._archive(path[:end], found)
                if archive is not None:
                    depth += 1
                    if depth > self._limits.nesting:
                        message = f"not looked into: containers nested more than {depth - 1} deep"
                        raise PycInspectError("container-limit", message, path=path[: end + 1])
                    found = ArchivePlace(archive, path[: end + 1], _inside(path[end + 1 :]))
            end = path.find(ARCHIVE_MARK, end + 1)
        return found

    def _archive(self, path: str, outer: ArchivePlace | None) -> Archive | None:
        """Return the archive at a path; None if there is none, or a directory of that name."""
        if path not in self._found:
            try:
                self._found[path] = self._opened_archive(path, outer)
            except PycInspectError as error:
                self._found[path] = error if error.path is not None else error.at(path)
        found = self._found[path]
        if isinstance(found, PycInspectError):
            raise found
        return found

    def _opened_archive(self, path: str, outer: ArchivePlace | None) -> Archive | None:
        if outer is None:
            return self._archive_on_disk(path)
        try:
            node = outer.archive.find(_inside(path[len(outer.mount) :]))
        except OSError:
            return None
        if node.is_directory or not S_ISREG(node.member.kind.value):
            return None
        limit = self._limits.nested
        with outer.archive.open(node) as stream:
            data = read_up_to(stream, limit + 1)
        if len(data) > limit:
            message = f"not looked into: in a container, and larger than {limit:,} bytes"
            raise PycInspectError("container-limit", message)
        return self._read(io.BytesIO(data), len(data))

    def _archive_on_disk(self, path: str) -> Archive | None:
        if not path or self._base.lexists(path + ARCHIVE_MARK) or not self._base.is_file(path):
            return None
        try:
            file = self._base.open(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PycInspectError("unreadable", f"cannot be read: {reason}") from error
        archive = self._read(file, os.fstat(file.fileno()).st_size)
        weakref.finalize(archive, file.close)
        return archive

    def _read(self, file: BinaryIO, size: int) -> Archive:
        try:
            archive = read_archive(file, size, self._limits)
        except BaseException:
            file.close()
            raise
        self._numbers[id(archive)] = _FIRST_DEVICE + len(self._numbers)
        return archive

    def host(self, path: str, *, follow: bool = True) -> str:
        """Return where something is on this machine: in an archive, nowhere but by this path."""
        return path if self._place(path) is not None else self._base.host(path, follow=follow)

    def real(self, path: str) -> str:
        """Return a path without links."""
        try:
            place = self._place(path)
            if place is None:
                return self._base.real(path)
            inside = place.archive.real(place.inside)
        except PycInspectError:  # whoever looks into it is told
            return self.absolute(path)
        except OSError:
            inside = os.path.normpath(place.inside) if place is not None else ""
        assert place is not None
        mount = self.absolute(place.mount)
        return os.path.join(mount, *inside.split("/")) if inside not in ("", ".") else mount

    # --- What is there --------------------------------------------------------------------

    def stat(self, path: str) -> os.stat_result:
        """Return the status of what a path leads to."""
        return self._status_of(path, follow=True) or self._base.stat(path)

    def lstat(self, path: str) -> os.stat_result:
        """Return the status of what a path is, a link or not."""
        return self._status_of(path, follow=False) or self._base.lstat(path)

    def _status_of(self, path: str, *, follow: bool) -> os.stat_result | None:
        place = self._place(path)
        if place is None:
            return None
        node = place.archive.find(place.inside, follow=follow)
        return self._status_in(place.archive, node)

    def _status_in(self, archive: Archive, node: Node) -> os.stat_result:
        member = node.member
        seconds, fraction = divmod(member.mtime, 1)
        time = int(seconds)
        ids = (node.number, self._numbers[id(archive)], node.names, member.uid, member.gid)
        mode = S_IFMT(member.kind.value) | member.mode
        exact = {"st_mtime": member.mtime, "st_mtime_ns": time * 10**9 + round(fraction * 1e9)}
        return os.stat_result((mode, *ids, member.size, time, time, time), exact)

    def _status(self, path: str) -> os.stat_result | None:
        try:
            return super()._status(path)
        except PycInspectError:  # whoever looks into it is told
            return None

    def is_link(self, path: str) -> bool:
        """Return whether a path is a symbolic link."""
        try:
            return super().is_link(path)
        except PycInspectError:  # whoever looks into it is told
            return False

    def lexists(self, path: str) -> bool:
        """Return whether a path is something, be it a dangling link."""
        try:
            return super().lexists(path)
        except PycInspectError:  # whoever looks into it is told
            return False

    def readlink(self, path: str) -> str:
        """Return what a link says."""
        place = self._place(path)
        if place is None:
            return self._base.readlink(path)
        node = place.archive.find(place.inside, follow=False)
        if not S_ISLNK(node.member.kind.value):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        return node.member.target

    def listdir(self, path: str) -> list[str]:
        """Return the names in a directory."""
        place = self._place(path)
        return self._base.listdir(path) if place is None else list(self._children(place, path))

    def scandir(self, path: str) -> AbstractContextManager[Iterator[Entry]]:
        """Return a directory's entries, in no order."""
        place = self._place(path)
        return self._base.scandir(path) if place is None else self._scanned(place, path)

    @contextmanager
    def _scanned(self, place: ArchivePlace, path: str) -> Iterator[Iterator[Entry]]:
        children = self._children(place, path)
        yield (
            _MemberEntry(name, os.path.join(path, name), node, self)
            for name, node in children.items()
        )

    def _children(self, place: ArchivePlace, path: str) -> dict[str, Node]:
        node = place.archive.find(place.inside)
        if node.children is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        self._require_read(place.archive, node, path)
        return node.children

    def zip_file(self, path: str) -> AbstractContextManager[zipfile.ZipFile]:
        """Open a zip file; one that was found to be an archive stays open."""
        if not isinstance(self._found.get(path), Archive):
            return super().zip_file(path)
        if path not in self._zips:
            stream = self.open(path)
            try:
                self._zips[path] = zipfile.ZipFile(stream)
            except BaseException:
                stream.close()
                raise
            weakref.finalize(self, stream.close)
        return nullcontext(self._zips[path])

    # --- What may be done with it ---------------------------------------------------------

    def may_read(self, path: str) -> bool:
        """Return whether a file may be opened to be read."""
        try:
            place = self._place(path)
            if place is None:
                return self._base.may_read(path)
            self._require_read(place.archive, place.archive.find(place.inside), path)
        except (OSError, PycInspectError):
            return False
        return True

    def may_change(self, directory: str) -> bool:
        """Return whether files can be made in a directory: once it is unpacked, they can."""
        return self._place(directory) is not None or self._base.may_change(directory)

    def is_read_only(self, directory: str) -> bool:
        """Return whether the file system of a directory cannot be written, whoever asks."""
        if self._place(directory) is not None:
            return self.read_only
        return self._base.is_read_only(directory)

    def may_replace(self, path: str) -> bool:
        """Return whether the sticky bit of its directory lets a file be replaced (unlink(2))."""
        return self._place(path) is not None or self._base.may_replace(path)

    def _require_read(self, archive: Archive, node: Node, path: str) -> None:
        if self.user is None or self.user.may(self._status_in(archive, node), _READ):
            return
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def open(self, path: str) -> BinaryIO:
        """Open a regular file for reading; one in an archive is held in memory."""
        place = self._place(path)
        if place is None:
            return self._base.open(path)
        return io.BytesIO(self._content(place, path, self._limits.nested))

    def read_start(self, path: str, size: int = LONGEST_HEADER) -> FileStart:
        """Read a file's first bytes."""
        place = self._place(path)
        if place is None:
            return self._base.read_start(path, size)
        return FileStart(self._start(place, path, size), self.stat(path))

    def read_listed(self, path: str, size: int = LONGEST_HEADER) -> FileStart:
        """Read the first bytes of a file that is not a link."""
        place = self._place(path)
        if place is None:
            return self._base.read_listed(path, size)
        return FileStart(self._start(place, path, size), self.stat(path))

    def read_all(self, path: str, limit: int) -> bytes:
        """Read a file of at most ``limit`` bytes whole."""
        place = self._place(path)
        return (
            self._base.read_all(path, limit) if place is None else self._content(place, path, limit)
        )

    def _content(self, place: ArchivePlace, path: str, limit: int) -> bytes:
        data = self._start(place, path, limit + 1)
        if len(data) > limit:
            raise PycInspectError("too-large", f"more than {limit} bytes", path=path)
        return data

    def _start(self, place: ArchivePlace, path: str, size: int) -> bytes:
        """Read the first bytes of a member; what is damaged is an error of input and output."""
        node = place.archive.find(place.inside)
        mode = node.member.kind.value
        if not S_ISREG(mode):
            raise PycInspectError("not-a-file", f"a {file_kind(mode)}, not a file", path=path)
        self._require_read(place.archive, node, path)
        try:
            with place.archive.open(node) as stream:
                return read_up_to(stream, size)
        except PycInspectError as error:
            raise OSError(errno.EIO, error.message, path) from error


class _MemberEntry:
    """An entry of a directory in an archive."""

    __slots__ = ("_node", "_view", "name", "path")

    def __init__(self, name: str, path: str, node: Node, view: ArchiveView) -> None:
        self.name = name
        self.path = path
        self._node = node
        self._view = view

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        if follow_symlinks and self.is_symlink():
            return self._view.is_dir(self.path)
        return self._node.is_directory

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        if follow_symlinks and self.is_symlink():
            return self._view.is_file(self.path)
        return S_ISREG(self._node.member.kind.value)

    def is_symlink(self) -> bool:
        return S_ISLNK(self._node.member.kind.value)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._view.stat(self.path) if follow_symlinks else self._view.lstat(self.path)

    def inode(self) -> int:
        return self._node.number


def _inside(path: str) -> str:
    return path.replace(os.sep, "/").strip("/")
