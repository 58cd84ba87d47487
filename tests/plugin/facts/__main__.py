"""Compares loops, calls, imports and attributes with the ``ast`` of sources.

    python -m tests.plugin.facts --library 3.8 --python 3.8 3.10 3.13 --files 100 [--seed S]
    python -m tests.plugin.facts --tree site-packages --python 3.8 3.10 3.13 --files 10 [--seed S]
    python -m tests.plugin.facts --random 500 --python 3.8 3.15 [--modern] [--seed S]

Sources of a standard library, of each of the packages in a folder, or random programs, are compiled by each of the interpreters. Every
difference is printed; the exit code is 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.canonical.programs import program
from tests.differential.noise import library_of, oracle_of, sources, sources_of_packages
from tests.differential.packages import packages_in
from tests.plugin.facts.kit import Checked, compiled_by, dialect_of

_BATCH = 20


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.plugin.facts")
    parser.add_argument("--library", metavar="VERSION", help="whose standard library")
    parser.add_argument("--tree", type=Path, help="a folder that packages are installed in")
    parser.add_argument("--random", type=int, metavar="N", help="so many random programs")
    parser.add_argument("--modern", action="store_true", help="with what 3.11 and later have")
    parser.add_argument("--python", nargs="+", required=True, metavar="VERSION")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    texts = _texts(options)
    checked = [_check(version, texts) for version in options.python]
    return int(any(one.differences for one in checked))


def _texts(options: argparse.Namespace) -> dict[str, str]:
    """Return the sources that are compared, by name."""
    if options.random:
        seeds = range(options.seed, options.seed + options.random)
        return {f"seed {seed}": program(seed, modern=options.modern) for seed in seeds}
    if options.tree is not None:
        packages = packages_in(options.tree, "all")
        return sources_of_packages(options.tree, packages, options.files, options.seed)
    library = library_of(options.library or options.python[-1])
    return sources(library, "all", options.files, options.seed)


def _check(version: str, texts: dict[str, str]) -> Checked:
    start, checked, oracle = time.monotonic(), Checked(), oracle_of(version)
    names = list(texts)
    for first in range(0, len(names), _BATCH):
        batch = names[first : first + _BATCH]
        codes = compiled_by(oracle, [texts[name] for name in batch])
        for name, code in zip(batch, codes, strict=True):
            if code is not None:
                checked.add(name, texts[name], code, dialect_of(oracle))
    print(
        f"{version}: {checked.scopes} code objects, {checked.loops} loops, {checked.calls} calls,"
        f" {checked.plain} by instructions alone ({checked.plain_calls} calls, too),"
        f" {len(checked.differences)} differences, {time.monotonic() - start:.0f} s"
    )
    for difference in checked.differences:
        print(f"  {difference}")
    return checked


if __name__ == "__main__":
    sys.exit(main())
