"""Mend trees made by chance, ask real imports, take it back; print what should not be.

``python -m tests.repairing --count 1000 --seed 1 [ORACLE ...]``
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice

from tests.differential.kit import kit_of
from tests.oracles import WANTED, Oracle, find_oracles
from tests.repairing.trees import Outcomes, objections, plans

_ROW = "{:<14} {:>6} {:>8} {:>8} {:>8} {:>11} {:>8}"
_SHOWN = 5
#: Trees that one child process is asked about.
_TOGETHER = 100


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if there is an objection, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.repairing")
    parser.add_argument("--count", type=int, default=200, help="trees for each oracle")
    parser.add_argument("--seed", type=int, default=0, help="what chance starts from")
    parser.add_argument("oracles", nargs="*", metavar="ORACLE", help=f"of {', '.join(WANTED)}")
    options = parser.parse_args(arguments)
    found = find_oracles()
    # Pyodide sees another file system than the process that mends.
    names = [name for name, oracle in found.items() if oracle.kind == "native"]
    names = [name for name in names if not options.oracles or name in options.oracles]
    print(_ROW.format("oracle", "trees", "repairs", "imports", "fresher", "objections", "seconds"))
    total = sum(_row(found[name], options.count, options.seed) for name in names)
    print(f"{total} objections")
    return int(total > 0)


def _row(oracle: Oracle, count: int, seed: int) -> int:
    start = time.perf_counter()
    kit = kit_of(oracle)
    outcomes, told = Outcomes(), 0
    made = plans(kit, count, seed)
    while some := list(islice(made, _TOGETHER)):
        for objection in objections(kit, some, outcomes):
            told += 1
            if told <= _SHOWN:
                print(objection, file=sys.stderr)
    seen = (outcomes.trees, outcomes.repairs, outcomes.questions, outcomes.fresher)
    seconds = f"{time.perf_counter() - start:.0f}"
    print(_ROW.format(oracle.name, *seen, told, seconds), flush=True)
    return told


if __name__ == "__main__":
    sys.exit(main())
