"""Programs of which ``same_as`` or ``same_shape`` is true do the same when they run.

    python -m tests.plugin.relations.test_same 2000 [SEED]

A change of a random program is rarely one that changes nothing, so most pairs are not the same; those
that are run in the same worlds, and must write the same logs.
"""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import Bytecode, bytecode_of
from tests.canonical.programs import program
from tests.canonical.rewrites import rewritten
from tests.canonical.soundness import compiled
from tests.canonical.worlds import observed

VARIANTS = 12
WORLDS = range(3)


class Pair(NamedTuple):
    """Two programs that are said to be the same, and whether they do the same."""

    relation: str
    one: str
    other: str
    is_true: bool


def pairs(seed: int) -> Iterator[Pair]:
    """Yield the variants of a program that are said to be the same as it."""
    source = program(seed)
    code = compiled(source)
    if code is None:
        return
    logs = [observed(code, world) for world in WORLDS]
    one, rng = _bytecode(source), random.Random(seed)
    for _ in range(VARIANTS):
        other = rewritten(ast.parse(source), rng)
        changed = None if other is None else compiled(other)
        if other is None or changed is None:
            continue
        for relation in ("same_as", "same_shape"):
            try:
                is_same = bool(getattr(one, relation)(_bytecode(other)))
            except PycInspectError:  # a limit
                continue
            if is_same:
                is_true = logs == [observed(changed, world) for world in WORLDS]
                yield Pair(relation, source, other, is_true)


def _bytecode(source: str) -> Bytecode:
    return bytecode_of(f"{source}\n# a module\n")


_MORE = [pytest.param(start, marks=pytest.mark.slow) for start in (100, 200)]


@pytest.mark.parametrize("start", [0, *_MORE])
def test_what_is_the_same_does_the_same(start: int) -> None:
    found = [pair for seed in range(start, start + 12) for pair in pairs(seed)]
    assert len(found) > 10
    assert [pair for pair in found if not pair.is_true] == []


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    total, wrong = 0, 0
    for number in range(first, first + count):
        for found_pair in pairs(number):
            total += 1
            if not found_pair.is_true:
                wrong += 1
                print(f"--- {found_pair.relation}\n{found_pair.one}\n--- and\n{found_pair.other}")
    print(f"{total} pairs that are the same, {wrong} of which do not do the same")
