"""What differs between two modules of MicroPython: functions, signatures, lines, instructions.

Strings, constants and functions are compared by what they are, not by their numbers in tables; jumps by
their distance in instructions. Machine code is compared byte by byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from pycinspect.diffing.compiled import (
    CodeChange,
    compare_codes,
    cut,
    jump_text,
    listing_changes,
    numbered,
    pair_changes,
)
from pycinspect.micropython import (
    MpyCode,
    MpyFile,
    MpyInstruction,
    MpyObject,
    mpy_named_by,
    mpy_operand_text,
    object_text,
)

__all__ = ["compare_mpy"]

_MACHINE_CODE = "the bytes, or the strings and constants that they use"


class _Side(NamedTuple):
    """A code, its file, and the texts of what that file's instructions name, made once."""

    code: MpyCode
    file: MpyFile
    texts: _Texts


class _Texts:
    """Strings and constants as texts of bounded length, each made once for a file.

    Every byte of code can name the same megabyte.
    """

    def __init__(self) -> None:
        self._strings: dict[str, str] = {}
        #: By identity: the file holds them as long as this.
        self._objects: dict[int, str] = {}

    def string(self, text: str) -> str:
        """Return a string, of a long one its start and a digest."""
        if text not in self._strings:
            self._strings[text] = cut(text)
        return self._strings[text]

    def object(self, found: MpyObject) -> str:
        """Return a constant, of a long one what a listing shows and a digest."""
        if id(found) not in self._objects:
            text = object_text(found)
            digest = (
                f" {hashlib.sha256(repr(found).encode()).hexdigest()[:16]}" if "…" in text else ""
            )
            self._objects[id(found)] = text + digest
        return self._objects[id(found)]


def compare_mpy(old: MpyFile, new: MpyFile) -> list[CodeChange]:
    """Compare two modules.

    Args:
        old: the one.
        new: the other.

    Returns:
        What differs, in the order of the old functions, then of the new ones; nothing where both say
        the same, whatever the source's name that they record.
    """
    same_tables = (old.strings, old.objects) == (new.strings, new.objects)
    changes = partial(_changes, same_tables=same_tables)
    return compare_codes(_named(old), _named(new), changes)


def _named(found: MpyFile) -> Mapping[str, _Side]:
    texts = _Texts()
    return numbered((path, _Side(code, found, texts)) for path, code in found.walk())


def _changes(name: str, old: _Side, new: _Side, *, same_tables: bool) -> Iterator[CodeChange]:
    yield from pair_changes(name, "signature", _signature(old), _signature(new))
    yield from pair_changes(name, "lines", _lines(old), _lines(new))
    native = old.code.native, new.code.native
    if native[0] != native[1] or (native[0] is not None and not same_tables):
        yield CodeChange(name, "machine code", (_MACHINE_CODE,))
    yield from listing_changes(name, _instructions(old), _instructions(new))


def _signature(side: _Side) -> str:
    code = side.code
    names = [side.texts.string(argument) for argument in code.arguments]
    numbers = "none" if code.signature is None else tuple(code.signature)
    return f"arguments {names}, cells {list(code.cells)}, numbers {numbers}"


def _lines(side: _Side) -> str:
    """Return the line of each instruction at which another line begins."""
    starts = {start.offset: start.line for start in side.code.lines}
    return str([starts[one.offset] for one in side.code.instructions if one.offset in starts])


def _instructions(side: _Side) -> list[str]:
    writer = _MpyWriter(side)
    return [writer.text(place) for place in range(len(side.code.instructions))]


class _MpyWriter:
    """The instructions of a function, each in one line that does not depend on numbers."""

    def __init__(self, side: _Side) -> None:
        self._code, self._layout = side.code, side.file.header.format
        self._texts = side.texts
        starts = [one.offset for one in self._code.instructions]
        #: Offset of an instruction to its place.
        self._places = {offset: place for place, offset in enumerate(starts)}

    def text(self, place: int) -> str:
        """Return an instruction as text."""
        one = self._code.instructions[place]
        extra = "" if one.extra is None else f" {one.extra}"
        return f"{one.opcode.name} {self._operand(one, place)}{extra}".rstrip()

    def _operand(self, one: MpyInstruction, place: int) -> str:
        if one.string is not None:
            return self._texts.string(one.string)
        if one.target is not None:
            return jump_text(one.target, place, self._places)
        named = mpy_named_by(one, self._code, self._layout)
        if named is None or isinstance(named, MpyCode):
            return mpy_operand_text(one._replace(extra=None), self._code, self._layout)
        return self._texts.object(named)
