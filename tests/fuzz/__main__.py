"""Damaged files for everything that reads a file, and a search for new ones.

    python -m tests.fuzz --mutants 100000 [--seed N] [--jobs 2] [--entry NAME]
    python -m tests.fuzz --reduce FILE --entry NAME [--original NAME]
    python -m tests.fuzz --atheris SECONDS      (pip install atheris)

The first prints, for each entry point, how many files it was given and could read, how long
the slowest took and how much memory the largest needed; what fails in a new way is kept in a
file. Cheap entry points get every file, dear ones each a share of them, unless they are named.
The second makes a file shorter that fails. The third looks for bytes that reach new code
(libFuzzer), each entry point for its share of the time. All end with 1 if something is wrong:
an exception that is not PycInspectError, a word on standard error, more than 2 seconds of
processor time or 256 MiB for a file of up to 64 KiB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Plan, campaign
from tests.fuzz.entries import ENTRIES
from tests.fuzz.reduce import reduce_file
from tests.fuzz.search import search


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [entry.name for entry in ENTRIES]
    parser.add_argument("--mutants", type=int, default=0, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--entry", action="append", default=[], choices=names, metavar="NAME")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir(), "fuzz"))
    parser.add_argument("--reduce", type=Path, metavar="FILE")
    parser.add_argument("--original", default="", metavar="NAME", help="the good file of FILE")
    parser.add_argument("--atheris", type=int, default=0, metavar="SECONDS")
    options = parser.parse_args()
    os.environ.setdefault("PYCINSPECT_CACHE_DIR", os.fspath(options.keep / "results"))
    wanted = tuple(options.entry)
    if options.reduce is not None:
        if len(wanted) != 1:
            parser.error("--reduce needs one --entry")
        return reduce_file(options.reduce, wanted[0], options.original)
    wrong = 0
    if options.mutants:
        numbers = range(options.first, options.first + options.mutants)
        wrong |= campaign(Plan(options.seed, numbers, wanted, options.keep), options.jobs)
    if options.atheris:
        wrong |= search(options.atheris, wanted, options.keep)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
