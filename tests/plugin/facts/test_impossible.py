"""What can never be in a fact is refused: that it is not there would always be true."""

from __future__ import annotations

import os
import time

import pytest

from pytest_pycinspect import AmbiguousWrapperError, Bytecode, VacuousCheckError, bytecode_of

#: By the name of a fact: what no code has, and what some code may have.
ASKED: dict[str, tuple[list[object], list[object]]] = {
    "globals": (["os.path", "a b", "", "1x", "class", "None", ".0", 3, os, b"x"], ["zq", "async"]),
    "names": (["a b", "", "os.", "x()", "lambda", None, time.time], ["zq", "os.zq", ".0"]),
    "attributes": (["os.path", "a b", "", ".0", 3, ["zq"]], ["zq", "_C__zq"]),
    "freevars": (["os.path", "", "self.x", 3], ["zq"]),
    "imports": (["a b", "", "os.", "import os", os, 3], ["zq", "os.zq", ".", "..zq.run"]),
    "handlers": (["(A, B)", "A, B", "A B", "", "3", OSError, 3], ["Zq", "zq.Error", "zq()"]),
    "consts": ([[1], {}, {1}, (1, [2]), object(), len, range(3), slice(1)], [977, (1, (2.0,)), ...]),
    "calls": ([3, None, [], "x".__class__.__name__.encode(), os], []),
    "loops": (["LOAD_GLOBAL", "FOR_ITER"], []),
    "unresolved_calls": (["b.c", 3], []),
}  # fmt: skip


@pytest.fixture(scope="module")
def code() -> Bytecode:
    return bytecode_of("def f(a, b):\n    for x in a: b.c(x)\n").children[0]


@pytest.mark.parametrize("fact", ASKED)
def test_what_no_code_has_is_refused(fact: str, code: Bytecode) -> None:
    never, may_be = ASKED[fact]
    for owner in (code,) if fact == "loops" else (code, code.tree):
        items = getattr(owner, fact)
        for wanted in never:
            with pytest.raises(VacuousCheckError, match="is not there whatever the code does"):
                assert wanted not in items
            with pytest.raises(VacuousCheckError, match="what is asked for is"):
                assert items.count(wanted) == 0
        assert not [wanted for wanted in may_be if wanted in items or items.count(wanted)]


@pytest.mark.parametrize("fact", [fact for fact in ASKED if fact != "unresolved_calls"])
def test_what_no_code_has_is_refused_in_lists(fact: str, code: Bytecode) -> None:
    never, may_be = _IN_LISTS.get(fact, ASKED[fact])
    for owner in (code,) if fact == "loops" else (code, code.tree):
        items = getattr(owner, fact)
        for wanted in never:
            with pytest.raises(VacuousCheckError, match="is not there whatever the code does"):
                assert items != [*items, wanted]
            with pytest.raises(VacuousCheckError, match="is not there whatever the code does"):
                assert not items == (wanted,)  # noqa: SIM201 - the operator is what is asked
        assert [*map(items.__ne__, [[one] for one in may_be])] == [True] * len(may_be)
        assert items == [*items] == items


#: What is asked of calls by their texts: in lists there are no objects.
_IN_LISTS = {"calls": ([3, None, os, "a b", "", "x("], ["zq", "zq.zq()", "<lambda>"])}


def test_an_object_in_the_place_of_its_name_is_told(code: Bytecode) -> None:
    with pytest.raises(VacuousCheckError, match="for this object 'OSError'"):
        assert OSError not in code.handlers


def test_a_name_in_the_place_of_an_object_is_told(code: Bytecode) -> None:
    with pytest.raises(VacuousCheckError, match=r"in \.calls its name"):
        assert code.calls_to("time.time", unresolved="ignore") == []
    with pytest.raises(VacuousCheckError, match=r"call\.text for each call"):
        assert "time" not in code.calls_to(print, unresolved="ignore")


@pytest.mark.parametrize("value", [[1], {}, object(), (1, [2])])
def test_what_no_function_folds_to(code: Bytecode, value: object) -> None:
    with pytest.raises(VacuousCheckError, match="a constant, such as"):
        assert not code.folds_to(value)


def test_of_a_wrapper_both_are_refused() -> None:
    def inner() -> None: ...

    def outer() -> None:
        print()

    outer.__wrapped__ = inner  # type: ignore[attr-defined] # as functools.wraps does
    code = bytecode_of(outer)
    with pytest.raises(VacuousCheckError, match="whatever the code does"):
        assert "os.path" not in code.globals
    for check in (lambda: "zq" not in code.globals, lambda: code.globals.count("zq") == 0):
        with pytest.raises(AmbiguousWrapperError):
            check()
