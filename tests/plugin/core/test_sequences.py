"""The sequences of the programs are the same, whoever compiled them: sequences.txt has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pycinspect.canonical import linearize
from pycinspect.dialects import (
    DIALECTS,
    LinearOperand,
    canonical_kind,
    linear_ops,
    linear_rules,
    vocabulary,
)
from pycinspect.pyc import read_pyc
from tests.oracles import Oracle
from tests.plugin.core.kit import HERE, TOO_OLD, caches, text

#: What compilers lay out otherwise, by where; everything else is the same everywhere.
OLD = ("cpython-3.8", "cpython-3.9", "cpython-3.10", "cpython-3.11", "pypy-3.9")
LAYOUT: Mapping[str, tuple[str, ...]] = {
    "comprehension": (*OLD, "pyodide-3.15"),  # inlined since 3.12 (PEP 709)
    "try_except": ("cpython-3.8",),  # END_FINALLY decides what goes on
    "with_block": ("cpython-3.8",),
    "async_with": ("cpython-3.8",),
    "try_finally": ("cpython-3.8", "cpython-3.9", "pypy-3.9"),  # the body is not copied
    "while_loop": ("cpython-3.10", "cpython-3.11", "cpython-3.12", "cpython-3.13"),  # rotated
    "nested": ("pyodide-3.15",),  # the generator expression asks for the iterator
    "match_class": ("cpython-3.10",),  # gets attributes by index
    "match_value": ("cpython-3.11",),  # shares the body of a case
}


def expected() -> Mapping[str, list[str]]:
    """Return the sequences of the file, by the functions' names."""
    found: dict[str, list[str]] = {}
    for line in (HERE / "sequences.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = lines = []
        elif line:
            lines.append(line.strip())
    return found


def sequences(oracle: Oracle, folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in caches(oracle, folder).values():
        file = read_pyc(path)
        for code in file.code.walk():
            if "<" not in code.qualname:
                yield code.qualname, [text(op) for op in linearize(code, file.dialect)]


def test_a_sequence_is_the_same_on_all_versions(oracle: Oracle, tmp_path: Path) -> None:
    if oracle.name in TOO_OLD:
        pytest.skip("the programs have newer syntax")
    wanted = expected()
    found = dict(sequences(oracle, tmp_path))
    differ = {name for name, lines in found.items() if lines != wanted[name]}
    assert differ == {
        name for name, where in LAYOUT.items() if oracle.name in where and name in found
    }


def test_most_programs_need_no_guard() -> None:
    """Of the 24 functions that were measured, 13 were the same, and 6 more seemed possible."""
    measured = list(expected())[:24]
    assert len([name for name in measured if name not in LAYOUT]) == 20


# --- Tables ----------------------------------------------------------------------------------


def test_every_canonical_op_has_a_kind_of_operand() -> None:
    assert set(vocabulary()) <= set(linear_ops())
    composites = set(linear_ops()) - set(vocabulary())
    assert composites == {"JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"}


def test_rules_are_about_ops_that_there_are() -> None:
    dialects = [row for row in DIALECTS if row.bytecode is not None]
    rules = {rule for row in dialects for group in linear_rules(row).values() for rule in group}
    assert rules
    for rule in rules:
        for term in (*rule.pattern, *rule.becomes):
            assert term.name in linear_ops()
        for term in rule.becomes:
            assert linear_ops()[term.name].operand is not LinearOperand.DROPPED
            assert not term.variable or term.variable in {part.variable for part in rule.pattern}


def test_short_names_are_unique_and_no_ops() -> None:
    short = [name for row in linear_ops().values() for name in row.short]
    assert len(short) == len(set(short))
    assert not set(short) & set(linear_ops())


def test_kinds_are_found_by_name() -> None:
    with pytest.raises(LookupError, match="no row for LOAD_NOTHING"):
        canonical_kind("LOAD_NOTHING")
