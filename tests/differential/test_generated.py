"""A sample of ``python -m tests.differential.generated``, and what makes sources shorter."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.canonical.programs import program
from tests.canonical.soundness import compiled
from tests.differential.generated import all_compared
from tests.differential.noise import oracle_of
from tests.differential.reduce import reduced

PAIRS = [*map("/".join, pairwise(f"3.{minor}" for minor in range(8, 14))), "3.8/3.13"]
#: The first of what was noise once: copies of ``finally`` bodies with loads of their own.
SEEDS = (20423, *range(5000, 5016))
SOURCES = [program(seed, modern=seed % 2 == 1) for seed in SEEDS]


@pytest.mark.parametrize("pair", PAIRS)
def test_random_programs_are_the_same(pair: str) -> None:
    for version in pair.split("/"):
        try:
            oracle_of(version)
        except KeyError:
            missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            missing(f"oracle {version} is not installed; see .ci/oracles")
    found = [*zip(SOURCES, all_compared(pair, SOURCES), strict=True)]
    assert sum(result is not None for _, result in found) >= len(SOURCES) // 2
    assert [source for source, result in found if result and not result.is_same] == []


LONG = """
def f(a, b):
    for x in a:
        with b(x, (yield)) as c:
            y = [z for z in g(c + 1) if c]
        x()
    return {"k": b}
"""


@pytest.mark.parametrize(
    ("kind", "short"),
    [
        (ast.ListComp, "[z for z in g]"),
        (ast.For, "for x in a:\n    x"),
        (ast.With, "with b:\n    y"),
        (ast.Dict, "{}"),
    ],
)
def test_a_source_becomes_as_short_as_it_can(kind: type[ast.AST], short: str) -> None:
    def shows(sources: Sequence[str]) -> list[bool]:
        return [
            compiled(source) is not None
            and any(isinstance(node, kind) for node in ast.walk(ast.parse(source)))
            for source in sources
        ]

    assert reduced(LONG, shows) == short
