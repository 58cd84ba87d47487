"""Code that is made of lines, for tests of expectations that need no compiler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from pycinspect import find_dialect
from pycinspect.dialects import Dialect
from pycinspect.disasm import Instruction, Position
from pytest_pycinspect.view.instr import Instr, Kind, Provenance

_NAMES = {"LOAD_FAST", "STORE_FAST", "LOAD_GLOBAL", "LOAD_ATTR", "LOAD_NAME", "STORE_NAME"}
_WORDS = {"BINARY_OP", "COMPARE_OP", "IS_OP", "CONTAINS_OP", "UNARY_OP"}


_DIALECT = find_dialect("cpython-3.13")
assert _DIALECT is not None


def instr(
    opname: str,
    operand: object = None,
    *,
    target: int | None = None,
    line: int = 1,
    columns: tuple[int, int] | None = None,
    raw: tuple[str, ...] = (),
) -> Instr:
    """Return one instruction; ``raw`` are the names of those that it stands for."""
    if target is not None:
        kind = Kind.TARGET
    elif opname in _NAMES:
        kind = Kind.NAME
    elif opname in _WORDS:
        kind = Kind.WORD
    elif opname == "CALL_KW":
        kind = Kind.NAMES
    elif opname == "LOAD_CODE":
        opname, kind = "LOAD_CONST", Kind.CODE
    elif opname == "LOAD_CONST":
        kind = Kind.CONST
    else:
        kind = Kind.NONE if operand is None else Kind.NUMBER
    position = None if columns is None else Position(line, line, *columns)
    steps = tuple(_step(name, operand) for name in raw or (opname,))
    return Instr(opname, operand, kind, target, 0, (Provenance(line, position, steps),))


def _step(opname: str, operand: object, offset: int = 0) -> Instruction:
    text = operand if isinstance(operand, str) else ""
    arg = None if operand is None else 0
    return Instruction(offset, offset, 0, opname, arg, operand, text, None, 1)


def _at(one: Instr, offset: int) -> Instr:
    """Return an instruction that stands for others at an offset."""
    raw = tuple(step._replace(offset=offset) for step in one.raw)
    return one._replace(place=0, provenances=(Provenance(one.line, one.position, raw),))


@dataclass(frozen=True)
class Code(Sequence[Instr]):
    """What a ``Bytecode`` has, as far as expectations ask."""

    instrs: tuple[Instr, ...]
    name: str = "f"
    children: tuple[Code, ...] = ()
    dialect: Dialect = _DIALECT
    optimize: int | None = 0
    view: str = "ops"
    path: str = "app.py"
    line: int = 1
    python: str = "3.13.0"
    notes: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    strict_names: bool = True

    def __post_init__(self) -> None:
        numbered = tuple(_at(one, 2 * i) for i, one in enumerate(self.instrs))
        object.__setattr__(self, "instrs", numbered)

    def __iter__(self) -> Iterator[Instr]:
        return iter(self.instrs)

    def __len__(self) -> int:
        return len(self.instrs)

    @overload
    def __getitem__(self, index: int) -> Instr: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instr]: ...
    def __getitem__(self, index: int | slice) -> Instr | Sequence[Instr]:
        return self.instrs[index]

    @property
    def raw(self) -> Code:
        return self

    adaptive = raw

    def source_line(self, number: int) -> str | None:
        return self.source[number - 1] if 0 < number <= len(self.source) else None


def code(*instrs: Instr, **keywords: object) -> Code:
    """Return code of these instructions."""
    return Code(instrs, **keywords)  # type: ignore[arg-type]
