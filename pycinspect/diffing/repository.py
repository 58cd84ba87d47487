"""Where the git repository of a path is, found without asking git.

The rules are those of gitrepository-layout(5) and of ``setup_git_directory_gently_1`` in git's
setup.c, but for what would let the repository decide: its ``core.worktree``, and the user's
``GIT_DIR``, are not asked. Only small regular files are read, and nothing on another machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all

__all__ = ["Repository", "find_repository", "read_small", "require_local_stores"]

#: git's own limit for ``.git`` files (``read_gitfile_gently``), in bytes.
_SMALL = 1024 * 1024
_GITFILE = b"gitdir: "
#: More places for objects than anybody has; git follows five levels of them.
_MOST_STORES = 64
_QUOTED = re.compile(rb'"(.*)"')


class Repository(NamedTuple):
    """A git repository, as seen from one of its checkouts.

    Args:
        root: the directory that the paths in its trees start from.
        own: what belongs to this checkout: HEAD.
        common: what all checkouts share: objects, branches, tags.
    """

    root: str
    own: str
    common: str

    @property
    def objects(self) -> str:
        """Where its objects are."""
        return os.path.join(self.common, "objects")


def find_repository(directory: str) -> Repository:
    """Find the repository that a directory, an absolute path without links, lies in.

    Raises:
        PycInspectError: ``not-a-repository``; ``other-machine``; or what reading its small files
            raises.
    """
    for place in _upwards(directory):
        dot_git = os.path.join(place, ".git")
        is_file = os.path.isfile(dot_git)
        for own in [_pointed(dot_git)] if is_file else [dot_git, place]:
            common = _common(own) if os.path.lexists(os.path.join(own, "HEAD")) else own
            if _is_repository(own, common):
                return Repository(place, own, common)
        if is_file:
            raise PycInspectError("not-a-repository", "names no git repository", path=dot_git)
    raise PycInspectError("not-a-repository", "not a git repository", path=directory)


def require_local_stores(repository: Repository) -> None:
    """Follow ``objects/info/alternates``, as git will.

    Raises:
        PycInspectError: ``other-machine`` where one of them is on another machine;
            ``too-large`` where there are too many.
    """
    pending, seen = [repository.objects], set[str]()
    while pending:
        objects = pending.pop()
        if objects in seen:
            continue
        seen.add(objects)
        if len(seen) > _MOST_STORES:
            message = f"has its objects in more than {_MOST_STORES} places"
            raise PycInspectError("too-large", message, path=repository.common)
        pending += _alternates(objects)


def read_small(path: str, limit: int = _SMALL) -> bytes | None:
    """Read a small regular file; None if there is none.

    Raises:
        PycInspectError: ``not-a-file``, ``too-large``, ``unreadable``.
    """
    if not os.path.lexists(path):
        return None
    with errors_named(path):
        return read_all(path, limit)


def _upwards(directory: str) -> Iterator[str]:
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def _is_repository(own: str, common: str) -> bool:
    """Return whether it looks like one, as ``is_git_directory`` in setup.c."""
    needed = (os.path.join(common, "objects"), os.path.join(common, "refs"))
    return os.path.lexists(os.path.join(own, "HEAD")) and all(map(os.path.isdir, needed))


def _pointed(dot_git: str) -> str:
    """Return the directory that the ``.git`` file of a worktree or a submodule names."""
    said = read_small(dot_git) or b""
    if not said.startswith(_GITFILE):
        message = f"does not begin with {_GITFILE.decode()!r}, as a .git file does"
        raise PycInspectError("not-a-repository", message, path=dot_git)
    return _local(said.removeprefix(_GITFILE), os.path.dirname(dot_git), dot_git)


def _common(own: str) -> str:
    """Return what a checkout shares with others, which the file ``commondir`` names."""
    file = os.path.join(own, "commondir")
    said = read_small(file)
    return own if said is None else _local(said, own, file)


def _alternates(objects: str) -> Iterator[str]:
    """Yield the places that ``info/alternates`` names (``parse_alt_odb_entry``, object-file.c)."""
    file = os.path.join(objects, "info", "alternates")
    for line in (read_small(file) or b"").split(b"\n"):
        if line and not line.startswith(b"#"):
            yield _local(_unquoted(line), objects, file)


def _unquoted(line: bytes) -> bytes:
    """Return what a line in quotes means; its escapes are those of C."""
    quoted = _QUOTED.fullmatch(line)
    if quoted is None:
        return line
    try:
        return quoted[1].decode("unicode_escape").encode("latin-1")
    except UnicodeError:  # no escape of C: git takes the line as it is
        return line


def _local(said: bytes, base: str, file: str) -> str:
    r"""Return the path that a file of the repository names, relative to a directory.

    Opening ``\\host\share`` tells Windows to log in there: only the share that the user's own
    path is on will do.
    """
    named = os.fsdecode(said.rstrip(b"\r\n"))
    if _share(named) not in ("", _share(base)):
        message = f"names a place on another machine, {named!r}, which is not read"
        raise PycInspectError("other-machine", message, path=file)
    return os.path.normpath(os.path.join(base, named))


def _share(path: str) -> str:
    r"""Return the ``//host/share`` that a path begins with, or nothing."""
    parts = path.replace("\\", "/").casefold().split("/")
    return "/".join(parts[:4]) if parts[:2] == ["", ""] else ""
