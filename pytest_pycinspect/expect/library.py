"""Objects of the ``bytecode`` library as expectations about the raw view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from types import CodeType
from typing import Any

import bytecode as library
from bytecode.instr import BaseInstr, CellVar, FreeVar, SetLineno, TryBegin, TryEnd

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.model import ANY, Item, Operand

__all__ = ["pattern_of"]

#: Instructions whose argument is a constant.
_CONSTANTS = frozenset({"LOAD_CONST", "RETURN_CONST", "LOAD_SMALL_INT", "KW_NAMES"})
#: Where lines and handlers begin; the raw view has them elsewhere.
_MARKERS = (SetLineno, TryBegin, TryEnd)
_COMPARISONS = {"LT": "<", "LE": "<=", "EQ": "==", "NE": "!=", "GT": ">", "GE": ">="}
_CAST = "_CAST"
#: In shorter code no argument is larger than a byte: an instruction has at most ten units.
_SHORT = 25


def pattern_of(parts: Sequence[object]) -> model.Pattern:
    """Return what instructions of the library say about code of the running interpreter.

    The library has no EXTENDED_ARG; it may stand before any instruction.

    Raises:
        PatternError: something that is not an instruction, label or marker of the library.
    """
    items: list[Item] = []
    extended = model.Repeat(model.Op("EXTENDED_ARG"), 0, None)
    labels = _Labels()
    for part in parts:
        if isinstance(part, library.Label):
            items.append(model.Label(labels.name(part)))
        elif isinstance(part, BaseInstr):
            items.extend([extended] if len(parts) > _SHORT else [])
            items.append(model.Op(part.name, _operand(part, labels)))
        elif not isinstance(part, _MARKERS):
            raise PatternError(f"{type(part).__name__} among instructions of the bytecode library")
    return model.Pattern((model.Block(model.BlockKind.RAW, "", tuple(items)),))


class _Labels:
    """Names of labels, in the order in which they are met."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def name(self, label: library.Label) -> str:
        return self._names.setdefault(id(label), f"L{len(self._names) + 1}")


def _operand(instr: BaseInstr[Any], labels: _Labels) -> Operand:
    value: object = instr.arg
    if isinstance(value, library.Label):
        return model.Target(labels.name(value))
    if isinstance(value, CodeType):
        return model.CodeName(value.co_name)
    if instr.name in _CONSTANTS:
        return model.Literal(value)
    return next(_other(value), ANY)


def _other(value: object) -> Iterator[Operand]:
    """Yield the operand of an instruction without label and constant, if it has one."""
    if isinstance(value, CellVar | FreeVar):
        yield model.Literal(value.name)
    elif isinstance(value, library.Compare):
        sign = _COMPARISONS[value.name.removesuffix(_CAST)]
        yield model.Literal(f"bool({sign})" if value.name.endswith(_CAST) else sign)
    elif isinstance(value, Enum):
        yield model.Argument(value.value)
    elif isinstance(value, tuple):
        names = [
            part if isinstance(part, str) else part.name
            for part in value
            if not isinstance(part, bool)
        ]
        yield model.Literal(", ".join(names))
    elif isinstance(value, str):
        yield model.Literal(value)
    elif type(value) is int:
        yield model.Argument(value)
