"""Instructions of any version, as ops of the vocabulary that no version changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import (
    Dialect,
    Flow,
    LoweringRow,
    Opcode,
    OperandSource,
    Role,
    canonical_kind,
    lowering_of,
)
from pycinspect.disasm import OUT_OF_RANGE, Instruction, instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["OPAQUE", "CanonicalOp", "Unknown", "lower", "lowered_steps"]

OPAQUE = "OPAQUE"


class Unknown(NamedTuple):
    """The operand of an OPAQUE op.

    Args:
        opname: the version's name for it.
        arg: its argument.
        effect: values that it leaves on the stack, less those it takes; None where nobody
            knows, or where it jumps.
    """

    opname: str
    arg: int | None
    effect: int | None


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
    plans = _plans(dialect)
    for step in instructions(code, dialect):
        yield step, _ops(step, plans[step.opcode])


class _Plan(NamedTuple):
    """What is known of an opcode before any code is read."""

    opcode: Opcode
    rows: tuple[LoweringRow, ...]


_NOT_IN_FILES = (Role.INTERNAL, Role.PSEUDO)


@lru_cache(maxsize=128)
def _plans(dialect: Dialect) -> list[_Plan]:
    rows = lowering_of(dialect).rows
    return [
        _Plan(opcode, () if opcode.role in _NOT_IN_FILES else rows.get(opcode.base, ()))
        for opcode in bytecode_of(dialect).opcodes.by_number
    ]


def _ops(step: Instruction, plan: _Plan) -> list[CanonicalOp]:
    if step.argval is OUT_OF_RANGE:
        message = f"{step.opname} {step.arg} stands for nothing"
        raise PycInspectError("bad-index", message, offset=step.offset)
    row = _row(step, plan.rows)
    if row is None:
        return [CanonicalOp(OPAQUE, _unknown(step, plan.opcode), None, step.offset, step.line)]
    arg = step.arg or 0
    return [
        CanonicalOp(
            kind.name,
            literal if source is OperandSource.LITERAL else _READERS[source](step, arg),
            None if kind.flow is Flow.NEXT else step.jump_target,
            step.offset,
            step.line,
        )
        for kind, source, literal, mask, wanted in row.ops
        if not mask or bool(arg & mask) is wanted
    ]


def _row(step: Instruction, rows: tuple[LoweringRow, ...]) -> LoweringRow | None:
    for row in rows:
        if not row.when or row.when in (step.argval, step.argrepr, str(step.arg)):
            return row
    return None


_GOES_ON = (Flow.NEXT, Flow.EXIT)


def _unknown(step: Instruction, opcode: Opcode) -> Unknown:
    effect = None
    if opcode.effect is not None and opcode.flow in _GOES_ON:
        effect = opcode.effect.stay(step.arg or 0)
    return Unknown(step.opname, step.arg, effect)


def _pair(index: int) -> Callable[[Instruction, int], object]:
    def read(step: Instruction, _: int) -> object:
        return step.argval[index] if isinstance(step.argval, tuple) else step.argval

    return read


_READERS: Mapping[OperandSource, Callable[[Instruction, int], object]] = MappingProxyType(
    {
        OperandSource.VALUE: lambda step, _: step.argval,
        OperandSource.FIRST: _pair(0),
        OperandSource.SECOND: _pair(1),
        OperandSource.WORD: lambda step, _: step.argrepr,
        OperandSource.ARG: lambda _, arg: arg,
        OperandSource.ARG_1: lambda _, arg: arg + 1,
        OperandSource.ARG_CLOSURE: lambda _, arg: (arg, True),
        OperandSource.ONE_BIT: lambda _, arg: 1 + (arg & 1),
        OperandSource.TWO_BIT: lambda _, arg: 2 + (arg & 1),
        OperandSource.IDENTITY: lambda _, arg: "is_not" if arg else "is",
        OperandSource.CONTAINMENT: lambda _, arg: "not_in" if arg else "in",
    }
)

#: Fails at import where the vocabulary lost its row.
_OPAQUE_KIND = canonical_kind(OPAQUE)
