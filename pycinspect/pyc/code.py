"""One code object for every Python, and how it is made from the fields of a file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, make_dataclass
from functools import cache, lru_cache
from itertools import compress, groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, cast

from pycinspect.dialects import CodeField, CodeLayout, FieldKind, QualnameSource
from pycinspect.errors import PycInspectError
from pycinspect.pyc.constants import CONTAINERS, parts_of

__all__ = ["Code", "CodeReader", "Stage", "code_reader", "constants_equal", "set_qualnames"]

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


_FIELDS = tuple(field.name for field in fields(Code))
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


class Stage(NamedTuple):
    """A run of plain numbers, then so many objects."""

    numbers: struct.Struct
    objects: int


class CodeReader(NamedTuple):
    """How code objects of one layout are read.

    Args:
        stages: what stands in the file, in order.
        build: makes the Code from all numbers, all objects and the offset of its letter.
            Raises PycInspectError, ``malformed-code`` (SystemError in the interpreter) or
            ``bad-marshal`` (ValueError), where the constructor of code objects does.
    """

    stages: tuple[Stage, ...]
    build: Callable[[Sequence[int], Sequence[Any], int], Code]


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
#: What fields that a layout does not have are filled with, by their type.
_ABSENT: dict[str, object] = {"int": 0, "str": "", "bytes": b"", "tuple": ()}

#: A frozen value of 18 fields takes ten times as long to fill as an open one; so an open
#: one is filled and then declared to be a Code, which has the same slots.
_Draft: Any = make_dataclass("_Draft", _FIELDS, slots=True)


@cache
def code_reader(layout: CodeLayout) -> CodeReader:
    """Return how code objects of a layout are read."""
    rows = sorted(layout.fields, key=lambda field: not field.kind.is_number)  # numbers first
    names = [field.name for field in rows]
    check = _checker(layout, rows)
    decode = _decoder(rows) if layout.bytes_text else None
    split = _splitter(names) if "localspluskinds" in names else None
    pick = _picker([*names, *(_SPLIT if split else ())])
    absent = _ABSENT.values()

    def build(numbers: Sequence[int], objects: Sequence[Any], offset: int) -> Code:
        values = [*numbers, *objects]
        problem = check(values, objects)
        if problem is not None:
            slug, message = problem
            raise PycInspectError(slug, message, offset=offset)
        if decode is not None:
            decode(values)
        if split is not None:
            values += split(values)
        values += absent
        draft = _Draft(*pick(values))
        draft.__class__ = Code
        return cast("Code", draft)

    return CodeReader(tuple(_stages(layout)), build)


def _stages(layout: CodeLayout) -> Iterator[Stage]:
    runs = [list(run) for _, run in groupby(layout.fields, lambda field: field.kind.is_number)]
    if not layout.fields[0].kind.is_number:
        runs.insert(0, [])
    for numbers, objects in zip(runs[::2], runs[1::2], strict=True):
        code = "".join(_FORMATS[field.kind] for field in numbers)
        yield Stage(struct.Struct("<" + code), len(objects))


def _picker(given: list[str]) -> Callable[[Sequence[object]], tuple[object, ...]]:
    """Return what puts values, with the absent ones behind them, into the order of Code."""
    absent = {kind: len(given) + index for index, kind in enumerate(_ABSENT)}
    places = []
    for field in fields(Code):
        stored = "name" if field.name == "qualname" and "qualname" not in given else field.name
        kind = str(field.type).partition("[")[0]
        places.append(given.index(stored) if stored in given else absent[kind])
    return itemgetter(*places)


# What the constructor of code objects refuses: Objects/codeobject.c, _PyCode_Validate
# (3.11) and PyCode_New (before).
_Problem = tuple[str, str]
_WRONG_TYPE = ("malformed-code", "a field of the code object has a wrong type")
_NEGATIVE = ("malformed-code", "a count of the code object is negative")
_POSITIONAL = ("malformed-code", "more positional-only than positional arguments")
_NAME_TYPE = ("malformed-code", "a name in the code object is no text")
_KINDS_SIZE = ("malformed-code", "not as many names as kinds of variables")
_CODE_SIZE = ("bad-marshal", "the size of the instructions is odd")
_TOO_FEW = ("bad-marshal", "fewer variables than arguments")


def _checker(
    layout: CodeLayout, rows: Sequence[CodeField]
) -> Callable[[Sequence[Any], Sequence[Any]], _Problem | None]:
    """Return what finds a problem in all values, and the objects among them, of a layout."""
    text: Any = bytes if layout.bytes_text else str
    join = text().join
    objects = [row for row in rows if not row.kind.is_number]
    types = [text if row.kind is FieldKind.TEXT else _TYPES[row.kind] for row in objects]
    names = [index for index, row in enumerate(rows) if row.kind in _NAME_KINDS]
    place = {row.name: index for index, row in enumerate(rows)}
    unsigned = [place[name] for name in layout.unsigned]
    code, unit = place["code"], layout.unit
    # A field that the layout has not is the first one, whose check then says nothing.
    argcount = place.get("argcount", 0)
    posonlyargcount = place.get("posonlyargcount", argcount)
    kwonlyargcount, flags = place.get("kwonlyargcount"), place.get("flags", 0)
    kinds = place.get("localspluskinds")
    variables = place.get("varnames") if kinds is None else place["localsplusnames"]
    enough_varnames = layout.enough_varnames and variables is not None

    def check(values: Sequence[Any], objects: Sequence[Any]) -> _Problem | None:
        if list(map(type, objects)) != types:
            return _WRONG_TYPE
        for index in unsigned:
            if values[index] < 0:
                return _NEGATIVE
        if values[argcount] < values[posonlyargcount]:
            return _POSITIONAL
        if kinds is not None and len(values[kinds]) != len(values[variables]):
            return _KINDS_SIZE
        if len(values[code]) % unit:
            return _CODE_SIZE
        if enough_varnames:
            arguments = values[argcount] + values[kwonlyargcount] + _STARS[values[flags] & _BOTH_STARS]
            if arguments > len(values[variables]) or (
                kinds is not None and arguments > _masks(values[kinds]).nlocals
            ):
                return _TOO_FEW
        try:
            for index in names:
                join(values[index])
        except TypeError:
            return _NAME_TYPE
        return None

    return check


def _decoder(rows: Sequence[CodeField]) -> Callable[[list[Any]], None]:
    """Return what turns the texts of Python 2 and before, which are bytes, into text."""
    texts = [index for index, row in enumerate(rows) if row.kind is FieldKind.TEXT]
    names = [index for index, row in enumerate(rows) if row.kind in _NAME_KINDS]
    lists = [index for index, row in enumerate(rows) if row.kind is FieldKind.LIST]

    def decode(values: list[Any]) -> None:
        for index in texts:
            values[index] = _decode(values[index])
        for index in names:
            values[index] = tuple(map(_decode, values[index]))
        for index in lists:
            values[index] = tuple(values[index])

    return decode


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


# --- Variables of 3.11 and later ---------------------------------------------------------

#: What ``localsplusnames`` and ``localspluskinds`` are split into.
_SPLIT = ("varnames", "cellvars", "freevars", "nlocals")


class _Masks(NamedTuple):
    """Which of the names are local, cell and free variables; None for all of them."""

    local: tuple[int, ...] | None
    cell: tuple[int, ...]
    free: tuple[int, ...]
    nlocals: int


@lru_cache(maxsize=1024)
def _masks(kinds: bytes) -> _Masks:
    """Sort variables by their kinds, as Objects/codeobject.c: get_localsplus_names does.

    An argument that inner functions use is local *and* cell.
    """
    local, cell, free = (
        tuple(kind & bit for kind in kinds) for bit in (_FAST_LOCAL, _FAST_CELL, _FAST_FREE)
    )
    return _Masks(
        None if all(local) else local,
        cell if any(cell) else (),
        free if any(free) else (),
        len(local) - local.count(0),
    )


def _splitter(names: list[str]) -> Callable[[Sequence[Any]], tuple[object, ...]]:
    """Return what splits the variables in the values of a code object into :data:`_SPLIT`."""
    of_names, of_kinds = names.index("localsplusnames"), names.index("localspluskinds")

    def split(values: Sequence[Any]) -> tuple[object, ...]:
        variables = values[of_names]
        local, cell, free, nlocals = _masks(values[of_kinds])
        if local is None and not cell:
            return variables, (), (), nlocals
        return (
            variables if local is None else tuple(compress(variables, local)),
            tuple(compress(variables, cell)),
            tuple(compress(variables, free)),
            nlocals,
        )

    return split
