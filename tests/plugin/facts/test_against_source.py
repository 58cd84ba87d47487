"""Loops, calls, imports and attributes are those of the source, whoever compiled it.

``python -m tests.plugin.facts`` compares more of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canonical.programs import program
from tests.oracles import Oracle
from tests.plugin.core.kit import TOO_OLD
from tests.plugin.facts.kit import Checked, compiled_by, dialect_of

#: How PyPy copies code is not known: it has neither columns nor a table of stack effects.
_WITHOUT_CALLS = ("pypy-3.9",)
_SEEDS = range(3_000, 3_040)


def _sources() -> dict[str, str]:
    """Return random programs, and what there is of our own sources."""
    found = {f"seed {seed}": program(seed, modern=False) for seed in _SEEDS}
    here = Path(__file__).parents[3]
    paths = [*sorted(here.glob("pytest_pycinspect/*.py"))[:8], here / "tests" / "oracles.py"]
    return found | {path.name: path.read_text("utf-8") for path in paths}


def test_against_the_source(oracle: Oracle) -> None:
    if oracle.name in TOO_OLD:
        pytest.skip("the programs have newer syntax")
    sources, checked = _sources(), Checked()
    for (name, source), code in zip(
        sources.items(), compiled_by(oracle, list(sources.values())), strict=True
    ):
        if code is not None:
            checked.add(name, source, code, dialect_of(oracle))
    known = "calls" if oracle.name in _WITHOUT_CALLS else "nothing"
    assert [text for text in checked.differences if f": {known}" not in text] == []
    assert checked.scopes > 150
    assert checked.loops > 25
    assert checked.calls > 400
