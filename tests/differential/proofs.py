"""Is the quick proof that code is sound ever wrong? Held against the look at every instruction.

    python -m tests.differential.proofs [--mutants N] [--seed N] TREE ...

Code objects of the caches in the trees, and mutants of them: other bytes, units that change
places, smaller stacks, missing constants. Where there is a proof, the long way round must find
nothing.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pycinspect.dialects import Dialect
from pycinspect.disasm.checks import every_defect
from pycinspect.disasm.leftovers import every_leftover
from pycinspect.disasm.proof import proof
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code, read_pyc

__all__ = ["Tally", "compare", "mutant"]


class Tally(Counter[str]):
    """How many code objects were proven, and how many have a defect."""


def compare(code: Code, dialect: Dialect, tally: Tally) -> None:
    """Hold the proof of one code object against what is found at its instructions."""
    known = proof(code, dialect)
    defects = every_defect(code, dialect, bytecode_of(dialect))
    tally.update(code=1, proven=known is not None, defective=bool(defects))
    if known is not None:
        assert defects == [], (code, defects)
        assert not (known.is_tidy and every_leftover(code, dialect, bytecode_of(dialect))), code
        tally.update(tidy=known.is_tidy)


# --- Mutants -----------------------------------------------------------------------------------


def _other_byte(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data)) if data else 0
    return data[:place] + bytes((chance.randrange(256),)) + data[place + 1 :]


def _near_byte(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data)) if data else 0
    near = (data[place : place + 1] or b"\0")[0] + chance.choice((-2, -1, 1, 2)) & 0xFF
    return data[:place] + bytes((near,)) + data[place + 1 :]


def _exchanged(data: bytes, chance: random.Random) -> bytes:
    one, other = sorted(2 * chance.randrange(1 + len(data) // 2) for _ in "ab")
    return (
        data[:one] + data[other : other + 2] + data[one + 2 : other] + data[one : one + 2]
        + data[other + 2 :]
    )  # fmt: skip


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: 2 * chance.randrange(1 + len(data) // 2)]


def _repeated(data: bytes, chance: random.Random) -> bytes:
    place = 2 * chance.randrange(1 + len(data) // 2)
    return data[:place] + data[max(0, place - 2) : place] + data[place:]


_OF_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _other_byte,
    _near_byte,
    _near_byte,
    _exchanged,
    _cut,
    _repeated,
)


def mutant(code: Code, chance: random.Random) -> Code:
    """Return a code object with one change."""
    what = chance.choice(("code",) * 6 + ("tables", "stacksize", "consts", "names", "varnames"))
    if what == "code":
        return replace(code, code=chance.choice(_OF_BYTES)(code.code, chance))
    if what == "tables":
        name = chance.choice(("linetable", "exceptiontable"))
        return replace(code, **{name: chance.choice(_OF_BYTES)(getattr(code, name), chance)})
    if what == "stacksize":
        return replace(code, stacksize=max(0, code.stacksize - 1))
    return replace(code, **{what: getattr(code, what)[:-1]})


# --- Trees ----------------------------------------------------------------------------------------


def codes_in(paths: Iterable[Path]) -> Iterator[tuple[Code, Dialect]]:
    """Yield the code objects of caches."""
    for path in paths:
        file = read_pyc(path)
        if file.dialect.bytecode is not None:
            yield from ((code, file.dialect) for code in file.code.walk())


def main() -> None:
    """Compare all code objects of trees, and some mutants of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--mutants", type=int, default=1, help="of each code object")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    for tree in options.trees:
        whole, mutants = Tally(), Tally()
        for code, dialect in codes_in(sorted(tree.rglob("*.pyc"))):
            compare(code, dialect, whole)
            for _ in range(options.mutants):
                compare(mutant(code, chance), dialect, mutants)
        print(f"{tree}: {dict(whole)}; mutants: {dict(mutants)}")


if __name__ == "__main__":
    main()
