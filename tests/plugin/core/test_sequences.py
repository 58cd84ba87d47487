"""The tables from which sequences are made, and what they are worth.

That the sequences of ``sequences.txt`` are those of every version, test_hosts_and_versions
shows.
"""

from __future__ import annotations

import pytest

from pycinspect.dialects import (
    DIALECTS,
    LinearOperand,
    canonical_kind,
    linear_ops,
    linear_rules,
    vocabulary,
)
from tests.plugin.core.kit import LAYOUT, sequences


def test_most_programs_need_no_guard() -> None:
    """Of the 24 functions that were measured, 13 were the same, and 6 more seemed possible."""
    measured = list(sequences())[:24]
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
