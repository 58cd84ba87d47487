"""Files as they are in a revision of a git repository.

``git`` is asked for names and contents (gitrevisions(7), git-ls-tree(1), git-cat-file(1)); none of
these runs a filter, a hook or a program that the repository names.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pycinspect.compiling import ReadOptions, Subject, parse_subject
from pycinspect.diffing.trees import modules_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import DEFAULT_LIMITS

__all__ = ["RevisionTree"]

#: How long one answer may take, in seconds.
_SECONDS = 60.0
_OPTIONS = ("--no-pager", "--no-optional-locks", "--literal-pathspecs")

#: One line of ``git ls-tree -z -l``; modes of regular files, not of links and submodules.
_ENTRY = re.compile(rb"100\d{3} blob ([0-9a-f]+) +(\d+)\t(.*)", re.DOTALL)


class _Blob(NamedTuple):
    """The content of a file.

    Args:
        number: git's name for it.
        size: in bytes.
    """

    number: str
    size: int


class RevisionTree:
    """A file or a directory, as it is in a revision.

    Args:
        revision: whatever ``git rev-parse`` takes: a branch, a tag, ``HEAD~3`` …
        path: of the file or the directory, which need not exist now.

    Raises:
        PycInspectError: ``no-git``; ``not-a-repository``; ``unknown-revision``;
            ``not-in-revision`` where it has no such path.
    """

    def __init__(self, revision: str, path: str) -> None:
        self.name = f"{revision}:{path}"
        self._revision, self._path = revision, path
        self._directory = _existing(path)
        self._blobs = {self._named(found): blob for found, blob in self._entries()}
        if not self._blobs:
            raise PycInspectError("not-in-revision", f"{revision} has no such file", path=path)

    def modules(self) -> Mapping[str, str] | None:
        """Return the files below a directory by their modules; None for a file.

        Raises:
            PycInspectError: ``ambiguous-cache``.
        """
        if self._blobs.keys() == {self.name}:
            return None
        return modules_of(self._blobs, self.name)

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read a file, by the name that :meth:`modules` has for it, or the only one.

        Raises:
            PycInspectError: ``too-large``, or as ``parse_subject``, with the name.
        """
        blob = self._blobs[file]
        if blob.size > DEFAULT_LIMITS.size:
            message = f"more than {DEFAULT_LIMITS.size} bytes"
            raise PycInspectError("too-large", message, path=file)
        data = _git(self._directory, "cat-file", "blob", blob.number)
        try:
            return parse_subject(data, file, options)
        except PycInspectError as error:
            raise error.at(file) from None

    def _entries(self) -> Iterator[tuple[str, _Blob]]:
        """Yield the files at the path or below, by their paths from the directory."""
        _git(self._directory, "rev-parse", "--git-dir", slug="not-a-repository", path=self._path)
        tree = _tree_of(self._directory, self._revision)
        inside = os.path.relpath(self._path, self._directory)
        wanted = [] if inside == os.curdir else [inside]
        listed = _git(self._directory, "ls-tree", "-r", "-z", "-l", tree, "--", *wanted)
        for line in listed.split(b"\0"):
            entry = _ENTRY.fullmatch(line)
            if entry is not None:
                yield os.fsdecode(entry[3]), _Blob(entry[1].decode(), int(entry[2]))

    def _named(self, found: str) -> str:
        """Return what a file is called: the revision, and the path as the user would write it."""
        relative = os.path.relpath(os.path.join(self._directory, found), self._path)
        if relative == os.curdir:
            return self.name
        return f"{self._revision}:{os.path.join(self._path, relative)}"


def _existing(path: str) -> str:
    """Return the directory that a path is, or lies in; the nearest that is there."""
    directory = os.path.abspath(path)
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return directory


def _tree_of(directory: str, revision: str) -> str:
    """Return git's number of the tree of a revision, whose name may look like an option."""
    message = f"there is no revision {revision!r}"
    if revision.startswith("-"):
        raise PycInspectError("unknown-revision", message)
    try:
        found = _git(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}")
    except PycInspectError as error:
        raise PycInspectError("unknown-revision", message) from error
    # Inside a directory ``ls-tree`` shows that part of a tree alone.
    return found.decode("ascii").strip()


def _git(
    directory: str, *arguments: str, slug: str = "git-failed", path: str | None = None
) -> bytes:
    """Return what git prints, asked in a directory.

    Raises:
        PycInspectError: ``no-git``, or with the slug, and what git says.
    """
    program = shutil.which("git")
    if program is None:
        raise PycInspectError("no-git", "revisions need the program git, which is not installed")
    try:
        child = subprocess.run(  # noqa: S603 - no shell, and what may be an option was refused
            [program, *_OPTIONS, *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise PycInspectError(slug, f"git cannot be asked: {error}", path=path) from error
    if child.returncode:
        said = child.stderr.decode("utf-8", "replace").strip().splitlines()
        why = said[0].removeprefix("fatal: ") if said else f"it ended with {child.returncode}"
        raise PycInspectError(slug, f"git: {why}", path=path)
    return child.stdout
