"""Constant folding, as CPython's compiler does it, within its limits.

``Python/ast_opt.c`` and ``Python/flowgraph.c``: safe_multiply, safe_power, safe_lshift,
safe_mod. What one version folds and another does not must be one value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["BINARY", "NOT_FOLDED", "UNARY", "cost_of", "fold_binary", "fold_unary"]

#: PyPy folds integers of any length.
_BITS = 16_384
#: What takes quadratic time of integers that are longer is not done.
_QUADRATIC = frozenset({"*", "/", "//", "%", "**"})
#: Bits, items and characters that cost one step, and products of bits.
_AT_ONCE, _PRODUCTS_AT_ONCE = 2_048, 500_000
#: Constants that are added may be longer than those that are multiplied, 4,096.
_LENGTH = 16_384
_ITEMS = 256
#: Items of a tuple, and of those in it.
_MOST_PARTS = 10_000


class _NotFolded:
    __slots__ = ()


NOT_FOLDED = _NotFolded()

BINARY: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": operator.pow,
        "<<": operator.lshift,
        ">>": operator.rshift,
        "&": operator.and_,
        "|": operator.or_,
        "^": operator.xor,
        "[]": operator.getitem,
    }
)
UNARY: Mapping[str, Callable[..., object]] = MappingProxyType(
    {"-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_}
)


def fold_binary(name: str, left: object, right: object) -> object:
    """Return the constant that an operator makes of two, or ``NOT_FOLDED``."""
    function = BINARY.get(name)
    if function is None or not _cheap(name, left, right):
        return NOT_FOLDED
    return _applied(function, left, right)


def cost_of(*operands: object) -> int:
    """Return the steps that it may take to compute something of constants."""
    total, product = 0, 1
    for operand in operands:
        if isinstance(operand, int):
            total += operand.bit_length()
            product *= 1 + operand.bit_length()
        elif isinstance(operand, str | bytes | tuple):
            total += len(operand)
    return total // _AT_ONCE + product // _PRODUCTS_AT_ONCE


def fold_unary(name: str, value: object) -> object:
    """Return the constant that an operator makes of one, or ``NOT_FOLDED``."""
    function = UNARY.get(name)
    return NOT_FOLDED if function is None else _applied(function, value)


#: What operators raise on constants that they cannot take.
_ERRORS = (ArithmeticError, TypeError, ValueError, LookupError)


def _applied(function: Callable[..., object], *operands: object) -> object:
    try:
        result = function(*operands)
    except _ERRORS:
        return NOT_FOLDED
    return result if _small(result) else NOT_FOLDED


def _cheap(name: str, left: object, right: object) -> bool:
    """Return whether the result cannot be much larger than the operands, nor take long."""
    longest = max((v.bit_length() for v in (left, right) if isinstance(v, int)), default=0)
    if longest > _BITS and name in _QUADRATIC:
        return False
    if name == "**":
        if isinstance(left, int) and isinstance(right, int):
            return left.bit_length() * abs(right) <= _BITS
        return _is_number(left, right)
    if name == "<<":
        return isinstance(right, int) and right <= _BITS
    if name == "*":
        sizes = (len(v) for v in (left, right) if isinstance(v, str | bytes | tuple))
        counts = (abs(v) for v in (left, right) if isinstance(v, int))
        return _is_number(left, right) or max(sizes, default=1) * max(counts, default=1) <= _LENGTH
    return not (name == "%" and isinstance(left, str | bytes))


def _is_number(*values: object) -> bool:
    return all(isinstance(value, int | float | complex) for value in values)


def _small(result: object) -> bool:
    """Return whether a constant is small, and all in it."""
    waiting = [result]
    for seen, value in enumerate(waiting):  # it grows
        if seen > _MOST_PARTS or not _small_alone(value):
            return False
        if isinstance(value, tuple):
            waiting.extend(value)
    return True


def _small_alone(result: object) -> bool:
    if isinstance(result, tuple):
        return len(result) <= _ITEMS
    if isinstance(result, str | bytes):
        return len(result) <= _LENGTH
    if isinstance(result, int):
        return result.bit_length() <= _BITS
    return isinstance(result, float | complex | bool | type(None) | type(...))
