"""One code object for every Python, and how it is made from the fields of a file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from functools import cache, lru_cache
from itertools import compress, groupby
from operator import attrgetter
from typing import Any, NamedTuple, cast

from pycinspect.dialects import CodeLayout, FieldKind, QualnameSource
from pycinspect.errors import PycInspectError
from pycinspect.pyc.constants import CONTAINERS, parts_of

__all__ = ["Code", "CodeReader", "Run", "code_reader", "constants_equal", "set_qualnames"]

_OPTIMIZED = 0x01
_VARARGS = 0x04
_VARKEYWORDS = 0x08
_BOTH_STARS = _VARARGS | _VARKEYWORDS
#: Bits of ``localspluskinds`` (Include/internal/pycore_code.h, 3.11). Others say how an
#: argument can be passed (3.14), or that a variable is hidden (3.12).
_FAST_LOCAL = 0x20
_FAST_CELL = 0x40
_FAST_FREE = 0x80


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Code:
    """A code object, the same for all versions.

    Names are CPython's without ``co_``. What a version does not store is 0 or empty.
    Two are equal when every field is, constants by type, sign and bits
    (:func:`constants_equal`).

    Args:
        name: the name of the function, class or module (``<module>``; ``?`` before 2.4).
        qualname: with the names around it, ``C.method.<locals>.inner``. Up to 3.10 it is
            reconstructed, see :func:`set_qualnames`.
        filename: as it was compiled.
        firstlineno: signed, as the interpreter shows it; 0 before 1.5.
        argcount: positional arguments, those of ``posonlyargcount`` included.
        posonlyargcount: positional-only arguments (3.8).
        kwonlyargcount: keyword-only arguments (3.0).
        nlocals: local variables, arguments included.
        stacksize: greatest depth of the value stack (1.5).
        flags: bits of ``co_flags`` (1.3).
        names: globals, attributes and imported names.
        varnames: local variables, arguments first (1.3).
        freevars: variables of functions around it (2.1).
        cellvars: variables that functions inside it use (2.1).
        code: the instructions, as in the file.
        consts: the constants. Python 2's ``long`` is a ``Long``, slices are a ``Slice``,
            Python 2's ``str`` is ``bytes``.
        linetable: ``co_linetable`` or ``co_lnotab``, undecoded (1.5).
        exceptiontable: undecoded (3.11).
    """

    name: str
    qualname: str
    filename: str
    firstlineno: int
    argcount: int
    posonlyargcount: int
    kwonlyargcount: int
    nlocals: int
    stacksize: int
    flags: int
    names: tuple[str, ...]
    varnames: tuple[str, ...]
    freevars: tuple[str, ...]
    cellvars: tuple[str, ...]
    code: bytes
    consts: tuple[object, ...]
    linetable: bytes
    exceptiontable: bytes

    def __repr__(self) -> str:
        return f"<Code {self.qualname} at {self.filename!r}, line {self.firstlineno}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Code):
            return NotImplemented
        return self.code == other.code and constants_equal(self, other)

    def __hash__(self) -> int:
        return hash((self.qualname, self.firstlineno, self.code))

    def walk(self) -> Iterator[Code]:
        """Yield this code object and all inside it, each once.

        Depth first, in the order in which they first appear in the constants.
        """
        return (code for code, _ in _walk(self))

    def find(self, qualname: str) -> Code:
        """Return the first code object in :meth:`walk` with this qualified name.

        Raises:
            PycInspectError: ``no-such-code``; the message lists near names.
        """
        for code in self.walk():
            if code.qualname == qualname:
                return code
        from difflib import get_close_matches  # only for this message

        near = get_close_matches(qualname, [code.qualname for code in self.walk()], cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise PycInspectError("no-such-code", f"no code object is called {qualname!r}{hint}")


def _walk(root: Code) -> Iterator[tuple[Code, Code | None]]:
    """Yield every code object with the one in whose constants it first appears."""
    seen: set[int] = set()
    waiting: list[tuple[Code, Code | None]] = [(root, None)]
    while waiting:
        code, parent = waiting.pop()
        if id(code) not in seen:
            seen.add(id(code))
            yield code, parent
            inner = (part for part in reversed(code.consts) if isinstance(part, Code))
            waiting.extend((part, code) for part in inner)


# --- Equality ----------------------------------------------------------------------


def constants_equal(one: object, other: object) -> bool:
    """Return whether two constants are the same in type, value, sign and bits.

    Python's ``==`` calls ``True``, ``1`` and ``1.0`` equal, and ``nan`` unequal to
    itself; a compiler that did would merge constants (``Objects/codeobject.c:
    _PyCode_ConstantKey``). Linear in the size of the values, however often they share
    a part, and not recursive.

    >>> constants_equal((1, -0.0), (1, -0.0)), constants_equal((1,), (True,))
    (True, False)
    >>> constants_equal(0.0, -0.0), constants_equal(float("nan"), float("nan"))
    (False, True)
    """
    if one is other:
        return True
    numbers = _Numbers()
    return numbers.of(one) == numbers.of(other)


class _Numbers:
    """Gives every value a number; the same number to strictly equal ones.

    What a container is follows from its type and its parts' numbers, so that nothing
    is looked at twice and nothing is unfolded.
    """

    def __init__(self) -> None:
        self._by_key: dict[object, int] = {}
        #: By identity. The value is kept, so that no other gets its identity.
        self._known: dict[int, tuple[object, int]] = {}

    def of(self, root: object) -> int:
        """Return the number of ``root``; parts are numbered before their container."""
        waiting = [root]
        while waiting:
            value = waiting[-1]
            parts = (value.consts,) if isinstance(value, Code) else parts_of(value)
            missing = [part for part in parts if id(part) not in self._known]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            numbers = tuple(self._known[id(part)][1] for part in parts)
            key = _key(value, numbers)
            self._known[id(value)] = (value, self._by_key.setdefault(key, len(self._by_key)))
        return self._known[id(root)][1]


def _key(value: object, numbers: tuple[int, ...]) -> object:
    """Return what is the same for two values if, and only if, they are."""
    kind = type(value)
    if isinstance(value, set | frozenset):
        return kind, frozenset(numbers)
    if isinstance(value, Code):
        return kind, _all_but_consts(value), numbers
    if kind in CONTAINERS:
        return kind, numbers
    if isinstance(value, float):
        return kind, struct.pack("<d", value)
    if isinstance(value, complex):
        return kind, struct.pack("<dd", value.real, value.imag)
    return kind, value


_FIELDS = tuple(row.name for row in fields(Code))
_all_but_consts = attrgetter(*(name for name in _FIELDS if name != "consts"))


# --- Qualified names -----------------------------------------------------------------

#: Their parts do not get ``<locals>``.
_COMPREHENSIONS = frozenset(
    {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<generator expression>"}
)


def set_qualnames(root: Code, source: QualnameSource) -> None:
    """Reconstruct the qualified names that a version did not store.

    Called once, before anyone else has seen ``root``; its module is the outermost name.
    By the rules of ``Python/compile.c: compiler_set_qualname`` (3.3). A function or class
    that its surroundings declare ``global`` has its plain name; from 3.3 on that is
    known from the constants, before it is not, and the full name is given.
    """
    prefixes: dict[int, str] = {}
    for code, parent in _walk(root):
        if parent is None:
            prefixes[id(code)] = ""
            continue
        is_class = _is_class(code, parent)
        qualname = prefixes[id(parent)] + code.name
        if source is QualnameSource.CONSTANTS:
            evidence = code.consts if is_class else parent.consts
            if not _has_text(evidence, qualname) and _has_text(evidence, code.name):
                qualname = code.name
        object.__setattr__(code, "qualname", qualname)
        is_function = not is_class and code.name not in _COMPREHENSIONS
        prefixes[id(code)] = f"{qualname}.<locals>." if is_function else f"{qualname}."


def _is_class(code: Code, parent: Code) -> bool:
    """Return whether a code object is the body of a class.

    Its variables are not optimised; neither are those of a function with ``exec`` or
    ``import *`` in Python 2, but only a class has its name among the constants.
    """
    return not code.flags & _OPTIMIZED and (
        _has_text(parent.consts, code.name) or _has_bytes(parent.consts, code.name)
    )


def _has_text(constants: tuple[object, ...], text: str) -> bool:
    return any(type(constant) is str and constant == text for constant in constants)


def _has_bytes(constants: tuple[object, ...], text: str) -> bool:
    wanted = text.encode("utf-8", "surrogateescape")
    return any(type(constant) is bytes and constant == wanted for constant in constants)


# --- From the fields of a file ---------------------------------------------------------


class Run(NamedTuple):
    """Plain numbers, then so many objects."""

    numbers: struct.Struct
    objects: int


#: Makes a Code from numbers, objects (which it may change) and the letter's offset.
_Build = Callable[[Sequence[int], list[Any], int], "Code"]


class CodeReader(NamedTuple):
    """How code objects of one layout are read.

    Args:
        head: what follows the letter.
        tail: what follows the head, perhaps nothing.
        build: makes the Code from all that was read. Raises PycInspectError,
            ``malformed-code`` (SystemError in the interpreter) or ``bad-marshal``
            (ValueError), where the constructor of code objects does.
    """

    head: Run
    tail: Run
    build: _Build


_FORMATS = {FieldKind.INT16: "h", FieldKind.INT32: "i"}
_TYPES: dict[FieldKind, type] = {
    FieldKind.BYTES: bytes,
    FieldKind.TEXT: str,
    FieldKind.TUPLE: tuple,
    FieldKind.NAMES: tuple,
    FieldKind.LIST: list,
    FieldKind.NAME_LIST: list,
}
_NAME_KINDS = (FieldKind.NAMES, FieldKind.NAME_LIST)
#: Arguments that ``*args`` and ``**kwargs`` are, by their flags.
_STARS = {0: 0, _VARARGS: 1, _VARKEYWORDS: 1, _BOTH_STARS: 2}

# What the constructor of code objects refuses: Objects/codeobject.c, _PyCode_Validate
# (3.11) and PyCode_New (before).
_WRONG_TYPE = ("malformed-code", "a field of the code object has a wrong type")
_NEGATIVE = ("malformed-code", "a count of the code object is negative")
_POSITIONAL = ("malformed-code", "more positional-only than positional arguments")
_KINDS_SIZE = ("malformed-code", "not as many names as kinds of variables")
_CODE_SIZE = ("bad-marshal", "the size of the instructions is odd")
_TOO_FEW = ("bad-marshal", "fewer variables than arguments")
_NAME_TYPE = ("malformed-code", "a name in the code object is no text")


@cache
def code_reader(layout: CodeLayout) -> CodeReader:
    """Return how code objects of a layout are read."""
    stored = {row.name for row in layout.fields}
    builder = _builder_of_split if "localspluskinds" in stored else _builder
    head, tail = _runs(layout)
    return CodeReader(head, tail, builder(layout))


def _runs(layout: CodeLayout) -> tuple[Run, Run]:
    """Return a layout's two runs: its numbers stand at the start, and before the line table."""
    groups = [list(rows) for _, rows in groupby(layout.fields, lambda row: row.kind.is_number)]
    if not layout.fields[0].kind.is_number:
        groups.insert(0, [])
    pairs = [*zip(groups[::2], groups[1::2], strict=True), ([], [])]
    head, tail = (
        Run(struct.Struct("<" + "".join(_FORMATS[row.kind] for row in numbers)), len(objects))
        for numbers, objects in pairs[:2]
    )
    return head, tail


class _Plan:
    """A layout as the builders use it: where everything stands among numbers and objects.

    A number that the layout has not has the place of one whose check then says nothing.
    """

    def __init__(self, layout: CodeLayout) -> None:
        self.layout = layout
        self.numbers = [row.name for row in layout.fields if row.kind.is_number]
        rows = [row for row in layout.fields if not row.kind.is_number]
        self.objects = [row.name for row in rows]
        self.text: Any = bytes if layout.bytes_text else str
        self.types = [self.text if row.kind is FieldKind.TEXT else _TYPES[row.kind] for row in rows]
        self.places_of_names = [i for i, row in enumerate(rows) if row.kind in _NAME_KINDS]
        self.places_of_texts = [i for i, row in enumerate(rows) if row.kind is FieldKind.TEXT]

    def number(self, name: str, default: int = 0) -> int:
        """Return the place of a number."""
        return self.numbers.index(name) if name in self.numbers else default

    def draft(self, *derived: str) -> Callable[..., Any]:
        """Return what makes an open Code from numbers, objects and derived fields, in order.

        A frozen value with 18 fields takes ten times as long to fill as an open one; so
        this one is filled first, and then declared to be a Code, which has the same slots.
        """
        kinds = {row.name: str(row.type).partition("[")[0] for row in fields(Code)}
        given = [name for name in (*self.numbers, *self.objects) if name in kinds]
        others = [*derived, *(name for name in kinds if name not in {*given, *derived})]
        rows: list[Any] = [
            *given, *((name, Any, field(default=_ABSENT[kinds[name]])) for name in others)
        ]
        return make_dataclass("_Draft", rows, slots=True)


#: What fields that a layout does not have are filled with, by their type.
_ABSENT: dict[str, Any] = {"int": 0, "str": "", "bytes": b"", "tuple": ()}
_CODE_PLACE, _CONSTS_PLACE = 0, 1


def _builder(layout: CodeLayout) -> _Build:
    """Return the builder for versions that store all kinds of variables apart."""
    plan = _Plan(layout)
    draft_of = plan.draft("qualname")
    name = plan.objects.index("name")
    has_qualname = "qualname" in plan.objects
    types, unsigned, unit = plan.types, layout.unsigned, layout.unit
    posonlyargcount = plan.number("posonlyargcount")
    kwonlyargcount, flags = plan.number("kwonlyargcount"), plan.number("flags")
    varnames = plan.objects.index("varnames") if layout.enough_varnames else 0

    def build(numbers: Sequence[int], objects: list[Any], offset: int) -> Code:
        if list(map(type, objects)) != types:
            raise _refused(_WRONG_TYPE, offset)
        if unsigned:
            if min(numbers[:unsigned]) < 0:
                raise _refused(_NEGATIVE, offset)
            if numbers[0] < numbers[posonlyargcount]:
                raise _refused(_POSITIONAL, offset)
        if len(objects[_CODE_PLACE]) % unit:
            raise _refused(_CODE_SIZE, offset)
        if varnames:
            stars = _STARS[numbers[flags] & _BOTH_STARS]
            if numbers[0] + numbers[kwonlyargcount] + stars > len(objects[varnames]):
                raise _refused(_TOO_FEW, offset)
        _check_names(plan, objects, offset)
        if layout.bytes_text:
            _decode_texts(plan, objects)
        if not has_qualname:
            objects.append(objects[name])
        draft = draft_of(*numbers, *objects)
        draft.__class__ = Code
        return cast("Code", draft)

    return build


def _check_names(plan: _Plan, objects: Sequence[Any], offset: int) -> None:
    join = plan.text().join
    try:
        for place in plan.places_of_names:
            join(objects[place])
    except TypeError:
        raise _refused(_NAME_TYPE, offset) from None


def _decode_texts(plan: _Plan, objects: list[Any]) -> None:
    """Turn texts that are stored as bytes into text, and lists (1.0) into tuples."""
    for place in plan.places_of_texts:
        objects[place] = _decode(objects[place])
    for place in plan.places_of_names:
        objects[place] = tuple(map(_decode, objects[place]))
    objects[_CONSTS_PLACE] = tuple(objects[_CONSTS_PLACE])


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _refused(problem: tuple[str, str], offset: int) -> PycInspectError:
    slug, message = problem
    return PycInspectError(slug, message, offset=offset)


# --- Variables of 3.11 and later ---------------------------------------------------------


def _builder_of_split(layout: CodeLayout) -> _Build:
    """Return the builder for versions that store variables and their kinds (3.11)."""
    plan = _Plan(layout)
    draft_of = plan.draft("nlocals", "varnames", "cellvars", "freevars")
    types, unit = plan.types, layout.unit
    of_names = plan.objects.index("names")
    of_variables = plan.objects.index("localsplusnames")
    of_kinds = of_variables + 1
    join = "".join

    def build(numbers: Sequence[int], objects: list[Any], offset: int) -> Code:
        argcount, posonlyargcount, kwonlyargcount, stacksize, flags, _ = numbers
        if list(map(type, objects)) != types:
            raise _refused(_WRONG_TYPE, offset)
        if (posonlyargcount | kwonlyargcount | stacksize | flags) < 0:
            raise _refused(_NEGATIVE, offset)
        if argcount < posonlyargcount:
            raise _refused(_POSITIONAL, offset)
        variables, kinds = objects[of_variables : of_kinds + 1]
        if len(kinds) != len(variables):
            raise _refused(_KINDS_SIZE, offset)
        if len(objects[_CODE_PLACE]) % unit:
            raise _refused(_CODE_SIZE, offset)
        nlocals, local, cell, free = _masks(kinds)
        if argcount + kwonlyargcount + _STARS[flags & _BOTH_STARS] > nlocals:
            raise _refused(_TOO_FEW, offset)
        try:
            join(objects[of_names])
            join(variables)
        except TypeError:
            raise _refused(_NAME_TYPE, offset) from None
        del objects[of_variables : of_kinds + 1]
        if local is not None:
            variables, all_variables = tuple(compress(variables, local)), variables
            cellvars = tuple(compress(all_variables, cell)) if cell else ()
            freevars = tuple(compress(all_variables, free)) if free else ()
            draft = draft_of(*numbers, *objects, nlocals, variables, cellvars, freevars)
        elif cell:
            cellvars = tuple(compress(variables, cell))
            draft = draft_of(*numbers, *objects, nlocals, variables, cellvars)
        else:
            draft = draft_of(*numbers, *objects, nlocals, variables)
        draft.__class__ = Code
        return cast("Code", draft)

    return build


class _Masks(NamedTuple):
    """Which variables are local, cell and free.

    ``local`` is None where all of them are; ``cell`` and ``free`` are empty where none is.
    """

    nlocals: int
    local: tuple[int, ...] | None
    cell: tuple[int, ...]
    free: tuple[int, ...]


@lru_cache(maxsize=1024)
def _masks(kinds: bytes) -> _Masks:
    """Sort variables by their kinds, as Objects/codeobject.c: get_localsplus_names does.

    An argument that inner functions use is local *and* cell.
    """
    local, cell, free = (
        tuple(kind & bit for kind in kinds) for bit in (_FAST_LOCAL, _FAST_CELL, _FAST_FREE)
    )
    return _Masks(
        len(kinds) - local.count(0),
        None if all(local) else local,
        cell if any(cell) else (),
        free if any(free) else (),
    )
