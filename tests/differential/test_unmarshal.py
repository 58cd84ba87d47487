"""Our reader of marshal against the interpreters' own.

Everything, and more damage: ``python -m tests.differential.unmarshal --all`` and
``--mutants 10000``.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.differential.unmarshal import (
    SOURCES,
    compare_code,
    compare_values,
    compare_verdicts,
    library,
)
from tests.oracles import Oracle

#: Sources of its standard library that an interpreter compiles; not the same in each.
SAMPLE = 15
MUTANTS = 1000

#: Whose verdicts on damaged data are ours: PyPy's reader checks other things than CPython's.
SAME_VERDICTS = {"cpython-2.7", *(f"cpython-3.{minor}" for minor in range(6, 14))}


def test_code_is_what_the_interpreter_reads(oracle: Oracle) -> None:
    paths = random.Random(oracle.name).sample(library(oracle), SAMPLE)

    figures, disagreements = compare_code(oracle, paths, SOURCES)

    assert disagreements == []
    assert figures["files"] > SAMPLE
    assert figures["code objects"] > 3 * SAMPLE


def test_values_are_what_the_interpreter_reads(oracle: Oracle) -> None:
    count, disagreements = compare_values(oracle)

    assert disagreements == []
    assert count > 100


@pytest.mark.parametrize("count", [MUTANTS // 5, pytest.param(MUTANTS, marks=pytest.mark.slow)])
def test_damaged_data_is_refused_as_the_interpreter_does(
    oracle: Oracle, tmp_path: Path, count: int
) -> None:
    if oracle.name not in SAME_VERDICTS:
        pytest.skip("its reader checks other things, or cannot be limited")

    figures, disagreements = compare_verdicts(oracle, count, tmp_path)

    assert figures["mutants"] >= count
    assert len(disagreements) <= max(1, count / 1000), disagreements
    assert figures["no comparison"] < count / 20
