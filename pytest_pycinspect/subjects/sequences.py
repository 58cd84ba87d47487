"""The instructions of a code object in a view, decoded as far as somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import overload

from pycinspect.canonical import LinearSequence
from pycinspect.dialects import Dialect, LinearOperand, Operand
from pycinspect.disasm import Instruction, Position, instructions, positions
from pycinspect.disasm.decode import bare_instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pytest_pycinspect.subjects.origin import Decoded, Normalize, Origin, View
from pytest_pycinspect.view.instr import Instr, Kind, Provenance, raw_kind

__all__ = ["decoded"]

#: Of so many code objects the instructions are kept: a test asks about the same ones again
#: and again, the next test about others.
_KEPT = 32


def decoded(code: Code, origin: Origin, view: View) -> Decoded:
    """Return the instructions of a code object, as a view shows them.

    Raises:
        PycInspectError: it cannot be disassembled; see ``linearize`` and ``instructions``.
    """
    if view == "adaptive":  # it changes while the code runs
        return _in_memory(code, origin)
    kept = origin.decoded
    found = kept.pop((code, view), None)
    if found is None:
        found = (_ops if view == "ops" else _raw)(code, origin)
        if len(kept) >= _KEPT:
            del kept[next(iter(kept))]
    kept[code, view] = found
    return found


def _normalized(instrs: tuple[Instr, ...], normalize: Normalize | None) -> tuple[Instr, ...]:
    """Return instructions with constants as the session's plugins want them."""
    if normalize is None:
        return instrs
    made = {i: normalize(part.operand) for i, part in enumerate(instrs) if part.kind is Kind.CONST}
    return tuple(
        part if made.get(i) is None else part._replace(operand=made[i])
        for i, part in enumerate(instrs)
    )


@dataclass(frozen=True)
class _Provenances(Sequence[Provenance]):
    """Where the instructions of a code object come from, found when the first is asked for.

    Args:
        code: the code object.
        dialect: who wrote it.
        find: finds them, given their positions.
    """

    code: Code
    dialect: Dialect
    find: Callable[[Sequence[Position]], Iterable[Provenance]] = field(compare=False)

    @cached_property
    def _found(self) -> Sequence[Provenance]:
        return [*self.find(positions(self.code, self.dialect))]

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> Provenance: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Provenance]: ...
    def __getitem__(self, index: int | slice) -> Provenance | Sequence[Provenance]:
        return self._found[index]


#: Instr's own constructor takes twice as long.
_new = partial(tuple.__new__, Instr)


def _position(raw: tuple[Instruction, ...], places: Sequence[Position]) -> Position | None:
    """Return where the first of some instructions is."""
    if not raw or raw[0].offset // 2 >= len(places):
        return None
    return places[raw[0].offset // 2]


# --- Canonical ops -----------------------------------------------------------------------------

#: The words of ``linear_ops.tsv`` are those of ``Kind``. Damaged code can have an op that no
#: sequence has; what it takes is nobody's operand.
_KINDS: Mapping[LinearOperand, Kind] = MappingProxyType(
    {
        **{LinearOperand(kind.value): kind for kind in Kind},
        LinearOperand.DROPPED: Kind.NONE,
    }
)


def _ops(code: Code, origin: Origin) -> Decoded:
    found = LinearSequence(code, origin.dialect)
    return Decoded(
        found.names, lambda: _normalized(_of_ops(code, origin.dialect, found), origin.normalize)
    )


def _of_ops(code: Code, dialect: Dialect, found: LinearSequence) -> tuple[Instr, ...]:
    origins = _Provenances(code, dialect, partial(_located, found))
    return tuple(
        [
            _new((name, operand, _KINDS[kind], target, place, origins))
            for place, (name, operand, kind, target) in enumerate(found.steps())
        ]
    )


def _located(found: LinearSequence, places: Sequence[Position]) -> Iterator[Provenance]:
    """Yield where ops come from; of those that one instruction stands for, one is where that is.

    A super-instruction has the place of its first (``Python/flowgraph.c:
    make_super_instruction``), a jump that also compares that of the jump.
    """
    jump: Position | None = None
    for step, (line, raw) in zip(found.steps(), found.origins(), strict=True):
        last = raw[-1:]
        at = _position(last, places)
        if step.target is not None:
            at, jump = at if last else jump, None
        elif last:
            is_jump = last[0].jump_target is not None
            at, jump = (None, at) if is_jump else (at, None)
        yield Provenance(line, at, raw)


# --- The interpreter's own instructions --------------------------------------------------------


def _raw(code: Code, origin: Origin) -> Decoded:
    listed = bare_instructions(code, bytecode_of(origin.dialect))
    return _of_steps(code, origin, listed, lambda: instructions(code, origin.dialect))


def _in_memory(code: Code, origin: Origin) -> Decoded:
    """Return the instructions with the names that they have in memory, specialised."""
    names = [opcode.name for opcode in bytecode_of(origin.dialect).opcodes.by_number]
    memory = origin.adaptive[code]
    listed = [
        step._replace(opname=names[memory[step.offset]])
        for step in instructions(code, origin.dialect)
    ]
    return _of_steps(code, origin, listed, lambda: listed)


def _of_steps(
    code: Code,
    origin: Origin,
    listed: Sequence[Instruction],
    full: Callable[[], Iterable[Instruction]],
) -> Decoded:
    """Return instructions.

    Args:
        code: the code object.
        origin: who compiled it.
        listed: the instructions; lines, and the texts of constants, may be left out.
        full: returns them with all there is.
    """
    origins = _Provenances(
        code,
        origin.dialect,
        lambda places: (Provenance(s.line, _position((s,), places), (s,)) for s in full()),
    )
    return Decoded(
        lambda: frozenset({step.opname for step in listed}),
        lambda: _normalized(_instrs(listed, origin.dialect, origins), origin.normalize),
    )


def _instrs(
    listed: Sequence[Instruction], dialect: Dialect, origins: Sequence[Provenance]
) -> tuple[Instr, ...]:
    indexes = {step.start_offset: index for index, step in reversed([*enumerate(listed)])}
    operands = [opcode.operand for opcode in bytecode_of(dialect).opcodes.by_number]
    return tuple(
        _new((step.opname, *_operand(step, operands[step.opcode], indexes), place, origins))
        for place, step in enumerate(listed)
    )


def _operand(
    step: Instruction, operand: Operand, indexes: Mapping[int, int]
) -> tuple[object, Kind, int | None]:
    """Return an instruction's operand, what that is, and the index that it may jump to."""
    kind = Kind.NONE if step.arg is None else raw_kind(operand)
    value: object = {Kind.WORD: step.argrepr, Kind.NONE: None, Kind.TARGET: None}.get(
        kind, step.argval
    )
    if isinstance(value, Code):
        kind, value = Kind.CODE, value.name
    return value, kind, None if step.jump_target is None else indexes.get(step.jump_target)
