"""Where the parts of a marshalled file are, so that damage can be done to one of them.

Not the reader that is tested: this one expects good files, and of others knows what comes
before the first place that it does not understand.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, FieldKind
from pycinspect.dialects import MarshalType as M
from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_header

__all__ = ["Layout", "Number", "Object", "layout_of"]

_FIXED = {
    **dict.fromkeys((M.NULL, M.NONE, M.FALSE, M.TRUE, M.STOPITER, M.ELLIPSIS), 1),
    **dict.fromkeys((M.INT, M.REF, M.STRINGREF), 5),
    **dict.fromkeys((M.INT64, M.BINARY_FLOAT), 9),
    M.BINARY_COMPLEX: 17,
}
_SIZED = {M.STRING, M.INTERNED_STRING, M.UNICODE, M.ASCII}
_COUNTED = {M.TUPLE, M.LIST, M.SET, M.FROZENSET}
_PAIRED = {M.DICT, M.FROZENDICT}
_SLICE = 3
_NUMBER_SIZES = {FieldKind.INT16: 2, FieldKind.INT32: 4}
_DEEPEST = 150


class Object(NamedTuple):
    """One object.

    Args:
        start: of its letter.
        content: of what follows the letter and a length or a count.
        end: of all.
        kind: what it is.
        field: which field of a code object it is; "" for none.
        parts: so many objects are right inside it, where they are counted.
    """

    start: int
    content: int
    end: int
    kind: M
    field: str
    parts: int


class Number(NamedTuple):
    """A plain number of a code object."""

    start: int
    size: int
    field: str


class Layout(NamedTuple):
    """A file.

    Args:
        data: its bytes.
        dialect: who wrote it.
        bytecode: how its instructions are read, None where that is not known.
        objects: in the order of their ends.
        numbers: of its code objects.
        letters: what can stand for an object.
    """

    data: bytes
    dialect: Dialect
    bytecode: Bytecode | None
    objects: tuple[Object, ...]
    numbers: tuple[Number, ...]
    letters: bytes

    def fields(self, *names: str) -> list[Object]:
        """Return the fields of code objects that have one of these names."""
        return [part for part in self.objects if part.field in names]


@lru_cache(maxsize=512)
def layout_of(data: bytes, tag: str = "") -> Layout | None:
    """Return where the parts of a file are; None where nobody knows how it is read."""
    try:
        header = parse_header(data, tag=tag)
    except PycInspectError:
        return None
    dialect = header.dialect
    if dialect.marshal is None or dialect.code is None:
        return None
    walk = _Walk(data, dialect)
    with suppress(LookupError, struct.error, _LostError):  # what comes before is what we know
        walk.read(header.size, "", 0)
    letters = "".join(dialect.marshal.letters).encode("latin-1")
    parts = tuple(walk.objects), tuple(walk.numbers)
    return Layout(data, dialect, dialect.bytecode, *parts, letters)


class _LostError(Exception):
    """Nothing is known of what comes now."""


class _Walk:
    def __init__(self, data: bytes, dialect: Dialect) -> None:
        assert dialect.marshal is not None
        assert dialect.code is not None
        self._data = data
        self._letters = dialect.marshal.letters
        self._mask = 0x7F if dialect.marshal.references else 0xFF
        self._fields = dialect.code.fields
        self.objects: list[Object] = []
        self.numbers: list[Number] = []

    def read(self, start: int, field: str, depth: int) -> int:
        """Note an object and all inside it; return its end."""
        kind = self._letters[chr(self._data[start] & self._mask)]
        if depth > _DEEPEST:
            raise _LostError
        content, parts = self._content(start, kind)
        end = content
        if kind is M.CODE:
            end = self._read_code(content, depth)
        elif kind in _PAIRED:
            while self._letters[chr(self._data[end] & self._mask)] is not M.NULL:
                end = self.read(end, "", depth + 1)
            end += 1
        elif parts:
            for _ in range(parts):
                end = self.read(end, "", depth + 1)
        else:
            end = start + self._size(start, kind)
        self.objects.append(Object(start, content, end, kind, field, parts))
        return end

    def _read_code(self, start: int, depth: int) -> int:
        for field in self._fields:
            size = _NUMBER_SIZES.get(field.kind)
            if size is None:
                start = self.read(start, field.name, depth + 1)
            else:
                self.numbers.append(Number(start, size, field.name))
                start += size
        return start

    def _content(self, start: int, kind: M) -> tuple[int, int]:
        if kind in _COUNTED:
            return start + 5, self._number(start)
        if kind is M.SMALL_TUPLE:
            return start + 2, self._data[start + 1]
        if kind is M.SLICE:
            return start + 1, _SLICE
        return start + (5 if kind in _SIZED or kind is M.LONG else 1), 0

    def _size(self, start: int, kind: M) -> int:
        if kind in _FIXED:
            return _FIXED[kind]
        if kind in _SIZED:
            return 5 + self._number(start)
        if kind is M.LONG:
            return 5 + 2 * abs(self._number(start))
        if kind in _COUNTED or kind is M.SMALL_TUPLE:
            return 5 if kind in _COUNTED else 2
        first = 2 + self._data[start + 1]
        return first if kind is not M.COMPLEX else first + 1 + self._data[start + first]

    def _number(self, start: int) -> int:
        number: int = struct.unpack_from("<i", self._data, start + 1)[0]
        if abs(number) > len(self._data):
            raise _LostError
        return number
