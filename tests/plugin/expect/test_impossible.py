"""Operands that can never be: refused, whatever the op, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pycinspect.dialects import LinearKind, LinearOperand, linear_ops
from pytest_pycinspect import (
    ImpossibleCountWarning,
    UnknownOpcodeError,
    VacuousCheckError,
    bytecode_of,
)
from pytest_pycinspect.expect import PatternError, model, operands
from pytest_pycinspect.expect.grammar import parse
from pytest_pycinspect.expect.impossible import check_operand
from pytest_pycinspect.view.instr import Instr, Kind, Provenance

#: All ops but OPAQUE, which has the name of whatever the table does not know.
OPS = [row for row in linear_ops().values() if row.operand is not LinearOperand.DROPPED]
OPS = [row for row in OPS if row.words or row.operand is not LinearOperand.WORD]

#: As people write them, of every kind, right for some op or for none.
OPERANDS = (
    *("None", "True", "1.5", "-1", "0", "3", "100", "(1, 2)", "('key',)", "()"),
    *("'x'", "'os.path'", "'a b'", "''", "b'x'", "...", "2 ('key',)", "_ ('key',)", "0 ('key',)"),
    *("x", "os.path", "is", "in", "not", "not in", "add", "+", "+=", "<", "str", "AssertionError"),
    *("INTRINSIC_TYPEVAR", "<code f>", "-> x", "-> _", "$v", "$v:/x/", "/x/", "/=/", "/zq/"),
    *(
        "< 0",
        "<= 0",
        "< 3",
        "> 3",
        "== 1.5",
        "!= 1",
        "== -1",
        "in (1, 2)",
        "in (x, y)",
        "in (1, x)",
    ),
    *("in ('x', 'y')", "in (None, x)", "arg 5", "_"),
)


def operand(text: str) -> model.Operand:
    (line,) = parse(f"LOAD_FAST {text}").items
    assert isinstance(line, model.Op)
    return line.operand


def of(row: LinearKind, value: object, kind: Kind) -> Instr:
    target = 0 if kind is Kind.TARGET else None
    return Instr(row.name, value, kind, target, 0, (Provenance(1, None, ()),))


def possible(row: LinearKind) -> Iterator[Instr]:
    """Yield instructions of an op whose operands are as a compiler makes them."""
    values: dict[LinearOperand, list[object]] = {
        LinearOperand.NONE: [None],
        LinearOperand.TARGET: [None],
        LinearOperand.NAME: ["x", "y", "str", "add", "AssertionError", "INTRINSIC_TYPEVAR", ".0"],
        LinearOperand.CODE: ["f", "x", "<lambda>"],
        LinearOperand.NUMBER: [*range(12), 100],
        LinearOperand.NAMES: [(0, ()), (1, ("key",)), (2, ("key",)), (100, ("key",)), (3, ())],
        LinearOperand.WORD: list(row.words) or ["x", "y", "+", "str"],
        LinearOperand.CONST: [
            *(None, True, 1.5, -1, 0, 1, 2, 3, 10, 100, (1, 2), ("key",), (), "x", "y", "a b"),
            *("os.path", "", b"x", ..., "=", 2.5, "zq"),
        ],
    }
    if row.words:
        values[row.operand] = [*row.words]
    if row.is_dotted:
        values[LinearOperand.NAME] += ["os.path", ""]
    kind = Kind(row.operand.value)
    numbers = range(row.least, 200 if row.most is None else row.most + 1)
    if row.operand is LinearOperand.NUMBER:
        values[row.operand] = [*numbers]
    if row.operand is LinearOperand.NAMES:
        values[row.operand] = [value for value in values[row.operand] if value[0] in numbers]  # type: ignore[index] # pairs
    yield from (of(row, value, kind) for value in values[row.operand])
    if row.operand is LinearOperand.CONST:
        yield of(row, "f", Kind.CODE)


@pytest.mark.parametrize("row", OPS, ids=lambda row: row.name)
def test_refused_is_what_no_instruction_has(row: LinearKind) -> None:
    instrs = list(possible(row))
    for text in OPERANDS:
        wanted = operand(text)
        if isinstance(wanted, model.Argument):
            continue
        # What cannot be is a mistake in a list of possibilities, too.
        parts = wanted.options if isinstance(wanted, model.OneOf) else (wanted,)
        is_met = all(is_met_by(row, part, instrs) for part in parts)
        assert is_accepted(row, wanted) is (is_met or _is_open(row, wanted)), text


def is_met_by(row: LinearKind, wanted: model.Operand, instrs: list[Instr]) -> bool:
    check = operands.tested_by(model.Op(row.name, wanted), row.name, lambda _: 0).check
    return any(check is None or check(instr) for instr in instrs)


def is_accepted(row: LinearKind, wanted: model.Operand) -> bool:
    try:
        check_operand(row.name, wanted)
    except PatternError:
        return False
    return True


def _is_open(row: LinearKind, wanted: model.Operand) -> bool:
    """Return whether it is a matter of what a program calls its own."""
    is_regex = isinstance(wanted, model.Regex) or bool(getattr(wanted, "regex", None))
    return (
        is_regex
        and not row.words
        and row.operand in (LinearOperand.NAME, LinearOperand.CODE, LinearOperand.CONST)
    )


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("COMPARE_OP in", "since 3.9 that is CONTAINS_OP in"),
        ("COMPARE_OP is", "since 3.9 that is IS_OP is"),
        ("COMPARE_OP 'not in'", "COMPARE_OP takes one of < <= == != > >=, and never 'not in'"),
        ("BINARY_OP add", "that is BINARY_OP +"),
        ("BINARY_OP in (add, '+')", "that is BINARY_OP +"),
        ("UNARY_OP negative", "that is UNARY_OP -"),
        ("LOAD_GLOBAL os.path", "that is LOAD_GLOBAL os and LOAD_ATTR path"),
        ("LOAD_FAST 3", "LOAD_FAST takes a name, and never 3"),
        ("LOAD_GLOBAL None", "LOAD_GLOBAL takes a name, and never None"),
        ("BUILD_SLICE 4", "BUILD_SLICE takes a number from 2 to 3, and never 4"),
        ("SWAP in (1, 2)", "SWAP takes a number from 2 on, and never in (1, 2)"),
        ("RAISE_VARARGS > 2", "RAISE_VARARGS takes a number from 0 to 2, and never > 2"),
        ("CALL_KW 0", "CALL_KW takes a number and names"),
        ("CALL -1", "CALL takes a number from 0 on, and never -1"),
        ("CALL True", "CALL takes a number from 0 on, and never True"),
        ("RETURN_VALUE None", "RETURN_VALUE takes no operand"),
    ],
)
def test_what_it_is_instead_is_said(line: str, hint: str) -> None:
    with pytest.raises(PatternError) as caught:
        _ = line in bytecode_of(lambda: None)
    assert hint in caught.value.message


@pytest.mark.parametrize(
    "line", ["POP_TOP None", "RETURN_VALUE 3", "LOAD_FAST 3", "LOAD_CONST x", "LOAD_FAST os.path"]
)
def test_instructions_of_the_interpreter_are_looked_at_too(line: str) -> None:
    code = bytecode_of(lambda x: x)
    with pytest.raises(PatternError, match="and never"):
        _ = line in code.raw
    with pytest.raises(PatternError, match="and never"):
        _ = f"raw {line}" in code


@pytest.mark.parametrize(
    "line", ["KW_NAMES ('key',)", "PUSH_NULL 3", "TO_BOOL x", "LOAD_CLOSURE x"]
)
def test_an_op_that_no_sequence_has_is_refused_with_an_operand_too(line: str) -> None:
    with pytest.raises(VacuousCheckError, match="cannot occur in canonical ops"):
        assert line not in bytecode_of(lambda: None)


def test_names_that_compilers_make_are_names() -> None:
    code = bytecode_of("def f(a): return (x for x in a)")["f"]
    assert "LOAD_FAST .0" in code["<genexpr>"]
    assert "IMPORT_NAME os.path" in bytecode_of("import os.path")
    assert "IMPORT_NAME ''" in bytecode_of("from . import x")


def test_a_sum_can_name_the_opcodes_of_several_pythons() -> None:
    code = bytecode_of("def f(a, b): return a + b")["f"].raw
    names = ("BINARY_ADD", "BINARY_OP")
    with pytest.warns(ImpossibleCountWarning, match="counted as 0: BINARY_ADD cannot occur"):
        assert sum(code.count(name) for name in names) == 1
    with pytest.raises(UnknownOpcodeError):
        code.count("BINARY_ADDD")


def test_whether_something_is_not_said_is_not_claimed() -> None:
    code = bytecode_of(lambda: None)
    with pytest.raises(VacuousCheckError, match="has one answer whatever the code does"):
        _ = "BINARY_ADD" in code
    with pytest.raises(VacuousCheckError, match="has one answer whatever the code does"):
        code.contains("BINARY_ADD")
    with pytest.raises(VacuousCheckError, match="would always pass"):
        code.contains("never BINARY_ADD")


def test_an_expectation_that_is_for_other_pythons_says_nothing() -> None:
    code = bytecode_of(lambda: None)
    for expectation in ("@3.10 never CALL", "@3.10:\n    never CALL\n    @pypy:\n        RETURN"):
        for check in (code.contains, code.matches, code.startswith, lambda text: text in code):
            with pytest.raises(VacuousCheckError, match=r"every line .* is for other Pythons"):
                check(expectation)
    assert code.contains("@3.10:\n    CALL\n@else:\n    RETURN_VALUE")


# --- What any code is like -----------------------------------------------------------------

TRIVIAL = {
    "in": ["...", "_", "...; ...", "_; ...", "+ _", "1..x _", "^", "$", "^; ...", "0..x CALL",
           "total 0..x CALL", "...; 0..x CALL; ...", "any:\n _", "@>=3.0 ...", "0..3x CALL"],
    "contains": ["...", "_", "^; _", "any:\n _", "...; total 0..x CALL",
                 "...; 0..1x LOAD_FAST; ..."],
    "matches": ["...", "+ _", "...; _; ...", "^; ...; $", "0..x _", "...; 0..x CALL"],
    "startswith": ["_", "...", "0..x CALL"],
    "endswith": ["_", "...", "0..x CALL"],
    "count": ["...", "_"],
}  # fmt: skip

#: What is like these, and not true of all code.
TELLING = {
    "contains": ["_; _; _", "^; _; $", "not CALL", "never CALL",
                 "total 0..1x CALL", "any:\n _\n CALL"],
    "matches": ["_", "_; _", "...; _; ...; _", "any:\n _", "0..2x _", "0..x CALL", "...; 0..1x LOAD_FAST; ..."],
}  # fmt: skip

SHORT = "def f(): raise"
LONG = "def f(a):\n a()\n a()\n return a"


@pytest.mark.parametrize("how", TRIVIAL)
def test_an_expectation_that_any_code_meets_is_refused(how: str) -> None:
    for source in (SHORT, LONG):
        code = bytecode_of(source).children[0]
        ask = code.__contains__ if how == "in" else getattr(code, how)
        for text in TRIVIAL[how]:
            with pytest.raises(VacuousCheckError, match="any code is as this expectation says"):
                ask(text)


@pytest.mark.parametrize("how", TELLING)
def test_an_expectation_that_some_code_does_not_meet_is_not(how: str) -> None:
    codes = [bytecode_of(source).children[0] for source in (SHORT, LONG)]
    for text in TELLING[how]:
        assert (
            len({bool(getattr(code, how)(text)) for code in codes}) > 1 or how == "matches"
        )  # of a length


def test_what_is_at_the_end_is_counted() -> None:
    code = bytecode_of(SHORT).children[0]
    assert code.count("never CALL; $") == 1
