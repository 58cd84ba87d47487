"""Which objects code calls: what its names are in the scope of the function, and in imports.

Nothing is imported and no code of others runs: attributes are looked up as ``inspect.getattr_static``
does. A call of which that does not say what it calls is listed as unresolved.
"""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import resolve_name
from types import (
    BuiltinMethodType,
    FunctionType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import NamedTuple

from pycinspect.canonical.text import Budget, Writer
from pycinspect.canonical.values import DISPLAYS, Value
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code
from pytest_pycinspect.calling.attributes import (
    UNKNOWN,
    Instance,
    New,
    attribute,
    in_classes,
    is_a,
    lacks,
)
from pytest_pycinspect.calling.frames import Frame, defaults, way
from pytest_pycinspect.subjects.scopes import Namespace, Scope
from pytest_pycinspect.view.facts import values_in

__all__ = ["Call", "Resolved", "Resolver"]


class Call(NamedTuple):
    """A call in code.

    Args:
        text: what is called, as the code says it: ``clock.time``.
        line: of the source, None for none.
    """

    text: str
    line: int | None

    def __str__(self) -> str:
        return self.text if self.line is None else f"{self.text} (line {self.line})"


class Resolved(NamedTuple):
    """A call, and what it may call.

    Args:
        call: the call.
        objects: what it may call.
        is_all: whether it can call nothing else.
        arguments: objects that are arguments: others may call them.
    """

    call: Call
    objects: tuple[object, ...]
    is_all: bool
    arguments: tuple[object, ...]

    def may_call(self, wanted: object) -> bool:
        """Return whether an object is one of those that it may call."""
        return any(_is_call_of(found, wanted) for found in self.objects)

    def with_copy(self, other: Resolved | None) -> Resolved:
        """Return what this or another call of the same words may call."""
        if other is None:
            return self
        return Resolved(
            self.call,
            self.objects + other.objects,
            self.is_all and other.is_all,
            self.arguments + other.arguments,
        )

    def passes(self, wanted: object) -> bool:
        """Return whether an object is one of its arguments."""
        return any(_is_call_of(found, wanted) for found in self.arguments)


def _is_call_of(found: object, wanted: object) -> bool:
    """Return whether to call one object is to call the other, which may be in it."""
    while found is not wanted:
        if is_a(found, *_BOUND):
            # Bound methods are made anew at each look.
            return found == wanted if is_a(wanted, *_BOUND) else _function(found) is wanted
        attribute_inside = next((name for cls, name in _ALIASES if is_a(found, cls)), None)
        if attribute_inside is None:
            return False
        found = getattr(found, attribute_inside)
    return True


#: Objects that call another, and where that is.
_ALIASES = ((functools.partial, "func"), (staticmethod, "__func__"))
_BOUND = (MethodType, BuiltinMethodType, MethodWrapperType)


def _function(method: object) -> object:
    """Return what a bound method is of: that of ``[].append`` is ``list.append``."""
    if isinstance(method, MethodType):
        return method.__func__
    owner = getattr(method, "__self__", None)
    if owner is None or is_a(owner, ModuleType):
        return method
    found = in_classes(type(owner), getattr(method, "__name__", ""))
    return method if found is UNKNOWN else found


# --- Values to objects ---------------------------------------------------------------------------


class Resolver:
    """What says which objects a code object calls.

    Args:
        code: the code object.
        dialect: who compiled it.
        scope: what is known of a function or module that it is, or is in; None for nothing.
    """

    def __init__(self, code: Code, dialect: Dialect, scope: Scope | None) -> None:
        around = [code] if scope is None else way(scope.root, code)
        self._frames = [Frame(part, dialect) for part in around]
        is_in_scope = scope is not None and around[0] is scope.root
        self._namespace: Namespace | None = scope.namespace if scope and is_in_scope else None
        self._waiting: set[tuple[int, Value]] = set()
        #: The global variables that other code of the module sets, by its id.
        self._set_elsewhere: dict[int, frozenset[str]] = {}

    @functools.cached_property
    def calls(self) -> tuple[Resolved, ...]:
        """Each call, and what it may call, in the order of the code; copies of one are one."""
        frame = self._frames[-1]
        writer = Writer(budget=Budget(frame.code))
        found: dict[Call, Resolved] = {}
        for node in sorted(frame.form.graph, key=lambda node: node.offsets):
            value = node.payload[1] if node.payload[0] == "ev" else None
            if isinstance(value, Value) and value.first.kind == "call":
                callee, *arguments = value.first.operands
                if callee.kind not in _NO_CALLS:
                    call = Call(str(writer.expression(callee)), node.line)
                    resolved = self._resolved(call, callee, arguments)
                    found[call] = resolved.with_copy(found.get(call))
        return tuple(found.values())

    def _resolved(self, call: Call, callee: Value, arguments: Sequence[Value]) -> Resolved:
        found, is_all = self.objects(callee)
        # What an object does that the code makes, such as a ``partial``, is not known.
        known = tuple(part for part in found if type(part) is not Instance)
        passed: list[object] = []
        for part in values_in(arguments, set()):
            if part.kind in _REFERENCES:
                passed.extend(self.objects(part)[0])
        return Resolved(call, known, is_all and len(known) == len(found), tuple(passed))

    def objects(self, value: Value) -> tuple[tuple[object, ...], bool]:
        """Return the objects that an expression may be, and whether it can be nothing else."""
        found = [*self._of(value, len(self._frames) - 1)]
        known = tuple(part for part in found if part is not UNKNOWN)
        return known, len(known) == len(found) > 0

    def named(self, text: str) -> Iterator[object]:
        """Yield what a dotted name is in the code, or as a module that is imported."""
        root, *names = text.split(".")
        module = sys.modules.get(root)
        for start in [*self._named(root), *([] if module is None else [module])]:
            objects: list[object] = [start]
            for name in names:
                objects = [part for one in objects for part in attribute(one, name)]
            yield from (one for one in objects if one is not UNKNOWN)

    def _named(self, name: str) -> Iterator[object]:
        """Yield what a variable of the code may be."""
        place = len(self._frames) - 1
        frame = self._frames[place]
        if name in frame.own or name in frame.code.freevars:
            yield from self._local(("local", name), place)
        else:
            yield from self._own_or_global(name, place)

    def has_name(self, name: str) -> bool:
        """Return whether a name is one of a variable of the code, whose value is not known."""
        frame = self._frames[-1]
        return name in frame.own or name in frame.code.freevars or name in frame.code.names

    def lacks(self, text: str) -> bool:
        """Return whether a dotted name is of something that has no such attribute.

        What is no variable here, but a module that is imported, is that.
        """
        root, *names = text.split(".")
        objects = [*self._named(root)] if self._is_variable(root) else []
        objects = objects or [sys.modules.get(root, UNKNOWN)]
        for name in names:
            if any(name in frame.set_attributes for frame in self._frames):
                return False
            if objects and all(lacks(owner, name) for owner in objects):
                return True
            objects = [part for one in objects for part in attribute(one, name)]
        return False

    def _is_variable(self, name: str) -> bool:
        """Return whether a name is that of a variable here, not only of an attribute or module."""
        frame = self._frames[-1]
        is_local = name in frame.own or name in frame.code.freevars or name in frame.globals
        return is_local or any(one is not UNKNOWN for one in self._global(name))

    def _of(self, value: Value, place: int) -> Iterator[object]:
        """Yield the objects that an expression of a frame may be; ``UNKNOWN`` is any other."""
        value = value.first
        key = place, value
        if key in self._waiting:  # a variable is stored in itself
            return
        self._waiting.add(key)
        try:
            yield from [*_KINDS.get(value.kind, _unknown)(self, value, place)]
        finally:
            self._waiting.discard(key)

    def of_literal(self, value: Value, _: int) -> Iterator[object]:
        """Yield what may be a constant."""
        yield value.literal

    def of_display(self, value: Value, _: int) -> Iterator[object]:
        """Yield what may be a list, tuple, f-string …: its class is known."""
        yield value.literal if value.is_literal else Instance(_CLASSES[value.kind])

    def of_made(self, value: Value, _: int) -> Iterator[object]:
        """Yield what may be a function or class that the code makes."""
        yield New(value.kind)

    def of_kept(self, value: Value, place: int) -> Iterator[object]:
        """Yield what may be what a value was before."""
        yield from self._of(value.value(0), place)

    def of_attr(self, value: Value, place: int) -> Iterator[object]:
        """Yield what may be an attribute."""
        name = value.word(1)
        if any(name in frame.set_attributes for frame in self._frames):
            yield UNKNOWN
        for owner in self._of(value.value(0), place):
            yield from attribute(owner, name)

    def of_call(self, value: Value, place: int) -> Iterator[object]:
        """Yield an object of a class that is called, if that makes one."""
        for callee in self._of(value.value(0), place):
            if type(callee) is New and callee.kind == "build_class":
                yield New("class")
            elif type(callee) is type and not is_a(callee.__new__, FunctionType):
                yield Instance(callee)
            else:
                yield UNKNOWN

    def of_import(self, value: Value, _: int) -> Iterator[object]:
        """Yield what may be a module, if it is imported already."""
        name, level, names = value.word(0), value.value(1).literal, value.value(2).literal
        if level:
            package = self._namespace and self._namespace.globals.get("__package__")
            if not isinstance(package, str) or not isinstance(level, int):
                yield UNKNOWN
                return
            name = resolve_name("." * level + name, package)
        if not names:
            name = name.partition(".")[0]
        yield sys.modules.get(name, UNKNOWN)

    def of_import_from(self, value: Value, place: int) -> Iterator[object]:
        """Yield what may be an attribute of a module."""
        for module in self._of(value.value(0), place):
            yield from attribute(module, value.word(1))

    # --- Variables -------------------------------------------------------------------------------

    def of_local(self, value: Value, place: int) -> Iterator[object]:
        """Yield what may be a local variable, or one of a function around it."""
        yield from self._local((value.kind, *value.parts), place)

    def _local(self, key: tuple[object, ...], place: int) -> Iterator[object]:
        """Yield what may be a local variable.

        Args:
            key: by which the frame knows it: ``local``, its name, and which comprehension's it is.
            place: of the frame.
        """
        frame, name = self._frames[place], str(key[1])
        is_in_comprehension = len(key) > _OWN
        if name in frame.code.freevars and not is_in_comprehension:
            yield from self._free(name, place)
        found = frame.stored.get(key, [])
        for stored in found:
            yield from self._of(stored, place)
        is_parameter = name in frame.parameters and not is_in_comprehension
        if is_parameter:
            yield UNKNOWN  # a caller may give anything
            yield from self._default(name, place)
        elif name in frame.set_inside or not (found or name in frame.code.freevars):
            yield UNKNOWN

    def _default(self, name: str, place: int) -> Iterator[object]:
        """Yield the default of a parameter, if it has one that is known."""
        known = {} if place or self._namespace is None else self._namespace.defaults
        if name in known:
            yield known[name]
        for made in self._frames[place - 1].functions if place else ():
            if made.parts[0] == self._frames[place].code.name:
                value = defaults(self._frames[place].code, made).get(name)
                yield from () if value is None else self._of(value, place - 1)

    def _free(self, name: str, place: int) -> Iterator[object]:
        """Yield what a variable of a function around a frame may be."""
        for outer in range(place - 1, -1, -1):
            frame = self._frames[outer]
            if frame.is_function and name in frame.own:
                yield from self._variable(name, outer)
                return
        closure = {} if self._namespace is None else self._namespace.closure
        yield closure.get(name, UNKNOWN)

    def _variable(self, name: str, place: int) -> Iterator[object]:
        """Yield what a variable of a function may be, for the functions inside it."""
        frame = self._frames[place]
        for stored in frame.stored.get(("local", name), []):
            yield from self._of(stored, place)
        if name in frame.parameters or name in frame.set_inside:
            yield UNKNOWN
        if ("local", name) not in frame.stored:
            yield UNKNOWN

    def of_name(self, value: Value, place: int) -> Iterator[object]:
        """Yield what may be a variable of a class body: its own, or a global one."""
        yield from self._own_or_global(value.word(0), place)

    def _own_or_global(self, name: str, place: int) -> Iterator[object]:
        stored = self._frames[place].stored.get(("name", name), [])
        for part in stored:
            yield from self._of(part, place)
        if not stored:
            yield from self._global(name)

    def of_global_value(self, value: Value, _: int) -> Iterator[object]:
        """Yield what may be a global variable or builtin."""
        yield from self._global(value.word(0))

    def _global(self, name: str) -> Iterator[object]:
        stored = [
            (part, place)
            for place, frame in enumerate(self._frames)
            for part in frame.stored.get(("global", name), [])
        ]
        for part, place in stored:
            yield from self._of(part, place)
        if self._namespace is not None:
            others = vars(builtins).get(name, UNKNOWN)
            yield self._namespace.globals.get(name, others)
        elif self._is_set_elsewhere(name):
            yield UNKNOWN
        elif not stored:
            yield vars(builtins).get(name, UNKNOWN)

    def _is_set_elsewhere(self, name: str) -> bool:
        """Return whether something else than the frames may set a global variable."""
        root = self._frames[0]
        if root.code.name != "<module>" or root.has_star:
            return True
        around = {id(frame.code) for frame in self._frames}
        others = (part for part in root.code.walk() if id(part) not in around)
        return any(name in self._globals_set_by(part) for part in others if name in part.names)

    def _globals_set_by(self, code: Code) -> frozenset[str]:
        known = self._set_elsewhere.get(id(code))
        if known is None:
            stored = Frame(code, self._frames[0].form.dialect).stored
            known = frozenset(str(key[1]) for key in stored if key[0] == "global")
            self._set_elsewhere[id(code)] = known
        return known


#: Words by which a frame knows a variable of its own.
_OWN = 2


def _unknown(_: Resolver, __: Value, ___: int) -> Iterator[object]:
    yield UNKNOWN


_Kind = Callable[[Resolver, Value, int], Iterator[object]]
#: What is called to make classes, and generator expressions.
_NO_CALLS = frozenset({"build_class"})
_CLASSES: Mapping[str, type] = MappingProxyType(
    {"tuple": tuple, "list": list, "set": set, "map": dict, "fstring": str}
)
#: Expressions that are the same object wherever they are evaluated.
_REFERENCES = frozenset({"local", "global", "name", "attr", "import_from"})
_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "const": Resolver.of_literal,
        **dict.fromkeys((*DISPLAYS, "fstring"), Resolver.of_display),
        **dict.fromkeys(("func", "build_class"), Resolver.of_made),
        **dict.fromkeys(("kept", "made"), Resolver.of_kept),
        "attr": Resolver.of_attr,
        "call": Resolver.of_call,
        "import": Resolver.of_import,
        "lazy_import": Resolver.of_import,
        "import_from": Resolver.of_import_from,
        "local": Resolver.of_local,
        "global": Resolver.of_global_value,
        "builtin": Resolver.of_global_value,
        "name": Resolver.of_name,
    }
)
