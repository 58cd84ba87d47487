"""Random programs under two interpreters: how many of them a diff does not call the same.

    python -m tests.differential.generated --count 1000 --pairs 3.11/3.12 3.8/3.13 [--seed S]
    python -m tests.differential.generated --count 300 --pairs 3.11/3.12 --reduce 5

Programs come from :mod:`tests.canonical.programs`; those that do not compile under both are
not counted. With ``--reduce`` some that differ are made as short as they can be.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count, islice
from typing import NamedTuple

from pycinspect.dialects import find_dialect
from pycinspect.diffing import Status, diff
from pycinspect.pyc import read_marshalled
from tests.canonical.programs import program
from tests.differential.noise import oracle_of, payloads
from tests.differential.reduce import reduced

#: Programs that one child compiles, and that a process compares.
_BATCH = 200


class Compared(NamedTuple):
    """What a diff says of one program under two interpreters.

    Args:
        statuses: of its code objects.
        explanations: of those that are explained.
    """

    statuses: frozenset[str]
    explanations: frozenset[str]

    @property
    def is_same(self) -> bool:
        return self.statuses <= {Status.SAME, Status.EXPLAINED}


def compared(pair: str, job: tuple[bytes | None, bytes | None]) -> Compared | None:
    """Return what a diff says; None if there is nothing to compare."""
    if None in job:
        return None
    files = (
        read_marshalled(payload, find_dialect(oracle_of(version).dialect))
        for version, payload in zip(pair.split("/"), job, strict=True)
        if payload is not None
    )
    found = diff(*files)
    return Compared(
        frozenset(unit.status.value for unit in found.units),
        frozenset(slug for unit in found.units for slug in unit.explanations),
    )


def all_compared(pair: str, sources: Sequence[str]) -> Iterator[Compared | None]:
    """Yield what a diff says of each source."""
    one, other = (payloads(version, sources, None) for version in pair.split("/"))
    yield from (compared(pair, job) for job in zip(one, other, strict=True))


def are_noisy(pair: str, sources: Sequence[str]) -> list[bool]:
    """Return for each source whether a diff calls it something else than the same."""
    return [found is not None and not found.is_same for found in all_compared(pair, sources)]


class Noise(NamedTuple):
    """What a pair of interpreters makes of random programs.

    Args:
        total: programs that both compile.
        noisy: those that are not the same.
        explanations: of the others, how many have each.
    """

    total: int
    noisy: Sequence[str]
    explanations: Counter[str]

    @property
    def share(self) -> float:
        """In per cent."""
        return 100 * len(self.noisy) / max(self.total, 1)


def noise_of(pair: str, wanted: int, seed: int, pool: ProcessPoolExecutor) -> Noise:
    """Compare so many programs, from a seed on."""
    judged = islice(_judged(pair, seed, pool), wanted)
    noisy: list[str] = []
    explanations = Counter[str]()
    total = 0
    for source, found in judged:
        total += 1
        if found.is_same:
            explanations.update(found.explanations)
        else:
            noisy.append(source)
    return Noise(total, noisy, explanations)


def _judged(pair: str, seed: int, pool: ProcessPoolExecutor) -> Iterator[tuple[str, Compared]]:
    for start in count(seed, _BATCH):
        sources = [program(number) for number in range(start, start + _BATCH)]
        one, other = (payloads(version, sources, None) for version in pair.split("/"))
        jobs = zip(one, other, strict=True)
        answers = pool.map(partial(compared, pair), jobs, chunksize=10)
        for source, found in zip(sources, answers, strict=True):
            if found is not None:
                yield source, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", required=True, metavar="A/B")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reduce", type=int, default=0, metavar="COUNT")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    worst = 0.0
    with ProcessPoolExecutor(options.jobs) as pool:
        for pair in options.pairs:
            noise = noise_of(pair, options.count, options.seed, pool)
            worst = max(worst, noise.share)
            print(f"{pair:10} {noise.total} programs, {len(noise.noisy)} differ:", end=" ")
            print(f"{noise.share:.2f} %, explained {dict(noise.explanations.most_common())}")
            shows = partial(are_noisy, pair)
            for short in pool.map(partial(reduced, shows=shows), noise.noisy[: options.reduce]):
                print("=" * 8, short, sep="\n", flush=True)
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
