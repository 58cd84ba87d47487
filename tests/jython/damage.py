"""Damage class files and assemblies: one exception type, and an answer in bounded time.

``python -m tests.jython.damage --count 20000 --seed 1`` reads that many of each kind.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pycinspect.dialects import DIALECTS
from pycinspect.dotnet import parse_ironpython
from pycinspect.errors import PycInspectError
from pycinspect.jvm import parse_jython_class, read_annotations
from pycinspect.report.java import class_lines, class_object

ROOT = Path(__file__).parents[2] / "fixtures"
_JYTHON = next(row for row in DIALECTS if row.classes is not None)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a file with some bytes changed, taken out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(4)
        if kind == 0:
            del changed[at : at + chance.randint(1, 8)]
        elif kind == 1:
            changed[at:at] = changed[at : at + chance.randint(1, 8)]
        else:
            changed[at] = chance.choice([0, 0xFF, chance.randrange(256)])
        if not changed:
            break
    if chance.random() < 0.1:
        del changed[chance.randrange(len(changed) + 1) :]
    return bytes(changed)


def read_java(data: bytes) -> None:
    """Read and write out all that a class file says."""
    read_annotations(data)
    found = parse_jython_class(data)
    list(class_lines("mod$py.class", found, _JYTHON))
    class_object("mod$py.class", found, _JYTHON)


def read_dotnet(data: bytes) -> None:
    """Read all that an assembly says."""
    parse_ironpython(data)


def count_outcomes(
    read: Callable[[bytes], None], seeds: list[bytes], count: int, seed: int
) -> tuple[Counter[str], float]:
    """Return how many files were read or refused, by slug, and the longest time in seconds."""
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    longest = 0.0
    for _ in range(count):
        data = damaged(chance.choice(seeds), chance)
        start = time.perf_counter()
        try:
            read(data)
        except PycInspectError as error:
            outcomes[error.slug] += 1
        else:
            outcomes["read"] += 1
        longest = max(longest, time.perf_counter() - start)
    return outcomes, longest


def main() -> int:
    """Count for both kinds; any other exception ends the program with its traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, read, pattern in (
        ("Java classes", read_java, "jython/*.class"),
        (".NET assemblies", read_dotnet, "ironpython/*.dll"),
    ):
        seeds = [path.read_bytes() for path in sorted(ROOT.glob(pattern))]
        outcomes, longest = count_outcomes(read, seeds, given.count, given.seed)
        print(f"{name}: {given.count} files, {dict(outcomes)}, longest {longest:.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
