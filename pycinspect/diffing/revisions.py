"""Files as they are in a revision of a git repository.

``git`` is asked for names and contents, in a clean room: see ``cleanroom.py`` for what that is,
and why nothing that the repository names is run. What this clone does not have is not fetched.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pycinspect.diffing.cleanroom import Answer, CleanRoom
from pycinspect.diffing.repository import find_repository
from pycinspect.diffing.trees import modules_of
from pycinspect.errors import PycInspectError
from pycinspect.programs import ReadOptions, Subject, parse_subject
from pycinspect.pyc import DEFAULT_LIMITS

__all__ = ["RevisionTree"]

#: Bytes of the listing of a tree, whose subtrees may be one and the same a million times; and
#: the files in it. The largest repositories have half a million files.
_LISTING = 128 * 1024 * 1024
_FILES = 1_000_000
#: Bytes of an answer that is a name or a number.
_SHORT = 1024

_NUMBER = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
#: One line of ``git ls-tree -z -l``; modes of regular files, not of links and submodules. The
#: size of what is not here is BAD.
_ENTRY = re.compile(rb"100\d{3} blob ([0-9a-f]+) +(\d+|BAD)\t(.*)", re.DOTALL)


class _Blob(NamedTuple):
    """The content of a file.

    Args:
        number: git's name for it.
        size: in bytes; None if it is not in this clone.
    """

    number: str
    size: int | None


class RevisionTree:
    """A file or a directory, as it is in a revision.

    Args:
        revision: what gitrevisions(7) calls a revision: a branch, a tag, ``HEAD~3``,
            ``main@{1}``, ``:/message`` …
        path: of the file or the directory, which need not exist now.

    Raises:
        PycInspectError: ``no-git``; ``not-a-repository``; ``unknown-revision``;
            ``not-in-revision`` where it has no such path; ``missing-object`` where this clone
            has not all that it takes; ``bad-tree`` for one that cannot be checked out;
            ``too-large``; ``other-machine`` and ``unsupported`` for repositories that are not
            read; ``git-failed``.
    """

    def __init__(self, revision: str, path: str) -> None:
        self.name = f"{revision}:{path}"
        self._revision, self._path = revision, path
        directory = _existing(path)
        # As git does: from where the process would be, inside that directory.
        place = os.path.realpath(directory)
        repository = find_repository(place)
        self._inside = os.path.relpath(
            os.path.join(place, os.path.relpath(os.path.abspath(path), directory)), repository.root
        )
        self._room = CleanRoom(repository)
        self._blobs = dict(self._named())
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

    def files(self) -> Iterable[str]:
        """Return all files at the path or below."""
        return self._blobs

    def content(self, file: str) -> bytes:
        """Return the bytes of a file, by the name that :meth:`modules` has for it, or the only one.

        Raises:
            PycInspectError: ``too-large``; ``missing-object``; ``git-failed``, with the name.
        """
        blob = self._blobs[file]
        if blob.size is None:
            message = (
                "this clone does not have its content, and it is not fetched; if you trust the"
                f" repository, 'git cat-file blob {blob.number}' fetches it"
            )
            raise PycInspectError("missing-object", message, path=file)
        if blob.size > DEFAULT_LIMITS.size:
            message = f"more than {DEFAULT_LIMITS.size} bytes"
            raise PycInspectError("too-large", message, path=file)
        answer = self._room.ask("cat-file", "blob", blob.number, limit=blob.size)
        if not answer.is_yes:
            raise PycInspectError("git-failed", f"git: {answer.said}", path=file)
        return answer.output

    def read(self, file: str, options: ReadOptions | None = None) -> Subject:
        """Read a file, by the name that :meth:`modules` has for it, or the only one.

        Raises:
            PycInspectError: as :meth:`content`, or as ``parse_subject``, with the name.
        """
        data = self.content(file)
        try:
            return parse_subject(data, file, options)
        except PycInspectError as error:
            raise error.at(file) from None

    def _named(self) -> Iterator[tuple[str, _Blob]]:
        """Yield the files at the path or below, with what they are called.

        Raises:
            PycInspectError: ``bad-tree`` where a name leads elsewhere, or two lead to one place:
                a file could be shown as another one.
        """
        found = list(self._entries())
        names = Counter(name for name, _ in found)
        for name, blob in found:
            place = name.replace("/", os.sep)
            if _leads_elsewhere(place) or names[name] > 1:
                message = f"{self._revision} has a tree that cannot be checked out, with {name!r}"
                raise PycInspectError("bad-tree", message, path=self._path)
            yield self._called(place), blob

    def _entries(self) -> Iterator[tuple[str, _Blob]]:
        """Yield the files at the path or below, by their paths in the tree."""
        number = self._number()
        wanted = [] if self._inside == os.curdir else [self._inside.replace(os.sep, "/")]
        answer = self._room.ask("ls-tree", "-rlz", number, "--", *wanted, limit=_LISTING)
        if not answer.is_yes:
            raise self._without_tree(number, answer)
        if answer.output.count(b"\0") > _FILES:
            message = f"{self._revision} has more than {_FILES} files there"
            raise PycInspectError("too-large", message, path=self._path)
        for line in answer.output.split(b"\0"):
            entry = _ENTRY.fullmatch(line)
            if entry is not None:
                size = None if entry[2] == b"BAD" else int(entry[2])
                yield os.fsdecode(entry[3]), _Blob(entry[1].decode(), size)

    def _called(self, found: str) -> str:
        """Return what a file is called: the revision, and the path as the user would write it."""
        relative = os.path.relpath(found, self._inside)
        if relative == os.curdir:
            return self.name
        return f"{self._revision}:{os.path.join(self._path, relative)}"

    def _number(self) -> str:
        """Return git's number for the revision, whose name may look like an option."""
        if not self._revision.startswith("-") and "\0" not in self._revision:
            options = ("rev-parse", "--verify", "--quiet")
            answer = self._room.ask(*options, self._revision, limit=_SHORT)
            if answer.is_yes and _NUMBER.fullmatch(answer.output.strip()):
                return answer.output.decode("ascii").strip()
        raise PycInspectError("unknown-revision", f"there is no revision {self._revision!r}")

    def _without_tree(self, number: str, answer: Answer) -> PycInspectError:
        """Return why nothing can be listed: it names a file, or something is not here."""
        kind = self._room.ask("cat-file", "-t", f"{number}^{{}}", limit=_SHORT)
        if kind.output.strip() == b"blob":
            message = f"{self._revision} is one file, not a revision"
            return PycInspectError("unknown-revision", message)
        message = (
            f"this clone does not have all of {self._revision} (git: {answer.said}), and it is"
            f" not fetched; if you trust the repository, 'git ls-tree -r {number}' fetches it"
        )
        return PycInspectError("missing-object", message, path=self._path)


def _leads_elsewhere(place: str) -> bool:
    """Return whether a path is not what its parts spell; git refuses such ones (read-cache.c)."""
    return bool(
        {"", os.curdir, os.pardir} & set(place.split(os.sep)) or os.path.splitdrive(place)[0]
    )


def _existing(path: str) -> str:
    """Return the directory that a path is, or lies in; the nearest that is there."""
    directory = os.path.abspath(path)
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return directory
