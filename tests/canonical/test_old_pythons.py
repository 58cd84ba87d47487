"""Code of Pythons that cannot be installed any more has canonical forms, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect.canonical import Form, canonicalize, units
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.diffing import diff
from pycinspect.pyc import Code, read_pyc
from tests.canonical.old import COLUMNS, Handmade, Step, counted, table
from tests.canonical.old_mutants import mutants, searched
from tests.diffing.kit import differences
from tests.samples import SAMPLES

#: What ``SET_FUNC_ARGS`` of 1.1 and 1.2 does is not known, and one code object has it.
REFUSED = {"cpython-1.2": 1}


def forms(name: str) -> Mapping[str, Form]:
    file = read_pyc(SAMPLES / name)
    return {form.code.name: form for form in units(file.code, file.dialect).values()}


def texts(form: Form) -> list[str]:
    assert form.problem is None
    return [statement.text for statement in form.statements]


# --- Samples --------------------------------------------------------------------------------


def test_all_code_of_all_samples_is_compared_or_said_not_to_be() -> None:
    rows = counted()
    assert {row.version: row.silent for row in rows if row.silent} == {}
    assert {row.version: row.refused for row in rows if row.refused} == REFUSED


def test_the_readme_has_these_numbers() -> None:
    readme = (SAMPLES.parent.parent / "tests" / "README.md").read_text("utf-8")
    assert COLUMNS in readme
    assert [line for line in table(counted()) if line not in readme] == []


def test_list_append_without_an_argument_takes_the_list_from_the_stack() -> None:
    found = texts(forms("cpython-2.6-closures.o2.pyc")["loop_lambdas"])
    assert [text for text in found if text.startswith("append ")] == [
        "append <function lambda> to _[1]"
    ]


@pytest.mark.parametrize("version", ["1.2", "1.5", "2.1"])
def test_loops_by_index_are_loops(version: str) -> None:
    assert "for i in range(n)" in texts(forms(f"cpython-{version}-plain10.pyc")["loops"])
    assert "raise ValueError, b'no ' + reprx" in texts(
        forms(f"cpython-{version}-plain10.pyc")["errors"]
    )


@pytest.mark.parametrize("program", ["closures", "try_finally"])
def test_functions_of_3_5_and_3_7_are_the_same(program: str) -> None:
    """Their defaults, names, annotations and closures are on the stack in other orders."""
    assert diff(
        SAMPLES / f"cpython-3.5-{program}.pyc", SAMPLES / f"stackless-3.7-{program}.pyc"
    ).has_nothing_to_say


@pytest.mark.parametrize(
    ("program", "changed"),
    [
        ("py30", []),
        ("lambda_defaults", []),
        ("scopes21", []),
        ("loops_jumps", []),
    ],
)
def test_functions_of_3_4_and_3_5_are_the_same(program: str, changed: list[str]) -> None:
    found = diff(SAMPLES / f"cpython-3.4-{program}.pyc", SAMPLES / f"cpython-3.5-{program}.pyc")
    assert [
        unit.new.qualname for unit in found.units if unit.new and unit.status != "same"
    ] == changed


def test_imports_of_1_5_are_those_of_later_versions() -> None:
    found = texts(forms("cpython-1.5-plain15.pyc")["?"])
    assert {"import string", "from string import join", "from os import path"} <= {*found}


# --- Code that no sample has -----------------------------------------------------------------

V30_TO_35 = [
    "cpython-3.0",
    "cpython-3.1",
    "cpython-3.2",
    "cpython-3.3",
    "cpython-3.4",
    "cpython-3.5",
]


def returning(made: Handmade, number: object) -> Code:
    return made.function("f", [("LOAD_CONST", 1), ("RETURN_VALUE", 0)], (None, number))


def defining(made: Handmade, inner: Code) -> Code:
    """Return a module that defines a function; it has a qualified name from 3.3 on."""
    named = made.dialect.python >= (3, 3)
    steps = [("LOAD_CONST", 0), *([("LOAD_CONST", 1)] if named else [])]
    end = [("STORE_NAME", 0), ("LOAD_CONST", 2), ("RETURN_VALUE", 0)]
    return made.module([*steps, ("MAKE_FUNCTION", 0), *end], (inner, "f", None), names=("f",))


def is_same(made: Handmade, one: Code, other: Code) -> bool:
    return diff(one, other, dialect=made.dialect).is_same


@pytest.mark.parametrize("version", V30_TO_35)
def test_functions_are_compared(version: str) -> None:
    made = Handmade(version)
    one, two = (defining(made, returning(made, number)) for number in (1, 2))
    assert not is_same(made, one, two)
    assert is_same(made, one, defining(made, returning(made, 1)))


@pytest.mark.parametrize("version", V30_TO_35)
def test_an_opcode_without_a_row_is_never_the_same(version: str) -> None:
    """It may have made a function of the code among its operands."""
    made = Handmade(version)
    one, two = (
        made.module([("LOAD_CONST", 0), (200, 0), ("RETURN_VALUE", 0)], (returning(made, n),))
        for n in (1, 2)
    )
    assert canonicalize(one, made.dialect).problem == "not-canonical: <200> has no row"
    assert not is_same(made, one, two)


def test_code_that_is_loaded_is_compared_whatever_becomes_of_it() -> None:
    made = Handmade("cpython-2.7")
    one, two = (
        made.module(
            [("LOAD_CONST", 0), ("LOAD_CONST", 1), ("DUP_TOP", 0), ("EXEC_STMT", 0), *made.end(1)],
            (returning(made, number), None),
        )
        for number in (1, 2)
    )
    assert not is_same(made, one, two)


def test_a_comprehension_that_is_not_called_is_compared() -> None:
    made = Handmade("cpython-3.2")
    one, two = (
        made.module(
            [("LOAD_CONST", 0), ("MAKE_FUNCTION", 0), ("STORE_NAME", 0), *made.end(1)],
            (made.function("<listcomp>", made.end(0), (number,)), None),
        )
        for number in (1, 2)
    )
    assert not is_same(made, one, two)


@pytest.mark.parametrize("version", ["cpython-2.2", "cpython-2.4", "cpython-2.7", "cpython-3.2"])
def test_which_cell_a_closure_takes_matters(version: str) -> None:
    made = Handmade(version)
    inner = made.function("g", [("LOAD_DEREF", 0), ("RETURN_VALUE", 0)], (), freevars=("a",))
    tupled = [("BUILD_TUPLE", 1)] if made.dialect.python >= (2, 5) else []
    one, two = (
        made.function(
            "f",
            [
                ("LOAD_CLOSURE", n),
                *tupled,
                ("LOAD_CONST", 0),
                ("MAKE_CLOSURE", 0),
                ("RETURN_VALUE", 0),
            ],
            (inner,),
            cellvars=("a", "b"),
        )
        for n in (0, 1)
    )
    assert canonicalize(one, made.dialect).problem is None
    assert not is_same(made, one, two)


@pytest.mark.parametrize(
    ("version", "opcode"),
    [("cpython-2.2", "YIELD_STMT"), ("cpython-2.3", "YIELD_VALUE"), ("cpython-2.4", "YIELD_VALUE")],
)
def test_yield_pushes_nothing_before_2_5(version: str, opcode: str) -> None:
    made = Handmade(version)
    steps = [("LOAD_CONST", 0), ("LOAD_CONST", 1), (opcode, 0), ("RETURN_VALUE", 0)]
    found = texts(canonicalize(made.function("f", steps, (1, 2)), made.dialect))
    assert found == ["yield 2", "return 1"]


def managed(made: Handmade, *, is_on_top: bool, exit_name: str = "__exit__") -> Code:
    """Return ``with m: m`` as 2.5, 3.0 and 3.1 compile it, or as 2.6."""
    kept = [("STORE_FAST", 0)] if is_on_top else [("ROT_TWO", 0)]
    leave = [("LOAD_FAST", 0), ("DELETE_FAST", 0)] if is_on_top else []
    return made.function(
        "f",
        [
            *(("LOAD_GLOBAL", 0), ("DUP_TOP", 0), ("LOAD_ATTR", 1), *kept),
            *(("LOAD_ATTR", 2), ("CALL_FUNCTION", 0), ("POP_TOP", 0), ("SETUP_FINALLY", 8)),
            *(("LOAD_GLOBAL", 0), ("POP_TOP", 0), ("POP_BLOCK", 0), ("LOAD_CONST", 0), *leave),
            *(("WITH_CLEANUP", 0), ("END_FINALLY", 0), *made.end(0)),
        ],
        (None,),
        names=("m", exit_name, "__enter__"),
        varnames=("_[1]",) if is_on_top else (),
    )


@pytest.mark.parametrize("version", ["cpython-2.5", "cpython-2.6", "cpython-3.0", "cpython-3.1"])
def test_with_calls_what_it_found_before_it_entered(version: str) -> None:
    made, is_on_top = Handmade(version), version != "cpython-2.6"
    one = managed(made, is_on_top=is_on_top)
    other = managed(made, is_on_top=is_on_top, exit_name="__leave__")
    found = texts(canonicalize(one, made.dialect))
    assert any(text.endswith("(None, None, None)") for text in found), found
    assert any(
        text.startswith("if ") and text.endswith("(error, error, error)") for text in found
    ), found
    assert not is_same(made, one, other)


def test_a_loop_that_begins_elsewhere_is_refused() -> None:
    made = Handmade("cpython-2.1")
    steps = [("LOAD_GLOBAL", 0), ("LOAD_CONST", 0), ("FOR_LOOP", 4), ("POP_TOP", 0)]
    code = made.function("f", [*steps, ("JUMP_ABSOLUTE", 6), *made.end(1)], (1, None), names=("a",))
    assert canonicalize(code, made.dialect).problem == (
        "not-canonical: a loop does not begin at the index 0"
    )


def test_lists_and_tuples_were_unpacked_by_opcodes_of_their_own() -> None:
    """Up to 1.4 each took nothing else, and in 1.5 messages differ (Python/ceval.c: UNPACK_LIST)."""
    for version in ("cpython-1.4", "cpython-1.5"):
        made = Handmade(version)
        one, two = (
            made.function(
                "f",
                [("LOAD_GLOBAL", 0), (opcode, 1), ("STORE_FAST", 0), *made.end(0)],
                (None,),
                names=("a",),
                varnames=("x",),
            )
            for opcode in ("UNPACK_TUPLE", "UNPACK_LIST")
        )
        assert not is_same(made, one, two), version


def test_keywords_come_after_the_iterable_in_3_5() -> None:
    texts_of = {}
    for version in ("cpython-3.4", "cpython-3.5"):
        made = Handmade(version)
        star, pair = [("LOAD_GLOBAL", 1)], [("LOAD_CONST", 0), ("LOAD_CONST", 1)]
        more = [*star, *pair] if version == "cpython-3.5" else [*pair, *star]
        steps = [("LOAD_GLOBAL", 0), *more, ("CALL_FUNCTION_VAR", 256), ("RETURN_VALUE", 0)]
        code = made.function("f", steps, ("k", 1), names=("g", "a"))
        texts_of[version] = texts(canonicalize(code, made.dialect))
    assert set(map(tuple, texts_of.values())) == {("return g(*a, k=1)",)}


def test_pre_releases_are_refused() -> None:
    """3.6a1 still has the arguments of 3.5 for MAKE_FUNCTION, and 2.6a0 another WITH_CLEANUP."""
    for name, word in (("cpython-3.6", 3361), ("cpython-2.6", 62151)):
        dialect: Dialect = DIALECTS[name].at(word)
        made = Handmade(name, dialect)
        code = made.module(made.end(0), (None,))
        problem = canonicalize(code, dialect).problem
        assert problem == "not-canonical: what the opcodes of a pre-release do is not known"


def test_a_block_ends_only_where_one_began() -> None:
    made = Handmade("cpython-2.7")
    code = made.function("f", [("POP_BLOCK", 0), *made.end(0)], (None,))
    assert canonicalize(code, made.dialect).problem is not None


# --- Functions that are not optimised ---------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"consts": ("doc", 2)},
        {"consts": ("other", 1)},
        {"varnames": ("b",)},
        {"argcount": 0},
        {"flags": 0x42 | 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("version", ["cpython-1.5", "cpython-2.1", "cpython-2.7"])
def test_functions_with_exec_are_functions(version: str, change: dict[str, object]) -> None:
    """Only their flags are those of a class (Python/compile.c: compute_code_flags)."""
    made = Handmade(version)
    fields = {"consts": ("doc", 1), "varnames": ("a",), "argcount": 1, "flags": 0x42}

    def code(**fields: object) -> Code:
        return made.function("f", made.end(1), **fields)  # type: ignore[arg-type]

    assert is_same(made, code(**fields), code(**fields))
    assert not is_same(made, code(**fields), code(**fields | change))


def test_the_cases_that_were_never_compared(tmp_path: Path) -> None:
    """Whole files, written by the test: caches of 3.0 to 3.5 whose function returns 1, or 2."""
    for version in V30_TO_35:
        made = Handmade(version)
        paths = [tmp_path / f"{version}-{number}.pyc" for number in (1, 2)]
        for path, number in zip(paths, (1, 2), strict=True):
            path.write_bytes(made.file(number))
        found = diff(*paths)
        assert [unit.status.value for unit in found.units] == ["same", "changed"], version


# --- What no compiler writes ------------------------------------------------------------------


def problem(made: Handmade, code: Code) -> str | None:
    return canonicalize(code, made.dialect).problem


def test_a_jump_into_an_instruction_is_refused() -> None:
    made = Handmade("cpython-2.7")
    for target, is_refused in ((3, False), (4, True)):
        steps = [("JUMP_ABSOLUTE", target), *made.end(0)]
        assert (problem(made, made.function("f", steps, (None,))) is not None) is is_refused


def test_a_jump_behind_an_extended_argument_is_refused() -> None:
    made = Handmade("cpython-2.7")
    for target, is_refused in ((3, False), (6, True)):
        steps = [("JUMP_ABSOLUTE", target), ("EXTENDED_ARG", 0), *made.end(0)]
        assert (problem(made, made.function("f", steps, (None,))) is not None) is is_refused


@pytest.mark.parametrize(
    "name", ["g", "f.g", "f.<locals>.g"], ids=["global", "in a class", "in a function"]
)
def test_names_that_say_nothing_are_dropped(name: str) -> None:
    made = Handmade("cpython-3.4")
    inner = returning(made, 1)
    assert is_same(made, qualified(made, inner, name), qualified(made, inner, "g"))
    assert not is_same(made, qualified(made, inner, name), qualified(made, inner, "h.g"))


def qualified(made: Handmade, inner: Code, name: str) -> Code:
    steps = [("LOAD_CONST", 0), ("LOAD_CONST", 1), ("MAKE_FUNCTION", 0), ("RETURN_VALUE", 0)]
    return made.function("f", steps, (replace(inner, name="g"), name))


def closing(made: Handmade, *steps: Step) -> Code:
    inner = made.function("g", [("LOAD_DEREF", 0), ("RETURN_VALUE", 0)], (), freevars=("a",))
    begin = [("LOAD_CLOSURE", 0)]
    return made.function(
        "f", [*begin, *steps, ("RETURN_VALUE", 0)], (inner,), varnames=("a",), cellvars=("a",)
    )


def test_a_closure_is_a_tuple_and_is_there() -> None:
    made = Handmade("cpython-2.7")
    code = ("LOAD_CONST", 0)
    good = closing(made, ("BUILD_TUPLE", 1), code, ("MAKE_CLOSURE", 0))
    assert not is_same(made, good, closing(made, ("BUILD_LIST", 1), code, ("MAKE_CLOSURE", 0)))
    assert not is_same(made, good, closing(made, ("BUILD_TUPLE", 1), code, ("MAKE_FUNCTION", 0)))


def test_which_list_of_several_is_filled_matters() -> None:
    """``[[y for y in x] for x in a]``, the inner one in place: 2.7 does that with all of them."""
    made = Handmade("cpython-2.7")

    def nested(depth: int) -> Code:
        inner = [("BUILD_LIST", 0), ("LOAD_FAST", 1), ("GET_ITER", 0), ("FOR_ITER", 12)]
        fill = [("STORE_FAST", 2), ("LOAD_FAST", 2), ("LIST_APPEND", depth), ("JUMP_ABSOLUTE", 20)]
        steps = [
            *(("BUILD_LIST", 0), ("LOAD_FAST", 0), ("GET_ITER", 0), ("FOR_ITER", 31)),
            *(("STORE_FAST", 1), *inner, *fill, ("LIST_APPEND", 2), ("JUMP_ABSOLUTE", 7)),
            ("RETURN_VALUE", 0),
        ]
        return made.function("f", steps, (), varnames=("a", "x", "y"), argcount=1)

    assert problem(made, nested(2)) is None
    assert problem(made, nested(4)) is None
    assert not is_same(made, nested(2), nested(4))


@pytest.mark.parametrize("opcode", ["POP_EXCEPT", "POP_TOP"])
def test_handlers_end_where_they_began(opcode: str) -> None:
    """``try: f() / except: pass``, with one step at its end that a compiler never writes."""
    made = Handmade("cpython-3.2")

    def handling(*end: Step) -> Code:
        dropped = [("POP_TOP", 0)] * 3
        steps = [
            *(("SETUP_EXCEPT", 11), ("LOAD_GLOBAL", 0), ("CALL_FUNCTION", 0), ("POP_TOP", 0)),
            *(("POP_BLOCK", 0), ("JUMP_FORWARD", 3 + len(end)), *dropped, *end, *made.end(0)),
        ]
        return made.function("f", steps, (None,), names=("f",))

    assert problem(made, handling(("POP_EXCEPT", 0))) is None
    assert problem(made, handling((opcode, 0), (opcode, 0))) is not None


@pytest.mark.parametrize("opcode", ["LOAD_FAST", "LOAD_CLASSDEREF"])
def test_cells_are_read_as_cells(opcode: str) -> None:
    """A local variable of the same name is another, and a function has no namespace."""
    made = Handmade("cpython-3.4")

    def reading(opcode: str) -> Code:
        steps = [("LOAD_CONST", 0), ("STORE_DEREF", 0), (opcode, 0), ("RETURN_VALUE", 0)]
        return made.function("f", steps, (None,), varnames=("a",), cellvars=("a",))

    assert problem(made, reading("LOAD_DEREF")) is None
    assert problem(made, reading(opcode)) is not None


def test_a_slice_has_two_parts_or_three() -> None:
    """Any number but 3 means two (Python/ceval.c: BUILD_SLICE); others raised a ValueError."""
    made = Handmade("cpython-2.7")
    for count in (0, 2, 5):
        steps = [("LOAD_CONST", 0)] * 5 + [("BUILD_SLICE", count), ("RETURN_VALUE", 0)]
        form = canonicalize(made.function("f", steps, (None,)), made.dialect)
        assert form.problem is None
        assert texts(form) == ["return (:)"], count


def test_constants_are_not_computed_where_no_compiler_did() -> None:
    """In 2.3, ``1 << 65 >> 65`` is 0."""
    steps = [("LOAD_CONST", 0), ("LOAD_CONST", 1), ("BINARY_LSHIFT", 0)]
    end = [("LOAD_CONST", 1), ("BINARY_RSHIFT", 0), ("RETURN_VALUE", 0)]
    for version, is_folded in (("cpython-2.4", False), ("cpython-2.5", True)):
        made = Handmade(version)
        form = canonicalize(made.function("f", [*steps, *end], (1, 65)), made.dialect)
        assert (texts(form) == ["return 1"]) is is_folded


def test_a_function_may_be_called_as_that_of_annotations_is() -> None:
    one, two = (f"def __annotate__(): return {number}" for number in (1, 2))
    assert not differences(one, two).is_same


# --- Caches with one change ---------------------------------------------------------------------


def test_changes_of_caches_show() -> None:
    """The seed and the count are any; what is silent was read, and is the same program."""
    found = searched(mutants(150, 20261130))
    assert [f"{mutant.name}: {mutant.what}" for mutant in found.silent] == READ
    assert found.outcomes.total() == 150
    assert {said for _, said in found.outcomes} >= {"changed", "refused"}


#: Each does what it did before.
READ = [
    # After ``if False``, which 3.2 tests all the same.
    r"cpython-3.2-lambda_defaults.pyc: byte 801, b'|' -> b'\x88': LOAD_FAST 0 at 12 in <lambda>",
]
