"""Asking git about a repository that is not trusted.

git runs what a configuration names: ``core.sshCommand`` fetches what is missing, ``core.fsmonitor``
is asked for changes, filters, textconv, pagers, hooks and others have their turns. A list of such
keys would never be complete: **the configuration of the repository is never in force.** git is
given a directory of ours as its repository. Its configuration is ours; HEAD, the branches, the
reflogs are links to those of the repository; objects are read where they are. No remote is known
and no protocol allowed, so nothing is fetched. Neither the user's nor the system's configuration
is read, no ``GIT_`` variable is passed on, and git is asked by commands that run nothing at all:
git-rev-parse(1), git-ls-tree(1), git-cat-file(1), git-config(1) with ``--file``.

That is also why repositories of other users can be read: ``safe.directory`` keeps git from
obeying a stranger's configuration and hooks, and here there are none (setup.c,
``setup_explicit_git_dir``, does not ask for the owner of a directory that GIT_DIR names).

git is asked, and not a library that reads its files, because git itself is the authority on what
``main@{yesterday}`` or ``:/message`` means, tells a size before it gives a content, and reads
every format that it writes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import IO, NamedTuple

from pycinspect.diffing.repository import Repository, read_small, require_local_stores
from pycinspect.errors import PycInspectError
from pycinspect.installed import find_executable
from pycinspect.pyc import errors_named, file_kind, read_all

__all__ = ["Answer", "CleanRoom"]

#: How long one answer may take, in seconds.
_SECONDS = 60.0
#: Bytes of a repository's configuration; ten thousand branches have fewer.
_SETTINGS = 4 * 1024 * 1024
#: What is copied where links cannot be made, of each name: bytes, and files and directories.
_COPIED = 64 * 1024 * 1024
_MOST_COPIED = 100_000
#: What is shown of what git says on its standard error, in bytes.
_SAID = 4096

_HEAD = re.compile(rb"ref:\s*refs/\S+\s*|[0-9a-f]{40}(?:[0-9a-f]{24})?\s*")
#: The names of gitrevisions(7) that belong to a checkout, apart from HEAD; its reflogs and
#: the branches that it shares with no other.
_OWN = (
    "AUTO_MERGE",
    "BISECT_HEAD",
    "CHERRY_PICK_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
    "logs",
    "refs",
    "reftable",
)
_COMMON = ("info/grafts", "logs", "packed-refs", "refs", "reftable", "shallow")

_ANY = rb"[^\x00-\x1f\x7f]+"
#: What is taken over of the repository's configuration: how it is stored, and what its branches
#: follow (``main@{upstream}``); with the values that may be. None of them names a command.
_TAKEN: Mapping[re.Pattern[bytes], re.Pattern[bytes]] = MappingProxyType(
    {
        re.compile(key): re.compile(value)
        for key, value in (
            (rb"core\.repositoryformatversion", rb"[01]"),
            (rb"core\.precomposeunicode", rb"true|false"),
            (rb"extensions\.(?:object|compatobject)format", rb"sha1|sha256"),
            (rb"extensions\.refstorage", rb"files|reftable"),
            (rb"branch\." + _ANY + rb"\.(?:remote|merge|pushremote)", _ANY),
            (rb"remote\." + _ANY + rb"\.(?:fetch|push)", _ANY),
            (rb"remote\.pushdefault", _ANY),
            (rb"push\.default", rb"nothing|current|upstream|tracking|simple|matching"),
        )
    }
)
#: What decides how a repository is to be read, and must be understood
#: (Documentation/technical/repository-version.txt) …
_BINDING = re.compile(rb"extensions\..*|core\.repositoryformatversion", re.DOTALL)
#: … but for what concerns fetching, writing and checkouts alone.
_WITHOUT_EFFECT = re.compile(
    rb"extensions\.(?:noop|noop-v1|partialclone|preciousobjects|relativeworktrees"
    rb"|submodulepathconfig|worktreeconfig)"
)

#: Whatever git's version: settings of others are not read, nothing is asked, fetched or written.
_ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "GIT_ADVICE": "0",
        "GIT_ALLOC_LIMIT": "256m",  # one object, or one buffer
        "GIT_ALLOW_PROTOCOL": "none",  # the name of no protocol
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "NoDefaultCurrentDirectoryInExePath": "1",
    }
)


class Answer(NamedTuple):
    """What git says.

    Args:
        is_yes: whether it ended well.
        output: what it printed.
        said: the first line of its messages.
    """

    is_yes: bool
    output: bytes
    said: str


class CleanRoom:
    """A directory that git takes for the repository; removed when it is no longer used.

    Args:
        repository: whose names and objects are asked for.

    Raises:
        PycInspectError: ``no-git``; ``other-machine``; ``not-a-repository`` and ``unsupported``
            where it is none that git would read.
    """

    def __init__(self, repository: Repository) -> None:
        program = find_executable("git")
        if program is None:
            message = "revisions need the program git, which is not installed"
            raise PycInspectError("no-git", message)
        require_local_stores(repository)
        self._program = program
        try:
            self._place = tempfile.mkdtemp(prefix="pycinspect-")
            weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
            self._own, self._common = (os.path.join(self._place, n) for n in ("own", "common"))
            self._environment = _environment(self._own, repository.objects)
            self._furnish(repository)
        except OSError as error:
            message = f"no temporary directory for git can be made: {error.strerror or error}"
            raise PycInspectError("git-failed", message) from error

    def ask(self, *arguments: str, limit: int) -> Answer:
        """Ask git.

        Args:
            arguments: a command, and what belongs to it.
            limit: bytes of the answer.

        Raises:
            PycInspectError: ``too-large``; ``git-failed`` where it cannot be started or takes
                too long.
        """
        try:
            with tempfile.TemporaryFile() as said, self._started(arguments, said) as child:
                assert child.stdout is not None
                output = child.stdout.read(limit + 1)
                if len(output) > limit:
                    message = f"git's answer has more than {limit} bytes"
                    raise PycInspectError("too-large", message)
                child.wait(_SECONDS)
                said.seek(0)
                return Answer(not child.returncode, output, _first_line(said.read(_SAID)))
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise PycInspectError("git-failed", f"git cannot be asked: {error}") from error

    @contextmanager
    def _started(
        self, arguments: tuple[str, ...], said: IO[bytes]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start git, away from the terminal and from all directories but ours."""
        child = subprocess.Popen(  # noqa: S603 - no shell; what may be an option was refused
            [self._program, "--no-pager", *arguments],
            cwd=self._place,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
        expired = threading.Event()
        timer = threading.Timer(_SECONDS, _expire, (child, expired))
        timer.start()
        with child:
            try:
                yield child
            finally:
                timer.cancel()
                timer.join()
                if child.poll() is None:
                    _kill(child)
        if expired.is_set():
            raise subprocess.TimeoutExpired(f"git {arguments[0]}", _SECONDS)

    # --- What is in it ---------------------------------------------------------------------

    def _furnish(self, repository: Repository) -> None:
        for directory, source in ((self._own, repository.own), (self._common, repository.common)):
            os.mkdir(directory)
            _write(os.path.join(directory, "HEAD"), _head(source))
        # As in a linked worktree; the variable GIT_COMMON_DIR is not asked by all of git.
        _write(os.path.join(self._own, "commondir"), b"../common\n")
        os.mkdir(os.path.join(self._common, "info"))
        for name in _OWN:
            _link(os.path.join(repository.own, name), os.path.join(self._own, name))
        for name in _COMMON:
            _link(os.path.join(repository.common, name), os.path.join(self._common, name))
        self._configure(b"")
        theirs = read_small(os.path.join(repository.common, "config"), _SETTINGS)
        if theirs is not None:
            self._configure(b"".join(self._taken(theirs, repository.common)))

    def _configure(self, lines: bytes) -> None:
        _write(os.path.join(self._common, "config"), b"[core]\n\tbare = true\n" + lines)

    def _taken(self, theirs: bytes, path: str) -> Iterator[bytes]:
        """Yield the lines of our configuration that say what theirs says.

        git reads the file, as any file of that format, and obeys nothing in it.
        """
        copy = os.path.join(self._place, "theirs")
        _write(copy, theirs)
        options = ("--file", copy, "--no-includes", "--null", "--list")
        answer = self.ask("config", *options, limit=4 * _SETTINGS)
        if not answer.is_yes:
            message = f"its configuration cannot be read: {answer.said}".replace(copy, "config")
            raise PycInspectError("not-a-repository", message, path=path)
        for entry in answer.output.split(b"\0"):
            key, _, value = entry.partition(b"\n")
            if any(k.fullmatch(key) and v.fullmatch(value) for k, v in _TAKEN.items()):
                yield _setting(key, value)
            elif _BINDING.fullmatch(key) and not _WITHOUT_EFFECT.fullmatch(key):
                named = f"{os.fsdecode(key)} = {os.fsdecode(value)!r}"
                message = f"a repository with {named} is not read"
                raise PycInspectError("unsupported", message, path=path)


def _environment(own: str, objects: str) -> dict[str, str]:
    """Return the user's variables without those that tell git what to do, and with ours."""
    others = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return {**others, **_ENVIRONMENT, "GIT_DIR": own, "GIT_OBJECT_DIRECTORY": objects}


def _expire(child: subprocess.Popen[bytes], expired: threading.Event) -> None:
    expired.set()
    _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child, and what it started, unless it has ended: its number may be another's then."""
    if child.returncode is not None:
        return
    if os.name == "nt":
        child.kill()
        return
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not come to its new session yet
        child.kill()


def _first_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines() or ["it gives no reason"]
    return lines[0].removeprefix("fatal: ").removeprefix("error: ")


def _setting(key: bytes, value: bytes) -> bytes:
    """Return a setting as config files have it (git-config(1), "Syntax")."""
    section, _, rest = key.partition(b".")
    within, dot, name = rest.rpartition(b".")
    title = section + (b' "%s"' % _escaped(within) if dot else b"")
    return b'[%s]\n\t%s = "%s"\n' % (title, name, _escaped(value))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _head(directory: str) -> bytes:
    """Return the content of HEAD, which may be a link to a branch (``validate_headref``)."""
    path = os.path.join(directory, "HEAD")
    if os.path.islink(path):
        target = os.fsencode(os.readlink(path).replace(os.sep, "/"))
        said = b"ref: " + target if target.startswith(b"refs/") else b""
    else:
        said = read_small(path) or b""
    if _HEAD.fullmatch(said) is None:
        raise PycInspectError("not-a-repository", "has a HEAD that is none", path=directory)
    return said.strip() + b"\n"


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(data)


# --- What is linked, or copied -------------------------------------------------------------


def _link(source: str, target: str) -> None:
    """Make a regular file or a directory appear elsewhere.

    Raises:
        PycInspectError: ``not-a-file`` for others, whose opening may never end; ``too-large``
            for what would have to be copied.
    """
    if not os.path.exists(source):
        return
    with errors_named(source):
        mode = os.stat(source).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise PycInspectError("not-a-file", f"a {file_kind(mode)}, not a file", path=source)
    try:
        os.symlink(source, target, target_is_directory=stat.S_ISDIR(mode))
    except OSError:  # on Windows few may; some file systems have none
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    left = _COPIED
    for number, (path, place) in enumerate(_listed(source, target)):
        if number > _MOST_COPIED:
            message = f"more than {_MOST_COPIED} files to copy, where links cannot be made"
            raise PycInspectError("too-large", message, path=source)
        if os.path.isdir(path):
            os.mkdir(place)
        elif os.path.isfile(path):
            with errors_named(path):
                data = read_all(path, left)
            left -= len(data)
            _write(place, data)


def _listed(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield what is copied, and to where: directories before what is in them."""
    yield source, target
    for folder, folders, files in os.walk(source):
        there = os.path.join(target, os.path.relpath(folder, source))
        for name in (*folders, *files):
            yield os.path.join(folder, name), os.path.join(there, name)
