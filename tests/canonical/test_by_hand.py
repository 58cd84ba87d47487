"""Instructions that no compiler writes do not pass for those that they are like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pycinspect.canonical import Form, canonicalize
from pycinspect.dialects import find_dialect
from pycinspect.disasm import instructions
from pycinspect.pyc import Code, unmarshal
from tests.differential.noise import payloads
from tests.oracles import find_oracles

BEFORE_3_11 = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "pypy3.9"]
NATIVE = [f"3.{minor}" for minor in range(6, 14)]


def compiled(version: str, source: str, name: str) -> tuple[Code, str]:
    """Return a code object of a source, and its dialect."""
    implementation = "pypy-3.9" if version.startswith("pypy") else f"cpython-{version}"
    oracle = find_oracles().get(implementation)
    if oracle is None:
        pytest.skip(f"{implementation} is not installed")
    (payload,) = payloads(version, [source], None)
    assert payload is not None
    root = unmarshal(payload, find_dialect(oracle.dialect)).value
    assert isinstance(root, Code)
    return next(code for code in inside(root) if code.name == name), oracle.dialect


def inside(root: Code) -> Iterator[Code]:
    yield root
    for part in root.consts:
        if isinstance(part, Code):
            yield from inside(part)


def form_of(code: Code, dialect: str) -> Form:
    return canonicalize(code, find_dialect(dialect))


# --- The three values that a handler finds ---------------------------------------------------------

HANDLED = "def f(a):\n    try: a()\n    except A as e: return e\n"


def in_other_order(code: Code, dialect: str, order: Sequence[int]) -> Code:
    """Return code in which the instructions that take the three values change places."""
    steps = list(instructions(code, find_dialect(dialect)))
    names = [step.opname for step in steps]
    taken = ["POP_TOP", "STORE_FAST", "POP_TOP"]
    place = next(i for i in range(len(names)) if names[i : i + 3] == taken)
    bounds = [step.offset for step in steps[place : place + 4]]
    parts = [code.code[bounds[i] : bounds[i + 1]] for i in order]
    return replace(code, code=code.code[: bounds[0]] + b"".join(parts) + code.code[bounds[3] :])


@pytest.mark.parametrize("version", BEFORE_3_11)
def test_the_type_and_the_traceback_are_not_the_exception(version: str) -> None:
    code, dialect = compiled(version, HANDLED, "f")
    value, kind, traceback = (
        form_of(in_other_order(code, dialect, order), dialect)
        for order in ((0, 1, 2), (1, 0, 2), (0, 2, 1))
    )
    assert value == form_of(code, dialect)
    assert value != kind
    assert value != traceback
    assert kind != traceback


@pytest.mark.parametrize("version", BEFORE_3_11)
def test_what_is_matched_is_the_type(version: str) -> None:
    code, dialect = compiled(version, HANDLED, "f")
    opcodes = find_dialect(dialect).bytecode.opcodes.by_name
    (copy,) = (s for s in instructions(code, find_dialect(dialect)) if s.opname == "DUP_TOP")
    turned = bytearray(code.code)
    turned[copy.offset] = opcodes["ROT_TWO"].number
    problem = form_of(replace(code, code=bytes(turned)), dialect).problem
    assert problem == "not-canonical: the value of an exception is matched, and not its type"


# --- Variables of functions in classes -------------------------------------------------------------

CLASS = """
def f(a, b):
    class C:
        c = a
        d = [(a, e) for e in b], a
        for e in b: a
"""


@pytest.mark.parametrize("version", NATIVE)
def test_a_class_looks_into_its_namespace(version: str) -> None:
    code, dialect = compiled(version, CLASS, "C")
    row = find_dialect(dialect)
    opcodes = row.bytecode.opcodes.by_name
    looks = [
        step
        for step in instructions(code, row)
        if step.opname in ("LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF") and step.argval == "a"
    ]
    assert len(looks) == 3
    assert form_of(code, dialect).problem is None
    for step in looks:
        changed = bytearray(code.code)
        changed[step.offset] = opcodes["LOAD_DEREF"].number
        if step.opname != "LOAD_CLASSDEREF":  # what pushes the namespace before does not
            changed[step.offset - 2] = opcodes["NOP"].number
        assert form_of(replace(code, code=bytes(changed)), dialect).problem is not None
