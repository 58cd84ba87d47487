"""The compiler's own code, not code made by hand."""

from __future__ import annotations

import argparse
import json.decoder
import textwrap
from types import FunctionType

import bytecode
import pytest

from pytest_pycinspect import bytecode_of, op
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.expect import explain, listing, pattern

FUNCTIONS = [
    value
    for owner in (textwrap, textwrap.TextWrapper, argparse, argparse.ArgumentParser)
    for value in vars(owner).values()
    if isinstance(value, FunctionType)
]


def views(code: Bytecode) -> list[Bytecode]:
    return [view for part in code.tree for view in (part, part.raw)]


@pytest.mark.parametrize("module", [textwrap, json.decoder], ids=lambda module: module.__name__)
def test_what_is_pasted_is_met(module: object) -> None:
    for code in views(bytecode_of(module)):
        found = code.matches("\n".join(listing(code)))
        assert found.met, found


def test_what_is_pasted_is_not_met_by_what_differs() -> None:
    """Each instruction in turn has another operand, or is left out."""
    code = bytecode_of(textwrap.TextWrapper._split)
    lines = listing(code)
    for number, line in enumerate(lines):
        without = "\n".join(lines[:number] + lines[number + 1 :])
        met = code.matches(without).met if without else False
        assert met is line.endswith(":"), line


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_objects_of_the_bytecode_library(function: FunctionType) -> None:
    expected = bytecode.Bytecode.from_code(function.__code__)
    found = bytecode_of(function, pristine=False)
    assert found.matches(expected).met
    assert found.matches(list(expected)).met
    del expected[-1]
    assert not found.matches(expected).met


def test_one_instruction_of_the_library() -> None:
    code = bytecode_of(textwrap.dedent)
    assert code.raw.contains([bytecode.Instr("LOAD_FAST", "text")])
    assert not code.raw.contains([bytecode.Instr("LOAD_FAST", "txet")])


def test_where_one_instruction_of_the_library_is() -> None:
    raw = bytecode_of("def f(x): return x * x - x\n")["f"].raw
    minus = [n for n, instr in enumerate(raw) if instr.operand == "-"]
    assert raw.count(bytecode.Instr("BINARY_OP", bytecode.BinaryOp.SUBTRACT)) == 1
    assert raw.index(bytecode.Instr("BINARY_OP", bytecode.BinaryOp.SUBTRACT)) == minus[0]
    assert bytecode.Instr("BINARY_OP", bytecode.BinaryOp.ADD) not in raw


def test_what_the_library_does_not_have_among_its_instructions() -> None:
    with pytest.raises(ValueError, match="str among instructions"):
        pattern([bytecode.Instr("RETURN_VALUE"), "RETURN_VALUE"])


def test_a_constant_is_compared_with_its_type() -> None:
    code = bytecode_of("def f(): return 1, 2.0, (-0.0, True), None, 'a', b'a'\n")["f"]
    assert code == [op.LOAD_CONST((1, 2.0, (-0.0, True), None, "a", b"a")), op.RETURN_VALUE]
    assert code != [op.LOAD_CONST((1, 2.0, (0.0, True), None, "a", b"a")), op.RETURN_VALUE]
    assert code != [op.LOAD_CONST((1, 2.0, (-0.0, 1), None, "a", b"a")), op.RETURN_VALUE]


def test_a_failure_in_code_of_a_file_shows_the_source() -> None:
    found = bytecode_of(textwrap.dedent).matches("...; LOAD_FAST txet; ...")
    failure = explain(found)
    assert "text = _whitespace_only_re.sub" in failure.section
    assert len(failure.summary) == 7
