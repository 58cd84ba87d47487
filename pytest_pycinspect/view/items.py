"""Facts as sequences, which refuse to be asked for what can never be among them.

That an attribute is not called ``os.path``, or a constant is no list, is true of all code.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import EllipsisType, NoneType
from typing import Self, TypeVar, overload

from pycinspect.canonical.values import Values, digest_of
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = [
    "ATTRIBUTES",
    "CALLED",
    "CONSTANTS",
    "HANDLERS",
    "IMPORTS",
    "KEYWORDS",
    "NAMES",
    "VARIABLES",
    "Constants",
    "FactKind",
    "Items",
    "Known",
    "constant_key",
]

#: What is refused is shown where the test has it.
__tracebackhide__ = True

Item_co = TypeVar("Item_co", covariant=True)


def constant_key(constant: object) -> bytes:
    """Return what is the same for two constants if type, value, sign and bits are."""
    return digest_of(Values().constant(constant))


class Items(Sequence[Item_co]):
    """A sequence that is equal to a tuple and to a list of the same, as people write either.

    Args:
        items: what is in it; a function, which is called when somebody asks for more than whether
            something is there.
        plain: returns what is in it, in no order, where that is plain to see without finding it;
            None where it is not.
    """

    def __init__(
        self,
        items: Iterable[Item_co] | Callable[[], Iterable[Item_co]],
        plain: Callable[[], Collection[object] | None] = lambda: None,
    ) -> None:
        self._find = items if callable(items) else None
        self._plain = plain
        if not callable(items):
            self.__dict__["_found"] = tuple(items)

    @cached_property
    def _found(self) -> tuple[Item_co, ...]:
        assert self._find is not None
        return tuple(self._find())

    def __contains__(self, wanted: object) -> bool:
        plain = self._plain() if isinstance(wanted, str) else None
        return wanted in (self._found if plain is None else plain)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Item_co]:
        return iter(self._found)

    @overload
    def __getitem__(self, index: int) -> Item_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item_co, ...]: ...
    def __getitem__(self, index: int | slice) -> Item_co | tuple[Item_co, ...]:
        return self._found[index]

    def __add__(self, other: Iterable[object]) -> tuple[object, ...]:
        return (*self, *other)

    def __radd__(self, other: Iterable[object]) -> tuple[object, ...]:
        return (*other, *self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list | tuple | Items) and self._found == tuple(other)

    def __hash__(self) -> int:
        return hash(self._found)

    def __repr__(self) -> str:
        return repr(self._found)


@dataclass(frozen=True)
class FactKind:
    """What a fact is about.

    Args:
        takes: in words, with an example.
        can_be: whether something is among them in some code.
    """

    takes: str
    can_be: Callable[[object], bool]

    def check(self, wanted: object) -> None:
        """Do nothing if something is among them in some code.

        Raises:
            VacuousCheckError: it is in none.
        """
        __tracebackhide__ = True
        if not self.can_be(wanted):
            raise VacuousCheckError(
                f"{wanted!r:.80} is not there whatever the code does, so this check has one answer:"
                f" what is asked for is {self.takes}{_hint(wanted)}"
            )

    def check_all(self, others: object) -> None:
        """Do nothing if a list or tuple has only what is among them in some code.

        Raises:
            VacuousCheckError: no code has one of its items.
        """
        __tracebackhide__ = True
        if isinstance(others, list | tuple | Items):
            for wanted in others:
                self.check(wanted)


def _hint(wanted: object) -> str:
    name = getattr(wanted, "__name__", None)
    return f"; for this object {name!r}" if isinstance(name, str) else ""


class Known(Items[Item_co]):
    """A fact of one kind; what can never be among them is refused."""

    kind: FactKind

    @classmethod
    def of(
        cls,
        items: Iterable[Item_co] | Callable[[], Iterable[Item_co]],
        kind: FactKind,
        plain: Callable[[], Collection[object] | None] = lambda: None,
    ) -> Self:
        """Return a fact.

        Args:
            items: what is there; see ``Items``.
            kind: what it is about.
            plain: see ``Items``.
        """
        made = cls(items, plain)
        made.kind = kind
        return made

    def __contains__(self, wanted: object) -> bool:
        __tracebackhide__ = True
        found = super().__contains__(wanted)
        if not found:
            self.kind.check(wanted)
        return found

    def __eq__(self, other: object) -> bool:
        """Return whether they are those of a list or tuple, in its order.

        Raises:
            VacuousCheckError: one of the others is in no code.
        """
        __tracebackhide__ = True
        is_equal = super().__eq__(other)
        if not is_equal:
            self.kind.check_all(other)
        return is_equal

    __hash__ = Items.__hash__

    def count(self, value: object) -> int:
        """Return how many are equal to a value.

        Raises:
            VacuousCheckError: there are none in any code.
        """
        __tracebackhide__ = True
        found = self._count(value)
        if not found:
            self.kind.check(value)
        return found

    def _count(self, value: object) -> int:
        return super().count(value)


class Constants(Known[object]):
    """Constants, each once; ``1``, ``True`` and ``1.0`` are three, ``0.0`` is not ``-0.0``."""

    def __contains__(self, wanted: object) -> bool:
        __tracebackhide__ = True
        return self.count(wanted) > 0

    def _count(self, value: object) -> int:
        __tracebackhide__ = True
        self.kind.check(value)  # what is no constant has no key
        key = constant_key(value)
        return sum(key == constant_key(part) for part in self)


# --- What can be -----------------------------------------------------------------------------

#: Names up to Python 3.6.
_NAMES_ONCE = frozenset({"async", "await"})
#: Words that name no variable.
KEYWORDS = frozenset(keyword.kwlist) - _NAMES_ONCE
#: What marshal writes in the place of constants, ``Python/marshal.c``.
_PLAIN = (NoneType, EllipsisType, bool, int, float, complex, str, bytes, Long, Slice, FrozenDict)


def _is_name(wanted: object) -> bool:
    return isinstance(wanted, str) and wanted.isidentifier() and wanted not in KEYWORDS


def _is_dotted(wanted: object) -> bool:
    """Return whether it is a name, or that of a module in a package.

    What begins with a dot is the compiler's own: ``.0`` is a comprehension's iterator.
    """
    if not isinstance(wanted, str):
        return False
    is_own = wanted[:1] == "." and wanted[1:].isdigit()
    return is_own or all(map(_is_name, wanted.split(".")))


def _is_imported(wanted: object) -> bool:
    """Return whether it is a module, or a name from one, with a dot for each level."""
    if not isinstance(wanted, str) or not wanted:
        return False
    name = wanted.lstrip(".")
    return not name or _is_dotted(name)


def _is_handled(wanted: object) -> bool:
    """Return whether it is an expression, and not several: each class has an item of its own."""
    parsed = _parsed(wanted)
    return parsed is not None and not isinstance(parsed, ast.Tuple | ast.Constant)


def _is_called(wanted: object) -> bool:
    """Return whether it is an expression, or what has no name in a source: ``<lambda>``."""
    return (isinstance(wanted, str) and "<" in wanted) or _parsed(wanted) is not None


def _parsed(wanted: object) -> ast.expr | None:
    """Return the expression that a string is, None for what is none."""
    if not isinstance(wanted, str) or not wanted.strip():
        return None
    try:
        return ast.parse(f"({wanted}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _is_constant(wanted: object) -> bool:
    """Return whether a source can make it a constant: of a set it makes its items."""
    if isinstance(wanted, tuple):
        return all(map(_is_constant, wanted))
    return type(wanted) in _PLAIN


VARIABLES = FactKind("the name of a variable, such as 'x'", _is_name)
ATTRIBUTES = FactKind("the name of an attribute, such as 'append'", _is_name)
NAMES = FactKind("a name, such as 'x', or a module, such as 'os.path'", _is_dotted)
IMPORTS = FactKind("a module or a name from one, such as 'os.path' or '..core.run'", _is_imported)
CALLED = FactKind("what is called as the code says it, such as 'self.items.append'", _is_called)
HANDLERS = FactKind("one class as the code says it, such as 'OSError'", _is_handled)
CONSTANTS = FactKind("a constant, such as 1, 'x' or (1, 2); of a set its items are", _is_constant)
