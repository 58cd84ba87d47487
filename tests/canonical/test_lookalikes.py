"""A sample of ``python -m tests.canonical.lookalikes``, and that it finds what there is to find."""

from __future__ import annotations

import random

import pytest

from pycinspect.canonical import Level
from tests.canonical.lookalikes import alike, drawn, neighbour, observed, search
from tests.canonical.sketches import THEMES, sketch
from tests.canonical.soundness import compiled
from tests.differential.noise import oracle_of
from tests.oracles import OracleError

VERSIONS = ("3.8", "3.11", "3.12", "3.13")


def installed(version: str) -> bool:
    try:
        oracle_of(version)
    except (LookupError, OracleError):
        return False
    return True


@pytest.mark.parametrize("level", [Level.SEMANTIC, Level.STRUCTURAL, Level.STRICT])
def test_programs_of_one_form_do_the_same(level: Level) -> None:
    found = search(600, 9_000, level=level)
    assert [str(difference) for difference in found.differences] == []
    assert found.pairs >= 20


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_so_they_do_in_other_versions(version: str) -> None:
    if not installed(version):
        pytest.skip("the interpreter is not installed")
    found = search(400, 4_000, version=version, theme="assignments")
    assert [str(difference) for difference in found.differences] == []
    assert found.pairs >= 10


def test_programs_are_sources() -> None:
    for theme in THEMES:
        made = [compiled(sketch(seed, theme)) for seed in range(40)]
        assert sum(code is not None for code in made) >= 20, theme


def test_neighbours_are_others() -> None:
    rng = random.Random(1)
    sources = drawn(50, 1, "targets", modern=True)
    made = [neighbour(source, rng) for source in sources if compiled(source)]
    assert sum(other is not None and compiled(other) is not None for other in made) >= 20


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" a = b\n return a, b, c\n", " a = c\n return a, b, c\n"),
        (" a = b = []\n return a, b, c\n", " a, b = [], []\n return a, b, c\n"),
        (" return G, G(), G(), G(), G\n", " x = G\n return x, G(), G(), G(), x\n"),
        (
            " def turn(v):\n  nonlocal a\n  a = v\n hook(turn)\n return a, b(), c(), b(), a\n",
            " def turn(v):\n  nonlocal a\n  a = v\n hook(turn)\n x = a\n return x, b(), c(), b(), x\n",
        ),
    ],
)
def test_worlds_tell_programs_apart(one: str, other: str) -> None:
    sources = ["def f(a, b, c):\n" + body for body in (one, other)]
    logs = observed("3.11", sources, 1)
    assert logs[sources[0]] != logs[sources[1]]


def test_what_is_the_same_in_other_words_is_found() -> None:
    one = "def f(a, b, c):\n a, b = b, a\n return a\n"
    other = "def f(a, b, c):\n b, a = a, b\n return a\n"
    assert alike("3.11", [one, other], Level.SEMANTIC) == (2, [[one, other]])
