"""Code, cut where instructions begin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, Operand
from pycinspect.errors import PycInspectError

__all__ = ["Step", "bytecode_of", "steps"]

#: One instruction whose argument nobody has looked up: the offset of its opcode and of its
#: first EXTENDED_ARG; the opcode; the argument, with the bits of EXTENDED_ARG, or None
#: where there is none; the offset after its inline caches, where relative jumps count
#: from. A plain tuple, because there are millions.
Step = tuple[int, int, int, int | None, int]


def bytecode_of(dialect: Dialect) -> Bytecode:
    """Return how a dialect writes code.

    Raises:
        PycInspectError: ``unknown-opcodes`` where nobody captured its opcodes' numbers.
    """
    if dialect.bytecode is None:
        raise PycInspectError(
            "unknown-opcodes",
            f"the opcode numbers of {dialect.name}, or of this pre-release of it, are not known",
        )
    return dialect.bytecode


def steps(code: bytes, bytecode: Bytecode) -> Iterator[Step]:
    """Cut code into instructions, EXTENDED_ARG among them; any bytes can be cut.

    By the rules of ``Lib/dis.py: _unpack_opargs``. An argument that the end of the code
    cuts off is None.
    """
    shapes = _shapes(bytecode)
    cut = _words if bytecode.format.wordcode else _ones_and_threes
    return cut(code, shapes, bytecode.format.extended_bits)


class _Shapes(NamedTuple):
    """Of each opcode, the kind of its argument and the bytes it takes with its caches."""

    kinds: bytes
    sizes: tuple[int, ...]


_NO_ARGUMENT, _ARGUMENT, _EXTENDS = range(3)
_KINDS = {Operand.NONE: _NO_ARGUMENT, Operand.EXTENDED: _EXTENDS}


@lru_cache
def _shapes(bytecode: Bytecode) -> _Shapes:
    opcodes = bytecode.opcodes.by_number
    kinds = bytes(_KINDS.get(opcode.operand, _ARGUMENT) for opcode in opcodes)
    if bytecode.format.wordcode:
        return _Shapes(kinds, tuple(2 + 2 * opcode.caches for opcode in opcodes))
    return _Shapes(kinds, tuple(3 if kind else 1 for kind in kinds))


def _words(code: bytes, shapes: _Shapes, extended_bits: int) -> Iterator[Step]:
    """Cut code whose instructions have two bytes, an argument or not."""
    kinds, sizes = shapes
    offset = start = high = 0
    last = len(code) - 1
    while offset <= last:
        opcode = code[offset]
        kind = kinds[opcode]
        end = offset + sizes[opcode]
        if kind == _NO_ARGUMENT or offset == last:
            yield offset, start, opcode, None, end
            high = 0
        else:
            arg = code[offset + 1] | high
            if kind == _EXTENDS:
                yield offset, offset, opcode, arg, end
                high = arg << extended_bits & 0xFFFFFFFF
                offset = end
                continue
            yield offset, start, opcode, arg, end
            high = 0
        offset = start = end


def _ones_and_threes(code: bytes, shapes: _Shapes, extended_bits: int) -> Iterator[Step]:
    """Cut code whose instructions have one byte, or three with an argument."""
    kinds, sizes = shapes
    offset = start = high = 0
    size = len(code)
    while offset < size:
        opcode = code[offset]
        kind = kinds[opcode]
        end = offset + sizes[opcode]
        if kind == _NO_ARGUMENT or end > size:
            yield offset, start, opcode, None, end
            high = 0
        else:
            arg = code[offset + 1] | code[offset + 2] << 8 | high
            if kind == _EXTENDS:
                yield offset, offset, opcode, arg, end
                high = arg << extended_bits & 0xFFFFFFFF
                offset = end
                continue
            yield offset, start, opcode, arg, end
            high = 0
        offset = start = end
