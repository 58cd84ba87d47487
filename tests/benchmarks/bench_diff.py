"""What does a comparison of two releases cost? Seconds of CPU, and what is saved, in one run.

    python -m tests.benchmarks.bench_diff OLD NEW [OLD NEW …] [--rounds N]

OLD and NEW are directories with the sources of two releases of a package. They are compiled
first, by the running interpreter, which is not counted. Then two contestants take turns: the
comparison as it is, which makes no form where both sides have the same code, and the same with
the form of every code object made. The best of the rounds counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from pycinspect.canonical import Level, units
from pycinspect.compiling import Compilers
from pycinspect.diffing import (
    FileTree,
    NamedCode,
    Status,
    comparing,
    compiled_in,
    diff_module,
    paired_modules,
)
from pycinspect.programs import ReadOptions
from pycinspect.values import Taken

_Pairs = Sequence[Sequence[NamedCode | None]]
_HEAD = (
    "package                                code objects  unchanged     CPU s  every form s   times"
)


def _pairs(old: str, new: str) -> _Pairs:
    """Return the modules of two directories, compiled."""
    trees = [FileTree(path, Taken.SOURCES) for path in (old, new)]
    with Compilers() as compilers:
        options = ReadOptions(compilers=compilers)
        return [
            [
                None if path is None else (path, compiled_in(tree.read(path, options)))
                for tree, path in zip(trees, pair, strict=True)
            ]
            for pair in paired_modules(*trees)
        ]


def _compared(pairs: _Pairs) -> Counter[Status]:
    return Counter(
        unit.status for old, new in pairs for unit in diff_module(old, new, Level.SEMANTIC).units
    )


def _with_every_form(pairs: _Pairs) -> Counter[Status]:
    def both(old: object, new: object, level: Level) -> object:
        found = units(*old, level), units(*new, level)
        return [{place: side[place] for place in side} and side for side in found]

    with patch.object(comparing, "units_of_both", both):
        return _compared(pairs)


def _seconds(work: Callable[[_Pairs], Counter[Status]], pairs: _Pairs) -> float:
    started = time.process_time()
    work(pairs)
    return time.process_time() - started


def _rows(paths: Sequence[str], rounds: int) -> Iterator[str]:
    for old, new in list(pairwise(paths))[::2]:
        pairs = _pairs(old, new)
        counts = _compared(pairs)
        turns = [
            [_seconds(work, pairs) for work in (_compared, _with_every_form)] for _ in range(rounds)
        ]
        best, whole = map(min, zip(*turns, strict=True))
        total = counts.total()
        same = 100 * (counts[Status.SAME] + counts[Status.EXPLAINED]) / max(total, 1)
        name = " -> ".join("/".join(Path(path).parts[-2:]) for path in (old, new))
        yield f"{name:38} {total:12} {same:8.1f} % {best:9.2f} {whole:13.2f} {whole / best:7.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", metavar="OLD NEW")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if len(options.paths) % 2:
        parser.error("directories are given in pairs")
    print(_HEAD)
    for row in _rows(options.paths, options.rounds):
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
