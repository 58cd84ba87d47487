"""How good is the canonical form? The table that it is judged by, measured anew.

    python -m tests.benchmarks.bench_canonical [--files N] [--mutants N] [--seed S] [--pairs A/B …]

Sources of a standard library are compiled by both interpreters of each pair, and so are small
mutants of them. Only files are taken that were never looked at while the form was built: those
of the held-out half, by the hash of their names (``--split tuned`` takes the others). A row
says: the share of code objects that differ although the source does not (NOISE, not
canonicalised ones among them), or are the same with something erased (explained); the share of
mutants that the diff does not show (MISS), with those left out that are provably the same
program; of how many one code object is shown; and how many statements of it. Then the time that
a code object takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pycinspect.canonical import Level
from tests.differential.mutants import mutants_of
from tests.differential.noise import (
    Misses,
    Noise,
    all_forms,
    compiled_mutants,
    library_of,
    misses_of,
    noise_of,
    payloads,
    print_misses,
    print_noise,
    sources,
)

PAIRS = (
    *(f"3.{minor}/3.{minor + 1}" for minor in range(8, 15)),
    *("3.8/3.13", "3.11/3.14", "3.6/3.14", "3.9/pypy3.9"),
)
_HEAD = "pair          code objects   NOISE  explained   mutants    MISS  one shown  statements"


def _row(pair: str, noise: Noise, misses: Misses) -> str:
    explained = 100 * noise.explained / max(noise.total, 1)
    return (
        f"{pair:12} {noise.total:13} {noise.share:6.3f}% {explained:9.2f}%"
        f" {len(misses.verdicts):9} {misses.share:6.3f}% {misses.one_flagged:9.1f}%"
        f"  {misses.statements(50)} / {misses.statements(95)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="A/B")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=["tuned", "held-out", "all"], default="held-out")
    parser.add_argument("--library", default="3.8", help="whose standard library is read")
    parser.add_argument("--show", type=int, default=5, help="differences listed for each pair")
    parser.add_argument("--cache", type=Path, help="a folder for compiled sources")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    texts = sources(library_of(options.library), options.split, options.files, options.seed)
    print(f"{len(texts)} files of the library of {options.library}, split {options.split}")
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = _measured(options, texts, pool)
    print(_HEAD)
    for row in rows:
        print(row)
    return 0


def _measured(
    options: argparse.Namespace, texts: dict[str, str], pool: ProcessPoolExecutor
) -> Sequence[str]:
    versions = sorted({version for pair in options.pairs for version in pair.split("/")})
    made = {v: payloads(v, list(texts.values()), options.cache) for v in versions}
    forms = {v: all_forms(v, made[v], Level.SEMANTIC, pool) for v in versions}
    for version, timed in forms.items():
        count = sum(len(units) for units in timed.forms if units)
        print(
            f"{version:8} {count} code objects, {1000 * timed.seconds / max(count, 1):.2f} ms each"
        )
    changes = mutants_of(texts, options.mutants, options.seed)
    print(f"{len(changes)} mutants of {len({change.kind for change in changes})} kinds")
    compiled = compiled_mutants(changes, versions, options.cache)
    rows = []
    for pair in options.pairs:
        noise = noise_of(pair, list(texts), forms, made)
        print_noise(pair, noise, options.show)
        misses = misses_of(pair, changes, compiled, pool)
        print_misses(pair, misses, options.show)
        rows.append(_row(pair, noise, misses))
    return rows


if __name__ == "__main__":
    sys.exit(main())
