"""What ``-O`` and ``-OO`` alone make different is explained, and nothing else is.

Sources of a standard library are compiled at all levels; each pair of levels must be explained,
compiled again or, as caches, from the bytecode alone. Changed sources must show as often as they
do at one level.

    python -m tests.differential.levels --python 3.8 --files 60 --mutants 300 --seed 5
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pycinspect import PycInspectError
from pycinspect.compiling import Compilers, Interpreter, find_interpreter
from pycinspect.diffing import Leveled, ModuleDiff, diff_module
from pycinspect.values import Level
from tests.differential.mutants import mutants_of
from tests.differential.noise import library_of, sources

__all__ = ["Outcome", "examine", "examine_mutants"]

LEVELS = (0, 1, 2)
PAIRS = ((0, 1), (0, 2), (1, 2), (2, 0))


class Program(NamedTuple):
    """One source at all levels."""

    name: str
    made: Mapping[int, Leveled]

    def as_cache(self, level: int) -> Leveled:
        """Return it without its source."""
        return self.made[level]._replace(recompiled=None)


@dataclass
class Outcome:
    """What was found.

    Args:
        counts: code objects, or programs, by what became of them.
        wrong: what is told otherwise than it must be.
        left: what the bytecode alone does not explain.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def programs(
    texts: Mapping[str, str], compilers: Compilers, interpreter: Interpreter | None
) -> Iterator[Program]:
    """Yield the sources that compile, at all levels."""
    for name, text in texts.items():

        def compiled(level: int, name: str = name, text: str = text) -> Leveled:
            data = text.encode("utf-8", "surrogateescape")
            file = compilers.compile(data, name, interpreter=interpreter, optimize=level)
            return Leveled(file, level, compiled)

        try:
            yield Program(name, {level: compiled(level) for level in LEVELS})
        except PycInspectError:
            continue


def difference(old: Leveled, new: Leveled) -> ModuleDiff:
    """Compare two programs."""
    return diff_module(("old", old), ("new", new), Level.SEMANTIC)


def examine(found: Iterator[Program]) -> Outcome:
    """Compare every program with itself at another level."""
    outcome = Outcome()
    for program in found:
        for one, other in PAIRS:
            told = f"{program.name} {one}/{other}"
            whole = difference(program.made[one], program.made[other])
            outcome.counts.update(unit.status.value for unit in whole.units)
            outcome.wrong += [f"{told} {name}" for name in _open(whole)]
            bare = difference(program.as_cache(one), program.as_cache(other))
            outcome.left += [f"{told} {name}" for name in _open(bare)]
    return outcome


def _open(found: ModuleDiff) -> list[str]:
    """Return the names of what is not explained."""
    units = [unit for unit in found.units if unit.status.value not in ("same", "explained")]
    sides = [unit.new or unit.old for unit in units]
    return [side.qualname for side in sides if side is not None]


def examine_mutants(pairs: Sequence[tuple[Program, Program]]) -> Outcome:
    """Compare every program with a changed one at another level."""
    outcome = Outcome()
    for original, mutant in pairs:
        is_same = {
            level: difference(original.as_cache(level), mutant.as_cache(level)).is_same
            for level in LEVELS
        }
        for one, other in PAIRS:
            whole = difference(original.made[one], mutant.made[other]).is_same
            bare = difference(original.as_cache(one), mutant.as_cache(other)).is_same
            outcome.counts["silent" if whole else "shown"] += 1
            outcome.counts["silent as caches" if bare else "shown as caches"] += 1
            # What one level has left out of both is no difference of the programs compared.
            told = f"{mutant.name} {one}/{other}: {whole=}, {bare=}, {is_same=}"
            is_noise = is_same[one] and is_same[other] and not whole
            is_missed = (whole or bare) and not is_same[max(one, other)]
            outcome.wrong += [told] if is_noise or is_missed else []
    return outcome


def mutated(
    texts: Mapping[str, str],
    count: int,
    seed: int,
    compilers: Compilers,
    interpreter: Interpreter | None,
) -> list[tuple[Program, Program]]:
    """Return programs, each with a changed one."""
    found = []
    for number, mutant in enumerate(mutants_of(texts, count, seed)):
        name = f"{mutant.name}#{number} {mutant.kind} line {mutant.line}: {mutant.what}"
        pair = {f"{name} (before)": mutant.original, name: mutant.text}
        made = list(programs(pair, compilers, interpreter))
        if len(made) == len(pair):
            found.append((made[0], made[1]))
    return found


def main() -> int:
    """Run it, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    interpreter = find_interpreter(asked.python)
    texts = sources(library_of(asked.python), "all", asked.files, asked.seed)
    with Compilers() as compilers:
        plain = examine(programs(texts, compilers, interpreter))
        pairs = mutated(texts, asked.mutants, asked.seed, compilers, interpreter)
        changed = examine_mutants(pairs)
    for title, outcome in (("levels", plain), ("mutants", changed)):
        counts = ", ".join(f"{count:,} {word}" for word, count in sorted(outcome.counts.items()))
        print(f"{asked.python} {title}: {counts}; {len(outcome.wrong)} wrong")
        for line in outcome.wrong:
            print(f"  wrong: {line}")
        for line in outcome.left:
            print(f"  from bytecode alone not explained: {line}")
    return bool(plain.wrong or changed.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
