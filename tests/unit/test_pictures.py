"""The pictures of the stack against what compilers count with."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator

import pytest

from pycinspect.dialects import DIALECTS, Dialect, Effect, Opcode, Role, described, picture_of
from pycinspect.dialects.tables import lines_of
from pycinspect.values import Implementation

KNOWN = [row for row in DIALECTS if row.bytecode is not None]
ROWS = [row for row in KNOWN if row.implementation is Implementation.CPYTHON]
#: Arguments with every bit, and every combination of bits, that an effect looks at.
ARGUMENTS = [*range(16), 255, 256, 257, 0x1FF, 0x203, 0x10203, 0x7FFF0000]
#: Arguments that a compiler gives, where that are few.
ONLY = {"BUILD_SLICE": [2, 3]}
#: Where the compiler does not count what happens, and why.
COUNTED_OTHERWISE = {
    ("3.11", "PRECALL"): "the arguments are counted off here, before CALL takes them",
    ("3.11", "CALL"): "PRECALL has counted the arguments off",
}
#: The same, of compilers that count what is enough (``upper``, ``estimate``).
TOO_FEW = {
    **{
        (version, "WITH_CLEANUP_START"): "XXX Sometimes more (compile.c)"
        for version in ("3.5", "3.6")
    },
    ("2.7", "SETUP_EXCEPT"): "compile.c: stackdepth_walk adds what an exception pushes",
    ("2.7", "SETUP_FINALLY"): "compile.c: stackdepth_walk adds what an exception pushes",
    **{
        (version, "BUILD_SLICE"): "the table counts a step, which two values do not have"
        for version in ("2.5", "2.6", "2.7", "3.0", "3.1", "3.2", "3.3")
    },
}


def opcodes_of(row: Dialect) -> Iterator[Opcode]:
    assert row.bytecode is not None
    in_memory = (Role.SPECIALISED, Role.INSTRUMENTED)
    return (one for one in row.bytecode.opcodes.opcodes if one.role not in in_memory)


def effects(effect: Effect, opcode: Opcode) -> list[tuple[int, int]]:
    arguments = ONLY.get(opcode.name, ARGUMENTS) if opcode.takes_argument else [0]
    return [(effect.stay(argument), effect.jump(argument)) for argument in arguments]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_operation_has_a_picture_that_agrees_with_the_compiler(row: Dialect) -> None:
    assert row.bytecode is not None
    (kind,) = row.bytecode.opcodes.words.get("effects", [""])[:1]
    wrong = {}
    for opcode in opcodes_of(row):
        found = picture_of(opcode.base, row.python)
        assert found.sentence.endswith("."), opcode
        if opcode.effect is None:
            continue
        ours, theirs = effects(found.effect, opcode), effects(opcode.effect, opcode)
        same = (
            ours == theirs
            if kind == "exact"
            else all(max(a) <= max(b) for a, b in zip(ours, theirs, strict=True))
        )
        if not same:
            wrong[row.version, opcode.name] = (ours, theirs)
    known = COUNTED_OTHERWISE if kind == "exact" else TOO_FEW
    assert set(wrong) == {key for key in known if key[0] == row.version}


def test_other_implementations_have_sentences_and_no_picture_of_cpythons() -> None:
    others = [row for row in KNOWN if row not in ROWS]
    assert others
    for row in others:
        for opcode in opcodes_of(row):
            found = described(opcode.base, row)
            assert found.sentence.endswith(".")
            assert found.picture == f"(not described for {row.name})"


def test_what_precall_and_call_do_together_is_what_the_compiler_counts() -> None:
    table = DIALECTS["cpython-3.11"].bytecode
    assert table is not None
    for argument in ARGUMENTS:
        counted = pictured = 0
        for name in ("PRECALL", "CALL"):
            effect = table.opcodes.by_name[name].effect
            assert effect is not None
            counted += effect.stay(argument)
            pictured += picture_of(name, (3, 11)).effect.stay(argument)
        assert counted == pictured


def test_the_running_interpreter_counts_the_same() -> None:
    row = DIALECTS.running()
    assert row.bytecode is not None
    assert sys.version_info[:2] == row.python
    compared = 0
    for name, number in dis.opmap.items():
        opcode = row.bytecode.opcodes.by_name[name]
        if opcode.effect is None or (row.version, name) in COUNTED_OTHERWISE:
            continue
        effect = picture_of(opcode.base, row.python).effect
        takes = opcode.takes_argument
        for argument in ONLY.get(name, range(300)) if takes else [None]:
            for jump, ours in ((False, effect.stay), (True, effect.jump)):
                theirs = dis.stack_effect(number, argument, jump=jump)
                assert ours(argument or 0) == theirs, (name, argument, jump)
                compared += 1
    assert compared > 10_000


def test_the_rows_of_an_operation_follow_one_another() -> None:
    bounds: dict[str, list[tuple[str, str]]] = {}
    for name, since, before, *_ in lines_of("pictures.tsv"):
        bounds.setdefault(name, []).append((since, before))
    names = {name for name, _ in lines_of("operations.tsv")}
    assert set(bounds) == names
    for name, pairs in bounds.items():
        assert pairs[0][0] == pairs[-1][1] == "", name
        assert [since for since, _ in pairs[1:]] == [before for _, before in pairs[:-1]], name


def test_an_operation_without_a_row_is_named() -> None:
    with pytest.raises(LookupError, match=r"0 rows for NEW_OPERATION of 3\.99"):
        picture_of("NEW_OPERATION", (3, 99))
