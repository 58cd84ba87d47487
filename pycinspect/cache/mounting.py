"""Which of the paths that a user names are archives, or lie in one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

from pycinspect.cache.view import View
from pycinspect.errors import PycInspectError
from pycinspect.pyc import container_kind_of
from pycinspect.values import ARCHIVE_MARK

__all__ = ["ARCHIVES", "containers_in", "mounted", "view_of"]

#: What is known by its name, whatever it holds.
_NEVER = (".py", ".pyw", ".pyc", ".pyo")
#: Ends of the names of archives that may hold Python: of those in an archive, only these are told.
ARCHIVES = (
    *(".whl", ".egg", ".pyz", ".pex", ".zip", ".conda", ".deb", ".rpm"),
    *(".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"),
)
#: Files of a directory that may be opened.
_LOOKED_AT = 100


def mounted(paths: Sequence[str], view: View) -> tuple[View, list[str]]:
    """Return a file system in which the archives among some paths are directories.

    Args:
        paths: files and directories as a user names them.
        view: the file system that they are in. Below the root of an image archives are files.

    Returns:
        The view itself where none of the paths is an archive, or in one; and the paths, those
        of archives with a ``!`` at the end.
    """
    if view.root is not None or view.has_archives:
        return view, list(paths)
    if not any(ARCHIVE_MARK in path or _is_container(path, view) for path in paths):
        return view, list(paths)
    from pycinspect.cache.archived import ArchiveView  # which takes long to import

    found = ArchiveView(view.user, read_only=view.read_only)
    return found, [path + ARCHIVE_MARK if _is_container(path, found) else path for path in paths]


def view_of(path: str, view: View) -> View:
    """Return the file system in which a path is to be read.

    Args:
        path: of a file.
        view: the one that it is in, if it does not lie in an archive.
    """
    return mounted([path], view)[0] if ARCHIVE_MARK in path and not view.has_archives else view


def containers_in(directory: str, view: View) -> Iterator[tuple[str, str]]:
    """Yield name and kind of the containers among the first files of a directory.

    Args:
        directory: where they lie.
        view: the file system that it is in.
    """
    try:
        with view.scandir(directory) as entries:
            files = [entry for entry in islice(entries, _LOOKED_AT) if entry.is_file()]
    except OSError:  # it has gone
        return
    for entry in sorted(files, key=attrgetter("name")):
        kind = _kind_of(entry.path, view)
        if kind is not None:
            yield entry.name, kind


def _is_container(path: str, view: View) -> bool:
    if path.endswith(_NEVER):
        return False
    return _kind_of(path, view) is not None


def _kind_of(path: str, view: View) -> str | None:
    try:
        if not view.is_file(path):
            return None
        with view.open(path) as file:
            return container_kind_of(file)
    except (OSError, ValueError, PycInspectError):  # whoever looks into it is told
        return None
