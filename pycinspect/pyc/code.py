"""One code object for every Python, and how it is made from the fields of a file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, make_dataclass
from functools import cache, lru_cache, partial
from itertools import compress, groupby
from operator import attrgetter
from typing import Any, NamedTuple, cast

from pycinspect.dialects import CodeLayout, Dialect, FieldKind, QualnameSource
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.errors import PycInspectError
from pycinspect.pyc.constants import CONTAINERS, parts_of
from pycinspect.values import brief, quoted

__all__ = [
    "Build",
    "Code",
    "CodeReader",
    "Run",
    "code_reader",
    "constants_equal",
    "set_qualnames",
    "strict_numbers",
]

#: Bits of ``localspluskinds`` (Include/internal/pycore_code.h, 3.11). Others say how an
#: argument can be passed (3.14), or that a variable is hidden (3.12).
_FAST_LOCAL = 0x20
_FAST_CELL = 0x40
_FAST_FREE = 0x80


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Code:
    """A code object, the same for all versions.

    Names are CPython's without ``co_``. What a version does not store is 0 or empty.
    Two are equal when every field of the file is, constants by type, sign and bits
    (:func:`constants_equal`); who wrote them does not count.

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
        dialect: who wrote it; of a pre-release, what is known of that pre-release.
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
    dialect: Dialect

    def __repr__(self) -> str:
        place = f"at {quoted(self.filename)}, line {self.firstlineno}"
        return f"<Code {brief(self.qualname)} {place}>"

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
    """Yield every code object with the one in whose constants it first appears.

    Constants that several code objects share are looked through once: whatever is in them
    has been yielded when the second comes, since nothing contains itself.
    """
    seen: set[int] = set()
    waiting: list[tuple[Code, Code | None]] = [(root, None)]
    while waiting:
        code, parent = waiting.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        yield code, parent
        if id(code.consts) not in seen:
            seen.add(id(code.consts))
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


def strict_numbers(*lists: Iterable[object]) -> list[list[int]]:
    """Return a number for each constant of some lists, the same for strictly equal ones.

    >>> strict_numbers([1, True, 1.0], [1.0, 2])
    [[0, 1, 2], [2, 3]]
    """
    numbers = _Numbers()
    return [[numbers.of(value) for value in values] for values in lists]


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
            if id(value) in self._known:  # it was wanted more than once
                waiting.pop()
                continue
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


#: What a file can say: all but who wrote it.
_STORED = tuple(row for row in fields(Code) if row.name != "dialect")
_FIELDS = tuple(row.name for row in _STORED)
_all_but_consts = attrgetter(*(name for name in _FIELDS if name != "consts"))


# --- Qualified names -----------------------------------------------------------------

#: Parts of theirs do not get ``<locals>`` in CPython.
_COMPREHENSIONS = frozenset(
    {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<generator expression>"}
)


def set_qualnames(root: Code, source: QualnameSource, limit: int, offset: int) -> None:
    """Reconstruct the qualified names that a version did not store.

    Called once, before anyone else has seen ``root``; its module is the outermost name.
    By the rules of ``Python/compile.c: compiler_set_qualname`` (3.3). A function or class
    that its surroundings declare ``global`` has its plain name; from 3.3 on that is
    known from the constants, before it is not, and the full name is given.

    Args:
        root: the code object of the module.
        source: where the names can be learnt.
        limit: characters of all names together. A file says the name of each function in a
            few bytes; what functions inside functions are called grows with the square.
        offset: of the root in the file.

    Raises:
        PycInspectError: ``limit``.
    """
    texts = _Texts()
    prefixes: dict[int, tuple[str, ...]] = {}
    for code, parent in _walk(root):
        if parent is None:
            prefixes[id(code)] = ("",)
            continue
        is_class = _is_class(code, texts.of(parent))
        qualname, *others = (prefix + code.name for prefix in (*prefixes[id(parent)], ""))
        limit -= len(qualname)
        if limit < 0:
            message = "the qualified names of its functions are too long"
            raise PycInspectError("limit", message, offset=offset)
        if source is QualnameSource.CONSTANTS:
            evidence = texts.of(code if is_class else parent)
            qualname = next((name for name in (qualname, *others) if name in evidence), qualname)
        object.__setattr__(code, "qualname", qualname)
        plain, local = f"{qualname}.", f"{qualname}.<locals>."
        if is_class:
            prefixes[id(code)] = (plain,)
        elif code.name in _COMPREHENSIONS:
            prefixes[id(code)] = (plain, local)  # CPython's, PyPy's
        else:
            prefixes[id(code)] = (local,)


class _Texts:
    """The strings, and bytes, among constants; looked for once in each tuple of constants."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[object]] = {}

    def of(self, code: Code) -> frozenset[object]:
        """Return those of one code object."""
        known = self._known.get(id(code.consts))
        if known is None:
            known = frozenset(part for part in code.consts if type(part) in (str, bytes))
            self._known[id(code.consts)] = known
        return known


def _is_class(code: Code, around: frozenset[object]) -> bool:
    """Return whether a code object is the body of a class.

    Its variables are not optimised; neither are those of a function with ``exec`` or
    ``import *`` in Python 2, but only a class has its name among the constants around it.
    """
    if code.flags & CodeFlag.OPTIMIZED:
        return False
    return code.name in around or _encoded(code.name) in around


def _encoded(name: str) -> bytes | None:
    """Return the bytes that a name was decoded from; None if it was not bytes in the file."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return None


# --- From the fields of a file ---------------------------------------------------------


class Run(NamedTuple):
    """Plain numbers, then so many objects."""

    numbers: struct.Struct
    objects: int


#: Makes a Code from the values of all fields, in the order of the file, and the offset of
#: the type code.
Build = Callable[[Sequence[Any], int], "Code"]


class CodeReader(NamedTuple):
    """How code objects of one layout are read.

    Args:
        head: what follows the type code.
        tail: what follows the head, perhaps nothing.
        builder: told who wrote a file, returns what makes its Codes from all that was read. That raises
            PycInspectError, ``malformed-code`` (SystemError in the interpreter) or
            ``bad-marshal`` (ValueError), where the constructor of code objects does.
    """

    head: Run
    tail: Run
    builder: Callable[[Dialect], Build]


_FORMATS = {FieldKind.INT16: "h", FieldKind.INT32: "i"}
_TYPES: dict[FieldKind, type] = {
    FieldKind.INT16: int,
    FieldKind.INT32: int,
    FieldKind.BYTES: bytes,
    FieldKind.TEXT: str,
    FieldKind.TUPLE: tuple,
    FieldKind.NAMES: tuple,
    FieldKind.LIST: list,
    FieldKind.NAME_LIST: list,
}
_NAME_KINDS = (FieldKind.NAMES, FieldKind.NAME_LIST)
#: Arguments that ``*args`` and ``**kwargs`` are, by their flags.
_STARS = {0: 0, CodeFlag.VARARGS: 1, CodeFlag.VARKEYWORDS: 1, CodeFlag.STARS: 2}

# What the constructor of code objects refuses: Objects/codeobject.c, _PyCode_Validate
# (3.11) and PyCode_New (before).
_WRONG_TYPE = ("malformed-code", "a field of the code object has a wrong type")
_NEGATIVE = ("malformed-code", "a count of the code object is negative")
_POSITIONAL = ("malformed-code", "more positional-only than positional arguments")
_KINDS_SIZE = ("malformed-code", "not as many names as kinds of variables")
_CODE_SIZE = ("bad-marshal", "the size of the instructions is odd")
_TOO_FEW = ("bad-marshal", "fewer variables than arguments")
_NAME_TYPE = ("malformed-code", "a name in the code object is not a string")
#: Where no text can start in an empty one, not even an empty one: ``"".startswith(names, 1)``
#: looks at the type of every name, raises TypeError and, unlike ``join``, copies nothing.
_BEYOND = 1

#: A frozen value with 18 fields takes ten times as long to fill as an open one; so an open
#: one is filled, and then declared to be a Code, which has the same slots.
_Draft: Any = make_dataclass(
    "_Draft", (*_FIELDS, "dialect"), slots=True, eq=False, repr=False, match_args=False
)


@cache
def code_reader(layout: CodeLayout) -> CodeReader:
    """Return how code objects of a layout are read.

    Raises:
        ValueError: the layout has a field that no :class:`Code` has.
    """
    head, tail = _runs(layout)
    names = [row.name for row in layout.fields]
    unknown = [name for name in names if name not in (*_FIELDS, *_SPLIT_FIELDS)]
    if unknown:
        raise ValueError(f"{layout.name}: no Code has the field {unknown[0]}")
    builder = _builder_of_split if names == _SPLIT_FIELDS else _builder
    return CodeReader(head, tail, partial(builder, layout))


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


def _types(layout: CodeLayout) -> list[type]:
    """Return what the values of a code object must be."""
    text = bytes if layout.bytes_text else str
    kinds = [row.kind for row in layout.fields]
    return [text if kind is FieldKind.TEXT else _TYPES[kind] for kind in kinds]


def _refused(problem: tuple[str, str], offset: int) -> PycInspectError:
    slug, message = problem
    return PycInspectError(slug, message, offset=offset)


# --- Up to 3.10: free, cell and local variables are stored apart ---------------------------

#: What fields that a layout does not have are filled with, by their type.
_FILLERS: dict[str, object] = {"int": 0, "str": "", "bytes": b"", "tuple": ()}
_ABSENT: dict[str, Any] = {row.name: _FILLERS[str(row.type).partition("[")[0]] for row in _STORED}


def _builder(layout: CodeLayout, dialect: Dialect) -> Build:
    """Return the builder for a layout whose fields are a Code's."""
    stored = [row.name for row in layout.fields]
    types, unit, unsigned = _types(layout), layout.unit, layout.unsigned
    names = [row.name for row in layout.fields if row.kind in _NAME_KINDS]
    texts = [row.name for row in layout.fields if row.kind is FieldKind.TEXT]
    empty: bytes | str = b"" if layout.bytes_text else ""
    require_texts: Any = empty.startswith
    decoded = _Decoded().__getitem__

    def build(found: Sequence[Any], offset: int) -> Code:
        if list(map(type, found)) != types:
            raise _refused(_WRONG_TYPE, offset)
        if unsigned and min(found[:unsigned]) < 0:
            raise _refused(_NEGATIVE, offset)
        values = {**_ABSENT, **dict(zip(stored, found, strict=True))}
        if unsigned and values["argcount"] < values["posonlyargcount"]:
            raise _refused(_POSITIONAL, offset)
        try:
            for name in names:
                require_texts(tuple(values[name]), _BEYOND)
        except TypeError:
            raise _refused(_NAME_TYPE, offset) from None
        if len(values["code"]) % unit:
            raise _refused(_CODE_SIZE, offset)
        if layout.enough_varnames and _arguments(values) > len(values["varnames"]):
            raise _refused(_TOO_FEW, offset)
        if layout.bytes_text:
            values["consts"] = tuple(values["consts"])
            values.update({name: decoded(values[name]) for name in texts})
            values.update({name: tuple(map(decoded, values[name])) for name in names})
        values["qualname"] = values["qualname"] or values["name"]
        draft = _Draft(**values, dialect=dialect)
        draft.__class__ = Code
        return cast("Code", draft)

    return build


def _arguments(values: dict[str, int]) -> int:
    stars = _STARS[values["flags"] & CodeFlag.STARS]
    return values["argcount"] + values["kwonlyargcount"] + stars


class _Decoded(dict[bytes, str]):
    """Texts that are stored as bytes, each decoded once, as the file may say it once only."""

    def __missing__(self, text: bytes) -> str:
        decoded = self[text] = text.decode("utf-8", "surrogateescape")
        return decoded


# --- Since 3.11: variables and their kinds ----------------------------------------------------

_SPLIT_FIELDS = [
    *("argcount", "posonlyargcount", "kwonlyargcount", "stacksize", "flags"),
    *("code", "consts", "names", "localsplusnames", "localspluskinds"),
    *("filename", "name", "qualname", "firstlineno", "linetable", "exceptiontable"),
]


def _builder_of_split(layout: CodeLayout, dialect: Dialect) -> Build:
    """Return the builder for the layout of 3.11, which is :data:`_SPLIT_FIELDS`.

    It does what :func:`_builder` does, field by field: here most time goes.
    """
    unit = layout.unit
    require_texts = "".startswith

    def build(found: Sequence[Any], offset: int) -> Code:
        (
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code,
            consts,
            names,
            variables,
            kinds,
            filename,
            name,
            qualname,
            firstlineno,
            linetable,
            exceptiontable,
        ) = found
        if not (
            type(code) is type(kinds) is type(linetable) is type(exceptiontable) is bytes
            and type(consts) is type(names) is type(variables) is tuple
            and type(filename) is type(name) is type(qualname) is str
        ):
            raise _refused(_WRONG_TYPE, offset)
        if (posonlyargcount | kwonlyargcount | stacksize | flags) < 0:
            raise _refused(_NEGATIVE, offset)
        if argcount < posonlyargcount:
            raise _refused(_POSITIONAL, offset)
        if len(kinds) != len(variables):
            raise _refused(_KINDS_SIZE, offset)
        if len(code) % unit:
            raise _refused(_CODE_SIZE, offset)
        nlocals, local, cell, free = _masks(kinds)
        if argcount + kwonlyargcount + _STARS[flags & CodeFlag.STARS] > nlocals:
            raise _refused(_TOO_FEW, offset)
        try:
            require_texts(names, _BEYOND)
            require_texts(variables, _BEYOND)
        except TypeError:
            raise _refused(_NAME_TYPE, offset) from None
        draft = _Draft(
            name,
            qualname,
            filename,
            firstlineno,
            argcount,
            posonlyargcount,
            kwonlyargcount,
            nlocals,
            stacksize,
            flags,
            names,
            tuple(compress(variables, local)) if local else variables,
            tuple(compress(variables, free)) if free else (),
            tuple(compress(variables, cell)) if cell else (),
            code,
            consts,
            linetable,
            exceptiontable,
            dialect,
        )
        draft.__class__ = Code
        return cast("Code", draft)

    return build


#: The number of local variables, and which are local, cell and free. The first mask is None
#: where all are, the others where none is.
_Mask = tuple[int, ...] | None
_Masks = tuple[int, _Mask, _Mask, _Mask]


#: Variables of which it is remembered how they are sorted: a file may have millions.
_FEW = 64


def _masks(kinds: bytes) -> _Masks:
    return _known_masks(kinds) if len(kinds) <= _FEW else _sorted_by_kind(kinds)


@lru_cache(maxsize=1024)
def _known_masks(kinds: bytes) -> _Masks:
    return _sorted_by_kind(kinds)


def _sorted_by_kind(kinds: bytes) -> _Masks:
    """Sort variables by their kinds, as Objects/codeobject.c: get_localsplus_names does.

    An argument that inner functions use is local *and* cell.
    """
    local, cell, free = (
        tuple(kind & bit for kind in kinds) for bit in (_FAST_LOCAL, _FAST_CELL, _FAST_FREE)
    )
    return (
        len(kinds) - local.count(0),
        None if all(local) else local,
        cell if any(cell) else None,
        free if any(free) else None,
    )
