"""Executables that PyInstaller made: an archive after the program, and modules in it.

The formats are those of ``PyInstaller/archive/readers.py`` (CArchive) and of
``PyInstaller/loader/pyimod01_archive.py`` (PYZ), from version 2.1 on; PyInstaller itself, which has
the only reader, cannot be installed beside every Python, and gives what it finds to ``marshal.loads``.

Modules in them are code without a header. Here they have one, so that they are read as other
caches are: the magic number that the PYZ begins with, and zeros.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, NamedTuple, cast

from pycinspect.containers.members import Member, MemberKind
from pycinspect.containers.streams import Budget, Window, archive_errors_named, too_much
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import unmarshal

__all__ = ["BUNDLE", "bundle_members"]

BUNDLE = "PyInstaller bundle"
_COOKIE = struct.Struct("!8sIIII64s")
_COOKIE_MAGIC = b"MEI\014\013\012\013\016"
#: A signature may stand after the archive: so many bytes are searched for its end.
_SEARCHED = 1024 * 1024
_ENTRY = struct.Struct("!IIIIBc")
_PYZ = struct.Struct("!4s4sI")
_PYZ_MAGIC = b"PYZ\0"
#: Type codes of the archive (``PyInstaller/loader/pyimod01_archive.py``, ``archive/readers.py``).
_MODULE, _PACKAGE, _SCRIPT, _PYZ_ENTRY, _LINK, _OPTION = b"m", b"M", b"s", b"z", b"n", b"o"
#: Type codes of a PYZ to the end of a file's name; a namespace package (3) has no content.
_PYZ_ENDS = {0: ".pyc", 1: "/__init__.pyc", 2: ""}
_STEP = 256 * 1024


class _Entry(NamedTuple):
    """An entry of the archive's table of contents; offsets are those in the file."""

    name: str
    kind: bytes
    offset: int
    length: int
    size: int
    is_compressed: bool


def bundle_members(file: BinaryIO, budget: Budget) -> list[Member] | None:
    """Return the members of an executable that PyInstaller made; None for any other file.

    Args:
        file: the executable, which stays open.
        budget: what may be unpacked.

    Returns:
        Files and scripts by their names, the modules of a PYZ below its own.

    Raises:
        PycInspectError: ``bad-archive``, ``container-limit``.
    """
    with archive_errors_named(BUNDLE):
        place = _cookie_place(file)
        if place is None:
            return None
        entries = list(_entries(file, place, budget))
        writers = [_pyz_magic(file, entry) for entry in entries if entry.kind == _PYZ_ENTRY]
        header = _header(writers[0]) if writers else b""
        members: list[Member] = []
        for entry in entries:
            if entry.kind == _PYZ_ENTRY:
                members += _pyz_members(file, entry, budget)
            else:
                members.append(_member(file, entry, header, budget))
        return members


def _cookie_place(file: BinaryIO) -> int | None:
    end = file.seek(0, io.SEEK_END)
    start = max(0, end - _SEARCHED)
    file.seek(start)
    found = file.read(_SEARCHED).rfind(_COOKIE_MAGIC)
    return start + found if found >= 0 and start + found + _COOKIE.size <= end else None


def _entries(file: BinaryIO, place: int, budget: Budget) -> Iterator[_Entry]:
    """Yield what the table of contents names."""
    file.seek(place)
    _, length, toc_start, toc_size, _, _ = _COOKIE.unpack(file.read(_COOKIE.size))
    start = place + _COOKIE.size - length
    if start < 0 or toc_start + toc_size > length:
        raise ValueError("its archive is longer than the file")
    if toc_size > budget.limits.directory:
        raise too_much(f"its directory has more than {budget.limits.directory:,} bytes")
    file.seek(start + toc_start)
    table, position = file.read(toc_size), 0
    while position < len(table):
        size, offset, packed, unpacked, flag, kind = _ENTRY.unpack_from(table, position)
        if size <= _ENTRY.size or position + size > len(table) or offset + packed > toc_start:
            raise ValueError("an entry of its table of contents leads out of it")
        budget.member()
        name = table[position + _ENTRY.size : position + size].rstrip(b"\0")
        position += size
        if kind != _OPTION:
            text = name.decode("utf-8", "surrogateescape").replace("\\", "/")
            yield _Entry(text, kind, start + offset, packed, unpacked, bool(flag))


def _member(file: BinaryIO, entry: _Entry, header: bytes, budget: Budget) -> Member:
    opened = partial(_opened, file, entry, b"", budget)
    member = Member(entry.name, MemberKind.FILE, entry.size, open=opened)
    if entry.kind == _LINK:
        target = opened().read(_STEP).rstrip(b"\0").decode("utf-8", "surrogateescape")
        return replace(member, kind=MemberKind.LINK, target=target, size=0)
    if entry.kind not in (_MODULE, _PACKAGE, _SCRIPT) or not header:
        return member
    end = "/__init__.pyc" if entry.kind == _PACKAGE else ".pyc"
    return replace(
        member,
        path=f"{entry.name}{end}",
        size=len(header) + entry.size,
        open=partial(_opened, file, entry, header, budget),
    )


# --- PYZ ------------------------------------------------------------------------------------


def _pyz_magic(file: BinaryIO, entry: _Entry) -> bytes:
    file.seek(entry.offset)
    magic, python, _ = _PYZ.unpack(file.read(_PYZ.size))
    if magic != _PYZ_MAGIC or entry.is_compressed:
        raise ValueError(f"{entry.name} does not begin as a PYZ does")
    return cast("bytes", python)


def _writer(magic: bytes) -> Dialect | None:
    return DIALECTS.find(magic)


def _header(magic: bytes) -> bytes:
    """Return the header that code of a Python is given here."""
    dialect = _writer(magic)
    layout = None if dialect is None else dialect.header
    return magic if layout is None else magic.ljust(layout.size, b"\0")


def _pyz_members(file: BinaryIO, pyz: _Entry, budget: Budget) -> Iterator[Member]:
    """Yield the modules of a PYZ, in the order of its table."""
    magic = _pyz_magic(file, pyz)
    dialect = _writer(magic)
    if dialect is None:
        raise PycInspectError(
            "unsupported", f"the magic number of {pyz.name}, {magic.hex(' ')}, is in no table"
        )
    header = _header(magic)
    for name, kind, offset, length in _pyz_table(file, pyz, dialect, budget):
        budget.member()
        end = _PYZ_ENDS.get(kind)
        if end is None:
            continue
        if offset + length > pyz.length:
            raise ValueError(f"{name} leads out of {pyz.name}")
        entry = _Entry(name, _MODULE, pyz.offset + offset, length, length, is_compressed=True)
        path = f"{pyz.name}/{name.replace('.', '/')}{end}"
        opened = partial(_opened, file, entry, header if end else b"", budget)
        size = len(opened().getvalue())  # which no table says
        yield Member(path, MemberKind.FILE, size, open=opened)


def _pyz_table(
    file: BinaryIO, pyz: _Entry, dialect: Dialect, budget: Budget
) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, type code, offset and length of what is in a PYZ."""
    file.seek(pyz.offset)
    start = _PYZ.unpack(file.read(_PYZ.size))[2]
    if start > pyz.length:
        raise ValueError(f"the table of contents of {pyz.name} lies behind it")
    if pyz.length - start > budget.limits.directory:
        raise too_much(f"its directory has more than {budget.limits.directory:,} bytes")
    file.seek(pyz.offset + start)
    table = unmarshal(file.read(pyz.length - start), dialect).value
    rows = table.items() if isinstance(table, dict) else table
    for name, (kind, offset, length) in cast("list[tuple[str, tuple[int, int, int]]]", rows):
        if not isinstance(name, str) or not all(type(n) is int for n in (kind, offset, length)):
            raise TypeError("an entry of its table of contents is not one")
        if min(kind, offset, length) < 0:
            raise ValueError(f"{name} leads out of {pyz.name}")
        yield name, kind, offset, length


# --- Content --------------------------------------------------------------------------------


def _opened(file: BinaryIO, entry: _Entry, header: bytes, budget: Budget) -> io.BytesIO:
    """Return the content of an entry after a header; what is damaged is told here."""
    with archive_errors_named(BUNDLE):
        part = Window(file, entry.offset, entry.length)
        content = _inflated(part, budget) if entry.is_compressed else _plain(part)
        return io.BytesIO(header + content)


def _plain(part: Window) -> bytes:
    return io.BufferedReader(part).read()


def _inflated(part: Window, budget: Budget) -> bytes:
    unpacker = zlib.decompressobj()
    parts: list[bytes] = []
    packed = io.BufferedReader(part)
    pending = packed.read(_STEP)
    while pending and not unpacker.eof:
        data = unpacker.decompress(pending, _STEP)
        budget.unpacked(len(data))
        parts.append(data)
        pending = unpacker.unconsumed_tail or packed.read(_STEP)
    if not unpacker.eof:
        raise EOFError("a member of it is cut")
    return b"".join(parts)
