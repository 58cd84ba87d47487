"""Places in the source: judged by ``co_positions()``, and refused where they say nothing."""

from __future__ import annotations

import dis
import inspect
import json
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import PatternError, VacuousCheckError, bytecode_of, op, pattern
from pytest_pycinspect.expect import Label
from tests.oracles import Oracle


def functions() -> Iterator[FunctionType]:
    """Yield functions of the standard library."""
    for module in (json.decoder, textwrap, inspect):
        for value in vars(module).values():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield value


def positions(code: CodeType) -> list[tuple[str, tuple[int | None, ...]]]:
    """Return what ``dis`` says of each instruction."""
    listed = dis.get_instructions(code)
    return [(i.opname, tuple(i.positions or ())) for i in listed if i.opname != "CACHE"]


def test_every_instruction_is_where_dis_says() -> None:
    compared = 0
    for function in functions():
        raw = bytecode_of(function, pristine=False).raw
        expected = positions(function.__code__)
        assert len(raw) == len(expected)
        found = []
        for opname, (line, end_line, column, end_column) in expected:
            if None in (line, end_line, column, end_column):
                found.append("_")
                continue
            found.append(f"{opname} @{line}:{column}-{end_line}:{end_column}")
            compared += 1
        assert raw.matches("\n".join(found))
    assert compared > 3000


def test_no_instruction_is_anywhere_else() -> None:
    function = json.decoder.JSONDecoder.raw_decode
    raw = bytecode_of(function, pristine=False).raw
    expected = positions(function.__code__)
    all_places = sorted({place for _, place in expected if None not in place})
    for opname in {opname for opname, _ in expected}:
        for line, end_line, column, end_column in all_places:
            is_there = (opname, (line, end_line, column, end_column)) in expected
            text = f"{opname} @{line}:{column}-{end_line}:{end_column}"
            assert (text in raw) is is_there


#: Of CPython's ``Lib/test/test_compile.py: TestSourcePositions``, by its own words.
PORTED = [
    ("f(\n    1, 2, 3, 4\n)\n", "CALL 4 @1:0-3:1"),
    (
        "if (a or\n    (b and not c) or\n    not (\n        d > 0)):\n    x = 42\n",
        "LOAD_NAME a @1:4-5; ...; LOAD_NAME b @2:5-6; ...; LOAD_NAME c; ...; COMPARE_OP > @4:8-13",
    ),
    ("a = b[(1, \n 2)]\n", "BINARY_SUBSCR @1:4-2:4"),
    ("x = yy @ z\n", "BINARY_OP @ @1:4-10"),
    ("x @= z\n", "BINARY_OP @= @1:0-6"),
    ("x = 'ß' + yy\n", "LOAD_NAME yy @1:11-13"),
    ("del a.b\n", "LOAD_NAME a @1:4-5; DELETE_ATTR b @1:4-7"),
    ("raise KeyError\n", "RAISE_VARARGS @1:0-14"),
    ("x = a if b else c\n", "LOAD_NAME b @1:9-10; POP_JUMP_IF_FALSE @1"),
]


@pytest.mark.parametrize(("snippet", "expected"), PORTED)
def test_positions_of_snippets(snippet: str, expected: str) -> None:
    assert bytecode_of(snippet).contains(expected)
    moved = bytecode_of(f"if 1:\n{textwrap.indent(snippet, ' ')}")
    with pytest.raises(VacuousCheckError, match="no instruction in line 1"):
        moved.contains(expected)


def test_objects_say_the_same_as_text() -> None:
    assert pattern("LOAD_FAST x @3:8") == pattern(op.LOAD_FAST(pattern_name("x")).at(3, 8))
    assert pattern("NOP @3") == pattern(op.NOP.at(3))
    assert pattern("NOP @3:8-12") == pattern(op.NOP.at(3, 8, 3, 12)) == pattern("NOP @3:8-3:12")
    assert str(pattern("NOP @3:8-4:12")) == "NOP @3:8-4:12"


def pattern_name(name: str) -> object:
    (item,) = pattern(f"LOAD_FAST {name}").items
    return item.operand  # type: ignore[union-attr]


@pytest.mark.parametrize("parts", [(-1,), (1, None, 2), (1, 2, 3), (True,), ("1",)])
def test_no_places(parts: tuple[int, ...]) -> None:
    with pytest.raises(PatternError):
        op.NOP.at(*parts)


@pytest.mark.parametrize("text", ["NOP @x", "NOP @3:", "NOP @3:8-", "NOP @3-4", "NOP @3 @4"])
def test_no_place_in_text(text: str) -> None:
    with pytest.raises(PatternError):
        pattern(text)


SOURCE = "def f(x, y):\n    return x + -y\n"


def test_a_line_without_instructions_is_refused() -> None:
    code = bytecode_of(SOURCE)["f"]
    message = "f has no instruction in line 9, but in 2: @9 says nothing of it"
    for check in (
        lambda: "LOAD_FAST @9" in code,
        lambda: "LOAD_FAST @9" not in code,
        lambda: bool(code.matches("never LOAD_FAST @9; ...")),
        lambda: code.count("LOAD_FAST @9"),
    ):
        with pytest.raises(VacuousCheckError) as caught:
            check()
        assert str(caught.value) == message


def test_a_column_where_nothing_begins_is_refused_where_it_would_say_nothing() -> None:
    code = bytecode_of("def f(x):\n    return x + 1 * x\n")["f"][:1]
    message = "in line 2 of f instructions begin in 11: @2:12 says nothing of it"
    with pytest.raises(VacuousCheckError) as caught:
        assert "LOAD_FAST @2:12" not in code
    assert str(caught.value) == message
    with pytest.raises(VacuousCheckError):
        assert "LOAD_FAST @2:12; ..." not in code
    with pytest.raises(VacuousCheckError):
        code.matches("never LOAD_FAST @2:12; ...")
    assert not code.matches("LOAD_FAST @2:12")
    whole = bytecode_of(SOURCE)["f"]
    assert "LOAD_FAST y @2:11" not in whole
    assert "UNARY_OP @2:15" in whole


def test_one_place_of_a_super_instruction_is_known() -> None:
    """That of its first: ``LOAD_FAST_LOAD_FAST`` (3.13) says nowhere where the second is."""
    code = bytecode_of("def f(x, y):\n    return x + y\n")["f"]
    assert "LOAD_FAST x @2:11-12" in code
    first, second = code.find("LOAD_FAST")
    assert first.position is not None
    assert (second.position is None) is (not second.raw)


def test_a_jump_that_compares_is_where_the_jump_is() -> None:
    """``POP_JUMP_IF_NONE`` (3.11) stands for three ops."""
    code = bytecode_of("def f(x):\n    if x is None:\n        return 5\n    return 6\n")["f"]
    assert code.matches("""
        LOAD_FAST x @2:7-8
        LOAD_CONST None
        IS_OP is
        POP_JUMP_IF_FALSE @2:7-16
        LOAD_CONST 5 @3:15-16
        ...
    """)


def test_a_name_is_where_it_is_written() -> None:
    source = inspect.getsource(json.decoder)
    lines = [line.encode() for line in source.splitlines()]
    compared = 0
    for part in bytecode_of(source).tree:
        for instr in part:
            place = instr.position
            is_name = instr.opname in ("LOAD_FAST", "LOAD_GLOBAL", "LOAD_DEREF")
            if is_name and place is not None and place.line is not None:
                text = lines[place.line - 1][place.column : place.end_column].decode()
                assert text == instr.operand
                compared += 1
    assert compared > 200


def test_a_failure_says_where_it_is() -> None:
    with pytest.raises(AssertionError) as caught:
        bytecode_of(SOURCE)["f"].check("LOAD_FAST x @2:15; ...")
    assert "expected   LOAD_FAST  x @2:15" in str(caught.value)
    assert "found      LOAD_FAST  x @2:11" in str(caught.value)
    with pytest.raises(AssertionError, match=r"found      LOAD_FAST  x @2:11-12"):
        bytecode_of(SOURCE)["f"].check("LOAD_FAST x @2:15-16; ...")


@pytest.mark.parametrize("oracle", ["cpython-3.10"], indirect=True)
def test_code_without_columns_is_refused_clearly(oracle: Oracle) -> None:
    code = bytecode_of(SOURCE, python=str(oracle.program))["f"]
    assert "LOAD_FAST y @2" in code
    for check in (lambda: "LOAD_FAST @2:11" in code, lambda: code.matches("LOAD_FAST @2:11; ...")):
        with pytest.raises(
            PycInspectError, match=r"no columns: Python 3\.10\.\d+ did not write them"
        ):
            check()
    assert code.matches("@>=3.11 LOAD_FAST @2:11; @<3.11 LOAD_FAST @2; ...")


# --- Labels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("L1: FOR_ITER -> L2", "L1:\nFOR_ITER -> L2"),
        ("L1:FOR_ITER", "L1:\nFOR_ITER"),
        ("a: b: NOP  # why", "a:\nb:\nNOP"),
        ("a: NOP; b: NOP", "a:\nNOP\nb:\nNOP"),
        ("L1: 2x NOP", "L1:\n2x NOP"),
        ("@>=3.8: L1: NOP", "@>=3.8:\n    L1:\n    NOP"),
        ("def g: L1: NOP", "def g:\n    L1:\n    NOP"),
        ("L1: ...", "L1:\n..."),
        ("L1:", "L1:"),
    ],
)
def test_a_label_stands_before_its_instruction(line: str, lines: str) -> None:
    assert pattern(line) == pattern(lines)


def test_many_labels_in_a_line() -> None:
    parsed = pattern("a: " * 5000 + "NOP")
    assert len(parsed.items) == 5001
    assert isinstance(parsed.items[0], Label)


def test_in_a_tree_a_place_is_in_the_lines_of_one_of_its_parts() -> None:
    tree = bytecode_of("def f(x):\n    return x\n\ndef g(y):\n    return y\n").tree
    assert "LOAD_FAST y @5:11-12" in tree
    assert "LOAD_FAST x @5:11-12" not in tree
    assert [part.name for part, _ in tree.find("LOAD_FAST @5")] == ["g"]
    with pytest.raises(VacuousCheckError, match="no instruction in line 3"):
        assert "LOAD_FAST y @3" not in tree


@pytest.mark.parametrize("test", ["a", "not a", "a > 1", "not a > 1", "a in b", "a is b"])
def test_a_jump_is_where_its_own_instruction_is(test: str) -> None:
    code = bytecode_of(f"def f(a, b):\n    if {test}:\n        return a.c\n    return b.c\n")["f"]
    (jump,) = (instr for instr in code if instr.target is not None)
    (own,) = (instr for instr in code.raw if instr.target is not None)
    assert jump.position == own.position
    assert own.raw[0] in jump.raw
