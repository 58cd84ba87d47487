"""The instructions of a code object, with what their arguments stand for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, Operand
from pycinspect.disasm.lines import plain_ranges
from pycinspect.disasm.literals import Literals, shortened
from pycinspect.disasm.operands import OUT_OF_RANGE, Reader, Scope, reader_of
from pycinspect.disasm.steps import Step, bytecode_of, steps
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Instruction", "bare_instructions", "instruction_count", "instructions"]


class Instruction(NamedTuple):
    """One instruction.

    Args:
        offset: of its opcode, in bytes.
        start_offset: of its first EXTENDED_ARG, else as ``offset``.
        opcode: the byte.
        opname: the version's name for it; ``<200>`` where it has none.
        arg: the argument with the bits of EXTENDED_ARG, None where there is none.
        argval: what it stands for, else as ``arg``; ``OUT_OF_RANGE`` where there is no such
            constant, name …
        argrepr: the text of that, as the version's ``dis`` writes it; perhaps empty.
        jump_target: the offset that it names, None where it is not a jump.
        line: that it came from; None for none, or where the line table is damaged.
    """

    offset: int
    start_offset: int
    opcode: int
    opname: str
    arg: int | None
    argval: object
    argrepr: str
    jump_target: int | None
    line: int | None

    def __repr__(self) -> str:
        cells = (f"{name}={shortened(cell)}" for name, cell in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({', '.join(cells)})"


#: Instruction's own constructor takes twice as long.
_new = partial(tuple.__new__, Instruction)


def instructions(
    code: Code, dialect: Dialect, *, caches: bool = False, literals: Literals | None = None
) -> list[Instruction]:
    """Return a code object's instructions, EXTENDED_ARG among them, as ``dis`` does.

    Args:
        code: the code object; any at all can be disassembled.
        dialect: who wrote it, ``CodeFile.dialect``.
        caches: inline caches are listed, too (3.11).
        literals: writes constants. Whoever lists all code objects of a file gives the same
            to each, because code objects can share constants; None: one for this code alone.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    bytecode = bytecode_of(dialect)
    if literals is None:
        literals = Literals(bytecode.literals)
    return _list(code, bytecode, _lines(code, bytecode), literals, caches=caches)


def instruction_count(code: Code, dialect: Dialect) -> int:
    """Return how many instructions a code object has, EXTENDED_ARG not among them.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    bytecode = bytecode_of(dialect)
    opcodes = bytecode.opcodes.by_number
    found = steps(code.code, bytecode)
    return sum(opcodes[opcode].operand is not Operand.EXTENDED for _, _, opcode, _, _ in found)


def bare_instructions(code: Code, bytecode: Bytecode) -> list[Instruction]:
    """Return what :func:`instructions` does, but no lines and no constants' texts."""
    return _list(code, bytecode, iter((_BEHIND,)), None, caches=False)


def _list(
    code: Code,
    bytecode: Bytecode,
    lines: Iterator[tuple[int, int, int | None]],
    literals: Literals | None,
    *,
    caches: bool,
) -> list[Instruction]:
    found = list(steps(code.code, bytecode))
    plan = _plan(bytecode)
    scope = _scope(code, bytecode, found, plan, literals)
    _, line_end, line = next(lines)
    listed: list[Instruction] = []
    for offset, start, opcode, arg, end in found:
        while offset >= line_end:
            _, line_end, line = next(lines)
        name, read = plan.readers[opcode]
        value: object = None
        text, target = "", None
        if arg is not None:
            try:
                value, text, target = read(scope, arg, end)
            except IndexError:
                value, text = OUT_OF_RANGE, repr(OUT_OF_RANGE)
        listed.append(_new((offset, start, opcode, name, arg, value, text, target, line)))
        if caches:
            listed.extend(_caches(offset, end, line, plan))
    return listed


class _Plan(NamedTuple):
    """What is known of each opcode before any code is read.

    Args:
        readers: its name, and what looks up its arguments.
        jumps: its bytes a unit of the argument if it is a relative jump, else 0.
        reserve: the opcode whose constant has the names of local variables, up to 1.2.
        cache: the opcode and the name of a unit of inline cache.
    """

    readers: tuple[tuple[str, Reader], ...]
    jumps: tuple[int, ...]
    reserve: int | None
    cache: tuple[int, str] | None


_SIGNS = {Operand.FORWARD: 1, Operand.BACKWARD: -1}


@lru_cache
def _plan(bytecode: Bytecode) -> _Plan:
    rows = bytecode.opcodes.by_number
    # An argument that is nothing is never looked up.
    readable = [
        row if row.operand is not Operand.NONE else row._replace(operand=Operand.RAW)
        for row in rows
    ]
    named = {row.name: row.number for row in rows}
    unit = bytecode.format.jump_unit
    return _Plan(
        tuple((row.name, reader_of(row, bytecode)) for row in readable),
        tuple(_SIGNS.get(row.operand, 0) * unit for row in rows),
        named.get("RESERVE_FAST"),
        (named["CACHE"], "CACHE") if "CACHE" in named else None,
    )


def _scope(
    code: Code,
    bytecode: Bytecode,
    found: Sequence[Step],
    plan: _Plan,
    literals: Literals | None,
) -> Scope:
    """Return what arguments are looked up in."""
    reserved: object = ()
    if plan.reserve is not None:
        indexes = (arg for _, _, opcode, arg, _ in found if opcode == plan.reserve)
        index = next(indexes, None)
        if index is not None and index < len(code.consts):
            reserved = code.consts[index]
    scope = Scope(code, bytecode, literals, reserved)
    if bytecode.operands.labels:
        scope.labels = _labels(found, plan.jumps)
    return scope


def _labels(found: Sequence[Step], jumps: Sequence[int]) -> dict[int, int]:
    """Number the targets of jumps (``Lib/dis.py: _make_labels_map``, 3.13)."""
    targets = {
        end + arg * jumps[opcode]
        for _, _, opcode, arg, end in found
        if jumps[opcode] and arg is not None
    }
    return {target: number for number, target in enumerate(sorted(targets), 1)}


_BEHIND = (0, sys.maxsize, None)


def _lines(code: Code, bytecode: Bytecode) -> Iterator[tuple[int, int, int | None]]:
    """Return ranges of lines, the last without an end."""
    try:
        ranges = [*plain_ranges(code, bytecode), _BEHIND]
    except PycInspectError:  # who asks line_ranges hears of it; instructions are still there
        ranges = [_BEHIND]
    if ranges[0][0] > 0:
        ranges.insert(0, (0, ranges[0][0], None))
    return iter(ranges)


def _caches(offset: int, end: int, line: int | None, plan: _Plan) -> Iterator[Instruction]:
    """Yield the inline caches after an instruction."""
    if plan.cache is not None:
        opcode, name = plan.cache
        for place in range(offset + 2, end, 2):
            yield Instruction(place, place, opcode, name, 0, None, "", None, line)
