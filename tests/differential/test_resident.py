"""The table of built-in and frozen modules against the interpreters themselves."""

from __future__ import annotations

from pathlib import Path

from pycinspect.dialects import DIALECTS, residents_of
from tests.oracles import Oracle


def test_the_table_agrees_with_every_interpreter(oracle: Oracle) -> None:
    """What the table calls built in or frozen is so in the interpreter."""
    row = DIALECTS[oracle.dialect]
    names = sorted(frozenset[str]().union(*residents_of(row)))
    answer = oracle.run(Path(__file__).parent / "resident_child.py", names)
    assert answer == {"neither": []}
