"""The instructions of each version of ``.mpy`` files (``py/bc0.h``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.shipped import shipped_text

__all__ = ["MpyOpcode", "mpy_opcodes"]


class MpyOpcode(NamedTuple):
    """A row of the table.

    Args:
        name: as ``py/bc0.h`` has it.
        operand: ``none``, ``qstr``, ``uint``, ``int``, ``obj`` or ``offset``.
        value: what the number itself stands for, None for most.
        operator: the operator that it stands for, "" for most.
        is_signed: whether the operand has a sign.
        names_child: whether the operand is the number of a function.
        names_object: whether it is the number of a constant.
        extra_byte: whether a byte follows the operand.
        cache_byte: whether a byte for a cache follows, where the header says that there are any.
    """

    name: str
    operand: str
    value: int | None
    operator: str
    is_signed: bool
    names_child: bool
    names_object: bool
    extra_byte: bool
    cache_byte: bool


@cache
def mpy_opcodes(version: int) -> Mapping[int, MpyOpcode]:
    """Return the instructions of a version of the format by their number.

    Args:
        version: of the format, 2 to 6.
    """
    rows = {}
    text = shipped_text("pycinspect.micropython", f"opcodes-{version}.tsv")
    for line in text.splitlines()[2:]:
        number, name, operand, _, _, _, detail = line.split("\t")
        rows[int(number)] = _row(name, operand, detail)
    return MappingProxyType(rows)


def _row(name: str, operand: str, detail: str) -> MpyOpcode:
    words = detail.split(";")
    pairs = dict(word.split(":", 1) for word in words if ":" in word)
    return MpyOpcode(
        name=name,
        operand=operand,
        value=int(pairs["value"]) if "value" in pairs else None,
        operator=pairs.get("operator", ""),
        is_signed="signed" in words,
        names_child="child" in words,
        names_object="object table" in words,
        extra_byte="extra_byte" in words,
        cache_byte="cache_byte" in words,
    )
