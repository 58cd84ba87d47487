"""What differs between two modules of MicroPython: functions, signatures, lines, instructions.

Strings, constants and functions are compared by what they are, not by their numbers in tables; jumps by
their distance in instructions. Machine code is compared byte by byte.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import NamedTuple

from pycinspect.diffing.classfiles import ClassChange
from pycinspect.micropython import (
    MpyCode,
    MpyFile,
    MpyInstruction,
    mpy_named_by,
    mpy_operand_text,
    object_text,
)

__all__ = ["compare_mpy"]

#: Instructions of a function up to which its changes are listed: difflib takes quadratic time.
_MOST_LISTED = 4000
_CONTEXT = 2
_LONGEST = 200
_MACHINE_CODE = "the bytes, or the strings and constants that they use"


class _Side(NamedTuple):
    code: MpyCode
    file: MpyFile


def compare_mpy(old: MpyFile, new: MpyFile) -> list[ClassChange]:
    """Compare two modules.

    Args:
        old: the one.
        new: the other.

    Returns:
        What differs, in the order of the old functions, then of the new ones; nothing where both say
        the same, whatever the source's name that they record.
    """
    before, after = _named(old), _named(new)
    changes = [ClassChange(name, "only in old") for name in before if name not in after]
    for name, side in before.items():
        if name in after:
            changes += _changes(name, side, after[name])
    return changes + [ClassChange(name, "only in new") for name in after if name not in before]


def _named(found: MpyFile) -> Mapping[str, _Side]:
    """Return each code by its path; its second namesake is ``"<module>.total (2)"``."""
    seen: Counter[str] = Counter()
    names = {}
    for path, code in found.walk():
        seen[path] += 1
        names[path if seen[path] == 1 else f"{path} ({seen[path]})"] = _Side(code, found)
    return names


def _changes(name: str, old: _Side, new: _Side) -> Iterator[ClassChange]:
    for aspect, of_code in (("signature", _signature), ("lines", _lines)):
        texts = of_code(old.code), of_code(new.code)
        if texts[0] != texts[1]:
            yield ClassChange(name, aspect, (f"-{texts[0]}", f"+{texts[1]}"))
    if _machine_code(old) != _machine_code(new):
        yield ClassChange(name, "machine code", (_MACHINE_CODE,))
    listed = _instructions(old), _instructions(new)
    if listed[0] == listed[1]:
        return
    if max(map(len, listed)) > _MOST_LISTED:
        yield ClassChange(name, "instructions", (f"more than {_MOST_LISTED}: not listed",))
        return
    shown = unified_diff(*listed, n=_CONTEXT, lineterm="")
    yield ClassChange(name, "instructions", tuple(shown)[2:])


def _signature(code: MpyCode) -> str:
    numbers = "none" if code.signature is None else tuple(code.signature)
    return f"arguments {list(code.arguments)}, cells {list(code.cells)}, numbers {numbers}"


def _lines(code: MpyCode) -> str:
    """Return the line of each instruction at which another line begins."""
    starts = {start.offset: start.line for start in code.lines}
    return str([starts[one.offset] for one in code.instructions if one.offset in starts])


def _machine_code(side: _Side) -> object:
    if side.code.native is None:
        return None
    return side.code.native, side.file.strings, side.file.objects


def _instructions(side: _Side) -> list[str]:
    writer = _MpyWriter(side)
    return [writer.text(place) for place in range(len(side.code.instructions))]


class _MpyWriter:
    """The instructions of a function, each in one line that does not depend on numbers."""

    def __init__(self, side: _Side) -> None:
        self._code, self._layout = side.code, side.file.header.format
        starts = [one.offset for one in self._code.instructions]
        #: Offset of an instruction to its place.
        self._places = {offset: place for place, offset in enumerate(starts)}
        self._known: dict[int, str] = {}

    def text(self, place: int) -> str:
        """Return an instruction as text."""
        one = self._code.instructions[place]
        extra = "" if one.extra is None else f" {one.extra}"
        return f"{one.opcode.name} {self._operand(one, place)}{extra}".rstrip()

    def _operand(self, one: MpyInstruction, place: int) -> str:
        if one.string is not None:
            return _short(one.string)
        if one.target is not None:
            to = self._places.get(one.target)
            return f"offset {one.target}" if to is None else f"{to - place:+}"
        named = mpy_named_by(one, self._code, self._layout)
        if named is None or isinstance(named, MpyCode):
            return mpy_operand_text(one._replace(extra=None), self._code, self._layout)
        assert one.argument is not None  # it names something
        if one.argument not in self._known:
            text = object_text(named)
            digest = hashlib.sha256(repr(named).encode()).hexdigest()[:16]
            self._known[one.argument] = f"{text} {digest}" if "…" in text else text
        return self._known[one.argument]


def _short(text: str) -> str:
    """Return a string, of a long one its start and a digest."""
    if len(text) <= _LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{text[:_LONGEST]}… {digest}"
