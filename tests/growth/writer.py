"""Writes caches that no compiler writes: whatever is asked for, in the letters of a version."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from pycinspect.dialects import DIALECTS, Dialect, FieldKind
from tests.unit.headers import timestamp

__all__ = ["Writer"]

_FLAG = 0x80
_DEFAULTS = {"flags": 3, "stacksize": 10, "firstlineno": 1}


class Writer:
    """Writes objects of one version; each is bytes, to be put into others.

    Args:
        name: of the version's row.
    """

    def __init__(self, name: str) -> None:
        self.row: Dialect = DIALECTS[name]
        assert self.row.marshal is not None
        assert self.row.code is not None
        self.layout = self.row.code
        self.has_references = self.row.marshal.references
        self.has_interned = "R" in self.row.marshal.letters
        self._references = 0
        self._strings: dict[bytes, int] = {}

    # --- Objects ---

    def shared(self, data: bytes) -> bytes:
        """Mark an object to be referred to; to be written before those that it contains."""
        assert self.has_references
        self._references += 1
        return bytes((data[0] | _FLAG,)) + data[1:]

    def reference(self, index: int = -1) -> bytes:
        """Refer to an object that is marked, -1 for the one that was marked last."""
        return b"r" + struct.pack("<I", index if index >= 0 else self._references + index)

    def integer(self, value: int) -> bytes:
        """Write a number of 32 bits."""
        return b"i" + struct.pack("<i", value)

    def long(self, value: int) -> bytes:
        """Write a number of any size."""
        digits = []
        rest = abs(value)
        while rest:
            rest, digit = divmod(rest, 1 << 15)
            digits.append(digit)
        sign = -1 if value < 0 else 1
        return b"l" + struct.pack(f"<i{len(digits)}H", sign * len(digits), *digits)

    def data(self, value: bytes) -> bytes:
        """Write bytes."""
        return b"s" + struct.pack("<I", len(value)) + value

    def text(self, value: str) -> bytes:
        """Write a text, or the bytes that it is in Python 2, there interned."""
        encoded = value.encode("utf-8", "surrogatepass")
        if not self.layout.bytes_text:
            return b"u" + struct.pack("<I", len(encoded)) + encoded
        if not self.has_interned:
            return self.data(encoded)
        if encoded in self._strings:
            return b"R" + struct.pack("<I", self._strings[encoded])
        self._strings[encoded] = len(self._strings)
        return b"t" + struct.pack("<I", len(encoded)) + encoded

    def tuple(self, parts: Sequence[bytes], letter: bytes = b"(") -> bytes:
        """Write a tuple, or with another letter a list or a set."""
        return letter + struct.pack("<I", len(parts)) + b"".join(parts)

    # --- Code ---

    def code(self, **given: object) -> bytes:
        """Write a code object: numbers as they are, bytes for code and tables, else objects."""
        letter = next(c for c, kind in self.row.marshal.letters.items() if kind.name == "CODE")  # type: ignore[union-attr]
        fields = (self._field(field.name, field.kind, given) for field in self.layout.fields)
        return letter.encode() + b"".join(fields)

    def _field(self, name: str, kind: FieldKind, given: dict[str, object]) -> bytes:
        if kind.is_number:
            value = given.get(name, _DEFAULTS.get(name, 0))
            return struct.pack("<h" if kind is FieldKind.INT16 else "<i", value)
        found = given[name] if name in given else self._default(name, kind)
        assert isinstance(found, bytes)
        return found

    def _default(self, name: str, kind: FieldKind) -> bytes:
        if kind is FieldKind.TEXT:
            return self.text("f")
        if kind is FieldKind.BYTES:
            return self.data(b"")
        letter = b"[" if kind in (FieldKind.LIST, FieldKind.NAME_LIST) else b"("
        return self.tuple((), letter)

    def instructions(self, *parts: tuple[str, int]) -> bytes:
        """Write instructions with their EXTENDED_ARG, and zeroes for their inline caches."""
        assert self.row.bytecode is not None
        opcodes, shape = self.row.bytecode.opcodes.by_name, self.row.bytecode.format
        written = bytearray()
        for name, arg in parts:
            opcode = opcodes[name]
            if shape.wordcode:
                for shift in (24, 16, 8):
                    if arg >> shift:
                        written += bytes((opcodes["EXTENDED_ARG"].number, arg >> shift & 0xFF))
                written += bytes((opcode.number, arg & 0xFF)) + b"\0\0" * opcode.caches
            elif opcode.takes_argument:
                if arg >> 16:
                    written += bytes((opcodes["EXTENDED_ARG"].number,)) + struct.pack(
                        "<H", arg >> 16
                    )
                written += bytes((opcode.number,)) + struct.pack("<H", arg & 0xFFFF)
            else:
                written.append(opcode.number)
        return bytes(written)

    def file(self, root: bytes) -> bytes:
        """Write a cache whose payload is an object."""
        return timestamp(self.row, 0, 0) + root
