"""Asks what another user, or a process below another root directory, sees: by being one."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["NEEDS_ROOT", "as_user", "below"]

_Answer = TypeVar("_Answer")


class _Failed(NamedTuple):
    text: str


#: Only root can become somebody else.
NEEDS_ROOT = not hasattr(os, "geteuid") or os.geteuid() != 0


def as_user(uid: int, groups: Iterable[int], ask: Callable[[], _Answer]) -> _Answer:
    """Return what a function answers in a process of a user, whose first group is the first."""
    first, *others = groups

    def become() -> None:
        os.setgroups(others)
        os.setresgid(first, first, first)
        os.setresuid(uid, uid, uid)

    return _in_child(become, ask)


def below(root: Path, ask: Callable[[], _Answer]) -> _Answer:
    """Return what a function answers in a process whose root directory is another.

    The function must have been called before: no module can be imported there.
    """

    def become() -> None:
        os.chroot(root)
        os.chdir("/")

    return _in_child(become, ask)


def _in_child(become: Callable[[], None], ask: Callable[[], _Answer]) -> _Answer:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            become()
            content = pickle.dumps(ask())
        except BaseException:  # noqa: BLE001 - told to the parent
            content = pickle.dumps(_Failed(traceback.format_exc()))
        with open(writer, "wb") as stream:
            stream.write(content)
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        content = stream.read()
    os.waitpid(child, 0)
    answer = pickle.loads(content)
    assert not isinstance(answer, _Failed), answer.text
    found: _Answer = answer
    return found
