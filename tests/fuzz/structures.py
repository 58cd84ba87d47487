"""Files that a mutation of real ones hardly comes upon: structures of any shape, written letter by letter.

What a mutant of a real file hits is mostly a check of the reader. These pass it more often: code
objects in sets, references to everything, tables and instructions at random.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from pycinspect.dialects import DIALECTS, FieldKind, MarshalType
from tests.unit.headers import timestamp

__all__ = ["structures"]

_M = MarshalType
_ROWS = [
    row
    for row in DIALECTS
    if row.marshal is not None and row.code is not None and row.header is not None
]
_DEEPEST = 5
_NUMBERS = (0, 1, -1, 2, 255, 0x7FFFFFFF, -0x80000000)
_DOUBLES = (0.0, float("nan"), -1.5)
_TEXTS = (b"", b"f", b"<module>", b"\x1b[31m", b"\xed\xa0\x80", b"x" * 300)


def structures(count: int, seed: int) -> Iterator[bytes]:
    """Yield files: the same ones for the same seed."""
    source = random.Random(seed)
    for _ in range(count):
        yield _Structure(source).file()


class _Structure:
    """One file.

    Args:
        source: of its shape.
    """

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._row = source.choice(_ROWS)
        assert self._row.marshal is not None
        self._letters = {kind: letter for letter, kind in self._row.marshal.letters.items()}
        self._references = 0
        self._strings = 0

    def file(self) -> bytes:
        """Return a cache whose payload is a code object."""
        return timestamp(self._row, 0, 0) + self._object(_M.CODE, 0)

    def _object(self, kind: MarshalType, depth: int) -> bytes:
        letter = ord(self._letters[kind])
        assert self._row.marshal is not None
        if self._row.marshal.references and kind is not _M.REF and self._random.random() < 0.3:
            self._references += 1
            letter |= 0x80
        return bytes((letter,)) + self._content(kind, depth)

    def _any(self, depth: int) -> bytes:
        kinds = [*self._letters]
        if depth >= _DEEPEST:
            kinds = [_M.NONE, _M.INT, _M.STRING]
        elif self._random.random() < 0.4:
            kinds = [
                kind
                for kind in (_M.REF, _M.STRINGREF, _M.CODE, _M.FROZENSET, _M.TUPLE)
                if kind in self._letters
            ]
        return self._object(self._random.choice(kinds), depth)

    def _content(self, kind: MarshalType, depth: int) -> bytes:
        if kind in _SCALARS:
            return self._random.choice(_SCALARS[kind])
        pick = self._random.choice
        if kind is _M.CODE:
            return self._code(depth)
        if kind in _COUNTED:
            size = pick((0, 1, 2, 3, 8))
            parts = b"".join(self._any(depth + 1) for _ in range(size))
            return (bytes((size,)) if kind is _M.SMALL_TUPLE else struct.pack("<i", size)) + parts
        if kind is _M.SLICE:
            return b"".join(self._any(depth + 1) for _ in range(3))
        if kind in (_M.DICT, _M.FROZENDICT):
            return b"".join(self._any(depth + 1) for _ in range(2 * pick((0, 1, 3)))) + b"0"
        if kind in (_M.STRING, _M.INTERNED_STRING, _M.UNICODE, _M.ASCII, _M.SHORT_ASCII):
            text = pick(_TEXTS)[:255]
            self._strings += kind is _M.INTERNED_STRING
            size = bytes((len(text),)) if kind is _M.SHORT_ASCII else struct.pack("<i", len(text))
            return size + text
        if kind is _M.LONG:
            digits = [pick((1, 0x7FFF)) for _ in range(pick((0, 1, 3, 40)))]
            return struct.pack(f"<i{len(digits)}H", pick((1, -1)) * len(digits), *digits)
        if kind is _M.REF:
            return struct.pack("<I", self._random.randrange(max(self._references, 1)))
        if kind is _M.STRINGREF:
            return struct.pack("<I", self._random.randrange(max(self._strings, 1)))
        return b""

    def _code(self, depth: int) -> bytes:
        assert self._row.code is not None
        return b"".join(self._field(row.name, row.kind, depth) for row in self._row.code.fields)

    def _field(self, name: str, kind: FieldKind, depth: int) -> bytes:
        pick = self._random.choice
        if kind.is_number:
            number = pick((0, 0, 0, 1, 3)) if self._random.random() < 0.97 else pick(_NUMBERS[:5])
            return struct.pack("<h" if kind is FieldKind.INT16 else "<i", number)
        if kind is FieldKind.BYTES:
            size = pick((0, 2, 8, 40, 400))
            if name == "localspluskinds":
                size = 0
            data = self._instructions(size) if name == "code" else self._random.randbytes(size)
            return (
                self._object(_M.STRING, 99)[:1].replace(b"\xf3", b"s")
                + struct.pack("<i", size)
                + data
            )
        text = _M.STRING if self._row.code is not None and self._row.code.bytes_text else _M.UNICODE
        if kind is FieldKind.TEXT:
            return self._object(text, depth)
        is_list = kind in (FieldKind.LIST, FieldKind.NAME_LIST)
        letter = self._letters[_M.LIST if is_list else _M.TUPLE].encode()
        size = 0 if name == "localsplusnames" else pick((0, 1, 4))
        parts = [
            self._any(depth + 1) if name == "consts" else self._object(text, depth)
            for _ in range(size)
        ]
        return letter + struct.pack("<i", size) + b"".join(parts)

    def _instructions(self, size: int) -> bytes:
        """Return opcodes that there are, with small arguments."""
        if self._row.bytecode is None:
            return self._random.randbytes(size)
        known = [opcode.number for opcode in self._row.bytecode.opcodes.by_name.values()]
        written = bytearray(self._random.randbytes(size))
        step = 2 if self._row.bytecode.format.wordcode else 3
        for place in range(0, size, step):
            written[place] = self._random.choice(known) & 0xFF
            for offset in range(1, step):
                if place + offset < size:
                    written[place + offset] = (
                        self._random.choice((0, 0, 1, 2, 5, 255)) if offset == 1 else 0
                    )
        return bytes(written)


_SCALARS = {
    _M.INT: [struct.pack("<i", number) for number in _NUMBERS],
    _M.INT64: [struct.pack("<q", number) for number in _NUMBERS],
    _M.FLOAT: [b"\x031.5"],
    _M.COMPLEX: [b"\x031.5\x03nan"],
    _M.BINARY_FLOAT: [struct.pack("<d", number) for number in _DOUBLES],
    _M.BINARY_COMPLEX: [struct.pack("<dd", number, -number) for number in _DOUBLES],
}
_COUNTED = frozenset({_M.TUPLE, _M.SMALL_TUPLE, _M.LIST, _M.SET, _M.FROZENSET})
