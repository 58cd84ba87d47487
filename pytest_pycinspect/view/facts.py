"""What code does, from its canonical form: the same facts whatever Python compiled it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from pycinspect.canonical.events import Happening, happenings_of
from pycinspect.canonical.planes import docstring
from pycinspect.canonical.text import Budget, Writer
from pycinspect.canonical.values import Value, digest_of
from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.pyc import Code
from pytest_pycinspect.view.calls import CallOnPath, each_once
from pytest_pycinspect.view.items import (
    ATTRIBUTES,
    CONSTANTS,
    HANDLERS,
    IMPORTS,
    NAMES,
    VARIABLES,
    Constants,
    FactKind,
    Items,
    Known,
    constant_key,
)
from pytest_pycinspect.view.plain import Plain

__all__ = ["Facts", "FactsInTurn", "values_in"]

#: Cells that the compiler makes for classes and annotations.
_BOOKKEEPING = frozenset({"__class__", "__classdict__", "__conditional_annotations__"})


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
        operands = value.operands
        # Names of arguments and attributes, and levels of imports, are not constants of the program.
        first, last = _CONSTANTS.get(value.kind, (0, len(operands)))
        waiting.extend(() if value.is_literal else reversed(operands[first:last]))


#: By kind, which operands are of the program; all of other kinds.
_CONSTANTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"keyword": (1, 2), "import": (0, 0), "lazy_import": (0, 0), "match_class": (0, 2)}
)


@dataclass(frozen=True)
class Facts:
    """What one code object does; comprehensions in it are part of it on all versions.

    Args:
        globals: global variables and builtins.
        names: variables of any kind, attributes, modules.
        attributes: attributes.
        calls: what is called, once for each call of the source.
        consts: constants.
        imports: modules and names from them.
        handlers: what ``except`` clauses catch.
        freevars: variables of functions around it.
        docstring: without indentation.
        children: code objects inside it, as ``Form.children``.
    """

    globals: Known[str]
    names: Known[str]
    attributes: Known[str]
    calls: Items[str]
    consts: Constants
    imports: Known[str]
    handlers: Known[str]
    freevars: Known[str]
    docstring: str | None
    children: tuple[Code, ...]

    @classmethod
    def of(cls, code: Code, dialect: Dialect) -> Facts:
        """Return the facts of a code object.

        Raises:
            PycInspectError: ``not-canonical``, with the reason.
        """
        found = happenings_of(code, dialect)
        seen = _Seen(code)
        for event in found.events:
            seen.event(event)
        if code.flags & CodeFlag.OPTIMIZED:
            seen.docstring = docstring(code, dialect)
        return cls(
            Known.of(seen.globals, VARIABLES),
            Known.of(seen.names, NAMES),
            Known.of(seen.attributes, ATTRIBUTES),
            Items(call.text for call in each_once(seen.calls, dialect)),
            Constants.of(seen.consts.values(), CONSTANTS),
            Known.of(seen.imports, IMPORTS),
            Known.of(seen.handlers, HANDLERS),
            Known.of(_freevars(code), VARIABLES),
            seen.docstring,
            found.children,
        )

    @classmethod
    def of_tree(cls, code: Code, dialect: Dialect) -> Facts:
        """Return the facts of a code object and of all inside it, each call once, all else once.

        Raises:
            PycInspectError: as :meth:`of`.
        """
        found: list[Facts] = []
        waiting = [code]
        while waiting:
            found.append(cls.of(waiting.pop(), dialect))
            waiting.extend(reversed(found[-1].children))
        consts = {constant_key(value): value for one in found for value in one.consts}
        return cls(
            _once((one.globals for one in found), VARIABLES),
            _once((one.names for one in found), NAMES),
            _once((one.attributes for one in found), ATTRIBUTES),
            Items(call for one in found for call in one.calls),
            Constants.of(consts.values(), CONSTANTS),
            _once((one.imports for one in found), IMPORTS),
            _once((one.handlers for one in found), HANDLERS),
            _once((one.freevars for one in found), VARIABLES),
            found[0].docstring,
            (),
        )


class FactsInTurn:
    """The facts of a code object, each found when it is asked for.

    Whether something is among them is told by its instructions, where that is plain to see in
    them; what is there in all, and in which order, by its graph.

    Args:
        code: the code object.
        dialect: who compiled it.
    """

    def __init__(self, code: Code, dialect: Dialect) -> None:
        self._code = code
        self._dialect = dialect
        self._plain = plain = Plain(code, dialect)
        of = Known[str].of
        self.globals = of(lambda: self._all.globals, VARIABLES, lambda: plain.globals)
        self.names = of(lambda: self._all.names, NAMES)
        self.attributes = of(lambda: self._all.attributes, ATTRIBUTES, lambda: plain.attributes)
        self.calls: Items[str] = CalledTexts(lambda: self._all.calls, lambda: plain.calls)
        self.consts = Constants.of(lambda: self._all.consts, CONSTANTS)
        self.imports = of(lambda: self._all.imports, IMPORTS, lambda: plain.imports)
        self.handlers = of(lambda: self._all.handlers, HANDLERS, lambda: plain.handlers)
        self.freevars = of(lambda: _freevars(code), VARIABLES)

    @cached_property
    def _all(self) -> Facts:
        return Facts.of(self._code, self._dialect)

    @property
    def docstring(self) -> str | None:
        """Its docstring without indentation, None for none."""
        is_function = bool(self._code.flags & CodeFlag.OPTIMIZED)
        return docstring(self._code, self._dialect) if is_function else self._all.docstring


class CalledTexts(Items[str]):
    """What is called; of dotted names it may be plain to see whether they are."""

    def __contains__(self, wanted: object) -> bool:
        is_dotted = isinstance(wanted, str) and all(map(str.isidentifier, wanted.split(".")))
        return super().__contains__(wanted) if is_dotted else wanted in self._found


def _freevars(code: Code) -> list[str]:
    return sorted(set(code.freevars) - _BOOKKEEPING)


def _once(lists: Iterable[Iterable[str]], kind: FactKind) -> Known[str]:
    return Known.of(dict.fromkeys(item for items in lists for item in items), kind)


class _Seen:
    """What was seen in events; dictionaries keep the order."""

    def __init__(self, code: Code) -> None:
        self._writer = Writer(budget=Budget(code))
        self._values: set[Value] = set()
        self.globals: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self.calls: list[CallOnPath] = []
        self.consts: dict[bytes, object] = {}
        self.imports: dict[str, None] = {}
        self.handlers: dict[str, None] = {}
        self.docstring: str | None = None

    def event(self, event: Happening) -> None:
        """Note one event."""
        word, *parts = event.payload
        if word in ("store_attr", "delete_attr"):
            self.note_attribute(str(parts[1]))
        value = parts[0] if parts else None
        if word == "ev" and isinstance(value, Value):
            self._computed(value.first, event)
        for part in values_in(parts, self._values):
            self._value(part)

    def _computed(self, value: Value, event: Happening) -> None:
        if value.kind == "call" and not _is_made(value.value(0)):
            function = value.value(0)
            text = _LAMBDA if function.kind == "func" else self._text(function)
            self.calls.append(CallOnPath(event.sites, text))
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
        if value.word(0):  # ``from . import x`` names no module
            self.names[value.word(0)] = None
        self.imports[_module(value)] = None

    def note_imported_from(self, value: Value) -> None:
        module, name = value.value(0), value.word(1)
        # IMPORT_FROM without names: ``import a.b as c`` (3.7).
        if module.kind in _IMPORTS and module.value(2).literal is not None:
            self.names[name] = None
            separator = "." if module.word(0) else ""
            self.imports[f"{_module(module)}{separator}{name}"] = None

    def note_class_pattern(self, value: Value) -> None:
        names = value.value(3)
        for name in names.literal if isinstance(names.literal, tuple) else ():
            self.note_attribute(str(name))

    def note_docstring(self, value: Value) -> None:
        self.docstring = value.word(0)


_IMPORTS = frozenset({"import", "lazy_import"})


def _module(value: Value) -> str:
    """Return what is imported, with a dot for each level that it is relative to."""
    level = value.value(1).literal
    dots = "." * level if isinstance(level, int) and level > 0 else ""
    return dots + value.word(0)


_LAMBDA = "<lambda>"


def _is_made(function: Value) -> bool:
    """Return whether the compiler calls it, and not the source: to make a class, or a generator."""
    made = function.word(0) if function.kind == "func" else ""
    return function.kind == "build_class" or (made.startswith("<") and made != _LAMBDA)


_NOTES: Mapping[str, Callable[[_Seen, Value], None]] = MappingProxyType(
    {
        **dict.fromkeys(("local", "global", "name", "cell"), _Seen.note_variable),
        "attr": lambda seen, value: seen.note_attribute(value.word(1)),
        "import": _Seen.note_imported,
        "lazy_import": _Seen.note_imported,
        "import_from": _Seen.note_imported_from,
        "match_class": _Seen.note_class_pattern,
        "docstring": _Seen.note_docstring,
    }
)
