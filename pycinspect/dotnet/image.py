"""From a PE file to the streams of its CLI metadata (ECMA-335, II.24 and II.25)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.errors import PycInspectError

__all__ = ["Window", "metadata_streams"]

_PE_POINTER = 0x3C
#: Optional header magic to the offset of its data directories.
_DIRECTORIES: Mapping[int, int] = MappingProxyType({0x10B: 96, 0x20B: 112})
_CLI_DIRECTORY = 14
_SECTION_SIZE = 40
_MOST_STREAMS = 16
_LONGEST_NAME = 32
#: Bytes of a name that are looked at; the runtime takes fewer (MAX_CLASSNAME_LENGTH).
_LONGEST_TEXT = 1024


class Window(NamedTuple):
    """A part of a file; places in it count from its start.

    Args:
        data: the file.
        start: where the part begins, in bytes from the start of the file.
        size: its length in bytes.
    """

    data: bytes
    start: int
    size: int

    def part(self, at: int, size: int) -> Window:
        """Return a part of it.

        Raises:
            PycInspectError: ``truncated`` where it is not all there.
        """
        if at < 0 or size < 0 or at + size > self.size or self.start + at + size > len(self.data):
            message = f"{size} bytes are wanted where there are {self.size - at}"
            raise PycInspectError("truncated", message, offset=self.start + max(at, 0))
        return Window(self.data, self.start + at, size)

    def bytes(self, at: int, size: int) -> bytes:
        """Return some of its bytes."""
        part = self.part(at, size)
        return self.data[part.start : part.start + size]

    def number(self, at: int, size: int) -> int:
        """Return a number without sign, the least significant byte first."""
        return int.from_bytes(self.bytes(at, size), "little")

    def text(self, at: int) -> str:
        """Return a string of UTF-8 that ends with a null byte; of a longer one, its start."""
        self.part(at, 0)
        last = min(self.start + self.size, self.start + at + _LONGEST_TEXT)
        stop = self.data.find(b"\0", self.start + at, last)
        end = last if stop < 0 else stop
        return self.data[self.start + at : end].decode("utf-8", "replace")


class _Section(NamedTuple):
    address: int
    size: int
    offset: int


def metadata_streams(data: bytes) -> Mapping[str, Window]:
    """Return the streams of an assembly's metadata by their names.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-an-assembly`` for what is no PE file or has no metadata;
            ``truncated``.
    """
    file = Window(data, 0, len(data))
    if data[:2] != b"MZ":
        raise _not_one("it does not begin with MZ")
    pe = file.number(_PE_POINTER, 4) if len(data) >= _PE_POINTER + 4 else len(data)
    if data[pe : pe + 4] != b"PE\0\0":
        raise _not_one("a program of DOS, without a PE header")
    cli, sections = _cli_header(file, pe)
    header = file.part(_offset_of(cli, sections), 16)
    root = file.part(_offset_of(header.number(8, 4), sections), header.number(12, 4))
    if root.bytes(0, 4) != b"BSJB":
        raise _not_one("its metadata has no signature")
    return MappingProxyType(dict(_streams(root)))


def _not_one(why: str) -> PycInspectError:
    return PycInspectError("not-an-assembly", f"is no .NET assembly: {why}", offset=0)


def _cli_header(file: Window, pe: int) -> tuple[int, list[_Section]]:
    """Return the address of the CLI header and the sections that addresses lie in."""
    section_count, size = file.number(pe + 6, 2), file.number(pe + 20, 2)
    optional = file.part(pe + 24, size)
    directories = _DIRECTORIES.get(optional.number(0, 2))
    if directories is None:
        raise _not_one("its optional header is of no known kind")
    count = optional.number(directories - 4, 4)
    address = 0
    if count > _CLI_DIRECTORY:
        address = optional.number(directories + 8 * _CLI_DIRECTORY, 4)
    if not address:
        raise _not_one("a Windows program without CLI metadata")
    table = file.part(pe + 24 + size, section_count * _SECTION_SIZE)
    rows = range(0, table.size, _SECTION_SIZE)
    return address, [_section(table, at) for at in rows]


def _section(table: Window, at: int) -> _Section:
    sizes = table.number(at + 8, 4), table.number(at + 16, 4)
    return _Section(table.number(at + 12, 4), max(sizes), table.number(at + 20, 4))


def _offset_of(address: int, sections: list[_Section]) -> int:
    for section in sections:
        if section.address <= address < section.address + section.size:
            return section.offset + address - section.address
    raise _not_one(f"the address {address:#x} is in none of its sections")


def _streams(root: Window) -> list[tuple[str, Window]]:
    """Read the stream headers: offset, size, and a name padded to four bytes."""
    at = 16 + root.number(12, 4)
    count = root.number(at + 2, 2)
    if count > _MOST_STREAMS:
        raise _not_one(f"its metadata says that it has {count} streams")
    at += 4
    found = []
    for _ in range(count):
        offset, size = root.number(at, 4), root.number(at + 4, 4)
        name = root.text(at + 8)[:_LONGEST_NAME]
        found.append((name, root.part(offset, size)))
        at += 8 + (len(name) // 4 + 1) * 4
    return found
