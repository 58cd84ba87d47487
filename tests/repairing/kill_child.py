"""Ends a process before and after each call of the system that a run makes, and looks what is left.

A process of its own, as it forks: each of its children mends the same tree, or takes it back, and
dies at another call; of ``os.write`` also after half of the bytes. Prints what should not be, as
JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pycinspect.errors import PycInspectError
from pycinspect.repairing import RepairPlan, take_back
from pycinspect.repairing.journal import JOURNAL
from pycinspect.values import InvalidationMode
from tests.repairing.kit import Fixer, Left, between, content_of, damaged, differing, left

#: All that changes something on the disk, and what is asked in between.
CALLS = (
    *(
        "open",
        "close",
        "write",
        "fsync",
        "stat",
        "fstat",
        "chmod",
        "fchmod",
        "fchown",
        "utime",
        "link",
    ),
    *("mkdir", "rename", "replace", "rmdir", "unlink", "readlink"),
)
WHEN = ("before", "half", "after")
_SURVIVED = 77


class _Death:
    """Puts itself in the place of the system's functions, and ends the process at one call."""

    def __init__(self, at: int, when: str) -> None:
        self.calls = 0
        self._at, self._when = at, when
        for name in CALLS:
            if hasattr(os, name):
                setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls += name == "write" or self._when != "half"
            if self.calls != self._at or (self._when == "half" and name != "write"):
                return function(*arguments, **named)
            if self._when == "half":
                descriptor, data = arguments
                function(descriptor, data[: len(data) // 2])
            try:
                if self._when == "after":
                    function(*arguments, **named)
            finally:
                os._exit(0)

        # What writes asks whether a function takes descriptors: ``os.chmod in os.supports_fd``.
        for known in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
            if function in known:
                known.add(call)
        return call


def _dies(run: Callable[[], object], at: int, when: str) -> bool:
    """Run something in a child that dies at a call; return whether there was such a call."""
    child = os.fork()
    if child == 0:
        _Death(at, when)
        run()
        os._exit(_SURVIVED)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != _SURVIVED


class _Experiment:
    def __init__(self, place: Path, fixer: Fixer, plan: RepairPlan) -> None:
        self.root, self._place = fixer.root, place
        self._fixer, self._plan = fixer, plan
        self._journal, self._copy = place / "journal", place / "copy"
        shutil.copytree(self.root, self._copy)
        self._old: Mapping[str, Left] = left(self.root)
        self.apply()
        self._new = content_of(self.root)
        shutil.copytree(self._journal, place / "whole")
        shutil.copytree(self.root, place / "mended")

    def apply(self) -> None:
        self._fixer.apply(self._plan, self._journal)

    def undo(self) -> None:
        list(take_back(os.fspath(self._journal)))

    def begin(self, tree: Path, journal: Path | None) -> None:
        """Put a tree, and a journal, in the place of what is there."""
        shutil.rmtree(self.root)
        shutil.copytree(tree, self.root)
        shutil.rmtree(self._journal, ignore_errors=True)
        if journal is not None:
            shutil.copytree(journal, self._journal)

    def killed_mending(self, at: int, when: str) -> Iterator[str] | None:
        self.begin(self._copy, None)
        if not _dies(self.apply, at, when):
            return None
        return self._objections()

    def killed_undoing(self, at: int, when: str) -> Iterator[str] | None:
        self.begin(self._place / "mended", self._place / "whole")
        if not _dies(self.undo, at, when):
            return None
        return self._objections()

    def _objections(self) -> Iterator[str]:
        yield from between(self.root, self._old, self._new)
        if (self._journal / JOURNAL).exists():
            try:
                self.undo()
            except PycInspectError as error:
                yield f"cannot be taken back: {error}"
        yield from differing(self.root, self._old)


def main(place: Path) -> dict[str, object]:
    """Kill at every call, of mending and of taking it back."""
    mode = InvalidationMode.CHECKED_HASH  # so that headers are converted, too
    problems: list[str] = []
    counts: dict[str, int] = {}
    with Fixer.of(damaged(place / "tree"), mode) as fixer:
        plan = fixer.plan()
        experiment = _Experiment(place, fixer, plan)
        deeds = {"apply": experiment.killed_mending, "undo": experiment.killed_undoing}
        for name, killed in deeds.items():
            for when in WHEN:
                at = 1
                while (found := killed(at, when)) is not None:
                    problems += [f"{name} killed {when} call {at}: {text}" for text in found]
                    at += 1
                counts[f"{name} {when}"] = at - 1
    kinds = sorted({repair.kind.value for repair in plan.repairs})
    return {"kinds": kinds, "calls": counts, "problems": problems[:20], "count": len(problems)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
