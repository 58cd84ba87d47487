"""What is wrong with code that no compiler made."""

from __future__ import annotations

from typing import Any

import pytest

from pycinspect.disasm import verify
from tests.unit.test_code import make
from tests.unit.test_disasm import bytecode, dialect

ROW = dialect("cpython-3.12")


def slugs(*parts: tuple[str, int], **fields: Any) -> list[str]:
    settings = {"stacksize": 2, "consts": (None,), **fields}
    code = make(code=bytecode(ROW, *parts), **settings)
    return [defect.slug for defect in verify(code, ROW)]


LOAD, RETURN = ("LOAD_CONST", 0), ("RETURN_VALUE", 0)


def test_good_code_has_no_defects() -> None:
    assert slugs(("RESUME", 0), LOAD, RETURN) == []


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        ([("LOAD_CONST", 1), RETURN], "bad-index"),
        ([("LOAD_NAME", 0), RETURN], "bad-index"),
        ([("LOAD_FAST", 0), RETURN], "bad-index"),
        ([LOAD, ("COMPARE_OP", 255), RETURN], "bad-index"),
        ([("JUMP_FORWARD", 9), LOAD, RETURN], "bad-jump"),
        ([("JUMP_BACKWARD", 9)], "bad-jump"),
        ([LOAD, ("POP_JUMP_IF_TRUE", 1), ("EXTENDED_ARG", 0), LOAD, RETURN], "bad-jump"),
        ([("JUMP_FORWARD", 1), ("LOAD_GLOBAL", 0), LOAD, RETURN], "bad-jump"),
        ([LOAD], "runs-off"),
        ([], "runs-off"),
        ([("LOAD_FAST__LOAD_FAST", 0), RETURN], "memory-opcode"),
        ([("CACHE", 0), LOAD, RETURN], "memory-opcode"),
        ([RETURN], "stack-underflow"),
        ([LOAD, ("POP_TOP", 0), RETURN], "stack-underflow"),
        ([LOAD, LOAD, LOAD, RETURN], "stack-overflow"),
        ([LOAD, ("JUMP_BACKWARD", 2)], "stack-differs"),
    ],
)
def test_a_defect_is_found(parts: list[tuple[str, int]], slug: str) -> None:
    names = ("a",) if parts[:1] != [("LOAD_NAME", 0)] else ()
    assert slug in slugs(*parts, names=names)


def test_a_defect_says_where_and_what() -> None:
    (defect,) = verify(make(code=bytecode(ROW, LOAD, RETURN), stacksize=1), ROW)
    assert defect[:3] == ("bad-index", "LOAD_CONST 0: there is no such constant", 0)


def test_an_unknown_opcode_is_found_in_old_code() -> None:
    row = dialect("cpython-2.7")
    (defect, *_) = verify(make(code=bytes((255, 0, 0, 83))), row)
    assert defect.slug == "unknown-opcode"


def test_an_instruction_that_the_end_cuts_is_found() -> None:
    (defect, *_) = verify(make(code=bytes((100, 0)), consts=(None,)), dialect("cpython-2.7"))
    assert defect.slug == "cut-instruction"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ((0x80, 0, 1, 0), "guards 0 to 0"),
        ((0x80, 9, 1, 0), "guards 0 to 18"),
        ((0x80, 1, 9, 0), "leads to 18"),
        ((0x80, 1, 1, 8), "keeps 4 values"),
        ((0x81, 1, 1, 0, 0x80, 1, 1, 0), "stands after"),
        ((0x80, 1), "ends inside"),
    ],
)
def test_a_bad_exception_table_is_found(table: tuple[int, ...], problem: str) -> None:
    code = make(
        code=bytecode(ROW, LOAD, RETURN),
        consts=(None,),
        stacksize=2,
        exceptiontable=bytes(table),
    )
    (defect,) = verify(code, ROW)
    assert defect.slug == "bad-exception-table"
    assert problem in defect.message


def test_a_bad_line_table_is_found() -> None:
    code = make(code=bytecode(ROW, LOAD, RETURN), consts=(None,), stacksize=1, linetable=b"\xf0")
    assert [defect.slug for defect in verify(code, ROW)] == ["bad-line-table"]


def test_a_handler_is_entered_with_what_it_keeps() -> None:
    # The handler keeps one value that is never there, and gets the exception.
    parts = (("NOP", 0), LOAD, RETURN, ("POP_TOP", 0), RETURN)
    table = bytes((0x80, 1, 3, 0))
    code = make(code=bytecode(ROW, *parts), consts=(None,), stacksize=1, exceptiontable=table)
    assert [(defect.slug, defect.offset) for defect in verify(code, ROW)] == [
        ("stack-underflow", 8)
    ]
