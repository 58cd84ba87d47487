"""The file system as an importer sees it: whose permissions count, what is its root.

Ours is this process's. Another one is that of a user who starts the program, or of an image
whose root directory lies somewhere here: there, links are followed as they are followed below
that root (``path_resolution(7)``), and permissions are those of the mode bits. Access control
lists and capabilities are not looked at.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from stat import S_ISDIR, S_ISLNK, S_ISREG, S_ISVTX
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    LONGEST_HEADER,
    FileStart,
    open_regular,
    read_all,
    read_listed,
    read_start,
)
from pycinspect.values import quoted

if TYPE_CHECKING:
    from zipfile import ZipFile

    from pycinspect.containers import Archive

__all__ = ["HERE", "ArchivePlace", "Entry", "User", "View", "find_user", "named_view"]

_READ, _WRITE, _SEARCH = 4, 2, 1
#: Links in one path after which the system gives up (``MAXSYMLINKS`` of Linux).
_MOST_LINKS = 40
#: Directories whose place is remembered; a tree is walked in depth.
_REMEMBERED = 4096
#: What of an image's lists of users is read, in bytes.
_LIST_LIMIT = 16 * 1024 * 1024


class Entry(Protocol):
    """One name in a directory, as ``os.DirEntry`` is."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def path(self) -> str:
        """The directory that was listed, and the name."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a directory."""

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a regular file."""

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return its status."""

    def inode(self) -> int:
        """Return its inode number."""


class User(NamedTuple):
    """Who reads and writes.

    Args:
        uid: the user's number; 0 may everything.
        groups: numbers of the groups, the first one among them.
    """

    uid: int
    groups: frozenset[int]

    def may(self, status: os.stat_result, wanted: int) -> bool:
        """Return whether the mode bits of a file or directory allow it (inode(7)).

        Args:
            status: of the file.
            wanted: a sum of 4 (read), 2 (write) and 1 (search a directory).
        """
        if self.uid == 0:
            return True
        if self.uid == status.st_uid:
            allowed = status.st_mode >> 6
        elif status.st_gid in self.groups:
            allowed = status.st_mode >> 3
        else:
            allowed = status.st_mode
        return allowed & wanted == wanted


class ArchivePlace(NamedTuple):
    """Where in an archive a path leads.

    Args:
        archive: the archive, of several around a file the innermost.
        mount: the path of its root.
        inside: the path below that, with slashes.
    """

    archive: Archive
    mount: str
    inside: str


class View:
    """What an importer may read and write, and where its paths lead.

    Args:
        root: the host's directory that is the importer's root; None for the host's own root.
        user: who imports; None is this process.
        read_only: nothing can be written.

    Paths are the importer's, relative ones below a root of its own start there. Methods raise
    what the functions of ``os`` with the same name raise.
    """

    __slots__ = ("_directory", "_user_searches", "is_ours", "read_only", "root", "user")

    #: Whether archives are directories in it.
    has_archives = False

    def __init__(
        self, root: str | None = None, user: User | None = None, *, read_only: bool = False
    ) -> None:
        self.root = None if root is None else os.path.realpath(root)
        self.user = user
        self.read_only = read_only
        #: Whether all can be left to the system.
        self.is_ours = root is None and user is None
        self._directory = lru_cache(_REMEMBERED)(self._walked)
        self._user_searches = lru_cache(_REMEMBERED)(self._searches)

    # --- Where a path leads ---------------------------------------------------------------

    def absolute(self, path: str) -> str:
        """Return a path from the root on, as ``os.path.abspath`` does."""
        if self.root is None:
            return os.path.abspath(path)
        return os.path.normpath(os.path.join(os.sep, path))

    def host(self, path: str, *, follow: bool = True) -> str:
        """Return where something is on this machine; it need not exist.

        Args:
            path: the importer's path.
            follow: whether the last name is followed if it is a link.

        Raises:
            PermissionError: a directory on the way may not be searched by the user.
        """
        if self.is_ours:
            return path
        if self.root is None and not os.path.isabs(path):
            path = os.path.join(os.getcwd(), path)
        above, name = os.path.split(path.rstrip(os.sep))
        if name in ("", os.curdir, os.pardir):
            return self._walked(path)
        directory = self._directory(above)
        self._require_search(directory)
        place = os.path.join(directory, name)
        return self._walked(path) if follow and _target(place) is not None else place

    def _walked(self, path: str) -> str:
        """Follow every link in a path."""
        top = self.root or os.sep
        place, links = top, 0
        pending = path.split(os.sep)[::-1]
        while pending:
            name = pending.pop()
            if name in ("", os.curdir):
                continue
            self._require_search(place)
            if name == os.pardir:
                os.stat(
                    os.path.join(place, os.curdir)
                )  # of what is not a directory, nothing is above
                place = place if place == top else os.path.dirname(place)
                continue
            place = os.path.join(place, name)
            target = _target(place)
            if target is None:
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            place = top if os.path.isabs(target) else os.path.dirname(place)
            pending += target.split(os.sep)[::-1]
        return place

    def _require_search(self, directory: str) -> None:
        if self.user is not None and not self._user_searches(directory):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), directory)

    def _searches(self, directory: str) -> bool:
        assert self.user is not None
        try:
            status = os.stat(directory)
        except OSError:  # whoever looks for something in it is told
            return True
        return not S_ISDIR(status.st_mode) or self.user.may(status, _SEARCH)

    def real(self, path: str) -> str:
        """Return a path without links, as ``os.path.realpath`` does; whoever asks may know."""
        if self.root is None:
            return os.path.realpath(path)
        found = View(self.root).host(path)
        return (
            os.path.join(os.sep, os.path.relpath(found, self.root)) if found != self.root else "/"
        )

    def above(self, directory: str) -> str | None:
        """Return the directory that one lies in; None for the root."""
        parent = os.path.dirname(directory)
        return None if parent == directory else parent

    def archive_of(self, path: str) -> ArchivePlace | None:  # noqa: ARG002 - of a view of archives
        """Return where in an archive a path leads; None for one outside of any."""
        return None

    # --- What is there --------------------------------------------------------------------

    def stat(self, path: str) -> os.stat_result:
        """Return the status of what a path leads to."""
        return os.stat(self.host(path))

    def lstat(self, path: str) -> os.stat_result:
        """Return the status of what a path is, a link or not."""
        return os.lstat(self.host(path, follow=False))

    def readlink(self, path: str) -> str:
        """Return what a link says."""
        return os.readlink(self.host(path, follow=False))

    def is_file(self, path: str) -> bool:
        """Return whether a path leads to a regular file."""
        if self.is_ours:
            return os.path.isfile(path)
        status = self._status(path)
        return status is not None and S_ISREG(status.st_mode)

    def is_dir(self, path: str) -> bool:
        """Return whether a path leads to a directory."""
        if self.is_ours:
            return os.path.isdir(path)
        status = self._status(path)
        return status is not None and S_ISDIR(status.st_mode)

    def is_link(self, path: str) -> bool:
        """Return whether a path is a symbolic link."""
        try:
            return S_ISLNK(self.lstat(path).st_mode)
        except (OSError, ValueError):
            return False

    def exists(self, path: str) -> bool:
        """Return whether a path leads to something."""
        return self._status(path) is not None

    def lexists(self, path: str) -> bool:
        """Return whether a path is something, be it a dangling link."""
        try:
            self.lstat(path)
        except (OSError, ValueError):
            return False
        return True

    def _status(self, path: str) -> os.stat_result | None:
        try:
            return self.stat(path)
        except (OSError, ValueError):
            return None

    def listdir(self, path: str) -> list[str]:
        """Return the names in a directory."""
        return os.listdir(self._opened(path, S_ISDIR))

    def scandir(self, path: str) -> AbstractContextManager[Iterator[Entry]]:
        """Return a directory's entries, in no order."""
        return os.scandir(path) if self.is_ours else self._scandir(path)

    @contextmanager
    def _scandir(self, path: str) -> Iterator[Iterator[Entry]]:
        with os.scandir(self._opened(path, S_ISDIR)) as entries:
            yield (_ViewEntry(entry, os.path.join(path, entry.name), self) for entry in entries)

    def zip_file(self, path: str) -> AbstractContextManager[ZipFile]:
        """Open a zip file.

        Raises:
            OSError: as ``open`` does; and what ``zipfile`` and :meth:`open` raise.
        """
        return self._zip_file(path)

    @contextmanager
    def _zip_file(self, path: str) -> Iterator[ZipFile]:
        import zipfile  # which takes longer to import than all of this room

        with self.open(path) as stream, zipfile.ZipFile(stream) as file:
            yield file

    # --- What may be done with it ---------------------------------------------------------

    @property
    def is_superuser(self) -> bool:
        """Whether permission bits do not bind the importer."""
        if self.user is not None:
            return self.user.uid == 0
        return not hasattr(os, "geteuid") or os.geteuid() == 0

    def may_read(self, path: str) -> bool:
        """Return whether a file may be opened to be read."""
        try:
            return self._may(self.host(path), _READ, os.R_OK)
        except OSError:
            return False

    def may_change(self, directory: str) -> bool:
        """Return whether files can be made in a directory, and renamed."""
        try:
            place = self.host(directory)
            return self._may(place, _WRITE | _SEARCH, os.W_OK | os.X_OK)
        except OSError:
            return False

    def may_write(self, path: str) -> bool:
        """Return whether a file that is there may be opened to be written."""
        try:
            return self._may(self.host(path), _WRITE, os.W_OK)
        except OSError:
            return False

    def is_read_only(self, directory: str) -> bool:
        """Return whether the file system of a directory cannot be written, whoever asks."""
        if self.read_only or not hasattr(os, "statvfs"):
            return self.read_only
        try:
            return bool(os.statvfs(self.host(directory)).f_flag & os.ST_RDONLY)
        except OSError:
            return False

    def may_replace(self, path: str) -> bool:
        """Return whether the sticky bit of its directory lets a file be replaced (unlink(2))."""
        try:
            directory = os.stat(self.host(os.path.dirname(path) or os.curdir))
            if self.is_superuser or not directory.st_mode & S_ISVTX:
                return True
            uid = os.geteuid() if self.user is None else self.user.uid
            return uid in (directory.st_uid, self.lstat(path).st_uid)
        except OSError:  # there is nothing to replace
            return True

    def _may(self, place: str, bits: int, mode: int) -> bool:
        if self.user is not None:
            return self.user.may(os.stat(place), bits)
        return os.access(place, mode, effective_ids=os.access in os.supports_effective_ids)

    def _opened(self, path: str, is_kind: Callable[[int], bool] = S_ISREG) -> str:
        """Return where something is that is opened to read, if it is of a kind."""
        place = self.host(path)
        if self.user is not None:
            status = os.stat(place)
            if is_kind(status.st_mode) and not self.user.may(status, _READ):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return place

    def open(self, path: str) -> BinaryIO:
        """Open a regular file for reading as :func:`pycinspect.pyc.open_regular` does."""
        return open_regular(self._opened(path))

    def read_start(self, path: str, size: int = LONGEST_HEADER) -> FileStart:
        """Read a file's first bytes as :func:`pycinspect.pyc.read_start` does."""
        return read_start(self._opened(path), size)

    def read_listed(self, path: str, size: int = LONGEST_HEADER) -> FileStart:
        """Read the first bytes of a file that is not a link."""
        if self.user is not None and not self.user.may(self.lstat(path), _READ):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return FileStart(*read_listed(self.host(path, follow=False), size))

    def read_all(self, path: str, limit: int) -> bytes:
        """Read a file as :func:`pycinspect.pyc.read_all` does."""
        return read_all(self._opened(path), limit)


#: The file system as this process sees it.
HERE = View()


class _ViewEntry:
    """An entry of a directory that is listed for somebody else."""

    __slots__ = ("_entry", "_view", "name", "path")

    def __init__(self, entry: os.DirEntry[str], path: str, view: View) -> None:
        self._entry = entry
        self._view = view
        self.name = entry.name
        self.path = path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        if follow_symlinks and self.is_symlink():
            return self._view.is_dir(self.path)
        return self._entry.is_dir(follow_symlinks=False)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        if follow_symlinks and self.is_symlink():
            return self._view.is_file(self.path)
        return self._entry.is_file(follow_symlinks=False)

    def is_symlink(self) -> bool:
        return self._entry.is_symlink()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._view.stat(self.path) if follow_symlinks else self._view.lstat(self.path)

    def inode(self) -> int:
        return self._entry.inode()


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)
    except (OSError, ValueError):  # not a link, or not there
        return None


def named_view(root: str | None, user: str | None, *, read_only: bool = False) -> View:
    """Return the file system of somebody else, or of an image, by their names.

    Args:
        root: an image's root directory; None for this system's.
        user: as :func:`find_user` takes it; None for the one who runs this process.
        read_only: nothing can be written.

    Raises:
        PycInspectError: as :func:`find_user`.
    """
    return View(root, None if user is None else find_user(user, root), read_only=read_only)


# --- Users ------------------------------------------------------------------------------------


class _Account(NamedTuple):
    name: str
    uid: int
    gid: int


def find_user(wanted: str, root: str | None = None) -> User:
    """Find a user with all groups.

    Args:
        wanted: ``USER`` or ``USER:GROUP``, names or numbers, as in a Dockerfile. A number that
            no user has is one without a name, in group 0, as containers are started with it.
        root: the root directory of an image, whose ``/etc/passwd`` and ``/etc/group`` count;
            None: this system's users.

    Raises:
        PycInspectError: ``unknown-user``; ``unsupported`` where there are no such users.
    """
    if os.name != "posix":
        raise PycInspectError("unsupported", "users are told apart on POSIX systems only")
    name, colon, group = wanted.partition(":")
    lists = _SystemLists() if root is None else _ImageLists(View(root))
    account = lists.account(name)
    if account is None:
        if not _is_number(name):
            raise PycInspectError("unknown-user", f"no user {quoted(name)} is known {lists.where}")
        account = _Account("", int(name), 0)
    if not colon:
        return User(account.uid, lists.groups_of(account))
    gid = lists.group(group)
    if gid is None:
        if not _is_number(group):
            raise PycInspectError(
                "unknown-user", f"no group {quoted(group)} is known {lists.where}"
            )
        gid = int(group)
    return User(account.uid, frozenset({gid}))


#: Digits of the largest user's or group's number; Python refuses to read thousands of them.
_MOST_DIGITS = 10


def _is_number(text: str) -> bool:
    is_short = len(text) <= _MOST_DIGITS
    return is_short and text.isascii() and text.isdigit() and int(text) < 2**32


class _SystemLists:
    """What the system knows of its users, wherever it has it from."""

    where = "here"

    def account(self, wanted: str) -> _Account | None:
        import pwd

        try:
            row = pwd.getpwuid(int(wanted)) if _is_number(wanted) else pwd.getpwnam(wanted)
        except (KeyError, ValueError):
            return None
        return _Account(row.pw_name, row.pw_uid, row.pw_gid)

    def group(self, wanted: str) -> int | None:
        import grp

        try:
            return int(wanted) if _is_number(wanted) else grp.getgrnam(wanted).gr_gid
        except (KeyError, ValueError):
            return None

    def groups_of(self, account: _Account) -> frozenset[int]:
        if not account.name:
            return frozenset({account.gid})
        return frozenset(os.getgrouplist(account.name, account.gid))


class _ImageLists:
    """The files ``passwd(5)`` and ``group(5)`` of an image."""

    def __init__(self, view: View) -> None:
        self.where = f"in {view.root}/etc"
        self._users = _rows(view, "/etc/passwd")
        self._groups = _rows(view, "/etc/group")

    def account(self, wanted: str) -> _Account | None:
        place = 2 if _is_number(wanted) else 0
        for row in self._users:
            if len(row) > 3 and row[place] == wanted and all(map(_is_number, row[2:4])):
                return _Account(row[0], int(row[2]), int(row[3]))
        return None

    def group(self, wanted: str) -> int | None:
        if _is_number(wanted):
            return int(wanted)
        gids = (row[2] for row in self._groups if len(row) > 2 and row[0] == wanted)
        return next((int(gid) for gid in gids if _is_number(gid)), None)

    def groups_of(self, account: _Account) -> frozenset[int]:
        of_others = (row for row in self._groups if len(row) > 3 and _is_number(row[2]))
        gids = [int(row[2]) for row in of_others if account.name in row[3].split(",")]
        return frozenset({account.gid, *(gids if account.name else ())})


def _rows(view: View, path: str) -> list[list[str]]:
    try:
        content = view.read_all(path, _LIST_LIMIT)
    except (OSError, PycInspectError):  # an image from scratch has none
        return []
    return [line.split(":") for line in content.decode("utf-8", "replace").splitlines()]
