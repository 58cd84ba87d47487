"""CPython's test_opcache, and test_dis about specialised code, said with the plugin.

What an instruction becomes is the business of each version: every case names the Pythons it is about.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_pycinspect import Specialized
from tests.plugin.ports.kit import NotSaid

__all__ = ["CASES", "DEOPTIMIZED", "NOT_SAID"]


class Plain:
    kind = "plain"

    def __init__(self, x: object = 1) -> None:
        self.x = x

    def method(self) -> object:
        return self.x

    def __getitem__(self, index: int) -> int:
        return index


class Slotted:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1

    def method(self) -> object:
        return self.x


class WithProperty:
    @property
    def x(self) -> int:
        return 1


class Dynamic:
    def __getattr__(self, name: str) -> Any:
        return len


class ComputedStore:
    def __setattr__(self, name: str, value: object) -> None:
        return None


def add(a: Any, b: Any) -> Any:
    return a + b


def subtract(a: Any, b: Any) -> Any:
    return a - b


def multiply(a: Any, b: Any) -> Any:
    return a * b


def item(values: Any, index: Any) -> Any:
    return values[index]


def put(values: Any, index: Any) -> None:
    values[index] = 1


def attribute(value: Any) -> Any:
    return value.x


HOLDER = SimpleNamespace(pi=3)


def pi(is_module: bool) -> Any:
    value = math if is_module else HOLDER
    return value.pi


def named(is_own: bool) -> Any:
    return HOLDER if is_own else len


def kind(value: Any) -> Any:
    return value.kind


def store(value: Any) -> None:
    value.x = 2


def call_method(value: Any) -> Any:
    return value.method()


def call(function: Any) -> Any:
    return function(1)


def one(x: object) -> object:
    return x


def with_default(x: object, y: object = 2) -> object:
    return x, y


def unpack(values: Any) -> Any:
    a, b = values
    return a, b


def loop(values: Any) -> None:
    for _ in values:
        pass


def contains(values: Any) -> bool:
    return 1 in values


def truth(value: Any) -> int:
    return 1 if value else 2


def less(a: Any, b: Any) -> int:
    return 1 if a < b else 2


@dataclass(frozen=True, slots=True)
class Adaptive:
    """A function, and what an instruction of it becomes.

    Args:
        ported: the name of the test.
        opname: what it becomes.
        function: the function.
        args: what it is called with.
        others: with which it becomes something else.
        first: the first Python that has the instruction.
        last: the last of those that run these tests.
    """

    ported: str
    opname: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    others: tuple[Any, ...]
    first: str = "3.11"
    last: str = "3.13"


_BINARY, _ATTR, _CALL = (
    "test_binary_specialize",
    "test_load_attr_specialize",
    "test_call_specialize",
)
_DICT = {"x": 1}

CASES = (
    Adaptive(_BINARY, "BINARY_OP_ADD_INT", add, (1, 2), (1.0, 2.0)),
    Adaptive(_BINARY, "BINARY_OP_ADD_FLOAT", add, (1.0, 2.0), (1, 2)),
    Adaptive(_BINARY, "BINARY_OP_ADD_UNICODE", add, ("a", "b"), ([1], [2])),
    Adaptive(_BINARY, "BINARY_OP_SUBTRACT_INT", subtract, (2, 1), (2.0, 1.0)),
    Adaptive(_BINARY, "BINARY_OP_MULTIPLY_FLOAT", multiply, (2.0, 1.0), (2, 1)),
    Adaptive(_BINARY, "BINARY_SUBSCR_LIST_INT", item, ([1, 2], 1), ((1, 2), 1)),
    Adaptive(_BINARY, "BINARY_SUBSCR_TUPLE_INT", item, ((1, 2), 1), ([1, 2], 1)),
    Adaptive(_BINARY, "BINARY_SUBSCR_DICT", item, (_DICT, "x"), ((1, 2), 1)),
    Adaptive(
        "test_binary_subscr_getitem", "BINARY_SUBSCR_GETITEM", item, (Plain(), 1), ([1, 2], 1)
    ),
    Adaptive("test_store_subscr_list_int", "STORE_SUBSCR_LIST_INT", put, ([1, 2], 1), ([1, 2], -1)),
    Adaptive("test_store_subscr_list_int", "STORE_SUBSCR_DICT", put, ({}, 1), ([1, 2], 1)),
    Adaptive(_ATTR, "LOAD_ATTR_SLOT", attribute, (Slotted(),), (Plain(),)),
    Adaptive(
        "test_load_attr_instance_value",
        "LOAD_ATTR_INSTANCE_VALUE",
        attribute,
        (Plain(),),
        (Slotted(),),
    ),
    Adaptive("test_load_attr_class", "LOAD_ATTR_CLASS", kind, (Plain,), (Plain(),), "3.12"),
    Adaptive(
        "test_load_attr_property",
        "LOAD_ATTR_PROPERTY",
        attribute,
        (WithProperty(),),
        (Plain(),),
        "3.12",
    ),
    Adaptive(
        "test_load_attr_method_with_values",
        "LOAD_ATTR_METHOD_WITH_VALUES",
        call_method,
        (Plain(),),
        (Slotted(),),
        "3.12",
    ),
    Adaptive(
        "test_load_attr_method_no_dict",
        "LOAD_ATTR_METHOD_NO_DICT",
        call_method,
        (Slotted(),),
        (Plain(),),
        "3.12",
    ),
    Adaptive("test_load_attr_module", "LOAD_ATTR_MODULE", pi, (True,), (False,)),
    Adaptive("test_load_global_module", "LOAD_GLOBAL_BUILTIN", named, (False,), (True,)),
    Adaptive(
        "test_store_attr_instance_value",
        "STORE_ATTR_INSTANCE_VALUE",
        store,
        (Plain(),),
        (Slotted(),),
    ),
    Adaptive("test_store_attr_slot", "STORE_ATTR_SLOT", store, (Slotted(),), (Plain(),)),
    Adaptive("test_unpack_sequence_list", "UNPACK_SEQUENCE_LIST", unpack, ([1, 2],), ((1, 2),)),
    Adaptive(
        "test_unpack_sequence_list", "UNPACK_SEQUENCE_TWO_TUPLE", unpack, ((1, 2),), ([1, 2],)
    ),
    Adaptive("test_for_iter_list", "FOR_ITER_LIST", loop, ([1, 2],), ((1, 2),), "3.12"),
    Adaptive("test_for_iter_list", "FOR_ITER_RANGE", loop, (range(3),), ([1],), "3.12"),
    Adaptive(_CALL, "CALL_PY_EXACT_ARGS", call, (one,), (abs,)),
    Adaptive(
        "test_too_many_defaults_0",
        "CALL_PY_WITH_DEFAULTS",
        call,
        (with_default,),
        (one,),
        "3.11",
        "3.12",
    ),
    Adaptive(_CALL, "CALL_TYPE_1", call, (type,), (one,), "3.13"),
    Adaptive(_CALL, "CALL_BUILTIN_O", call, (abs,), (one,), "3.13"),
    Adaptive("test_contains_op", "CONTAINS_OP_DICT", contains, ({1: 2},), ([1],), "3.13"),
    Adaptive("test_to_bool", "TO_BOOL_INT", truth, (1,), ("a",), "3.13"),
    Adaptive("test_compare_op", "COMPARE_OP_INT", less, (1, 2), (1.0, 2.0), "3.12"),
)

#: What is called first, and then; what it was, and what it becomes.
DEOPTIMIZED = (
    ("test_descriptor_added_after_optimization", attribute, (Plain(),), (WithProperty(),)),
    ("test_metaclass_swap", attribute, (Slotted(),), (Plain(),)),
    ("test_load_borrowed_slot_should_not_crash", attribute, (Slotted(),), (Dynamic(),)),
    ("test_store_borrowed_slot_should_not_crash", store, (Slotted(),), (ComputedStore(),)),
    ("test_assign_init_code", add, (1, 2), ([1], [2])),
)

NOT_SAID = (
    NotSaid(
        "test_opcache.TestLoadAttrCache, TestLoadMethodCache",
        "that the value is right after a class was changed: a behaviour; ported is what deoptimises",
    ),
    NotSaid("test_opcache.TestRacesDoNotCrash", "threads that change what others run"),
    NotSaid("test_opcache.TestInstanceDict", "whether an object has a dict yet: not in the code"),
)


def rows() -> list[Any]:
    return [
        pytest.param(
            case,
            id=f"{number}-{case.opname}",
            marks=pytest.mark.bytecode(
                min_python=case.first, max_python=case.last, implementation="cpython"
            ),
        )
        for number, case in enumerate(CASES)
    ]


@pytest.mark.parametrize("case", rows())
def test_the_check_is_true_of_the_subject(case: Adaptive, specialized: Specialized) -> None:
    assert case.opname in specialized(case.function, *case.args)


@pytest.mark.parametrize("case", rows())
def test_the_check_fails_on_the_broken_subject(case: Adaptive, specialized: Specialized) -> None:
    with pytest.raises(AssertionError):
        assert case.opname in specialized(case.function, *case.others)


@pytest.mark.parametrize("case", DEOPTIMIZED, ids=lambda case: str(case[0]))
@pytest.mark.bytecode(min_python="3.11", max_python="3.13", implementation="cpython")
def test_other_objects_deoptimise(case: Any, specialized: Specialized) -> None:
    _, function, first, then = case
    assert specialized(function, *first).then(*then).deoptimized != ()
    with pytest.raises(AssertionError):
        assert specialized(function, *first).then(*first).deoptimized != ()
