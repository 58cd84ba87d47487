"""Of a wrapper with code of its own nobody is told that something is not in it, unless it is meant."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from unittest import mock

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import AmbiguousWrapperError, Bytecode
from pytest_pycinspect import bytecode_of as standalone
from pytest_pycinspect.asking import BytecodeOf

Function = Callable[..., object]


def original(x):
    return abs(x)


def logging(function):
    @functools.wraps(function)
    def logged(*args):
        for arg in args:
            print(arg)
        return function(*args)

    return logged


class Counting:
    """The usual decorator that is a class: the function is one of its attributes, too."""

    def __init__(self, func):
        functools.update_wrapper(self, func)
        self.func = func

    def __call__(self, *args):
        print(args)
        return self.func(*args)


class Owner:
    method = logging(original)
    by_class = classmethod(logging(original))
    by_static = staticmethod(logging(original))
    as_property = property(logging(original))
    as_cached = functools.cached_property(logging(original))
    as_partial = functools.partialmethod(logging(original))
    of_class = functools.partialmethod(original)
    dispatched = functools.singledispatchmethod(original)


class Context(contextlib.ContextDecorator):
    """Its decorator is made by ``functools.wraps``, too."""


AMBIGUOUS: dict[str, object] = {
    "wraps": logging(original),
    "twice": logging(logging(original)),
    "class": Counting(original),
    "contextmanager": contextlib.contextmanager(original),
    "asynccontextmanager": contextlib.asynccontextmanager(original),
    "singledispatch": functools.singledispatch(original),
    "lru_cache outside": functools.lru_cache(logging(original)),
    "lru_cache inside": logging(functools.lru_cache(original)),
    "partial": functools.partial(logging(original), 1),
    "method": Owner.method,
    "bound method": Owner().method,
    "bound class method": Owner.by_class,
    "class method": vars(Owner)["by_class"],
    "static method": vars(Owner)["by_static"],
    "property": Owner.as_property,
    "cached property": vars(Owner)["as_cached"],
    "partial method": vars(Owner)["as_partial"],
    "partial method of the class": Owner.of_class,
    "single dispatch method of the class": Owner.dispatched,
    "single dispatch method of an object": Owner().dispatched,
    "context decorator": Context()(original),
    "wraps by hand": functools.update_wrapper(lambda *args: print(args), original),
}

#: What has no code of its own, and so can only be the function in it.
PLAIN: dict[str, object] = {
    "function": original,
    "lru_cache": functools.lru_cache(original),
    "cache": functools.cache(original),
    "partial": functools.partial(original, 1),
    "property": property(original),
    "class method": classmethod(original),
    "static method": staticmethod(original),
    "cached property": functools.cached_property(original),
    "partial method": functools.partialmethod(original),
    "single dispatch method": functools.singledispatchmethod(original),
    "code": original.__code__,
}

OTHER = standalone("def f(): nobody()").children[0]

#: What is true of the code that it is about, and says that something is not there.
NEGATIVE: dict[str, Callable[[Bytecode], object]] = {
    "in": lambda code: "YIELD_VALUE" not in code,
    "in, with an operand": lambda code: "LOAD_FAST nobody" not in code,
    "in the tree": lambda code: "YIELD_VALUE" not in code.tree,
    "contains": lambda code: not code.contains("YIELD_VALUE"),
    "matches": lambda code: not code.matches("YIELD_VALUE; RETURN_VALUE"),
    "never": lambda code: code.contains("never YIELD_VALUE; RETURN_VALUE"),
    "startswith": lambda code: not code.startswith("YIELD_VALUE"),
    "endswith": lambda code: not code.endswith("YIELD_VALUE"),
    "!=": lambda code: code != "YIELD_VALUE",
    "count": lambda code: code.count("YIELD_VALUE") == 0,
    "find": lambda code: code.find("LOAD_FAST nobody") == [],
    "count in the tree": lambda code: code.tree.count("YIELD_VALUE") == 0,
    "find in the tree": lambda code: not code.tree.find("LOAD_FAST nobody"),
    "globals": lambda code: "nobody" not in code.globals,
    "calls": lambda code: "len" not in code.calls,
    "consts": lambda code: 77 not in code.consts,
    "no handlers": lambda code: code.handlers == [],
    "no imports": lambda code: not code.imports,
    "number of imports": lambda code: len(code.imports) == 0,
    "no docstring": lambda code: code.docstring is None,
    "no docstrings": lambda code: code.tree.docstrings == [],
    "no jumps": lambda code: code[:1].jumps == (),
    "calls by object": lambda code: code.calls_to(len, unresolved="ignore") == [],
    "calls in the tree": lambda code: code.tree.calls_to(len, unresolved="ignore") == [],
    "contains_code": lambda code: not code.contains_code("nobody()"),
    "same_as": lambda code: not code.same_as("def f(): nobody()"),
    "same_shape": lambda code: not code.same_shape("def f(): nobody()"),
    "folds_to": lambda code: not code.folds_to(77),
    "!= other code": lambda code: code != OTHER,
    "same_as the wrapper": lambda code: not OTHER.same_as(code),
    "same_shape as the wrapper": lambda code: not OTHER.same_shape(code),
    "part": lambda code: "YIELD_VALUE" not in code[:1],
    "raw": lambda code: "YIELD_VALUE" not in code.raw,
}


@pytest.mark.parametrize("check", NEGATIVE.values(), ids=NEGATIVE)
@pytest.mark.parametrize("wrapper", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_negative_check_is_refused(
    bytecode_of: BytecodeOf,
    wrapper: object,
    check: Callable[[Bytecode], object],
    request: pytest.FixtureRequest,
) -> None:
    with pytest.raises(AmbiguousWrapperError, match=r"wrapped=True.*wrapped=False"):
        check(bytecode_of(wrapper))
    if "lru_cache outside" not in request.node.name:  # it has no code of its own
        assert check(bytecode_of(wrapper, wrapped=False))
    assert check(bytecode_of(wrapper, wrapped=True))


@pytest.mark.parametrize("check", NEGATIVE.values(), ids=NEGATIVE)
def test_what_has_no_code_of_its_own_is_the_function(
    bytecode_of: BytecodeOf, check: Callable[[Bytecode], object]
) -> None:
    for wrapper in PLAIN.values():
        for wrapped in (None, True):
            assert check(bytecode_of(wrapper, wrapped=wrapped))


POSITIVE: dict[str, Callable[[Bytecode], object]] = {
    "in": lambda code: "CALL 1" in code,
    "in the tree": lambda code: "CALL 1" in code.tree,
    "contains": lambda code: code.contains("CALL 1"),
    "count": lambda code: code.count("CALL 1") == 1,
    "globals": lambda code: "print" in code.globals,
    "calls": lambda code: "print" in code.calls,
    "calls, all of them": lambda code: code.calls == ["print", "function"],
    "loops": lambda code: len(code.loops) == 1,
    "part": lambda code: "LOAD_GLOBAL print" in code.loops[0],
    "contains_code": lambda code: code.contains_code("print(arg)"),
    "same_as": lambda code: code.same_as(logging(original).__code__),
}


@pytest.mark.parametrize("check", POSITIVE.values(), ids=POSITIVE)
def test_a_positive_check_is_about_the_wrapper(
    bytecode_of: BytecodeOf, check: Callable[[Bytecode], object]
) -> None:
    assert check(bytecode_of(logging(original)))
    assert check(bytecode_of(logging(original), wrapped=False))


@pytest.mark.parametrize("wrapper", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_whose_code_it_is(bytecode_of: BytecodeOf, wrapper: object) -> None:
    code = bytecode_of(wrapper)
    assert code.name != "original"
    (note,) = (note for note in code.notes if "wrapped=True" in note)
    assert "original (tests/plugin/core/test_wrappers.py:" in note
    assert "which wraps original (" in repr(code)
    inner = bytecode_of(wrapper, wrapped=True)
    assert inner.name == "original"
    assert inner.notes == ()
    assert inner.calls == ["abs"]


def test_the_failure_of_a_positive_check_says_it_too(bytecode_of: BytecodeOf) -> None:
    with pytest.raises(AssertionError, match=r"stopped at line 2(.|\n)*of logging.*wraps original"):
        assert bytecode_of(logging(original)).matches("...; YIELD_VALUE; ...")


def test_a_wrapper_that_has_no_code_cannot_be_meant(bytecode_of: BytecodeOf) -> None:
    for wrapper in (functools.lru_cache(original), functools.lru_cache(logging(original))):
        with pytest.raises(PycInspectError, match="no bytecode of its own") as caught:
            bytecode_of(wrapper, wrapped=False)
        assert caught.value.slug == "no-bytecode"


def test_what_wraps_no_python_code_is_meant_itself(bytecode_of: BytecodeOf) -> None:
    wrapper = functools.wraps(len)(lambda *args: len(*args[:1]))
    assert "YIELD_VALUE" not in bytecode_of(wrapper)
    assert bytecode_of(wrapper).calls == ["len"]


def test_circles_and_mocks_end(bytecode_of: BytecodeOf) -> None:
    def circle(x):
        return x

    circle.__wrapped__ = circle
    assert "YIELD_VALUE" not in bytecode_of(circle)
    assert bytecode_of(circle, wrapped=True).name.endswith("circle")
    with pytest.raises(PycInspectError, match="has no bytecode"):
        bytecode_of(mock.Mock())
