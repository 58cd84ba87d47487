"""What ``-O`` and ``-OO`` leave out of code that was compiled without."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pycinspect.canonical.docstrings import docstring_text
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.dialects import Dialect
from pycinspect.disasm import Position, positions
from pycinspect.pyc import Code

__all__ = ["KEEPS_DOCSTRINGS", "optimized"]

#: The highest level that keeps docstrings: ``-O`` takes assertions, ``-OO`` those, too.
KEEPS_DOCSTRINGS = 1

_ASSERTION_ERROR = "AssertionError"
#: How it is found: kept at hand since 3.9, a global variable before.
_LOADS = frozenset({"LOAD_COMMON_CONSTANT", "LOAD_GLOBAL", "LOAD_NAME"})
_TESTS = frozenset({"POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE"})
#: Bytes of a code unit, which has one position.
_UNIT = 2


def optimized(
    ops: Sequence[CanonicalOp], code: Code, dialect: Dialect, level: int
) -> list[CanonicalOp]:
    """Return the ops of a code object without what a level of optimization takes from it.

    Python/compile.c: compiler_assert, which with ``-O`` compiles nothing, and compiler_body,
    which with ``-OO`` does not store the docstring. What an ``if __debug__`` chooses leaves no
    trace, and neither does what follows an assertion that always fails: they stay as they are.

    Args:
        ops: of code that was compiled at a lower level.
        code: the code object.
        dialect: who wrote it.
        level: 1 for ``-O``, 2 for ``-OO``.
    """
    found = _without_assertions(ops, code, dialect) if level > 0 else list(ops)
    return _without_docstring(found, dialect) if level > KEEPS_DOCSTRINGS else found


def _without_assertions(
    ops: Sequence[CanonicalOp], code: Code, dialect: Dialect
) -> list[CanonicalOp]:
    """Return the ops; where an assertion begins, control goes where it goes if that holds."""
    found = list(ops)
    failures = [index for index in range(1, len(ops)) if _fails(ops, index)]
    places = positions(code, dialect) if failures else []
    for before, failure in pairwise([-1, *failures]):
        start = failure
        while start > before + 1 and _is_together(ops, start, failure, places):
            start -= 1
        if start == failure:  # a ``raise`` after an ``if``
            continue
        offset, line = ops[start].offset, ops[start].line
        found[start] = CanonicalOp("JUMP", None, ops[failure - 1].target, offset, line)
    return found


def _fails(ops: Sequence[CanonicalOp], index: int) -> bool:
    """Return whether an op begins what an assertion does if its test, before it, is false.

    At the end of a loop the test jumps here, and over a jump back to the head (3.12).
    """
    if ops[index].name not in _LOADS or ops[index].operand != _ASSERTION_ERROR:
        return False
    before = ops[index - 2 : index] if ops[index - 1].name == "JUMP" else ops[index - 1 : index]
    return bool(before) and before[0].name in _TESTS


def _is_together(
    ops: Sequence[CanonicalOp], start: int, failure: int, places: Sequence[Position]
) -> bool:
    """Return whether the op before one belongs to the same assertion.

    What loads the error stands for the whole statement since 3.11; before, there are only lines.
    """
    before = ops[start - 1]
    if before.offset == ops[start].offset:
        return True
    if before.name == "RAISE_VARARGS":  # of another one on the same line
        return False
    if places:
        return _is_inside(places[before.offset // _UNIT], places[ops[failure].offset // _UNIT])
    return _is_below(before.line, ops[failure].line)


def _is_inside(part: Position, whole: Position) -> bool:
    """Return whether one position lies in another; where columns are not known, by its lines."""
    if None in (*part, *whole):
        return _is_below(part.line, whole.line)
    return whole[::2] <= part[::2] and part[1::2] <= whole[1::2]


def _is_below(line: int | None, first: int | None) -> bool:
    """Return whether a line is not above another; nowhere is not."""
    return line is not None and first is not None and line >= first


def _without_docstring(ops: Sequence[CanonicalOp], dialect: Dialect) -> list[CanonicalOp]:
    """Return the ops of a class or module without those that store its docstring."""
    for place, op in enumerate(ops[1:], 1):
        if op.name == "STORE_NAME" and op.operand == "__doc__":
            text = ops[place - 1]
            if text.name == "LOAD_CONST" and docstring_text(text.operand, dialect) is not None:
                return [*ops[: place - 1], *ops[place + 1 :]]
            break
    return list(ops)
