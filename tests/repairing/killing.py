"""Kill ``pycinspect fix --apply`` with SIGKILL at its system calls, as strace counts them.

``python -m tests.repairing.killing [--every N]``

From the first call that makes the journal on, each call of the main process, or every N-th, is one
run that ends there. After it every file is old or new, and ``pycinspect fix --undo`` leaves the
tree as it was. Needs strace.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pycinspect.repairing.journal import JOURNAL
from tests.repairing.kit import between, content_of, damaged, differing, left

__all__ = ["Call", "kills"]

ROOT = Path(__file__).parents[2]
_CALL = re.compile(r"^(\w+)\(")
#: Python asks for a descriptor's kind, for memory and for locks: nothing is in the way of the next call.
_OF_NO_ACCOUNT = frozenset(
    {"futex", "ioctl", "lseek", "brk", "mmap", "munmap", "mremap", "getrandom"}
)


class Call(NamedTuple):
    """The n-th call of one kind in a run."""

    name: str
    number: int


class _Run:
    """A tree, and the command that mends it under strace."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._copy, self.tree = place / "copy", place / "tree"
        damaged(self._copy)
        self.old = left(self._copy)

    def begin(self) -> None:
        for name in ("tree", "journal"):
            shutil.rmtree(self._place / name, ignore_errors=True)
        shutil.copytree(self._copy, self.tree)

    def fix(self, *strace: str) -> int:
        command = ("fix", "tree", "--no-config", "--apply", "--journal", "journal")
        return self._started(["strace", "-qq", "-o", "log", *strace], command)

    def undo(self) -> int:
        return self._started([], ("fix", "--undo", "journal"))

    def has_journal(self) -> bool:
        return (self._place / "journal" / JOURNAL).exists()

    def log(self) -> list[str]:
        return (self._place / "log").read_text("utf-8", "replace").splitlines()

    def _started(self, before: list[str], command: tuple[str, ...]) -> int:
        return subprocess.run(
            [*before, sys.executable, "-m", "pycinspect", *command],
            cwd=self._place,
            env={**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONHASHSEED": "0"},
            capture_output=True,
        ).returncode


def kills(place: Path, every: int = 1) -> Iterator[tuple[Call, list[str]]]:
    """Kill at one call after another; yield each with what should not be after it."""
    run = _Run(place)
    run.begin()
    assert run.fix() == 0
    new = content_of(run.tree)
    for call in _calls(run.log())[::every]:
        run.begin()
        inject = f"inject={call.name}:signal=KILL:when={call.number}"
        status = run.fix("-e", f"trace={call.name}", "-e", inject)
        wrong = [] if abs(status) in {signal.SIGKILL, 128 + signal.SIGKILL} else ["not killed"]
        wrong += between(run.tree, run.old, new)
        if run.has_journal() and run.undo() != 0:
            wrong.append("cannot be taken back")
        yield call, [*wrong, *differing(run.tree, run.old)]


def _calls(lines: list[str]) -> list[Call]:
    """Return the calls from the one on that makes the folder of the journal."""
    counts: Counter[str] = Counter()
    calls: list[Call] = []
    for line in lines:
        found = _CALL.match(line)
        if found is None:
            continue
        counts[found[1]] += 1
        has_begun = calls or line.startswith(('mkdir("journal', 'mkdirat(AT_FDCWD, "journal'))
        if has_begun and found[1] not in _OF_NO_ACCOUNT:
            calls.append(Call(found[1], counts[found[1]]))
    return calls


def main() -> int:
    """Return 1 if something is wrong after a kill, 0 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="of so many calls one is killed at")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        for call, texts in kills(Path(place), options.every):
            counts[call.name] += 1
            wrong += bool(texts)
            for text in texts:
                print(f"{call.name} {call.number}: {text}", file=sys.stderr)
    print(f"killed at {counts.total()} calls, {dict(counts)}: {wrong} with something wrong")
    return int(wrong > 0 or not counts)


if __name__ == "__main__":
    sys.exit(main())
