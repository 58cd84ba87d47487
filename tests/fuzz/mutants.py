"""Damaged copies of real files, and everything that we do with a file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from pycinspect.disasm import exception_table, instructions, line_starts, positions, verify
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile, parse_header, read_code
from pycinspect.report.code import code_objects
from tests.samples import ENTRIES, SAMPLES

__all__ = ["examine", "mutants", "seeds"]

#: What lengths, counts, indexes and numbers are set to.
_EXTREMES = tuple(
    number.to_bytes(4, "little")
    for number in (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE)
)
#: Type letters that a length, a count or an index follows.
_COUNTED = frozenset(b"stuaAl([<>rRi{" + bytes(letter | 0x80 for letter in b"stuaAl([<>i{"))


def seeds() -> list[bytes]:
    """Return the files that are damaged: those of Pythons that wrote the samples."""
    return [(SAMPLES / entry["file"]).read_bytes() for entry in ENTRIES]


def mutants(files: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies: the same ones for the same seed."""
    source = random.Random(seed)
    for _ in range(count):
        data = bytearray(source.choice(files))
        for _ in range(source.choice((1, 1, 1, 2, 4, 16))):
            source.choice(_DAMAGES)(data, source, files)
        yield bytes(data)


def _flip(data: bytearray, source: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)


def _overwrite(data: bytearray, source: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[source.randrange(len(data))] = source.choice(b"\x00\x01\x7f\x80\xff(c)tu>R[l{rzZ")


def _cut(data: bytearray, source: random.Random, _: Sequence[bytes]) -> None:
    start = source.randrange(len(data) + 1)
    del data[start : start + source.choice((1, 2, 4, 50, 10_000))]


def _splice(data: bytearray, source: random.Random, files: Sequence[bytes]) -> None:
    other = source.choice(files)
    start = source.randrange(len(other) + 1)
    place = source.randrange(len(data) + 1)
    data[place:place] = other[start : start + source.choice((1, 5, 30, 300))]


def _stretch(data: bytearray, source: random.Random, _: Sequence[bytes]) -> None:
    """Set a length, a count or an index to an extreme."""
    places = [place for place, byte in enumerate(data) if byte in _COUNTED]
    if places:
        place = source.choice(places) + 1
        data[place : place + 4] = source.choice(_EXTREMES)


_DAMAGES = (_flip, _flip, _overwrite, _overwrite, _cut, _splice, _stretch, _stretch)


def examine(data: bytes) -> CodeFile | None:
    """Do everything with a file that we do with files; return it if it could be read.

    Raises:
        Exception: anything but our own, which is what no file may bring about.
    """
    try:
        file = read_code(data, parse_header(data))
    except PycInspectError:
        return None
    dialect = file.dialect
    if dialect.bytecode is None:
        return file
    for code in file.code.walk():
        instructions(code, dialect, caches=True)
        verify(code, dialect)
        for read in (line_starts, positions, exception_table):
            _quietly(read, code, dialect)
    json.dumps(code_objects(file.code, dialect))
    return file


def _quietly(read: object, *arguments: object) -> None:
    assert callable(read)
    try:
        read(*arguments)
    except PycInspectError:
        return
