"""One instruction, as expectations are compared with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.dialects import Operand
from pycinspect.disasm.literals import shortened
from pycinspect.values import brief

if TYPE_CHECKING:
    from pycinspect.disasm import Instruction, Position

__all__ = ["Instr", "Kind", "Provenance", "raw_kind"]


class Kind(Enum):
    """What an operand is, and so how it is written in an expectation."""

    #: No operand.
    NONE = "none"
    #: A variable, attribute or module: ``LOAD_FAST total``.
    NAME = "name"
    #: A constant: ``LOAD_CONST 'total'``; compared with its type and sign.
    CONST = "const"
    #: A code object: ``LOAD_CONST <code total>``; the operand is its name.
    CODE = "code"
    #: A count: ``CALL 2``.
    NUMBER = "number"
    #: A count and the names of the last so many: ``CALL_KW 2 ('key',)``.
    NAMES = "names"
    #: An operator or another word: ``BINARY_OP +=``.
    WORD = "word"
    #: Where it may jump to: ``JUMP -> loop``; the operand is None, see ``target``.
    TARGET = "target"


#: Characters of an operand in a ``repr``.
_SHOWN = 60


class Provenance(NamedTuple):
    """Where an instruction of a view comes from.

    Args:
        line: of the source, None for none.
        position: of the source, None where the code has no columns.
        raw: the instructions that it stands for, in order; dropped ones that belong to it
            (such as ``PUSH_NULL`` of a ``CALL``) are among them.
    """

    line: int | None
    position: Position | None
    raw: tuple[Instruction, ...]


class Instr(NamedTuple):
    """One instruction of a view.

    Args:
        opname: its name: a canonical op, or the interpreter's own name in the views ``raw``
            and ``adaptive``.
        operand: a name, a constant, a number … as ``kind`` says; None for none.
        kind: what the operand is.
        target: the index, in its :class:`Bytecode`, of the instruction that it may jump to;
            None where it does not jump.
        place: its index in the whole code object.
        provenances: where each instruction of the whole code object comes from; that is looked
            up when it is first asked for, which a test that passes seldom does.
    """

    opname: str
    operand: object
    kind: Kind
    target: int | None
    place: int
    provenances: Sequence[Provenance]

    @property
    def line(self) -> int | None:
        """The line of the source, None for none."""
        return self.provenances[self.place].line

    @property
    def position(self) -> Position | None:
        """The lines and columns of the source, None where the code has no columns."""
        return self.provenances[self.place].position

    @property
    def raw(self) -> tuple[Instruction, ...]:
        """The instructions that it stands for, in order; see :class:`Provenance`."""
        return self.provenances[self.place].raw

    def __repr__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"<{' '.join([self.opname, *self._operand_words()])}{where}>"

    def _operand_words(self) -> Iterator[str]:
        if self.kind is Kind.TARGET:
            yield "->" if self.target is None else f"-> {self.target}"
        elif self.kind is Kind.CODE:
            yield f"<code {brief(str(self.operand), _SHOWN)}>"
        elif self.kind in (Kind.NAME, Kind.WORD):
            yield brief(str(self.operand), _SHOWN)
        elif self.kind is not Kind.NONE:
            yield brief(shortened(self.operand), _SHOWN)


_JUMPS = frozenset({Operand.FORWARD, Operand.BACKWARD, Operand.ABSOLUTE})
_RAW_KINDS: Mapping[Operand, Kind] = MappingProxyType(
    {
        Operand.NONE: Kind.NONE,
        Operand.CONST: Kind.CONST,
        Operand.SMALL_INT: Kind.CONST,
        **dict.fromkeys(
            (Operand.NAME, Operand.NAME_NULL, Operand.NAME_METHOD, Operand.NAME_SUPER), Kind.NAME
        ),
        **dict.fromkeys(
            (Operand.NAME_LAZY, Operand.LOCAL, Operand.CELL, Operand.VARIABLE), Kind.NAME
        ),
        **dict.fromkeys((Operand.RAW, Operand.EXTENDED, Operand.ARGUMENTS), Kind.NUMBER),
        **dict.fromkeys((Operand.IS, Operand.IN), Kind.NUMBER),
        **dict.fromkeys(_JUMPS, Kind.TARGET),
    }
)


def raw_kind(operand: Operand) -> Kind:
    """Return what the operand of an interpreter's instruction is."""
    return _RAW_KINDS.get(operand, Kind.WORD)
