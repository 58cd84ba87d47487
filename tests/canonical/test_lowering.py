from __future__ import annotations

import pytest

from pycinspect.canonical import lower
from pycinspect.canonical.ops import OPAQUE
from pycinspect.canonical.rules import RULES
from pycinspect.dialects import Role, find_dialect, lowering_of
from pycinspect.dialects.lowering import vocabulary
from tests.canonical.kit import RUNNING, module_of

VERSIONS = [
    "cpython-2.7",
    *(f"cpython-3.{minor}" for minor in range(6, 16)),
    "pypy-3.9",
]
#: Opcodes that no row describes, each with the reason.
WITHOUT_ROW = {
    "STOP_CODE",  # never executed
    "WITH_CLEANUP",  # Python 2's context managers are not canonicalised
    "EXIT_INIT_CHECK",  # only in the interpreter's own trampoline
    "LOAD_REVDB_VAR",  # only in PyPy's reverse debugger
    "INTERPRETER_EXIT",
}


@pytest.mark.parametrize("name", VERSIONS)
def test_every_opcode_has_a_row(name):
    dialect = find_dialect(name)
    rows = lowering_of(dialect).rows
    real = {row.name for row in dialect.bytecode.opcodes.opcodes if row.role is Role.REAL}
    assert real - rows.keys() <= WITHOUT_ROW


def test_the_vocabulary_and_the_rules_are_the_same_words():
    assert vocabulary().keys() == RULES.keys()
    assert all(kind.summary for kind in vocabulary().values())


@pytest.mark.parametrize("name", VERSIONS)
def test_rows_of_a_version_exclude_each_other(name):
    """The last row of an opcode is for any argument, all others for some."""
    for opcode, rows in lowering_of(find_dialect(name)).rows.items():
        assert all(row.when for row in rows[:-1]) or rows[0].versions == "pypy", opcode


def test_ops_name_values_and_where_they_came_from():
    (function,) = [
        c for c in module_of("def f(a):\n    return a.b(1)").consts if hasattr(c, "code")
    ]
    ops = lower(function, RUNNING)
    words = [(op.name, op.operand) for op in ops if op.name != "PUSH_NULL"]
    assert words == [
        ("LOAD_FAST", "a"),
        ("LOAD_ATTR", "b"),
        ("LOAD_CONST", 1),
        ("CALL", 2),
        ("RETURN_VALUE", None),
    ]
    assert {op.line for op in ops} == {2}
    assert [op.offset for op in ops] == sorted(op.offset for op in ops)


def test_an_opcode_without_a_row_is_visible():
    from dataclasses import replace

    code = module_of("x = 1")
    opaque = next(
        row.number
        for row in RUNNING.bytecode.opcodes.opcodes
        if row.role is Role.INTERNAL and row.number < 256
    )
    ops = lower(replace(code, code=bytes([opaque, 0]) + code.code), RUNNING)
    assert ops[0].name == OPAQUE
