"""A file system that changes, or fails, at one call of the system."""

from __future__ import annotations

import builtins
import io
import os
import stat
from collections.abc import Callable
from typing import Any, Self

import pytest

from pycinspect.auditing import examine

__all__ = ["Change", "FileSystem"]

#: What happens before the chosen call is made; it may raise instead.
Change = Callable[[str], None]

_OF_PATHS = ("stat", "lstat", "open", "scandir", "listdir", "readlink", "access", "chmod")
_OF_DESCRIPTORS = ("fstat", "read")


class FileSystem:
    """The system's functions, counting calls on what lies in a tree.

    Args:
        root: the tree.
        at: which of these calls is the chosen one, from 1; 0 for none.
        change: what happens at it.
    """

    def __init__(self, root: str, at: int = 0, change: Change | None = None) -> None:
        self.calls = 0
        #: What would have waited for a fifo's writer.
        self.waits: list[str] = []
        self._root, self._at, self._change = os.path.join(root, ""), at, change
        self._paths: dict[int, str] = {}
        self._stat = os.stat

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put itself in the place of the system's."""
        self._paths.clear()
        for name in _OF_PATHS:
            patch.setattr(os, name, self._of_path(getattr(os, name), name))
        for name in _OF_DESCRIPTORS:
            patch.setattr(os, name, self._of_descriptor(getattr(os, name)))
        opener = self._of_path(builtins.open, "open()")
        patch.setattr(builtins, "open", opener)
        patch.setattr(io, "open", opener)
        patch.setattr(examine, "_ask", lambda entry: entry.stat(), raising=False)

    def count(self, path: object) -> None:
        """Count a call, and let happen what is to happen at it."""
        if not isinstance(path, str) or not os.path.abspath(path).startswith(self._root):
            return
        self.calls += 1
        if self.calls == self._at and self._change is not None:
            self._change(path)

    def _of_path(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(path: Any = ".", *arguments: Any, **named: Any) -> Any:
            self.count(path)
            self._note_waiting(name, path, arguments)
            result = function(path, *arguments, **named)
            if name == "open":
                self._paths[result] = path
            return _Listing(result, self) if name == "scandir" else result

        return call

    def _note_waiting(self, name: str, path: object, arguments: tuple[Any, ...]) -> None:
        nonblocking = getattr(os, "O_NONBLOCK", 0)
        if name not in {"open", "open()"} or not isinstance(path, str):
            return
        if name == "open" and arguments[0] & nonblocking:
            return
        try:
            is_fifo = stat.S_ISFIFO(self._stat(path).st_mode)
        except OSError:
            return
        if is_fifo:
            self.waits.append(path)
            raise OSError("this would wait for ever")

    def _of_descriptor(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *arguments: Any) -> Any:
            self.count(self._paths.get(descriptor))
            return function(descriptor, *arguments)

        return call


class _Listing:
    """What ``os.scandir`` returns."""

    def __init__(self, entries: Any, system: FileSystem) -> None:
        self._entries, self._system = entries, system

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def close(self) -> None:
        self._entries.close()

    def __iter__(self) -> _Listing:
        return self

    def __next__(self) -> _Entry:
        entry = next(self._entries)
        self._system.count(entry.path)
        return _Entry(entry, self._system)


class _Entry(os.PathLike[str]):
    """What it lists; on many file systems each question is a call of the system."""

    def __init__(self, entry: os.DirEntry[str], system: FileSystem) -> None:
        self._entry, self._system = entry, system
        self.name, self.path = entry.name, entry.path

    def __fspath__(self) -> str:
        return self.path

    def _asked(self) -> os.DirEntry[str]:
        self._system.count(self.path)
        return self._entry

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._asked().is_dir(follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self._asked().is_file(follow_symlinks=follow_symlinks)

    def is_symlink(self) -> bool:
        return self._asked().is_symlink()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._asked().stat(follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        return self._asked().inode()
