"""What differs between two class files of Jython: code list, signatures, lines, instructions.

Constants are compared by what they are, not by their numbers in the pool; jumps by their distance in
instructions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pycinspect.diffing.compiled import (
    CodeChange,
    compare_codes,
    cut,
    jump_text,
    listing_changes,
    numbered,
    pair_changes,
)
from pycinspect.jvm import JvmInstruction, JythonClass, JythonCode, operand_text

__all__ = ["compare_classes"]

_JUMPS = ("goto", "if", "jsr")
#: ``aload_1``, the line, ``PyFrame.setline``.
_OF_A_LINE = 3


def compare_classes(old: JythonClass, new: JythonClass) -> list[CodeChange]:
    """Compare two class files.

    Args:
        old: the one.
        new: the other.

    Returns:
        What differs, in the order of the old code list, then of the new one; nothing where both
        say the same, whatever the time and the path that they record.
    """
    changes = compare_codes(_named(old), _named(new), _changes)
    both = {*old.embedded, *new.embedded}
    changes += [CodeChange(name, "embedded code", ("not compared",)) for name in sorted(both)]
    return changes


_Side = tuple[JythonCode, JythonClass]


def _named(found: JythonClass) -> Mapping[str, _Side]:
    return numbered((code.name, (code, found)) for code in found.codes)


def _changes(name: str, old: _Side, new: _Side) -> Iterator[CodeChange]:
    yield from pair_changes(name, "signature", _signature(old[0]), _signature(new[0]))
    yield from pair_changes(name, "lines", _lines(old[0]), _lines(new[0]))
    yield from listing_changes(name, _instructions(*old), _instructions(*new))


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
        self._known: dict[tuple[int | None, tuple[int, ...]], str] = {}
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
            shown = [f"{key}: {jump_text(to, place, self._places)}" for key, to in cases]
            return ", ".join([*shown, f"default: {jump_text(default, place, self._places)}"])
        if instruction.name.startswith(_JUMPS):
            return jump_text(instruction.operands[0], place, self._places)
        key = instruction.pool_index, instruction.operands
        if key not in self._known:  # what names one constant is made once
            self._known[key] = cut(operand_text(instruction, self._found.java))
        return self._known[key]
