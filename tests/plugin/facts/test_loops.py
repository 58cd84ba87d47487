"""What is in loops; which there are is in test_versions.py."""

from __future__ import annotations

from pytest_pycinspect import Bytecode, bytecode_of
from tests.plugin.facts.examples import function


def _loops(body: str) -> list[Bytecode]:
    return list(bytecode_of(function(body)).children[0].loops)


def test_a_loop_has_its_head_its_body_and_its_handlers() -> None:
    (loop,) = _loops(
        "for x in y:\n    try:\n        return f(x)\n    except E:\n        g()\n    h()\nk()"
    )
    for name in ("f", "E", "g", "h"):
        assert f"LOAD_GLOBAL {name}" in loop
    assert "FOR_ITER" in loop
    assert "GET_ITER" not in loop
    assert "LOAD_GLOBAL k" not in loop


def test_what_leaves_a_loop_is_not_in_it() -> None:
    (loop,) = _loops("for x in y:\n    if x:\n        return g(x)\n    f(x)")
    assert "LOAD_GLOBAL f" in loop
    assert "LOAD_GLOBAL g" not in loop


def test_a_while_with_continue_has_both_ends() -> None:
    (loop,) = _loops("while y():\n    f()\n    if z: continue\n    g()")
    assert "LOAD_FAST z" in loop
    assert "LOAD_GLOBAL g" in loop


def test_of_copies_there_is_one() -> None:
    (loop,) = _loops("try:\n    f()\nfinally:\n    for x in y: g(x)\nreturn 1")
    assert loop.count("LOAD_GLOBAL g") == 1


def test_a_part_has_the_loops_that_begin_in_it() -> None:
    outer, inner = _loops("for x in y:\n    while x:\n        f()\n    g()")
    assert [len(one) for one in outer.loops] == [len(outer), len(inner)]
    assert [list(one) for one in inner.loops] == [list(inner)]


def test_loops_of_the_raw_view() -> None:
    code = bytecode_of(function("for x in y:\n    g(x)\nh()")).children[0]
    (loop,) = code.raw.loops
    assert "FOR_ITER" in loop
    assert {instr.operand for instr in loop} >= {"x"}
    assert all(instr.operand != "h" for instr in loop)


def test_a_generator_expression_has_its_own() -> None:
    code = bytecode_of("def f(y): return list(g(x) for x in y)").children[0]
    assert code.loops == ()
    (loop,) = code["<genexpr>"].loops
    assert "LOAD_GLOBAL g" in loop


def test_all_ops_of_an_instruction_are_in_the_loop() -> None:
    """3.13 loads two variables at once; what ends ``async for`` is three ops."""
    source = "def f(y, b, c):\n    for x in y:\n        z = b\n        g(b, c, z, x)\n"
    found = {
        python: [(op.opname, op.operand) for op in bytecode_of(source, python=python)["f"].loops[0]]
        for python in ("3.8", "3.11", "3.12", "3.13")
    }
    assert len({str(ops) for ops in found.values()}) == 1
    assert {("LOAD_FAST", name) for name in "bczx"} <= {*found["3.13"]}
    outer, _ = bytecode_of("async def f(a):\n while a():\n  async for x in a: b()\n")["f"].loops
    assert "END_ASYNC_FOR" in outer
