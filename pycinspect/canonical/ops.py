"""Instructions of any version, as ops of the vocabulary that no version changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import (
    Dialect,
    Flow,
    OperandSource,
    Role,
    Template,
    canonical_kind,
    lowering_of,
)
from pycinspect.disasm import OUT_OF_RANGE, Instruction, instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["OPAQUE", "CanonicalOp", "Unknown", "lower", "lowered", "lowered_steps"]

OPAQUE = "OPAQUE"


class Unknown(NamedTuple):
    """The operand of an OPAQUE op.

    Args:
        opname: the version's name for it.
        arg: its argument.
    """

    opname: str
    arg: int | None


class CanonicalOp(NamedTuple):
    """One op, and the instruction that it came from.

    Args:
        name: a row of ``vocabulary.tsv``.
        operand: a name, a constant, an operator, a number … or None.
        target: the offset to which it may go, None where it does not jump.
        offset: of its instruction, in bytes.
        line: of the source, None for none.
    """

    name: str
    operand: object
    target: int | None
    offset: int
    line: int | None


def lower(code: Code, dialect: Dialect) -> list[CanonicalOp]:
    """Return the code of a code object as canonical ops, in the order of its instructions.

    An opcode without a row becomes an ``OPAQUE`` op.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.

    Raises:
        PycInspectError: ``unknown-opcodes``; ``bad-index`` where an argument stands for
            nothing.
    """
    return [op for _, ops in lowered_steps(code, dialect) for op in ops]


def lowered_steps(
    code: Code, dialect: Dialect
) -> Iterator[tuple[Instruction, Sequence[CanonicalOp]]]:
    """Yield every instruction with the canonical ops that it is.

    Raises:
        PycInspectError: as :func:`lower`.
    """
    return lowered(instructions(code, dialect), dialect)


def lowered(
    listed: Iterable[Instruction], dialect: Dialect
) -> Iterator[tuple[Instruction, Sequence[CanonicalOp]]]:
    """Yield instructions with the canonical ops that they are.

    Args:
        listed: the instructions; the texts of constants are not looked at.
        dialect: who wrote them.

    Raises:
        PycInspectError: ``unknown-opcodes``; ``bad-index``.
    """
    plan = _plan(dialect)
    for step in listed:
        offset, _, opcode, opname, arg, value, _, target, line = step
        if value is OUT_OF_RANGE:
            message = f"{opname} {arg} stands for nothing"
            raise PycInspectError("bad-index", message, offset=offset)
        rows = plan[opcode]
        if isinstance(rows, _Part):
            name, read, operand, jumps, _, _ = rows
            if read is not None:
                operand = read(step)
            yield step, (_new((name, operand, target if jumps else None, offset, line)),)
            continue
        parts = _parts(step, rows)
        if parts is None:
            yield step, (_new((OPAQUE, Unknown(opname, arg), None, offset, line)),)
        else:
            yield step, _ops(step, parts)


#: CanonicalOp's own constructor takes twice as long.
_new = partial(tuple.__new__, CanonicalOp)
_Reader = Callable[[Instruction], object]


class _Part(NamedTuple):
    """One canonical op of a row: a ``Template`` that needs no looking up."""

    name: str
    read: _Reader | None
    literal: object
    jumps: bool
    mask: int
    wanted: bool


#: What an argument must stand for, and the ops; of an opcode, the first that fits counts.
_Rows = tuple[tuple[str, tuple[_Part, ...]], ...]


@lru_cache(maxsize=128)
def _plan(dialect: Dialect) -> tuple[_Rows | _Part, ...]:
    """Return the rows of each opcode, by its number; of most it is one op, whatever the argument."""
    table = lowering_of(dialect).rows
    return tuple(
        _shortened(
            tuple((row.when, tuple(map(_part, row.ops))) for row in table.get(opcode.base, ()))
        )
        if opcode.role not in _NOT_IN_FILES
        else ()
        for opcode in bytecode_of(dialect).opcodes.by_number
    )


def _shortened(rows: _Rows) -> _Rows | _Part:
    """Return the op of rows that are always this one, else the rows."""
    if len(rows) != 1 or rows[0][0] or len(rows[0][1]) != 1 or rows[0][1][0].mask:
        return rows
    return rows[0][1][0]


_NOT_IN_FILES = (Role.INTERNAL, Role.PSEUDO)


def _part(template: Template) -> _Part:
    kind, source, literal, mask, wanted = template
    read = None if source is OperandSource.LITERAL else _READERS[source]
    return _Part(kind.name, read, literal, kind.flow is not Flow.NEXT, mask, wanted)


def _parts(step: Instruction, rows: _Rows) -> tuple[_Part, ...] | None:
    for when, parts in rows:
        if not when or when in (step.argval, step.argrepr, str(step.arg)):
            return parts
    return None


def _ops(step: Instruction, parts: tuple[_Part, ...]) -> list[CanonicalOp]:
    arg, target, offset, line = step.arg or 0, step.jump_target, step.offset, step.line
    return [
        _new((name, read(step) if read else literal, target if jumps else None, offset, line))
        for name, read, literal, jumps, mask, wanted in parts
        if not mask or bool(arg & mask) is wanted
    ]


def _pair(index: int) -> _Reader:
    def read(step: Instruction) -> object:
        return step.argval[index] if isinstance(step.argval, tuple) else step.argval

    return read


def _number(change: Callable[[int], object]) -> _Reader:
    return lambda step: change(step.arg or 0)


_READERS: Mapping[OperandSource, _Reader] = MappingProxyType(
    {
        OperandSource.VALUE: attrgetter("argval"),
        OperandSource.FIRST: _pair(0),
        OperandSource.SECOND: _pair(1),
        OperandSource.WORD: attrgetter("argrepr"),
        OperandSource.ARG: _number(lambda arg: arg),
        OperandSource.LOW: _number(lambda arg: arg & 0xFF),
        OperandSource.ARG_1: _number(lambda arg: arg + 1),
        OperandSource.ARG_CLOSURE: _number(lambda arg: (arg, True)),
        OperandSource.ONE_BIT: _number(lambda arg: 1 + (arg & 1)),
        OperandSource.TWO_BIT: _number(lambda arg: 2 + (arg & 1)),
        OperandSource.IDENTITY: _number(lambda arg: "is_not" if arg else "is"),
        OperandSource.CONTAINMENT: _number(lambda arg: "not_in" if arg else "in"),
    }
)

#: Fails at import where the vocabulary lost its row.
_OPAQUE_KIND = canonical_kind(OPAQUE)
