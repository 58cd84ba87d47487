"""Verification against the least that it must do: compiling each source once.

    python -m tests.benchmarks.bench_verify [--files N] [--rounds N] [TREE]

Both take turns over the same caches of the running Python. A row says how much processor time they
took at their fastest, that of the compiling process included (Linux), and the ratio, which is what
counts: times here are those of one machine on one day, and of all that runs beside it.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pycinspect.cache import source_from_cache
from pycinspect.verifying.verifier import Verifier


def _paths(tree: Path, count: int) -> list[str]:
    """Return some caches of the running Python, at the level 0."""
    found = sorted(map(str, tree.rglob(f"__pycache__/*.{sys.implementation.cache_tag}.pyc")))
    return random.Random(1).sample(found, min(count, len(found)))


def _processor_time(verifier: Verifier) -> float:
    """Return the seconds that this process and those that compile for it have taken."""
    total = time.process_time()
    for worker in verifier._compilers._workers.values():
        fields = Path(f"/proc/{worker._process.pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def _fastest(
    rounds: int, clock: Callable[[], float], *contestants: Callable[[], None]
) -> list[float]:
    best = [float("inf")] * len(contestants)
    for _ in range(rounds):
        for number, run in enumerate(contestants):
            began = clock()
            run()
            best[number] = min(best[number], clock() - began)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", nargs="?", type=Path, default=Path(os.path.dirname(os.__file__)))
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    paths = _paths(options.tree, options.files)
    sources = [Path(source_from_cache(path)).read_bytes() for path in paths]
    rungs: Counter[str] = Counter()
    with Verifier() as verifier:

        def verified() -> None:
            rungs.clear()
            rungs.update(verifier.verify_file(path).rung for path in paths)

        def compiled() -> None:
            for source in sources:
                compile(source, "m.py", "exec", dont_inherit=True)

        verified()  # the process is started
        gc.freeze()  # bare compiling would have no heap of ours to look through
        clock = partial(_processor_time, verifier)
        ours, least = _fastest(options.rounds, clock, verified, compiled)
    print(f"{len(paths)} caches: {dict(rungs)}")
    print(f"compile  {least:7.2f} s  {len(paths) / least:6.0f} files/s")
    print(
        f"verify   {ours:7.2f} s  {len(paths) / ours:6.0f} files/s  {least / ours:.2f} of its speed"
    )


if __name__ == "__main__":
    main()
