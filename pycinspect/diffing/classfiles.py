"""What differs between two class files of Jython: code list, signatures, lines, instructions.

Constants are compared by what they are, not by their numbers in the pool; jumps by their distance in
instructions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import NamedTuple

from pycinspect.jvm import JvmInstruction, JythonClass, JythonCode, operand_text

__all__ = ["ClassChange", "compare_classes"]

#: Instructions of a code object up to which its changes are listed: difflib takes quadratic time.
_MOST_LISTED = 4000
_CONTEXT = 2
_LONGEST = 200
_JUMPS = ("goto", "if", "jsr")
#: ``aload_1``, the line, ``PyFrame.setline``.
_OF_A_LINE = 3


class ClassChange(NamedTuple):
    """One difference.

    Args:
        name: the code object, ``"total"``; its second namesake is ``"total (2)"``.
        aspect: ``"only in old"``, ``"only in new"``, ``"signature"``, ``"lines"``,
            ``"instructions"``, ``"embedded code"``.
        detail: lines that say what differs.
    """

    name: str
    aspect: str
    detail: tuple[str, ...] = ()


def compare_classes(old: JythonClass, new: JythonClass) -> list[ClassChange]:
    """Compare two class files.

    Args:
        old: the one.
        new: the other.

    Returns:
        What differs, in the order of the old code list, then of the new one; nothing where both
        say the same, whatever the time and the path that they record.
    """
    before, after = _named(old), _named(new)
    changes = [ClassChange(name, "only in old") for name in before if name not in after]
    for name, code in before.items():
        if name in after:
            changes += _changes(name, (code, old), (after[name], new))
    changes += [ClassChange(name, "only in new") for name in after if name not in before]
    both = {*old.embedded, *new.embedded}
    changes += [ClassChange(name, "embedded code", ("not compared",)) for name in sorted(both)]
    return changes


def _named(found: JythonClass) -> Mapping[str, JythonCode]:
    seen: Counter[str] = Counter()
    names = {}
    for code in found.codes:
        seen[code.name] += 1
        count = seen[code.name]
        names[code.name if count == 1 else f"{code.name} ({count})"] = code
    return names


_Side = tuple[JythonCode, JythonClass]


def _changes(name: str, old: _Side, new: _Side) -> Iterator[ClassChange]:
    signatures = _signature(old[0]), _signature(new[0])
    if signatures[0] != signatures[1]:
        yield ClassChange(name, "signature", (f"-{signatures[0]}", f"+{signatures[1]}"))
    lines = _lines(old[0]), _lines(new[0])
    if lines[0] != lines[1]:
        yield ClassChange(name, "lines", (f"-{lines[0]}", f"+{lines[1]}"))
    listed = _instructions(*old), _instructions(*new)
    if listed[0] == listed[1]:
        return
    if max(map(len, listed)) > _MOST_LISTED:
        yield ClassChange(name, "instructions", (f"more than {_MOST_LISTED}: not listed",))
        return
    shown = unified_diff(*listed, n=_CONTEXT, lineterm="")
    yield ClassChange(name, "instructions", tuple(shown)[2:])


def _signature(code: JythonCode) -> str:
    names = f"variables {list(code.varnames)}, cells {list(code.cellvars)}"
    return f"{code.argument_count} arguments, flags {code.flags:#x}, {names}, free {list(code.freevars)}"


def _lines(code: JythonCode) -> str:
    return f"{code.first_line}: {[line for _, line in code.lines]}"


def _instructions(code: JythonCode, found: JythonClass) -> list[str]:
    """Return instructions and handlers as text: where a line begins, but not which."""
    if code.body is None:
        return []
    writer = _Writer(code, found)
    texts = [writer.text(place) for place in range(len(writer.kept))]
    return texts + writer.handlers()


class _Writer:
    """The instructions of a method, each in one line that does not depend on numbers.

    The three that set a line are one; a jump is written as the number of instructions to its target.
    """

    def __init__(self, code: JythonCode, found: JythonClass) -> None:
        assert code.body is not None
        self._body = code.body
        self._found = found
        self._starts = {offset for offset, _ in code.lines}
        self._known: dict[int, str] = {}
        self.kept: list[JvmInstruction] = []
        #: Offset of an instruction to its place among those that are kept.
        self._places: dict[int, int] = {}
        skipped = 0
        for instruction in code.body.instructions:
            self._places[instruction.offset] = len(self.kept)
            if skipped:
                skipped -= 1
                continue
            skipped = _OF_A_LINE - 1 if instruction.offset in self._starts else 0
            self.kept.append(instruction)
        self._places[code.body.size] = len(self.kept)

    def text(self, place: int) -> str:
        """Return an instruction as text."""
        instruction = self.kept[place]
        if instruction.offset in self._starts:
            return "setline"
        # ldc_w has a larger number in the pool, and does the same.
        name = "ldc" if instruction.name == "ldc_w" else instruction.name
        return f"{name} {self._operands(instruction, place)}".rstrip()

    def handlers(self) -> list[str]:
        """Return the exception table as text."""
        return [
            f"handler {self._at(one.start)} to {self._at(one.end)}: {self._at(one.handler)}"
            f" ({one.kind or 'any'})"
            for one in self._body.handlers
        ]

    def _at(self, offset: int) -> int | str:
        return self._places.get(offset, f"offset {offset}")

    def _operands(self, instruction: JvmInstruction, place: int) -> str:
        if instruction.name.endswith("switch"):
            *pairs, default = instruction.operands
            cases = zip(pairs[::2], pairs[1::2], strict=True)
            shown = [f"{key}: {self._distance(to, place)}" for key, to in cases]
            return ", ".join([*shown, f"default: {self._distance(default, place)}"])
        if instruction.name.startswith(_JUMPS):
            return self._distance(instruction.operands[0], place)
        index = instruction.pool_index
        if index is None or instruction.operands:
            return operand_text(instruction, self._found.java)[:_LONGEST]
        if index not in self._known:
            text = operand_text(instruction, self._found.java)
            self._known[index] = text if len(text) <= _LONGEST else _digest(text)
        return self._known[index]

    def _distance(self, target: int, place: int) -> str:
        to = self._places.get(target)
        return f"to offset {target}" if to is None else f"{to - place:+}"


def _digest(text: str) -> str:
    """Return the start of a long text, and what tells it from others with the same start."""
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:_LONGEST]} … (sha256 {found[:16]})"
