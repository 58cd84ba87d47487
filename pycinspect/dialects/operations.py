"""The catalogue of operations: what holds for a name in every version that has it.

Its rows are the file ``operations.tsv``. Eight of the names ever changed the kind of their
operand, so that stands in the tables of numbers.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.shipped import shipped_text

__all__ = ["Flow", "Operation", "operation"]


class Flow(Enum):
    """Where control goes after an instruction, if nothing is raised."""

    NEXT = "next"  # to the next instruction
    BRANCH = "branch"  # there, or to the target
    JUMP = "jump"  # to the target
    SETUP = "setup"  # to the next; later, out of the block that it opens, to the target
    EXIT = "exit"  # out of the function or of the block
    UNKNOWN = "unknown"  # no version knows the opcode


class Operation(NamedTuple):
    """One row of the catalogue."""

    name: str
    flow: Flow


def operation(name: str) -> Operation:
    """Return the row of an operation.

    Raises:
        LookupError: no row has that name; a new operation needs one.
    """
    try:
        return _catalogue()[name]
    except KeyError:
        raise LookupError(f"operations.tsv has no row for {name}") from None


@cache
def _catalogue() -> MappingProxyType[str, Operation]:
    text = shipped_text(__package__, "operations.tsv")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return MappingProxyType({name: Operation(name, Flow(flow)) for name, flow in rows})
