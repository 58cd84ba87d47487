"""Constant folding, as CPython's compiler does it, within its limits.

``Python/ast_opt.c`` and ``Python/flowgraph.c``: safe_multiply, safe_power, safe_lshift,
safe_mod. What one version folds and another does not must be one value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["BINARY", "NOT_FOLDED", "UNARY", "fold_binary", "fold_unary"]

#: PyPy folds integers of any length.
_BITS = 16_384
#: Constants that are added may be longer than those that are multiplied, 4,096.
_LENGTH = 16_384
_ITEMS = 256


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
    """Return whether the result cannot be much larger than the operands."""
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
    if isinstance(result, str | bytes):
        return len(result) <= _LENGTH
    if isinstance(result, int):
        return result.bit_length() <= _BITS
    if isinstance(result, tuple):
        return len(result) <= _ITEMS and all(map(_small, result))
    return isinstance(result, float | complex | bool | type(None) | type(...))
