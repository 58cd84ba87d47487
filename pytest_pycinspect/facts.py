"""What code does, from its canonical form: the same facts whatever Python compiled it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from pycinspect.canonical import Form, Level, canonicalize
from pycinspect.canonical.planes import docstring
from pycinspect.canonical.text import Budget, Writer
from pycinspect.canonical.values import Value, Values, digest_of
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Constants", "Facts", "Items", "constant_key", "form_of", "values_in"]

_OPTIMIZED = 0x01
#: Cells that the compiler makes for classes and annotations.
_BOOKKEEPING = frozenset({"__class__", "__classdict__", "__conditional_annotations__"})


def constant_key(constant: object) -> bytes:
    """Return what is the same for two constants if type, value, sign and bits are."""
    return digest_of(Values().constant(constant))


Item_co = TypeVar("Item_co", covariant=True)


class Items(tuple[Item_co, ...]):
    """A tuple that is also equal to a list of the same, as people write either."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:  # that of tuple is not made of its ``==``
        return not self == other

    __hash__ = tuple.__hash__


class Constants(Items[object]):
    """Constants, each once; ``1``, ``True`` and ``1.0`` are three, ``0.0`` is not ``-0.0``."""

    __slots__ = ()

    def __contains__(self, wanted: object) -> bool:
        return self.count(wanted) > 0

    def count(self, value: object) -> int:
        """Return how many are equal to a value, in type and sign, too."""
        key = constant_key(value)
        return sum(key == constant_key(part) for part in self)


def form_of(code: Code, dialect: Dialect, level: Level = Level.SEMANTIC) -> Form:
    """Return the canonical form.

    Raises:
        PycInspectError: ``not-canonical``, with the reason.
    """
    form = canonicalize(code, dialect, level)
    if form.problem is not None:
        raise PycInspectError("not-canonical", f"{code.qualname}: {form.problem}")
    return form


def values_in(roots: Iterable[object], seen: set[Value]) -> Iterator[Value]:
    """Yield expressions and all their parts, each before its parts; literals are whole.

    Args:
        roots: the expressions, and other words of an event.
        seen: those that are not yielded, as they were before.
    """
    waiting = [root for root in roots if isinstance(root, Value)][::-1]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        yield value
        if value.is_literal or value.kind in _NAMED_BY_VALUES:
            # The names of arguments, and levels of imports, are not constants of the program.
            waiting.extend(value.operands[1:] if value.kind == "keyword" else [])
        else:
            waiting.extend(reversed(value.operands))


_NAMED_BY_VALUES = frozenset({"keyword", "import", "lazy_import"})


@dataclass(frozen=True)
class Facts:
    """What one code object does; comprehensions in it are part of it on all versions.

    Args:
        globals: global variables and builtins.
        names: variables of any kind, attributes, modules.
        attributes: attributes.
        calls: what is called, once for each call.
        consts: constants.
        imports: modules and names from them.
        handlers: what ``except`` clauses catch.
        freevars: variables of functions around it.
        docstring: without indentation.
    """

    globals: Items[str]
    names: Items[str]
    attributes: Items[str]
    calls: Items[str]
    consts: Constants
    imports: Items[str]
    handlers: Items[str]
    freevars: Items[str]
    docstring: str | None

    @classmethod
    def of(cls, code: Code, dialect: Dialect) -> Facts:
        """Return the facts of a code object.

        Raises:
            PycInspectError: ``not-canonical``, with the reason.
        """
        form = form_of(code, dialect)
        seen = _Seen.in_graph(form)
        if code.flags & _OPTIMIZED:
            seen.docstring = docstring(code, dialect)
        return cls(
            Items(seen.globals),
            Items(seen.names),
            Items(seen.attributes),
            Items(seen.calls),
            # The semantic form computes more operators of constants than the compiler did.
            Constants(_Seen.in_graph(form_of(code, dialect, Level.STRICT)).consts.values()),
            Items(seen.imports),
            Items(seen.handlers),
            Items(sorted(set(code.freevars) - _BOOKKEEPING)),
            seen.docstring,
        )


class _Seen:
    """What was seen in events; dictionaries keep the order."""

    def __init__(self, code: Code) -> None:
        self._writer = Writer(budget=Budget(code))
        self._values: set[Value] = set()
        self.globals: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self.calls: list[str] = []
        self.consts: dict[bytes, object] = {}
        self.imports: dict[str, None] = {}
        self.handlers: dict[str, None] = {}
        self.docstring: str | None = None

    @classmethod
    def in_graph(cls, form: Form) -> _Seen:
        """Return what is in the events of a form, in the order of the instructions."""
        seen = cls(form.code)
        for node in sorted(form.graph, key=lambda node: node.offsets):
            seen.event(*node.payload)
        return seen

    def event(self, word: object, *parts: object) -> None:
        """Note one event of a graph."""
        if word in ("store_attr", "delete_attr"):
            self.note_attribute(str(parts[1]))
        value = parts[0] if parts else None
        if word == "ev" and isinstance(value, Value):
            self._computed(value)
        for part in values_in(parts, self._values):
            self._value(part)

    def _computed(self, value: Value) -> None:
        if value.kind == "call" and value.value(0).kind not in _NO_CALLS:
            self.calls.append(self._text(value.value(0)))
        elif value.kind == "exc_match":
            classes = value.value(1)
            caught = classes.operands if classes.kind == "tuple" else [classes]
            self.handlers.update(dict.fromkeys(map(self._text, caught)))

    def _text(self, value: Value) -> str:
        return str(self._writer.expression(value))

    def _value(self, value: Value) -> None:
        note = _NOTES.get(value.kind)
        if value.is_literal:
            self.consts.setdefault(digest_of(value), value.literal)
        elif note is not None:
            note(self, value)

    def note_attribute(self, name: str) -> None:
        self.attributes[name] = self.names[name] = None

    def note_variable(self, value: Value) -> None:
        name = value.word(0).rstrip("'")
        self.names[name] = None
        if value.kind == "global":
            self.globals[name] = None

    def note_imported(self, value: Value) -> None:
        self.imports[value.word(0)] = self.names[value.word(0)] = None

    def note_imported_from(self, value: Value) -> None:
        module, name = value.value(0), value.word(1)
        self.names[name] = None
        if module.kind in ("import", "lazy_import"):
            self.imports[f"{module.word(0)}.{name}"] = None

    def note_docstring(self, value: Value) -> None:
        self.docstring = value.word(0)


#: What is called to make classes, and generator expressions.
_NO_CALLS = frozenset({"build_class", "func"})
_NOTES: Mapping[str, Callable[[_Seen, Value], None]] = MappingProxyType(
    {
        **dict.fromkeys(("local", "global", "name", "cell"), _Seen.note_variable),
        "attr": lambda seen, value: seen.note_attribute(value.word(1)),
        "import": _Seen.note_imported,
        "lazy_import": _Seen.note_imported,
        "import_from": _Seen.note_imported_from,
        "docstring": _Seen.note_docstring,
    }
)
