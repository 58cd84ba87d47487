"""A tree with something to mend of every kind, and the whole way from an audit to a plan."""

from __future__ import annotations

import marshal
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pycinspect.auditing import Audit, Policy
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.pyc import PYCACHE
from pycinspect.repairing import (
    Asked,
    Grounds,
    JournalWriter,
    Looker,
    Maker,
    Planner,
    RepairPlan,
    RepairResult,
    apply_repairs,
)
from pycinspect.values import InvalidationMode
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, timestamp

__all__ = ["COMPILED", "Fixer", "Left", "between", "content_of", "damaged", "differing", "left"]

#: What compiling :data:`SOURCE` gives; that of the audit's kit has this module's future in it.
COMPILED = marshal.dumps(compile(SOURCE, "<tree>", "exec", dont_inherit=True))
#: Long before any test: nobody is still writing it.
_LONG_AGO = 1_000_000_000


def damaged(root: Path) -> Tree:
    """Return a tree with a module in every state that can be mended; ``clean`` has none."""
    tree = Tree(root)
    stale = tree.module("stale.py", timestamp(RUNNING, MTIME - 5, len(SOURCE)))
    stale.chmod(0o666)
    tree.source("by_time.py")
    tree.cache("by_time.py", payload=COMPILED)
    tree.module("open.py").chmod(0o777)
    tree.cache("gone.py")
    tree.cache("alone/gone.py")
    tree.source("alone/other.py")
    tree.file(f"{PYCACHE}/clean.{RUNNING.cache_tag}.pyc.139872034862080", b"half", _LONG_AGO)
    tree.file("bare.pyc", timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD)
    for path in (tree.root / PYCACHE, tree.root / "alone" / PYCACHE):
        path.chmod(0o755)
    return tree


class Fixer:
    """Plans, does and takes back, as ``pycinspect fix`` does.

    Args:
        tree: what is mended.
        maker: makes new content.
        mode: the invalidation mode that is wanted; the maker's.
        asked: what may be done.
    """

    def __init__(
        self,
        tree: Tree | Path,
        maker: Maker,
        mode: InvalidationMode | None = None,
        asked: Asked = Asked(),  # noqa: B008 - a frozen value
    ) -> None:
        self.root = tree.root if isinstance(tree, Tree) else tree
        self._maker = maker
        self._policy = Policy(invalidation_mode=mode, deep=True)
        self._asked = asked
        self.grounds = Grounds([os.fspath(self.root)], PYCACHE)

    def plan(self, policy: Policy | None = None) -> RepairPlan:
        """Audit the tree, and decide."""
        found = Audit([self.root], BUILT_IN, policy or self._policy)
        return Planner(Looker(self.grounds, None), self._maker, self._asked).plan(found)

    def apply(self, plan: RepairPlan, journal: Path) -> list[RepairResult]:
        """Do what was planned."""
        with JournalWriter(os.fspath(journal), self.grounds.tops) as notes:
            return list(apply_repairs(plan.repairs, self._maker.kept, notes))

    @classmethod
    @contextmanager
    def of(
        cls,
        tree: Tree | Path,
        mode: InvalidationMode | None = None,
        asked: Asked = Asked(),  # noqa: B008 - likewise
    ) -> Iterator[Fixer]:
        """Make one that lasts as long as the block."""
        with Maker(mode) as maker:
            yield cls(tree, maker, mode, asked)


class Left(NamedTuple):
    """What is compared of a file or directory."""

    mode: int
    content: bytes | None
    mtime_ns: int | None


def left(root: Path) -> Mapping[str, Left]:
    """Return everything below a directory, by its path from there."""
    return {os.fspath(path.relative_to(root)): _left(path) for path in sorted(root.rglob("*"))}


def content_of(root: Path) -> Mapping[str, bytes | None]:
    """Return the content of all files below a directory."""
    return {path: one.content for path, one in left(root).items()}


def between(root: Path, old: Mapping[str, Left], new: Mapping[str, bytes | None]) -> Iterator[str]:
    """Say what in a tree is neither as it was nor as it is when it is mended."""
    before = {path: one.content for path, one in old.items()}
    for path, content in content_of(root).items():
        is_known = path in before or path in new
        if is_known and content not in (before.get(path, b"-"), new.get(path, b"-")):
            yield f"{path}: {content!r} is neither old nor new"
        if not is_known and not path.rpartition(".")[2].isdecimal():
            yield f"{path}: left behind"


def differing(root: Path, old: Mapping[str, Left]) -> Iterator[str]:
    """Say what in a tree is not as it was."""
    now = left(root)
    for path in sorted({*now, *old}):
        if now.get(path) != old.get(path):
            yield f"{path}: {old.get(path)} became {now.get(path)}"


def _left(path: Path) -> Left:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return Left(status.st_mode, None, None)
    return Left(status.st_mode, path.read_bytes(), status.st_mtime_ns)
