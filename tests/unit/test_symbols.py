"""The stack in symbols: as deep as the compiler counts, and with the right names."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from pycinspect.compiling import compile_source, find_interpreter
from pycinspect.disasm import exception_table, instructions
from pycinspect.disasm.stack import stack_depths
from pycinspect.disasm.symbols import Stack, symbolic_stacks
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, parse_pyc, read_pyc
from tests.samples import SAMPLES
from tests.unit.test_code import make
from tests.unit.test_disasm import bytecode as assembled
from tests.unit.test_disasm import dialect

LIBRARY = Path(sysconfig.get_path("stdlib"))
#: The arguments are counted off before the call takes them (3.11), see test_pictures.
EARLY = "PRECALL"


def stacks_of(code: Code) -> list[Stack | None]:
    bytecode = code.dialect.bytecode
    assert bytecode is not None
    handlers = exception_table(code, code.dialect) if bytecode.exception_table else []
    return symbolic_stacks(code, instructions(code, code.dialect), code.dialect, handlers)


def differences(root: Code) -> tuple[int, list[str]]:
    """Return how many instructions were compared, and those before which the depths differ."""
    compared, found = 0, []
    for code in root.walk():
        bytecode = code.dialect.bytecode
        assert bytecode is not None
        listed = instructions(code, code.dialect)
        handlers = exception_table(code, code.dialect) if bytecode.exception_table else []
        depths = stack_depths(code, listed, bytecode, handlers)
        before = ""
        for step, stack, depth in zip(listed, stacks_of(code), depths, strict=True):
            compared += 1
            if before != EARLY and depth != (None if stack is None else len(stack)):
                found.append(f"{code.qualname} at {step.offset}: {stack}, {depth}")
            before = step.opname
    return compared, found


@pytest.mark.parametrize("name", ["argparse", "asyncio/tasks", "ast", "concurrent/futures/process"])
def test_depths_are_those_of_the_compiler(name: str) -> None:
    path = LIBRARY / f"{name}.py"
    compared, found = differences(compile_source(path.read_bytes(), os.fspath(path)).code)
    assert found == []
    assert compared > 300


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12"])
def test_depths_are_those_of_other_compilers(version: str) -> None:
    try:
        interpreter = find_interpreter(version)
    except PycInspectError as error:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain(f"cpython-{version} is not installed: {error.message}")
    source = Path(__file__).parents[1] / "differential" / "kit.py"
    library = LIBRARY / "textwrap.py"
    for path in (source, library):
        file = compile_source(path.read_bytes(), os.fspath(path), interpreter=interpreter)
        compared, found = differences(file.code)
        assert found == []
        assert compared > 100


@pytest.mark.parametrize("name", ["cpython-2.6-plain10.pyc", "cpython-3.5-docstrings.pyc"])
def test_versions_with_blocks_are_not_followed(name: str) -> None:
    with pytest.raises(PycInspectError, match="not followed in symbols"):
        stacks_of(read_pyc(SAMPLES / name).code)


SOURCE = b"def total(prices, tax):\n    return sum(prices) * (1 + tax)\n"


def test_names() -> None:
    code = compile_source(SOURCE, "total.py").code.find("total")
    stacks = [stack for stack in stacks_of(code) if stack is not None]
    assert ("sum(…)", "1 + tax") in stacks
    assert stacks[-1] == ("sum(…) * (1 + tax)",)
    assert stacks[0] == ()


def test_names_do_not_grow() -> None:
    text = b"def f(x):\n    return " + b" + ".join([b"x"] * 500) + b"\n"
    code = compile_source(text, "f.py").code.find("f")
    assert max(len(name) for stack in stacks_of(code) for name in stack or ()) <= 40


#: Long enough that no compiler writes the end twice, once a path.
BRANCHES = b"def f(a, b, c):\n    x = g(a if c else b)\n    return x + a * b * c - h(x, x)\n"


def test_a_value_that_differs_between_paths() -> None:
    code = compile_source(BRANCHES, "f.py").code.find("f")
    assert any(stack and stack[-1] == "?" for stack in stacks_of(code))


def test_code_that_was_damaged_ends_in_a_stack_or_an_error() -> None:
    import importlib.util
    import marshal
    import random

    payload = marshal.dumps(compile(SOURCE, "total.py", "exec"))
    start = importlib.util.MAGIC_NUMBER + bytes(12)
    chance = random.Random(7)
    read = 0
    for _ in range(300):
        data = bytearray(start + payload)
        data[chance.randrange(16, len(data))] = chance.randrange(256)
        try:
            file = parse_pyc(bytes(data))
            for code in file.code.walk():
                assert len(stacks_of(code)) == len(instructions(code, code.dialect))
        except PycInspectError:
            continue
        read += 1
    assert read > 50


def test_a_stack_that_only_grows_is_not_followed_to_its_end() -> None:
    row = dialect("cpython-3.12")
    code = make(code=assembled(row, ("LOAD_CONST", 0)) * 5_000, consts=(None,), stacksize=5_000)
    with pytest.raises(PycInspectError) as raised:
        symbolic_stacks(code, instructions(code, row), row, [])
    assert raised.value.slug == "limit"
