"""The tables of CLI metadata (ECMA-335, II.22 and II.24.2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dotnet.image import Window, metadata_streams
from pycinspect.errors import PycInspectError

__all__ = ["Metadata", "read_metadata"]

#: Coded indexes: bits of the tag, and the tables that it names; None is not used.
_CODED: Mapping[str, tuple[int, tuple[int | None, ...]]] = MappingProxyType(
    {
        "TypeDefOrRef": (2, (0x02, 0x01, 0x1B)),
        "HasConstant": (2, (0x04, 0x08, 0x17)),
        "HasCustomAttribute": (
            5,
            (
                *(0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14),
                *(0x11, 0x1A, 0x1B, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2A, 0x2C, 0x2B),
            ),
        ),
        "HasFieldMarshal": (1, (0x04, 0x08)),
        "HasDeclSecurity": (2, (0x02, 0x06, 0x20)),
        "MemberRefParent": (3, (0x02, 0x01, 0x1A, 0x06, 0x1B)),
        "HasSemantics": (1, (0x14, 0x17)),
        "MethodDefOrRef": (1, (0x06, 0x0A)),
        "MemberForwarded": (1, (0x04, 0x06)),
        "Implementation": (2, (0x26, 0x23, 0x27)),
        "CustomAttributeType": (3, (None, None, 0x06, 0x0A, None)),
        "ResolutionScope": (2, (0x00, 0x1A, 0x23, 0x01)),
        "TypeOrMethodDef": (1, (0x02, 0x06)),
    }
)
#: Table number to columns: a size in bytes; ``s``, ``g``, ``b`` for an index into the strings,
#: GUIDs or blobs; ``@`` and a table's number in hexadecimal; or the name of a coded index.
_COLUMNS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        number: tuple(columns.split())
        for number, columns in {
            0x00: "2 s g g g",
            0x01: "ResolutionScope s s",
            0x02: "4 s s TypeDefOrRef @04 @06",
            0x03: "@04",
            0x04: "2 s b",
            0x05: "@06",
            0x06: "4 2 2 s b @08",
            0x07: "@08",
            0x08: "2 2 s",
            0x09: "@02 TypeDefOrRef",
            0x0A: "MemberRefParent s b",
            0x0B: "2 HasConstant b",
            0x0C: "HasCustomAttribute CustomAttributeType b",
            0x0D: "HasFieldMarshal b",
            0x0E: "2 HasDeclSecurity b",
            0x0F: "2 4 @02",
            0x10: "4 @04",
            0x11: "b",
            0x12: "@02 @14",
            0x13: "@14",
            0x14: "2 s TypeDefOrRef",
            0x15: "@02 @17",
            0x16: "@17",
            0x17: "2 s b",
            0x18: "2 @06 HasSemantics",
            0x19: "@02 MethodDefOrRef MethodDefOrRef",
            0x1A: "s",
            0x1B: "b",
            0x1C: "2 MemberForwarded s @1a",
            0x1D: "4 @04",
            0x1E: "4 4",
            0x1F: "4",
            0x20: "4 2 2 2 2 4 b s s",
            0x21: "4",
            0x22: "4 4 4",
            0x23: "2 2 2 2 4 b s s b",
            0x24: "4 @23",
            0x25: "4 4 4 @23",
            0x26: "4 s b",
            0x27: "4 4 s s Implementation",
            0x28: "4 4 s Implementation",
            0x29: "@02 @02",
            0x2A: "2 2 TypeOrMethodDef s",
            0x2B: "MethodDefOrRef b",
            0x2C: "@2a TypeDefOrRef",
        }.items()
    }
)
_HEAPS: Mapping[str, int] = MappingProxyType({"s": 1, "g": 2, "b": 4})
_HEADER = 24
_EXTRA_DATA = 0x40
_SMALL = 1 << 16


class _Table(NamedTuple):
    """Where the rows of a table are, and the sizes of its columns in bytes."""

    rows: Window
    length: int
    sizes: tuple[int, ...]


class Metadata(NamedTuple):
    """The tables and heaps of an assembly.

    Args:
        tables: by their numbers.
        strings: the heap of names.
        blobs: the heap of everything else.
    """

    tables: Mapping[int, _Table]
    strings: Window
    blobs: Window

    def rows(self, number: int) -> Iterator[tuple[int, ...]]:
        """Yield the rows of a table as they are, numbers and indexes; none if it is not there."""
        table = self.tables.get(number)
        if table is None:
            return
        for index in range(table.length):
            yield self._row(table, index)

    def row(self, number: int, index: int) -> tuple[int, ...]:
        """Return a row by its index, which begins at 1.

        Raises:
            PycInspectError: ``bad-metadata`` where there is none.
        """
        table = self.tables.get(number)
        if table is None or not 1 <= index <= table.length:
            message = f"table {number:#04x} has no row {index}"
            raise PycInspectError("bad-metadata", message, offset=self.strings.start)
        return self._row(table, index - 1)

    def _row(self, table: _Table, index: int) -> tuple[int, ...]:
        at = index * sum(table.sizes)
        values = []
        for size in table.sizes:
            values.append(table.rows.number(at, size))
            at += size
        return tuple(values)

    def coded(self, name: str, value: int) -> tuple[int | None, int]:
        """Return the table and the row that a coded index names."""
        bits, tables = _CODED[name]
        tag = value & (1 << bits) - 1
        return (tables[tag] if tag < len(tables) else None), value >> bits

    def blob(self, index: int) -> bytes:
        """Return a blob, whose length is compressed (II.24.2.4)."""
        size, at = compressed(self.blobs, index)
        return self.blobs.bytes(at, size)


def compressed(window: Window, at: int) -> tuple[int, int]:
    """Read a compressed number (II.23.2); return it and the place behind it."""
    first = window.number(at, 1)
    if first < 0x80:
        return first, at + 1
    size, mask = (2, 0x3FFF) if first < 0xC0 else (4, 0x1FFFFFFF)
    return int.from_bytes(window.bytes(at, size)) & mask, at + size


def read_metadata(data: bytes) -> Metadata:
    """Read the metadata of a .NET assembly.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-an-assembly``, ``bad-metadata``, ``truncated``.
    """
    streams = metadata_streams(data)
    tables = streams.get("#~") or streams.get("#-")
    strings, blobs = streams.get("#Strings"), streams.get("#Blob")
    if tables is None or strings is None or blobs is None:
        message = "the metadata lacks one of the streams #~, #Strings and #Blob"
        raise PycInspectError("bad-metadata", message, offset=0)
    return Metadata(MappingProxyType(_tables(tables)), strings, blobs)


def _tables(stream: Window) -> dict[int, _Table]:
    heaps, valid = stream.number(6, 1), stream.number(8, 8)
    numbers = [number for number in range(64) if valid >> number & 1]
    unknown = [number for number in numbers if number not in _COLUMNS]
    if unknown:
        message = f"there is no table {unknown[0]:#04x}"
        raise PycInspectError("bad-metadata", message, offset=stream.start + 8)
    counts = {number: stream.number(_HEADER + 4 * i, 4) for i, number in enumerate(numbers)}
    at = _HEADER + 4 * len(numbers) + (4 if heaps & _EXTRA_DATA else 0)
    found = {}
    for number in numbers:
        sizes = tuple(_size(column, heaps, counts) for column in _COLUMNS[number])
        rows = stream.part(at, counts[number] * sum(sizes))
        found[number] = _Table(rows, counts[number], sizes)
        at += rows.size
    return found


def _size(column: str, heaps: int, counts: Mapping[int, int]) -> int:
    if column.isdigit():
        return int(column)
    if column in _HEAPS:
        return 4 if heaps & _HEAPS[column] else 2
    if column.startswith("@"):
        return 4 if counts.get(int(column[1:], 16), 0) >= _SMALL else 2
    bits, tables = _CODED[column]
    most = max(counts.get(table, 0) for table in tables if table is not None)
    return 4 if most >= _SMALL >> bits else 2
