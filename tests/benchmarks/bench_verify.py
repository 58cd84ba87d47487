"""Verification against the least that it must do: compiling each source once.

    python -m tests.benchmarks.bench_verify [--files N] [--rounds N] [TREE]

Both take turns over the same caches of the running Python. A row says how long they took at their
fastest, and the ratio, which is what counts: times here are those of one machine on one day.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pycinspect.cache import source_from_cache
from pycinspect.verifying.verifier import Verifier


def _paths(tree: Path, count: int) -> list[str]:
    """Return some caches of the running Python, at the level 0."""
    found = sorted(map(str, tree.rglob(f"__pycache__/*.{sys.implementation.cache_tag}.pyc")))
    return random.Random(1).sample(found, min(count, len(found)))


def _fastest(rounds: int, *contestants: Callable[[], None]) -> list[float]:
    best = [float("inf")] * len(contestants)
    for _ in range(rounds):
        for number, run in enumerate(contestants):
            began = time.perf_counter()
            run()
            best[number] = min(best[number], time.perf_counter() - began)
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
        ours, least = _fastest(options.rounds, verified, compiled)
    print(f"{len(paths)} caches: {dict(rungs)}")
    print(f"compile  {least:7.2f} s  {len(paths) / least:6.0f} files/s")
    print(
        f"verify   {ours:7.2f} s  {len(paths) / ours:6.0f} files/s  {least / ours:.2f} of its speed"
    )


if __name__ == "__main__":
    main()
