"""Trees of files: built from a situation, looked at before and after the import."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.differential.situations import Directory, File, Link, Node
from tests.privileges import NOBODY, unprivileged

__all__ = [
    "READ_LIMIT",
    "Entry",
    "build",
    "ordinary_user",
    "remove",
    "snapshot",
    "workspace",
]

#: How much of a file is compared, in bytes; sparse files are longer.
READ_LIMIT = 1 << 20


class Entry(NamedTuple):
    """What is compared of one node; None where it does not apply."""

    mode: int
    mtime_ns: int | None
    size: int | None
    content: bytes | str | None


@contextmanager
def ordinary_user(root: Path) -> Iterator[None]:
    """Work in ``root`` with the rights of an ordinary user, to whom the trees belong."""
    before = Path.cwd()
    os.chdir(root)
    try:
        with unprivileged():
            yield
    finally:
        os.chdir(before)


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a directory for trees, in memory if possible.

    A file system in memory keeps every time that a file can be given, and
    deletes thousands of directories without a disk's delays.
    """
    memory = "/dev/shm"
    parent = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pycinspect-", dir=parent) as name:
        directory = Path(name).resolve()
        if NOBODY is not None:
            os.chown(directory, NOBODY, NOBODY)
        yield directory


def build(root: Path, nodes: Sequence[Node]) -> None:
    """Build a tree; modes of directories come last, as they may lock us out."""
    root.mkdir()
    made = [(root / node.path.format(root=root), node) for node in nodes]
    for path, node in made:
        directory = path if isinstance(node, Directory) else path.parent
        directory.mkdir(parents=True, exist_ok=True)
        if isinstance(node, Link):
            path.symlink_to(node.target.format(root=root))
        elif isinstance(node, File):
            _write(path, node)
    _give_away(root)
    for path, node in made:
        if isinstance(node, File):
            path.chmod(node.mode)
            os.utime(path, ns=(node.mtime_ns, node.mtime_ns))
    for path, node in reversed(made):
        if isinstance(node, Directory):
            path.chmod(node.mode)


def _write(path: Path, file: File) -> None:
    path.write_bytes(file.content)
    if file.sparse_size is not None:
        os.truncate(path, file.sparse_size)


def _give_away(root: Path) -> None:
    if NOBODY is None:
        return
    for directory, names, files in os.walk(root):
        for name in (".", *names, *files):
            os.chown(os.path.join(directory, name), NOBODY, NOBODY, follow_symlinks=False)


def snapshot(root: Path) -> Mapping[str, Entry]:
    """Return every node below ``root`` by its relative path."""
    return {os.path.relpath(path, root): entry for path, entry in _entries(str(root))}


def _entries(directory: str) -> Iterator[tuple[str, Entry]]:
    with _unlocked(directory, os.R_OK | os.X_OK):
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            entry = _entry(path)
            yield path, entry
            if stat.S_ISDIR(entry.mode):
                yield from _entries(path)


def _entry(path: str) -> Entry:
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):  # its time and size say only that something in it changed
        return Entry(status.st_mode, None, None, None)
    if stat.S_ISLNK(status.st_mode):
        return Entry(status.st_mode, status.st_mtime_ns, status.st_size, os.readlink(path))
    with _unlocked(path, os.R_OK), open(path, "rb") as stream:
        content = stream.read(READ_LIMIT)
    return Entry(status.st_mode, status.st_mtime_ns, status.st_size, content)


@contextmanager
def _unlocked(path: str, access: int) -> Iterator[None]:
    """Make a node of our own accessible for a while; for root it always is."""
    if os.access(path, access):
        yield
        return
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    os.chmod(path, mode | stat.S_IRWXU)
    try:
        yield
    finally:
        os.chmod(path, mode)


def remove(root: Path) -> None:
    """Delete a tree, whatever the modes of its directories."""
    root.chmod(0o755)
    for directory, names, _ in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
    shutil.rmtree(root)
