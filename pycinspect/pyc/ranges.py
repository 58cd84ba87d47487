"""A cache byte by byte: what stands where.

The ranges tile the file: each begins where the one before ends. An object with parts is the
range of its type code and count; its parts follow it, one level deeper.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import groupby
from typing import Any

from pycinspect.dialects import DIALECTS, CodeLayout, Dialect, DialectTable, FieldKind, MarshalType
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.errors import PycInspectError
from pycinspect.pyc.header import Header
from pycinspect.pyc.tokens import Token, tokens
from pycinspect.pyc.unmarshal import unmarshal
from pycinspect.values import shown

__all__ = ["PLAIN_KINDS", "ByteRange", "RangeKind", "byte_ranges"]

_M = MarshalType
#: Objects whose value is in their own bytes.
PLAIN_KINDS = frozenset(
    {
        *(_M.NONE, _M.FALSE, _M.TRUE, _M.STOPITER, _M.ELLIPSIS),
        *(_M.INT, _M.INT64, _M.LONG, _M.FLOAT, _M.BINARY_FLOAT, _M.COMPLEX, _M.BINARY_COMPLEX),
        *(_M.STRING, _M.INTERNED_STRING, _M.UNICODE, _M.ASCII, _M.SHORT_ASCII),
    }
)
#: What a bit of the type code does not put into the list of references (``r_object``: no R_REF).
_UNMARKED = frozenset({_M.NULL, _M.NONE, _M.FALSE, _M.TRUE, _M.STOPITER, _M.ELLIPSIS, _M.REF})
_REFERENCES = (_M.REF, _M.STRINGREF)
_COUNTED = {
    **dict.fromkeys((_M.TUPLE, _M.LIST, _M.SET, _M.FROZENSET), 4),
    _M.SMALL_TUPLE: 1,
}
_NUMBERS = {FieldKind.INT16: struct.Struct("<h"), FieldKind.INT32: struct.Struct("<i")}


#: Ranges of a file. The largest of a standard library has some ten thousands.
_MOST = 2_000_000


class RangeKind(Enum):
    """What bytes of a cache are."""

    HEADER = "header"  # a field of the header
    OBJECT = "object"  # a marshalled object, or its beginning if it has parts
    NUMBER = "number"  # a field of a code object that has no type code
    TRAILING = "trailing"  # after the code object; no importer looks at it


@dataclass(frozen=True, slots=True, repr=False)
class ByteRange:
    """Bytes of a cache that belong together, and what they mean.

    Args:
        start: offset of the first byte.
        end: offset after the last one.
        kind: what they are.
        field: the field of the header or code object that they are, or are a part of; "" for
            the outermost object and what follows it.
        depth: how many objects it is a part of.
        owner: the number of the code object that it is a part of, in the order in which they
            begin; -1 outside.
        marshal: what the type code stands for; None for what is not an object.
        value: of numbers and of objects without parts; what a reference stands for, if that
            has no parts.
        parts: how many objects follow as its parts, None where no count says so.
        mark: its number in the list of references, None if it is not in it.
        refers_to: the offset of the object that a reference stands for.
    """

    start: int
    end: int
    kind: RangeKind
    field: str
    depth: int = 0
    owner: int = -1
    marshal: MarshalType | None = None
    value: object = None
    parts: int | None = None
    mark: int | None = None
    refers_to: int | None = None

    def __repr__(self) -> str:
        return shown(self)


def byte_ranges(
    data: bytes, header: Header | None, dialect: Dialect, *, dialects: DialectTable = DIALECTS
) -> list[ByteRange]:
    r"""Return what each byte of a cache is.

    Args:
        data: the file, which ``read_code`` has accepted.
        header: its header, None where it has none.
        dialect: who wrote it; the header's, where there is one.
        dialects: the rows that the dialect is one of.

    Returns:
        Ranges that tile ``data``, in the order of the file.

    Raises:
        PycInspectError: as ``tokens``; ``limit`` of more ranges than a person or program wants
            to see.

    The rules are those of ``Python/marshal.c: r_object``.

    >>> from pycinspect.dialects import find_dialect
    >>> from pycinspect.pyc import parse_header
    >>> start = bytes.fromhex("cb0d0d0a 00000000 d2029649 2a000000")
    >>> found = byte_ranges(start + b"N", parse_header(start), find_dialect("cpython-3.12"))
    >>> [(one.start, one.end, one.kind.value) for one in found][2:]
    [(8, 12, 'header'), (12, 16, 'header'), (16, 17, 'object')]
    """
    found = [] if header is None else list(_header_ranges(data, header))
    writer = dialect if header is None else dialects.at(dialect, header.magic_word)
    objects = _Objects(data, writer)
    for token in tokens(data, writer, 0 if header is None else header.size):
        found += objects.take(token)
        if len(found) > _MOST:
            message = f"more than {_MOST:,} ranges"
            raise PycInspectError("limit", message, offset=token.start)
    end = found[-1].end
    if end < len(data):
        found.append(ByteRange(end, len(data), RangeKind.TRAILING, ""))
    return found


def _header_ranges(data: bytes, header: Header) -> Iterator[ByteRange]:
    for field, _ in header.fields:  # its magic number may be that of a dialect that was asked for
        end = field.offset + field.size
        number = int.from_bytes(data[field.offset : end], "little")
        yield ByteRange(field.offset, end, RangeKind.HEADER, field.name, value=number)


class _Objects:
    """Makes ranges of objects, and keeps what references can stand for."""

    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self._data = data
        self._dialect = dialect
        format_ = dialect.marshal
        self._has_marks = format_ is not None and format_.references
        self._marks: list[ByteRange] = []
        self._strings: list[ByteRange] = []
        self._last: Token | None = None

    def take(self, token: Token) -> Iterator[ByteRange]:
        """Yield the numbers that stand before an object, and the object."""
        last, self._last = self._last, token
        if last is not None and last.end < token.start:
            yield from self._numbers(last, token)
        yield self._object(token)

    def _numbers(self, last: Token, token: Token) -> Iterator[ByteRange]:
        layout = self._dialect.code
        assert layout is not None  # tokens() yields nothing without one
        pos = last.end
        for name, packed in _number_runs(layout)[last.kind is not _M.CODE]:
            (value,) = packed.unpack_from(self._data, pos)
            end = pos + packed.size
            yield ByteRange(pos, end, RangeKind.NUMBER, name, token.depth, token.owner, value=value)
            pos = end

    def _object(self, token: Token) -> ByteRange:
        found = ByteRange(
            token.start,
            min(token.end, len(self._data)),
            RangeKind.OBJECT,
            token.field,
            token.depth,
            token.owner,
            token.kind,
            **self._meaning(token),
        )
        if found.mark is not None:
            self._marks.append(found)
        if token.kind is _M.INTERNED_STRING:
            self._strings.append(found)
        return found

    def _meaning(self, token: Token) -> dict[str, Any]:
        """Return what is particular to the kind of an object."""
        if token.kind in _REFERENCES:
            index = int.from_bytes(self._data[token.start + 1 : token.end], "little")
            known = self._marks if token.kind is _M.REF else self._strings
            return {"value": known[index].value, "refers_to": known[index].start}
        meaning: dict[str, Any] = {}
        if self._has_marks and token.kind not in _UNMARKED:
            marked = self._data[token.start] & FLAG_REF
            meaning["mark"] = len(self._marks) if marked else None
        if token.kind in PLAIN_KINDS:
            meaning["value"] = unmarshal(self._data, self._dialect, offset=token.start).value
        elif token.kind in _COUNTED:
            stop = token.start + 1 + _COUNTED[token.kind]
            meaning["parts"] = int.from_bytes(self._data[token.start + 1 : stop], "little")
        return meaning


@cache
def _number_runs(layout: CodeLayout) -> tuple[list[tuple[str, struct.Struct]], ...]:
    """Return a code object's numbers: those after its type code, then those between its objects."""
    groups = [list(rows) for _, rows in groupby(layout.fields, lambda row: row.kind.is_number)]
    runs = [
        [(row.name, _NUMBERS[row.kind]) for row in rows]
        for rows in groups
        if rows[0].kind.is_number
    ]
    if not layout.fields[0].kind.is_number:
        runs.insert(0, [])
    return (*runs, [])[:2]
