"""What wraps a function: its own code, or that of the function, may be meant.

``functools.wraps`` leaves ``__wrapped__`` in what it makes (``Lib/functools.py: update_wrapper``). What
has no code of its own, such as a ``property`` or what ``functools.lru_cache`` makes, can only stand
for the function in it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from types import CodeType, FunctionType, MappingProxyType, MethodType
from typing import Any, NamedTuple, TypeVar

from pycinspect.errors import PycInspectError
from pytest_pycinspect.subjects.origin import relative
from pytest_pycinspect.subjects.scopes import Namespace, namespace_of
from pytest_pycinspect.subjects.wrapping import Wrapping
from pytest_pycinspect.view.facts import Facts
from pytest_pycinspect.view.items import Items

__all__ = ["Answer", "Found", "Given", "SureItems", "code_in", "sure", "sure_facts", "sure_items"]

#: What is refused is shown where the test has it.
__tracebackhide__ = True


# --- Whose code ----------------------------------------------------------------------------------

#: Where the function is in what has no code of its own.
_INSIDE = (
    "__code__", "__func__", "fget", "func", "__wrapped__",
    "gi_code", "cr_code", "ag_code",
)  # fmt: skip
#: Where what a wrapper wraps is, if the wrapper has code of its own. What makes a function of a
#: ``partialmethod`` leaves that in it (``Lib/functools.py: _make_unbound_method``), since 3.13 by the second name.
_WRAPPED = ("__wrapped__", "_partialmethod", "__partialmethod__")
#: Objects inside each other: mocks have any attribute, and so has what is in it.
_DEEPEST = 100


class Given(NamedTuple):
    """The arguments that a function gets from what it is in: a bound method, a ``partial``.

    Args:
        args: the first positional ones.
        keywords: those by name.
    """

    args: tuple[object, ...] = ()
    keywords: Mapping[str, object] = MappingProxyType({})

    def inside(self, around: object) -> Given:
        """Return what the function in an object gets, if the object gets these."""
        if isinstance(around, MethodType):
            return self._replace(args=(around.__self__, *self.args))
        if isinstance(around, functools.partial):
            return Given((*around.args, *self.args), {**around.keywords, **self.keywords})
        return self


class Found(NamedTuple):
    """The code of what was asked about.

    Args:
        code: the code object.
        function: whose code it is; anything else than a function for a code object alone.
        given: the arguments that it always gets.
        wrapping: the wrapper that it is of, if the function in it may be meant.
    """

    code: CodeType
    function: object
    given: Given = Given()
    wrapping: Wrapping | None = None

    @property
    def namespace(self) -> Namespace | None:
        """Its variables; None where they are not known."""
        return namespace_of(self.function) if isinstance(self.function, FunctionType) else None


def code_in(wanted: object, *, wrapped: bool | None) -> Found | None:
    """Return the code object behind methods, partial objects, properties and wrappers.

    Args:
        wanted: any object.
        wrapped: whether the innermost function is meant, or the outermost wrapper; None where
            nobody said so.

    Returns:
        The code object, and what is known of it; None if there is none.

    Raises:
        PycInspectError: ``no-bytecode``, if the wrapper is meant, and has no code of its own.
    """
    found, original, given = None, None, Given()
    for seen, own in _path(wanted, unwraps=wrapped is not False):
        given = given.inside(seen)
        if own is not None:
            original = own._replace(given=Given((*own.given.args, *given.args), given.keywords))
            found = found or original
        elif wrapped is False and _is_bare(seen):
            why = "has no bytecode of its own; wrapped=True is that of what it wraps"
            raise PycInspectError("no-bytecode", f"{type(seen).__name__} {seen!r:.80} {why}")
    if wrapped:
        return original
    if found is None or original is None or original.code is found.code:
        return found
    wrapping = Wrapping(_described(found.code), _described(original.code))
    return found._replace(wrapping=wrapping)


def _path(wanted: object, *, unwraps: bool) -> Iterator[tuple[object, Found | None]]:
    """Yield an object and those inside it, up to the one whose code is meant, with their own code.

    Args:
        wanted: the object.
        unwraps: what a wrapper wraps is inside it, also if it has code of its own.
    """
    seen, known = wanted, set[int]()
    while id(seen) not in known and len(known) < _DEEPEST:
        own = _own(seen)
        yield seen, own
        known.add(id(seen))
        if own is not None and not unwraps:
            return
        names = _INSIDE if own is None else _WRAPPED
        attribute = next((name for name in names if hasattr(seen, name)), None)
        if attribute is None:
            return
        seen = getattr(seen, attribute)


def _own(seen: object) -> Found | None:
    """Return the code that runs when an object is called; None for what is not Python.

    Of an object that is made from a class only if it wraps something: others are not functions.
    """
    if isinstance(seen, CodeType):
        return Found(seen, None)
    code = getattr(seen, "__code__", None)
    if isinstance(code, CodeType):
        return Found(code, getattr(seen, "__func__", seen))
    classes = type(seen).__mro__ if hasattr(seen, "__wrapped__") else ()
    call = next((vars(cls)["__call__"] for cls in classes if "__call__" in vars(cls)), None)
    return Found(call.__code__, call, Given((seen,))) if isinstance(call, FunctionType) else None


def _is_bare(seen: object) -> bool:
    """Return whether an object wraps a function, and only that, without any code."""
    others = [name for name in _INSIDE if name != "__wrapped__" and hasattr(seen, name)]
    return hasattr(seen, "__wrapped__") and not others


def _described(code: CodeType) -> str:
    is_file = os.path.isfile(code.co_filename)
    place = relative(code.co_filename) if is_file else code.co_filename
    return f"{code.co_qualname} ({place}:{code.co_firstlineno})"


# --- What is not so ------------------------------------------------------------------------------

Answer = TypeVar("Answer")
Item = TypeVar("Item")


def sure(answer: Answer, wrapping: Wrapping | None, why: str) -> Answer:
    """Return an answer, if it is one whosever code is meant: that something is there.

    Args:
        answer: what is false or nothing says that something is not so.
        wrapping: whose code may be meant.
        why: what is not so, if it is not.

    Raises:
        AmbiguousWrapperError: it is not so.
    """
    __tracebackhide__ = True
    if wrapping is None or answer:
        return answer
    raise wrapping.refusal(why)


class SureItems(Items[Item]):
    """A fact about the code of a wrapper: that something is not in it is refused."""

    wrapping: Wrapping | None
    what: str
    #: The fact without the wrapper.
    items: Items[Item]

    def sure(self, answer: Answer, why: str) -> Answer:
        """Return an answer, if it is one whosever code is meant; see :func:`sure`."""
        __tracebackhide__ = True
        return sure(answer, self.wrapping, why)

    def _checked(self) -> None:
        __tracebackhide__ = True
        self.sure(len(self.items), f"{self.what} is empty.")

    def __contains__(self, wanted: object) -> bool:
        __tracebackhide__ = True
        found = wanted in self.items
        if found or self.wrapping is None:
            return found
        return self.sure(found, self._missing(wanted))

    def count(self, value: object) -> int:
        """Return how many are equal to a value; see :func:`sure`."""
        __tracebackhide__ = True
        found = self.items.count(value)
        return found if self.wrapping is None else self.sure(found, self._missing(value))

    def _missing(self, wanted: object) -> str:
        return f"{wanted!r} is not in {self.what}: {[*self]}."

    def __len__(self) -> int:
        __tracebackhide__ = True
        self._checked()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        self._checked()
        return self.items == other

    __hash__ = Items.__hash__


def sure_items(items: Items[Item], wrapping: Wrapping | None, what: str) -> Items[Item]:
    """Return a fact about code; of that of a wrapper, one that says only what is there.

    Args:
        items: the fact.
        wrapping: whose code may be meant.
        what: its name.
    """
    if wrapping is None:
        return items
    made = SureItems(items)
    made.wrapping, made.what, made.items = wrapping, what, items
    return made


def sure_facts(facts: Facts, wrapping: Wrapping | None) -> Facts:
    """Return facts about code; see :func:`sure_items`."""
    if wrapping is None:
        return facts
    values = ((field.name, getattr(facts, field.name)) for field in fields(facts))
    made: dict[str, Any] = {
        name: sure_items(value, wrapping, f".{name}")
        for name, value in values
        if isinstance(value, Items)
    }
    return replace(facts, **made)
