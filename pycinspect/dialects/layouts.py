"""What follows the header: marshal's type codes, and the fields of a code object.

Columns ``marshal`` and ``code`` of a dialect's row. Read in ``Python/marshal.c`` (``r_object``)
of the release tags of CPython and, for 2.7 and 3.6 on, checked against the interpreters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

__all__ = [
    "FLAG_REF",
    "CodeField",
    "CodeLayout",
    "FieldKind",
    "MarshalFormat",
    "MarshalType",
    "MarshalWriter",
    "QualnameSource",
]

#: Bit 7 of a type code: the object goes into the list of references (``Python/marshal.c``).
FLAG_REF = 0x80


class MarshalType(Enum):
    """What can follow a type code; names are those of ``Python/marshal.c``.

    Letters change their meaning with time (``t`` is bytes in Python 2, text in
    Python 3), so formats map type codes to these.
    """

    NULL = "nothing: the end of a dict"
    NONE = "None"
    FALSE = "False"
    TRUE = "True"
    STOPITER = "StopIteration"
    ELLIPSIS = "Ellipsis"
    INT = "a signed 32-bit number"
    INT64 = "a signed 64-bit number"
    LONG = "a signed count, then as many 16-bit words of 15 bits each"
    FLOAT = "a length byte, then the number as decimal text"
    BINARY_FLOAT = "an IEEE double"
    COMPLEX = "two strings as in FLOAT"
    BINARY_COMPLEX = "two IEEE doubles"
    STRING = "a length, then bytes"
    INTERNED_STRING = "the same, kept in the list of interned strings"
    STRINGREF = "an index into the list of interned strings"
    UNICODE = "a length, then UTF-8"
    ASCII = "a length, then Latin-1"
    SHORT_ASCII = "a length byte, then Latin-1"
    TUPLE = "a count, then the items of a tuple"
    SMALL_TUPLE = "a count byte, then the items of a tuple"
    LIST = "a count, then the items of a list"
    DICT = "the keys and values of a dict, then NULL"
    SET = "a count, then the members of a set"
    FROZENSET = "a count, then the members of a frozenset"
    CODE = "the fields of a code object"
    REF = "an index into the list of references"
    SLICE = "start, stop and step"
    FROZENDICT = "the keys and values of a frozendict, then NULL"


@dataclass(frozen=True, slots=True, eq=False)
class MarshalWriter:
    """What the writer of one generation of marshal chooses where its reader takes more.

    Read in ``Python/marshal.c: w_object`` and ``w_complex_object``; whether it is so is
    checked against all that the interpreters write (``tests/differential/encoding.py``).

    Args:
        never: what stands in no code object that a compiler made: values that are no
            constants of a language, and type codes that the writer has better ones for.
        narrow_long: a number of at most 32 bits can be a LONG.
        shortest: text of ASCII alone is ASCII or SHORT_ASCII, never UNICODE; what has
            fewer than 256 characters or items is SHORT_ASCII or SMALL_TUPLE.
        interned_once: of the interned strings no two are equal; the second is a STRINGREF.
    """

    never: frozenset[MarshalType]
    narrow_long: bool = False
    shortest: bool = False
    interned_once: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MarshalFormat:
    """How one generation of marshal reads, and writes.

    Args:
        name: how messages call it.
        letters: type code to what follows it.
        references: bit 7 of a type code puts the object into the list of references.
        max_depth: levels of nesting that its reader accepts (on Linux); None: no limit.
        pads_numbers: a number cut off by the end of data is filled up with one bits
            instead of being an error (``r_long`` before 3.3).
        sees_unfinished: a tuple, list or dict can refer to itself, because it is in the
            list of references before its content (``R_REF``).
        distinct_long: type code ``l`` is Python 2's type ``long``.
        bare_surrogates: its writer leaves the first byte of a lone surrogate out.
        writer: how its writer chooses between type codes; None where that is not known.
    """

    name: str
    letters: Mapping[str, MarshalType]
    references: bool = False
    max_depth: int | None = 5000
    pads_numbers: bool = True
    sees_unfinished: bool = False
    distinct_long: bool = True
    bare_surrogates: bool = False
    writer: MarshalWriter | None = None

    def __repr__(self) -> str:
        return f"<MarshalFormat {self.name}>"

    @property
    def code_starts(self) -> frozenset[int]:
        """The bytes that a code object can begin with: its type code, with FLAG_REF or not."""
        codes = [ord(code) for code, kind in self.letters.items() if kind is MarshalType.CODE]
        return frozenset(codes + [code | FLAG_REF for code in codes if self.references])


class FieldKind(Enum):
    """How a field of a code object is stored, and what it must be."""

    INT16 = "a signed 16-bit number"
    INT32 = "a signed 32-bit number"
    BYTES = "an object: bytes"
    TEXT = "an object: text, in Python 2 and before as bytes"
    TUPLE = "an object: a tuple"
    NAMES = "an object: a tuple of strings"
    LIST = "an object: a list"
    NAME_LIST = "an object: a list of strings"

    @property
    def is_number(self) -> bool:
        """Whether the field is a plain number, without a type code."""
        return self in (FieldKind.INT16, FieldKind.INT32)


class QualnameSource(Enum):
    """Where a code object's qualified name can be learnt."""

    FIELD = "it is a field"
    CONSTANTS = "it is a constant of the code that makes the function, or of the class body"
    NOWHERE = "the names of the code objects around it are all there is"


@dataclass(frozen=True, slots=True)
class CodeField:
    """One field: its name (CPython's without ``co_``) and how it is stored."""

    name: str
    kind: FieldKind


@dataclass(frozen=True, slots=True, eq=False)
class CodeLayout:
    """A code object's fields, in the order of the file.

    Args:
        name: how messages call it.
        fields: the fields.
        qualname: where qualified names can be learnt.
        bytes_text: strings are stored as bytes.
        unsigned: so many of its first numbers must not be negative (``PyCode_New``,
            ``_PyCode_Validate``).
        unit: code is a multiple of so many bytes (``_PyCode_Validate``).
        enough_varnames: fewer names than arguments are an error (``PyCode_New``).
    """

    name: str
    fields: tuple[CodeField, ...]
    qualname: QualnameSource = QualnameSource.NOWHERE
    bytes_text: bool = True
    unsigned: int = 0
    unit: int = 1
    enough_varnames: bool = False

    def __repr__(self) -> str:
        return f"<CodeLayout {self.name}>"


# --- Letters -------------------------------------------------------------------

_M = MarshalType
_1_0 = {
    "0": _M.NULL,
    "N": _M.NONE,
    "i": _M.INT,
    "l": _M.LONG,
    "f": _M.FLOAT,
    "s": _M.STRING,
    "(": _M.TUPLE,
    "[": _M.LIST,
    "{": _M.DICT,
    "C": _M.CODE,
}
_1_3 = {**_1_0, "c": _M.CODE}
del _1_3["C"]
_1_4 = {**_1_3, ".": _M.ELLIPSIS, "x": _M.COMPLEX}
_1_5 = {**_1_4, "I": _M.INT64}
_1_6 = {**_1_5, "u": _M.UNICODE}
_2_2 = {**_1_6, "S": _M.STOPITER}
_2_3 = {**_2_2, "F": _M.FALSE, "T": _M.TRUE}
_2_4 = {**_2_3, "t": _M.INTERNED_STRING, "R": _M.STRINGREF}
_BINARY = {"g": _M.BINARY_FLOAT, "y": _M.BINARY_COMPLEX, "<": _M.SET, ">": _M.FROZENSET}
_2_5 = {**_2_4, **_BINARY}
_3_0 = {**_2_3, **_BINARY}
_3_6 = {
    **_3_0,
    "t": _M.UNICODE,
    "r": _M.REF,
    "a": _M.ASCII,
    "A": _M.ASCII,
    "z": _M.SHORT_ASCII,
    "Z": _M.SHORT_ASCII,
    ")": _M.SMALL_TUPLE,
}
_3_4 = {**_3_6}
del _3_4["I"]  # came back in 3.6.4
_3_14 = {**_3_6, ":": _M.SLICE}
_3_15 = {**_3_14, "}": _M.FROZENDICT}

# --- Writers ---------------------------------------------------------------------
# Of 1.0 to 1.2 there is none: constants of 1.0 are a list, and both have one row of letters.

#: Values that no compiler makes constants of.
_NO_CONSTANTS = frozenset({_M.LIST, _M.DICT, _M.SET, _M.STOPITER})
_TEXT_NUMBERS = frozenset({_M.FLOAT, _M.COMPLEX})
_WRITER_13 = MarshalWriter(_NO_CONSTANTS, narrow_long=True)
_WRITER_1 = replace(_WRITER_13, interned_once=True)
_WRITER_2 = replace(_WRITER_1, never=_NO_CONSTANTS | _TEXT_NUMBERS)
#: Whether 3.0 to 3.3 write numbers of 33 to 64 bits as INT64 hangs on the machine.
_WRITER_30 = MarshalWriter(_WRITER_2.never)
_WRITER_4 = MarshalWriter(_WRITER_2.never | {_M.INT64}, shortest=True)


def _format(name: str, letters: Mapping[str, MarshalType]) -> MarshalFormat:
    return MarshalFormat(name, MappingProxyType(dict(letters)))


def _later(era: MarshalFormat, name: str, letters: Mapping[str, MarshalType]) -> MarshalFormat:
    return replace(era, name=name, letters=MappingProxyType(dict(letters)))


MARSHAL_10 = _format("marshal of 1.0", _1_0)
MARSHAL_13 = replace(_format("marshal of 1.3", _1_3), writer=_WRITER_13)
MARSHAL_14 = _later(MARSHAL_13, "marshal of 1.4", _1_4)
MARSHAL_15 = _later(MARSHAL_14, "marshal of 1.5", _1_5)
MARSHAL_16 = _later(MARSHAL_15, "marshal of 1.6", _1_6)
#: Objects/unicodeobject.c: PyUnicode_EncodeUTF8 of 2.0 and 2.1.
MARSHAL_20 = replace(MARSHAL_16, name="marshal of 2.0", bare_surrogates=True)
MARSHAL_22 = _later(MARSHAL_16, "marshal of 2.2", _2_2)
MARSHAL_23 = _later(MARSHAL_22, "marshal of 2.3", _2_3)
MARSHAL_1 = replace(_later(MARSHAL_23, "marshal 1", _2_4), writer=_WRITER_1)
MARSHAL_2 = replace(_later(MARSHAL_1, "marshal 2", _2_5), writer=_WRITER_2)
#: Of 2.7.
MARSHAL_2_27 = replace(MARSHAL_2, max_depth=2000)
#: Of 3.0 to 3.2.
MARSHAL_2_30 = replace(
    _later(MARSHAL_2, "marshal 2 of 3.0", _3_0),
    max_depth=2000,
    distinct_long=False,
    writer=_WRITER_30,
)
#: Of 3.3.
MARSHAL_2_33 = replace(MARSHAL_2_30, name="marshal 2 of 3.3", pads_numbers=False)
#: Of 3.4 and 3.5.
MARSHAL_4_34 = replace(
    _later(MARSHAL_2_33, "marshal 4 of 3.4", _3_4),
    references=True,
    sees_unfinished=True,
    writer=_WRITER_4,
)
MARSHAL_4 = _later(MARSHAL_4_34, "marshal 4", _3_6)
MARSHAL_5 = _later(MARSHAL_4, "marshal 5", _3_14)
MARSHAL_6 = _later(MARSHAL_5, "marshal 6", _3_15)

# pypy/module/marshal/interp_marshal.py: no limit of depth, numbers are never filled
# up, and a reference to an unfinished object is an error. Only the writer of 3.9 was run.
MARSHAL_2_PYPY = replace(
    MARSHAL_2, name="marshal 2 of PyPy", max_depth=None, pads_numbers=False, writer=None
)
MARSHAL_2_PYPY3 = replace(MARSHAL_2_33, name="marshal 2 of PyPy3", max_depth=None, writer=None)
MARSHAL_4_PYPY = replace(
    MARSHAL_4, name="marshal 4 of PyPy", max_depth=None, sees_unfinished=False, writer=None
)
MARSHAL_4_PYPY39 = replace(MARSHAL_4_PYPY, writer=MARSHAL_4.writer)

# --- Code objects ----------------------------------------------------------------


def _fields(kind: FieldKind, names: str) -> tuple[CodeField, ...]:
    return tuple(CodeField(name, kind) for name in names.split())


_BODY_10 = (
    *_fields(FieldKind.BYTES, "code"),
    *_fields(FieldKind.LIST, "consts"),
    *_fields(FieldKind.NAME_LIST, "names"),
)
_BODY = (
    *_fields(FieldKind.BYTES, "code"),
    *_fields(FieldKind.TUPLE, "consts"),
    *_fields(FieldKind.NAMES, "names"),
)
_VARNAMES = _fields(FieldKind.NAMES, "varnames")
#: Free before cell variables, in every version that has them.
_VARIABLES = _fields(FieldKind.NAMES, "varnames freevars cellvars")
_PLACE = _fields(FieldKind.TEXT, "filename name")
_LINES_16 = (*_fields(FieldKind.INT16, "firstlineno"), *_fields(FieldKind.BYTES, "linetable"))
_LINES = (*_fields(FieldKind.INT32, "firstlineno"), *_fields(FieldKind.BYTES, "linetable"))

#: 1.0, type code ``C``: arguments are unpacked by instructions.
CODE_10 = CodeLayout("code of 1.0", (*_BODY_10, *_PLACE))
#: 1.1 and 1.2.
CODE_11 = CodeLayout("code of 1.1", (*_BODY, *_PLACE))
CODE_13 = CodeLayout(
    "code of 1.3",
    (*_fields(FieldKind.INT16, "argcount nlocals flags"), *_BODY, *_VARNAMES, *_PLACE),
)
_NUMBERS_15 = "argcount nlocals stacksize flags"
CODE_15 = CodeLayout(
    "code of 1.5",
    (*_fields(FieldKind.INT16, _NUMBERS_15), *_BODY, *_VARNAMES, *_PLACE, *_LINES_16),
)
CODE_21 = CodeLayout(
    "code of 2.1",
    (*_fields(FieldKind.INT16, _NUMBERS_15), *_BODY, *_VARIABLES, *_PLACE, *_LINES_16),
)
CODE_23 = CodeLayout(
    "code of 2.3",
    (*_fields(FieldKind.INT32, _NUMBERS_15), *_BODY, *_VARIABLES, *_PLACE, *_LINES),
    unsigned=2,
)
CODE_30 = CodeLayout(
    "code of 3.0",
    (
        *_fields(FieldKind.INT32, "argcount kwonlyargcount nlocals stacksize flags"),
        *_BODY,
        *_VARIABLES,
        *_PLACE,
        *_LINES,
    ),
    bytes_text=False,
    unsigned=3,
)
#: PEP 3155.
CODE_33 = replace(CODE_30, name="code of 3.3", qualname=QualnameSource.CONSTANTS)
CODE_36 = replace(CODE_33, name="code of 3.6", enough_varnames=True)
#: PEP 570.
CODE_38 = replace(
    CODE_36,
    name="code of 3.8",
    fields=(
        *_fields(
            FieldKind.INT32, "argcount posonlyargcount kwonlyargcount nlocals stacksize flags"
        ),
        *_BODY,
        *_VARIABLES,
        *_PLACE,
        *_LINES,
    ),
    unsigned=6,
)
CODE_310 = replace(CODE_38, name="code of 3.10")
CODE_311 = replace(
    CODE_310,
    name="code of 3.11",
    unit=2,
    fields=(
        *_fields(FieldKind.INT32, "argcount posonlyargcount kwonlyargcount stacksize flags"),
        *_BODY,
        *_fields(FieldKind.NAMES, "localsplusnames"),
        *_fields(FieldKind.BYTES, "localspluskinds"),
        *_PLACE,
        *_fields(FieldKind.TEXT, "qualname"),
        *_LINES,
        *_fields(FieldKind.BYTES, "exceptiontable"),
    ),
    qualname=QualnameSource.FIELD,
    unsigned=5,
)
#: pypy/interpreter/pycode.py has no such checks.
CODE_38_PYPY = replace(CODE_38, name="code of PyPy 3.8", unsigned=0, enough_varnames=False)
#: Names are byte strings still, as PyPy 2.7 writes them.
CODE_32_PYPY = replace(CODE_30, name="code of PyPy 3.2", bytes_text=True, unsigned=0)
# pypy/interpreter/pycode.py and pypy/module/marshal of the releases; not run.
#: 7.3.19 on.
CODE_311_PYPY = replace(
    CODE_38_PYPY,
    name="code of PyPy 3.11",
    fields=(*CODE_38.fields[:-2], *_fields(FieldKind.TEXT, "qualname"), *_LINES),
    qualname=QualnameSource.FIELD,
)
#: 7.3.23 on.
CODE_311_TABLE_PYPY = replace(
    CODE_311_PYPY,
    name="code of PyPy 3.11 with an exception table",
    fields=(*CODE_311_PYPY.fields, *_fields(FieldKind.BYTES, "exceptiontable")),
)
