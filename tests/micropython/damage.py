"""Damage ``.mpy`` files: one exception type, and an answer in bounded time.

``python -m tests.micropython.damage --count 20000 --seed 1`` reads that many.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from pycinspect.dialects import DIALECTS
from pycinspect.diffing.mpyfiles import compare_mpy
from pycinspect.errors import PycInspectError
from pycinspect.micropython import parse_mpy
from pycinspect.report.mpy import mpy_lines, mpy_object
from tests.jython.damage import damaged

FIXTURES = Path(__file__).parents[2] / "fixtures" / "micropython"
_ROW = DIALECTS["micropython-6"]
SAMPLES = sorted(FIXTURES.glob("*.mpy"))


def read_mpy(data: bytes) -> None:
    """Read and write out all that a file says."""
    found = parse_mpy(data)
    list(mpy_lines("m.mpy", found, _ROW))
    mpy_object("m.mpy", found, _ROW)
    compare_mpy(found, parse_mpy(data))


def _became(data: bytes) -> str:
    """Return what a file raises, its place in the file checked, or "read"."""
    try:
        read_mpy(data)
    except PycInspectError as error:
        is_within = error.offset is not None and 0 <= error.offset <= len(data)
        return error.slug if is_within else f"{error.slug} without a place"
    return "read"


def read_damaged(count: int, seed: int) -> tuple[Counter[str], float]:
    """Read damaged samples.

    Returns:
        How often each slug was raised, "read" where a file was read; and the longest time, in seconds.
    """
    chance = random.Random(seed)
    originals = [path.read_bytes() for path in SAMPLES]
    seen: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(count):
        data = damaged(chance.choice(originals), chance)
        start = time.perf_counter()
        seen[_became(data)] += 1
        slowest = max(slowest, time.perf_counter() - start)
    return seen, slowest


def main() -> int:
    """Read damaged files and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    seen, slowest = read_damaged(chosen.count, chosen.seed)
    print(", ".join(f"{count} {slug}" for slug, count in seen.most_common()))
    print(f"slowest {slowest * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
