"""The exception table of 3.11: who handles what is raised where.

``Objects/exception_handling_notes.txt`` of CPython describes it.
"""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import shown

__all__ = ["Handler", "exception_table"]

_UNIT = 2
_LONGEST = 36


class Handler(NamedTuple):
    """One row of an exception table; offsets are in bytes.

    Args:
        start: where the range begins that is guarded.
        end: where it ends.
        target: where control goes.
        depth: values that stay on the stack.
        lasti: the offset that raised is pushed, too.
    """

    start: int
    end: int
    target: int
    depth: int
    lasti: bool

    def __repr__(self) -> str:
        return shown(self)


def exception_table(code: Code, dialect: Dialect) -> list[Handler]:
    """Return a code object's handlers, as ``dis._parse_exception_table`` does (3.11).

    Args:
        code: the code object.
        dialect: who wrote it.

    Returns:
        The rows; nothing for versions that keep handlers in the code (SETUP_FINALLY).

    Raises:
        PycInspectError: ``bad-exception-table``, with the offset in the table;
            ``unknown-opcodes``.
    """
    if not bytecode_of(dialect).exception_table:
        return []
    found: list[Handler] = []
    table, offset = code.exceptiontable, 0
    while offset < len(table):
        start, offset = _varint(table, offset)
        length, offset = _varint(table, offset)
        target, offset = _varint(table, offset)
        depth_lasti, offset = _varint(table, offset)
        begin, end = _UNIT * start, _UNIT * (start + length)
        found.append(Handler(begin, end, _UNIT * target, depth_lasti >> 1, bool(depth_lasti & 1)))
    return found


def _varint(table: bytes, offset: int) -> tuple[int, int]:
    """Read a number of 6-bit digits, the highest first; return it and the offset after."""
    number = bits = 0
    while offset < len(table) and bits <= _LONGEST:
        byte = table[offset]
        offset += 1
        bits += 6
        number = number << 6 | byte & 0x3F
        if not byte & 0x40:
            return number, offset
    message = "exception table: it ends inside an entry"
    if offset < len(table):
        message = "exception table: a number is too large"
    raise PycInspectError("bad-exception-table", message, offset=offset)
