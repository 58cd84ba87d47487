"""What it may cost to write down the code objects of a file.

A hostile file can say a lot in few bytes, by references: a tuple that holds a tuple twice, which
holds another one twice, and so on; ten thousand code objects with the same instructions. So what
is written is limited by what the file itself holds: in proportion to it, so that the file of a
real compiler, which shares little, is always written whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from pycinspect.dialects import Dialect
from pycinspect.disasm import Literals
from pycinspect.pyc import Code
from pycinspect.pyc.constants import each_once, parts_of

__all__ = ["Allowance", "weight"]

#: Steps that are always allowed, and how often what is in the file may be written. Of 1,700
#: caches from 2.7 to 3.13 none takes more than 1.7 times what is in it.
_FREE = 1_000
_TIMES = 2
#: Characters, bits and bytes that cost one step. Two bytes may be an instruction, and its line.
_CHARACTERS, _BITS, _BYTES = 32, 128, 2


def weight(value: object) -> int:
    """Return what it costs to write a value without its parts."""
    if isinstance(value, str):
        return 1 + len(value) // _CHARACTERS
    if isinstance(value, bytes):
        return 1 + len(value) // _BYTES
    if isinstance(value, int):
        return 1 + value.bit_length() // _BITS
    return 1


class Allowance:
    """What may still be written.

    Args:
        codes: all code objects of a file. Everything in them is counted once, however often
            they share it.
    """

    def __init__(self, codes: Sequence[Code]) -> None:
        self._left = _FREE + _TIMES * _size(codes)
        #: Tuples of names, which code objects can share, and what they cost. By identity.
        self._names: dict[int, tuple[tuple[str, ...], int]] = {}

    def literals(self, dialect: Dialect) -> Literals | None:
        """Return what writes the constants of all code objects, as much as may be written."""
        if dialect.bytecode is None:  # they are not disassembled
            return None
        return Literals(dialect.bytecode.literals, _CHARACTERS * self._left)

    def spend_on(self, code: Code) -> bool:
        """Return whether a code object but for its constants may be written, and count it."""
        return self.spend(
            sum(map(weight, _texts_of(code))) + sum(map(self._cost_of_names, _names_of(code)))
        )

    def _cost_of_names(self, names: tuple[str, ...]) -> int:
        known = self._names.get(id(names))
        if known is None:
            known = self._names[id(names)] = names, sum(map(weight, names))
        return known[1]

    def spend(self, steps: int) -> bool:
        """Return whether so much may be written, and count it if it may."""
        if steps > self._left:
            return False
        self._left -= steps
        return True


def _size(codes: Sequence[Code]) -> int:
    return sum(weight(value) + len(_parts(value)) for value in each_once(codes, _parts))


def _parts(value: object) -> tuple[object, ...]:
    if isinstance(value, Code):
        return (*_texts_of(value), *_names_of(value), value.consts)
    return parts_of(value)


def _texts_of(code: Code) -> tuple[str | bytes, ...]:
    tables = (code.code, code.linetable, code.exceptiontable)
    return (code.name, code.qualname, code.filename, *tables)


def _names_of(code: Code) -> tuple[tuple[str, ...], ...]:
    return code.names, code.varnames, code.freevars, code.cellvars
