"""How does the time grow with the size of a bad file? Readers by families, n and 2n.

    python -m tests.benchmarks.bench_growth [--times K] [--only WORD …]

A row says: the CPU seconds of one reader with one family of input at the size n, and at 2n;
how many times as long that took (2 is linear, 4 quadratic); and what the same ratio is of the
work that the tests count, which is the same in each run. ``--times`` makes all sizes larger.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from pycinspect.errors import PycInspectError
from tests.growth.kit import GROWTH, Family, Reader, groups, seconds, work

_HEAD = (
    f"{'reader':24} {'family':32} {'n':>7} {'s at n':>8} {'s at 2n':>8} {'ratio':>6} {'work':>6}"
)


def _quietly(reader: Reader, subject: object) -> None:
    try:
        reader.run(subject)
    except PycInspectError:  # counted and refused: that is an answer
        return


def _row(reader: Reader, family: Family, times: int) -> tuple[str, float]:
    n = family.size * times
    small, large = family.make(n), family.make(2 * n)
    _quietly(reader, family.make(8))
    spent = [seconds(partial(_quietly, reader, subject)) for subject in (small, large)]
    counted = [work(partial(_quietly, reader, subject)) for subject in (small, large)]
    ratio = counted[1] / max(counted[0], 1)
    return (
        f"{reader.name:24} {family.name:32} {n:7} {spent[0]:8.3f} {spent[1]:8.3f}"
        f" {spent[1] / max(spent[0], 0.001):6.2f} {ratio:6.2f}"
    ), ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=1, metavar="K")
    parser.add_argument("--only", nargs="*", default=(), metavar="WORD")
    options = parser.parse_args()
    print(_HEAD)
    worst = 0.0
    for group in groups():
        for reader, family in group.cases():
            if all(word in f"{reader.name} {family.name}" for word in options.only):
                row, ratio = _row(reader, family, options.times)
                print(row, flush=True)
                worst = max(worst, ratio)
    return int(worst > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
