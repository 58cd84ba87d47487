"""What all code objects of one program have in common: who compiled it, and from what."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, MappingProxyType

from pycinspect.canonical import LinearOp, linearize
from pycinspect.dialects import DIALECTS, Dialect, Operand
from pycinspect.disasm import Instruction, Position, instructions, positions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pycinspect.values import Implementation
from pytest_pycinspect.subjects.scopes import Scope
from pytest_pycinspect.subjects.wrapping import Wrapping
from pytest_pycinspect.view.instr import Instr, Kind, raw_kind

__all__ = ["Normalize", "Origin", "View", "python_text", "relative", "sequence"]

View = str
#: What takes the place of a constant, None for the constant itself.
Normalize = Callable[[object], object]


@dataclass(frozen=True, eq=False, repr=False)
class Origin:
    """Where code comes from.

    Args:
        dialect: who compiled it.
        python: the version, ``3.13.0`` or ``PyPy 3.9.18``.
        path: of the source, relative to the current directory; ``<string>`` for none.
        lines: of the source, the first at index 0; nothing where it is not known.
        optimize: how often ``-O`` was given, None where that is not known.
        notes: what a reader should know: that it is the live code, and why.
        strict_names: names of opcodes that cannot occur are refused.
        normalize: constants are compared as what it makes of them.
        adaptive: the code as it is in memory, specialised, of each code object.
        live: the code object of the running interpreter that it was asked for, by its own.
        sequences: what was decoded before, by code object and view.
        wrapping: the wrapper that it is of, if the function in it may be meant.
        scope: what is known of its variables.
    """

    dialect: Dialect
    python: str
    path: str = "<string>"
    lines: tuple[str, ...] = ()
    optimize: int | None = None
    notes: tuple[str, ...] = ()
    strict_names: bool = True
    normalize: Normalize | None = None
    adaptive: Mapping[Code, bytes] = field(default_factory=dict)
    live: CodeType | None = None
    sequences: dict[tuple[Code, View], tuple[Instr, ...]] = field(default_factory=dict)
    wrapping: Wrapping | None = None
    scope: Scope | None = None


def python_text(dialect: Dialect, version: str | None = None) -> str:
    """Return how a reader calls a Python: ``3.13.0``, ``PyPy 3.9.18``."""
    number = version or ".".join(map(str, dialect.python))
    if version is None and dialect is DIALECTS.running():
        number = platform.python_version()
    return f"PyPy {number}" if dialect.implementation is Implementation.PYPY else number


def relative(path: str) -> str:
    """Return a path from the current directory, if it is inside it."""
    below = os.path.relpath(path) if os.path.isabs(path) else path
    return path if below.startswith(os.pardir) else below


# --- Sequences of instructions -----------------------------------------------------------------


def sequence(code: Code, origin: Origin, view: View) -> tuple[Instr, ...]:
    """Return the instructions of a code object, as a view shows them.

    Raises:
        PycInspectError: it cannot be disassembled; see ``linearize`` and ``instructions``.
    """
    if view == "adaptive":  # it changes while the code runs
        return _normalized(_sequence(code, origin, view), origin.normalize)
    known = origin.sequences.get((code, view))
    if known is None:
        known = _normalized(_sequence(code, origin, view), origin.normalize)
        origin.sequences[code, view] = known
    return known


def _normalized(instrs: tuple[Instr, ...], normalize: Normalize | None) -> tuple[Instr, ...]:
    """Return instructions with constants as the session's plugins want them."""
    if normalize is None:
        return instrs
    made = {i: normalize(part.operand) for i, part in enumerate(instrs) if part.kind is Kind.CONST}
    return tuple(
        part if made.get(i) is None else part._replace(operand=made[i])
        for i, part in enumerate(instrs)
    )


def _sequence(code: Code, origin: Origin, view: View) -> tuple[Instr, ...]:
    dialect = origin.dialect
    places = positions(code, dialect)
    if view == "ops":
        return tuple(_of_ops(linearize(code, dialect), places))
    listed = instructions(code, dialect)
    if view == "adaptive":
        names = [opcode.name for opcode in bytecode_of(dialect).opcodes.by_number]
        memory = origin.adaptive[code]
        listed = [step._replace(opname=names[memory[step.offset]]) for step in listed]
    indexes = {step.start_offset: index for index, step in reversed([*enumerate(listed)])}
    operands = [opcode.operand for opcode in bytecode_of(dialect).opcodes.by_number]
    return tuple(_of_step(step, operands[step.opcode], indexes, places) for step in listed)


#: The words of ``linear_ops.tsv`` are those of ``Kind``.
_KINDS: Mapping[str, Kind] = MappingProxyType({kind.value: kind for kind in Kind})


def _of_ops(ops: Iterable[LinearOp], places: list[Position]) -> Iterator[Instr]:
    """Yield canonical ops; of those that one instruction stands for, one is where that is.

    A super-instruction has the place of its first (``Python/flowgraph.c:
    make_super_instruction``), a jump that also compares that of the jump.
    """
    jump: Position | None = None
    for op in ops:
        raw = op.raw[-1:]
        at = _position(raw, places) if raw else None
        if op.target is not None:
            at, jump = at if raw else jump, None
        elif raw:
            is_jump = raw[0].jump_target is not None
            at, jump = (None, at) if is_jump else (at, None)
        yield Instr(op.name, op.operand, _KINDS[op.kind], op.target, op.line, at, op.raw)


def _position(raw: tuple[Instruction, ...], places: list[Position]) -> Position | None:
    if not raw or raw[0].offset // 2 >= len(places):
        return None
    return places[raw[0].offset // 2]


def _of_step(
    step: Instruction, operand: Operand, indexes: Mapping[int, int], places: list[Position]
) -> Instr:
    kind = Kind.NONE if step.arg is None else raw_kind(operand)
    value: object = {Kind.WORD: step.argrepr, Kind.NONE: None, Kind.TARGET: None}.get(
        kind, step.argval
    )
    if isinstance(value, Code):
        kind, value = Kind.CODE, value.name
    target = None if step.jump_target is None else indexes.get(step.jump_target)
    return Instr(step.opname, value, kind, target, step.line, _position((step,), places), (step,))
