"""The quick proof that code is sound, held against the look at every instruction."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.disasm import code_of, proof
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from tests.differential.proofs import Tally, codes_in, compare, mutant
from tests.samples import ENTRIES, SAMPLES
from tests.unit.test_code import make
from tests.unit.test_disasm import bytecode, dialect

ROW = dialect("cpython-3.12")


def _sampled() -> list[tuple[Code, Dialect]]:
    """Code of every version with instructions of two bytes, and some of the running Python."""
    modules = ("ast", "argparse", "asyncio.tasks", "dataclasses", "tarfile", "typing")
    running = DIALECTS.running()
    sources = (importlib.util.find_spec(name) for name in modules)
    compiled = (
        code_of(compile(Path(spec.origin).read_bytes(), spec.origin, "exec"))
        for spec in sources
        if spec is not None and spec.origin is not None
    )
    here = [(code, running) for module in compiled for code in module.walk()]
    paths = [SAMPLES / entry["file"] for entry in ENTRIES if entry["file"].endswith(".pyc")]
    found = [*here, *codes_in(paths)]
    return [one for one in found if bytecode_of(one[1]).format.wordcode]


@pytest.fixture(scope="module")
def sampled() -> list[tuple[Code, Dialect]]:
    return _sampled()


def test_sound_code_is_proven(sampled: list[tuple[Code, Dialect]]) -> None:
    tally = Tally()
    for code, row in sampled:
        compare(code, row, tally)
    assert tally["code"] > 1000
    assert tally["proven"] > 0.95 * tally["code"]
    assert tally["tidy"] > 0.95 * tally["proven"]


def test_what_is_proven_has_no_defect(sampled: list[tuple[Code, Dialect]]) -> None:
    chance, tally = random.Random(20261201), Tally()
    for code, row in sampled:
        compare(mutant(code, chance), row, tally)
    assert tally["defective"] > 200
    assert tally["proven"] > 200


@pytest.mark.parametrize(
    ("parts", "is_proven"),
    [
        ([("RESUME", 0), ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], True),
        ([("LOAD_CONST", 1), ("RETURN_VALUE", 0)], False),
        ([("EXTENDED_ARG", 1), ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], False),
        ([("LOAD_CONST", 0), ("RETURN_VALUE", 0), ("EXTENDED_ARG", 0)], False),
        ([("LOAD_CONST", 0), ("LOAD_CONST", 0), ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], False),
        ([("LOAD_CONST", 0), ("JUMP_BACKWARD", 2)], False),
        ([("JUMP_BACKWARD", 1)], True),
        ([("JUMP_FORWARD", 1), ("LOAD_GLOBAL", 0), ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], False),
        ([("POP_TOP", 0), ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], False),
    ],
)
def test_what_is_passed(parts: list[tuple[str, int]], is_proven: bool) -> None:
    code = make(code=bytecode(ROW, *parts), stacksize=2, consts=(None,), names=("a",))
    assert (proof(code, ROW) is not None) is is_proven


@pytest.mark.parametrize("name", ["cpython-3.8", "cpython-3.10", "cpython-3.11", "cpython-3.13"])
@pytest.mark.parametrize("count", [0x180, 0x17F])
def test_an_argument_with_more_bits_is_read(name: str, count: int) -> None:
    row = dialect(name)
    parts = (("EXTENDED_ARG", 1), ("LOAD_CONST", 0x7F), ("RETURN_VALUE", 0))
    code = make(code=bytecode(row, *parts), stacksize=1, consts=(None,) * count)
    assert (proof(code, row) is not None) is (count > 0x17F)


def test_large_code_that_fails_at_its_end_takes_no_time_of_its_own() -> None:
    count = 200_000
    code = make(code=bytecode(ROW, ("NOP", 0)) * count, stacksize=2, consts=(None,))
    assert proof(code, ROW) is None
    ended = replace(code, code=code.code + bytecode(ROW, ("LOAD_CONST", 0), ("RETURN_VALUE", 0)))
    assert proof(ended, ROW) is not None
