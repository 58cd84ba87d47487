"""Print how often pycinspect and every installed importer agree.

``python -m tests.differential --examples 300 --seed 1 [ORACLE ...]``
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.differential.compare import compare
from tests.differential.kit import kit_of
from tests.differential.mixtures import mixed_situations
from tests.differential.tables import table_situations
from tests.oracles import WANTED, Oracle, find_oracles

_ROW = "{:<14} {:<20} {:>10} {:>13} {:>6} {:>8}"


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if there is a disagreement, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="situations by chance")
    parser.add_argument("--seed", type=int, default=0, help="what chance starts from")
    parser.add_argument("oracles", nargs="*", metavar="ORACLE", help=f"of {', '.join(WANTED)}")
    options = parser.parse_args(arguments)
    found = find_oracles()
    print(_ROW.format("oracle", "release", "situations", "disagreements", "unfit", "seconds"))
    names = [name for name in found if not options.oracles or name in options.oracles]
    disagreements = sum(_row(found[name], options.examples, options.seed) for name in names)
    print(f"{len(names)} of {len(WANTED)} oracles, {disagreements} disagreements")
    return int(disagreements > 0)


def _row(oracle: Oracle, examples: int, seed: int) -> int:
    """Compare with one oracle, print its row, and return how often it disagrees."""
    start = time.perf_counter()
    kit = kit_of(oracle)
    tally = compare(kit, [*table_situations(kit), *mixed_situations(kit, examples, seed)])
    seconds = f"{time.perf_counter() - start:.0f}"
    count = len(tally.disagreements)
    print(
        _ROW.format(oracle.name, oracle.version, tally.compared, count, len(tally.unfit), seconds),
        flush=True,
    )
    for disagreement in tally.disagreements:
        print(disagreement, file=sys.stderr)
    return count


if __name__ == "__main__":
    sys.exit(main())
