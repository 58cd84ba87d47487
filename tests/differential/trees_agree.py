"""Print how often audit, check and the real import contradict each other about a file.

``python -m tests.differential.trees_agree --examples 2000 --seed 1 [ORACLE ...]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import islice

from tests.differential.agreement import Plan, contradictions, plans
from tests.differential.kit import kit_of
from tests.oracles import WANTED, Oracle, find_oracles

_ROW = "{:<14} {:<20} {:>6} {:>14} {:>8}"
_SHOWN = 10
#: Trees that one child process is asked about.
_TOGETHER = 200


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if there is a contradiction, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.trees_agree")
    parser.add_argument("--examples", type=int, default=200, help="trees for each oracle")
    parser.add_argument("--seed", type=int, default=0, help="what chance starts from")
    parser.add_argument("oracles", nargs="*", metavar="ORACLE", help=f"of {', '.join(WANTED)}")
    options = parser.parse_args(arguments)
    found = find_oracles()
    names = [name for name in found if not options.oracles or name in options.oracles]
    print(_ROW.format("oracle", "release", "trees", "contradictions", "seconds"))
    total = sum(_row(found[name], options.examples, options.seed) for name in names)
    print(f"{len(names)} of {len(WANTED)} oracles, {total} contradictions")
    return int(total > 0)


def _row(oracle: Oracle, examples: int, seed: int) -> int:
    start = time.perf_counter()
    kit = kit_of(oracle)
    count = 0
    for some in _batches(plans(kit, examples, seed)):
        wrong = list(contradictions(kit, some))
        for contradiction in islice(wrong, max(0, _SHOWN - count)):
            print(contradiction, file=sys.stderr)
        count += len(wrong)
    seconds = f"{time.perf_counter() - start:.0f}"
    print(_ROW.format(oracle.name, oracle.version, examples, count, seconds), flush=True)
    return count


def _batches(trees: Iterator[Plan]) -> Iterator[list[Plan]]:
    while some := list(islice(trees, _TOGETHER)):
        yield some


if __name__ == "__main__":
    sys.exit(main())
