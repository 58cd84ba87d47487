"""Looks for checks that cannot fail: expectations that are true of all functions, or of none.

    python -m tests.plugin.vacuous --functions 500 --expectations 5000 [--seed S]

Expectations are drawn for functions of the standard library and of random programs. One that has the same
answer for all of them, and for functions that were made to have another one, is printed, unless it
is refused or has a warning; the exit code is 1 if there is one.
"""

from __future__ import annotations

import argparse
import random
import sys
from itertools import islice

from tests.plugin.vacuous.checked import Checked, names_of
from tests.plugin.vacuous.corpus import corpus
from tests.plugin.vacuous.drawn import drawn


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.plugin.vacuous")
    parser.add_argument("--functions", type=int, default=500)
    parser.add_argument("--expectations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    codes = corpus(options.functions, options.seed)
    checked = Checked(codes)
    for one in islice(drawn(random.Random(options.seed), names_of(codes)), options.expectations):
        checked.add(one)
    for text in sorted(set(checked.constant)):
        print(text)
    print(f"{len(codes)} functions, {options.expectations} expectations: {dict(checked.kinds)}")
    return int(bool(checked.constant))


if __name__ == "__main__":
    sys.exit(main())
