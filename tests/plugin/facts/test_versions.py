"""Loops, calls, imports and attributes are those of the source, whoever compiled it.

``python -m tests.plugin.facts`` compares more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pytest_pycinspect.view.facts import Facts
from pytest_pycinspect.view.loops import loops_of
from tests.canonical.programs import program
from tests.oracles import Oracle
from tests.plugin.core.kit import TOO_OLD
from tests.plugin.facts.examples import ASYNCHRONOUS, CALLS, IMPORTS, LOOPS, function
from tests.plugin.facts.kit import Checked, compiled_by, dialect_of

_SEEDS = range(3_000, 3_030)
_OURS = ("view/calls.py", "view/facts.py", "view/names.py", "relations/snippets.py")


def test_on_all_versions(oracle: Oracle) -> None:
    """One test, because some interpreters take seconds to start."""
    if oracle.name in TOO_OLD:
        pytest.skip("the programs have newer syntax")
    loops = [*map(function, LOOPS), *(function(body, "async def") for body in ASYNCHRONOUS)]
    calls, imports, modules = [*map(function, CALLS)], [*map(function, IMPORTS)], _modules()
    codes = iter(compiled_by(oracle, [*loops, *calls, *imports, *modules]))
    _check_loops(oracle, [*islice(codes, len(loops))])
    _check_facts(oracle, [*islice(codes, len(calls))], [*islice(codes, len(imports))])
    _check_modules(oracle, modules, [*codes])


def _check_loops(oracle: Oracle, codes: Sequence[Code | None]) -> None:
    wanted = {**LOOPS, **{f"async {body}": count for body, count in ASYNCHRONOUS.items()}}
    found = {
        body: len(loops_of(code.find("f"), dialect_of(oracle)))
        for body, code in zip(wanted, codes, strict=True)
        if code is not None
    }
    assert found == wanted


def _check_facts(
    oracle: Oracle, calls: Sequence[Code | None], imports: Sequence[Code | None]
) -> None:
    facts = [_facts(oracle, code) for code in calls]
    assert {body: sorted(one.calls) for body, one in zip(CALLS, facts, strict=True)} == CALLS
    facts = [_facts(oracle, code) for code in imports]
    assert {body: list(one.imports) for body, one in zip(IMPORTS, facts, strict=True)} == IMPORTS
    assert all("" not in tuple(one.names) for one in facts)
    assert all(one.attributes == () for one in facts)


def _facts(oracle: Oracle, code: Code | None) -> Facts:
    assert code is not None
    return Facts.of(code.find("f"), dialect_of(oracle))


def _check_modules(oracle: Oracle, sources: Sequence[str], codes: Sequence[Code | None]) -> None:
    checked = Checked()
    for number, (source, code) in enumerate(zip(sources, codes, strict=True)):
        if code is not None:
            checked.add(str(number), source, code, dialect_of(oracle))
    assert checked.differences == []
    assert checked.scopes > 100
    assert checked.loops > 20
    assert checked.calls > 300
    has_table = bytecode_of(dialect_of(oracle)).exception_table
    assert (checked.plain > 50, checked.plain_calls > 50) == (has_table, has_table)


def _modules() -> list[str]:
    """Return random programs, and some of our own sources."""
    ours = Path(__file__).parents[3] / "pytest_pycinspect"
    found = [program(seed, modern=False) for seed in _SEEDS]
    return found + [(ours / name).read_text("utf-8") for name in _OURS]
