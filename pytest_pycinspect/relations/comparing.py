"""Whether two code objects mean the same, and what the first difference is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from pycinspect.canonical import Form, Level, Plane, canonicalize
from pycinspect.diffing import Op, UnitDiff, compare
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Kind
from pytest_pycinspect.view.items import CONSTANTS, constant_key

if TYPE_CHECKING:
    from pycinspect.pyc import Code

__all__ = ["RelationOutcome", "compared", "folded"]


@dataclass(frozen=True)
class RelationOutcome:
    """True or false, and why.

    Args:
        holds: whether what was asked is so.
        explanation: why, in a few lines.
    """

    holds: bool
    explanation: str

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        # In one line: pytest escapes the ends of lines.
        return f"<{self.holds}: {'; '.join(self.explanation.splitlines())}>"


#: What has to be the same; names, docstrings and annotations change nothing that runs.
_PLANES = (Plane.INSTRUCTIONS, Plane.SIGNATURE)


def compared(one: CodeView, other: CodeView, level: Level) -> RelationOutcome:
    """Compare two code objects and all inside them, in their order.

    Args:
        one: one of them.
        other: the other; perhaps another Python compiled it.
        level: semantic, or structural, where names of local variables do not count.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    pairs = [(one.code, other.code)]
    for ours, theirs in pairs:  # it grows
        old = canonicalize(ours, one.dialect, level)
        new = canonicalize(theirs, other.dialect, level)
        unit = compare(old, new)
        if unit.problem is not None:
            return RelationOutcome(holds=False, explanation=f"not known: {unit.problem}")
        if any(plane in _PLANES for plane in unit.planes):
            return RelationOutcome(holds=False, explanation=_difference(unit, one, other))
        if len(old.children) != len(new.children):
            return RelationOutcome(holds=False, explanation=_counts(old, new))
        pairs.extend(zip(old.children, new.children, strict=True))
    return RelationOutcome(holds=True, explanation=f"{one.name} and {other.name} mean the same")


def _difference(unit: UnitDiff, one: CodeView, other: CodeView) -> str:
    assert unit.old is not None
    assert unit.new is not None
    names = f"{unit.old.qualname} (Python {one.python}), {unit.new.qualname} ({other.python})"
    lines = [f"{names}: {', '.join(plane.value for plane in unit.planes)} differ"]
    change = next((part for part in unit.changes if part.op is not Op.EQUAL), None)
    if change is not None:
        lines += _sides(change.old[:_SHOWN], change.old_lines, "-")
        lines += _sides(change.new[:_SHOWN], change.new_lines, "+")
    elif Plane.SIGNATURE in unit.planes:
        lines += [f"- {_signature(unit.old.code)}", f"+ {_signature(unit.new.code)}"]
    return "\n".join(lines)


#: Statements that are shown of each side.
_SHOWN = 2


def _sides(texts: tuple[str, ...], lines: tuple[int | None, ...], sign: str) -> Iterator[str]:
    for text, line in zip(texts, lines, strict=False):
        yield f"{sign} {text}" + (f"  (line {line})" if line else "")


def _signature(code: Code) -> str:
    count = code.argcount + code.kwonlyargcount
    free = f", free {', '.join(sorted(code.freevars))}" if code.freevars else ""
    return f"{count} parameters: {', '.join(code.varnames[:count])}{free}"


def _counts(old: Form, new: Form) -> str:
    names = [[child.name for child in form.children] for form in (old, new)]
    first = next((pair for pair in zip_longest(*names) if pair[0] != pair[1]), None)
    return f"{old.code.qualname} has {len(names[0])} functions, {new.code.qualname} {len(names[1])}: {first}"


def folded(code: CodeView, value: object) -> RelationOutcome:
    """Return whether all that code does is to return a constant.

    Raises:
        VacuousCheckError: no code has such a constant.
    """
    CONSTANTS.check(value)
    ops = [instr for instr in code if instr.opname != "RETURN_VALUE"]
    if len(ops) != 1 or len(code) != _LOAD_AND_RETURN or ops[0].kind is not Kind.CONST:
        names = ", ".join(instr.opname for instr in ops[:_MOST_NAMES])
        return RelationOutcome(
            holds=False, explanation=f"{code.name} does more than to return a constant: {names}"
        )
    found = ops[0].operand
    is_same = constant_key(found) == constant_key(value)
    return RelationOutcome(is_same, f"{code.name} returns the constant {found!r}")


_LOAD_AND_RETURN = 2
_MOST_NAMES = 6
