"""On which rung do caches stand that nobody touched? Each below SAME_MEANING is a false alarm.

    python -m tests.verifying [--count N] [--seed S] TREE …

Prints a row for each tree: its caches by rung, those that were not compared by reason, and every
mismatch. Exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from pycinspect.verifying import Rung, Verification
from pycinspect.verifying.verifier import Verifier


def _row(tree: str, paths: list[str], verifier: Verifier) -> list[Verification]:
    began = time.perf_counter()
    found = [verifier.verify_file(path) for path in paths]
    seconds = time.perf_counter() - began
    rungs = Counter(one.rung for one in found)
    told = ", ".join(f"{rungs[rung]:,} {rung}" for rung in Rung if rungs[rung])
    reasons = Counter(one.reason for one in found if one.rung is Rung.UNVERIFIABLE)
    why = f"  {dict(reasons)}" if reasons else ""
    print(f"{tree}: {len(paths):,} caches, {told}{why}  {len(paths) / seconds:,.0f} files/s")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--count", type=int, help="caches of each tree, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    wrong = 0
    with Verifier() as verifier:
        for tree in options.trees:
            paths = sorted(map(str, Path(tree).rglob("*.pyc")))
            if options.count is not None and len(paths) > options.count:
                paths = rng.sample(paths, options.count)
            for one in _row(tree, paths, verifier):
                if one.rung is Rung.MISMATCH or one.reason == "other-version":
                    wrong += 1
                    print(f"  {one.path}: {one.why} {[*map(tuple, one.differences[:3])]}")
    print(f"{wrong} false alarms")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
