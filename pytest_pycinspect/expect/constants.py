"""Constants compared with type and sign, and spelled as expectations spell them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from types import MappingProxyType
from typing import Any

from pycinspect.errors import PycInspectError
from pycinspect.pyc.constants import CONTAINERS, FrozenDict, Long, Slice, parts_of

__all__ = ["DEPTH", "has_key", "one_of", "spelled", "typed_key"]

#: Containers inside containers that an expectation can write down.
DEPTH = 40
#: Values inside a constant that are compared; constants that share their parts can stand for
#: more values than there is memory.
_PARTS_LIMIT = 100_000
#: Sets inside sets that are compared.
_SET_DEPTH = 20
#: Characters of a literal that are still worth reading.
_TEXT_LIMIT = 20_000
#: Larger integers are hexadecimal: ``sys.set_int_max_str_digits`` does not concern those.
_DECIMAL_BITS = 2_000


def typed_key(value: object) -> Hashable:
    """Return what two constants have in common if, and only if, the compiler keeps them apart.

    ``1``, ``True`` and ``1.0`` have three keys, ``0.0`` and ``-0.0`` two, also inside
    containers (``Objects/codeobject.c: _PyCode_ConstantKey``).

    Raises:
        PycInspectError: ``constant-too-large`` for more than 100,000 values in one constant,
            or sets that are nested more than 20 deep.

    >>> typed_key(1) == typed_key(True), typed_key((0.0,)) == typed_key((-0.0,))
    (False, False)
    """
    if type(value) not in CONTAINERS:
        return _plain_key(value)
    return tuple(_keys(value, _SET_DEPTH))


def has_key(value: object, key: Hashable) -> bool:
    """Return whether ``typed_key(value)`` is ``key``, and look no further than that takes."""
    if type(value) not in CONTAINERS:
        return _plain_key(value) == key
    wanted = key if isinstance(key, tuple) else ()
    pairs = zip_longest(_keys(value, _SET_DEPTH), wanted, fillvalue=None)
    return all(found == part for found, part in pairs)


def one_of(values: Iterable[object]) -> Callable[[object], bool]:
    """Return what says whether a constant is one of several, and looks no further than that takes."""
    keys = {(type(value), typed_key(value)) for value in values}
    longest = max((len(key) for _, key in keys if isinstance(key, tuple)), default=0)

    def is_one(value: object) -> bool:
        if type(value) not in CONTAINERS:
            return (type(value), _plain_key(value)) in keys
        return (type(value), tuple(islice(_keys(value, _SET_DEPTH), longest + 1))) in keys

    return is_one


def _plain_key(value: object) -> Hashable:
    if isinstance(value, float):
        return float, struct.pack("<d", value)
    if isinstance(value, complex):
        return complex, struct.pack("<dd", value.real, value.imag)
    try:
        hash(value)
    except TypeError:  # no constant of any Python, but anybody may ask for it
        return type(value), repr(value)
    return type(value), value


def _keys(root: object, depth: int) -> Iterator[Hashable]:
    """Yield a container's parts from left to right. Not recursive, but for sets."""
    waiting, left = [root], _PARTS_LIMIT
    while waiting:
        value = waiting.pop()
        left -= 1
        if not left or not depth:
            raise PycInspectError("constant-too-large", "a constant is too large to be compared")
        if isinstance(value, set | frozenset):
            yield type(value), frozenset(tuple(_keys(part, depth - 1)) for part in value)
        elif type(value) in CONTAINERS:
            parts = parts_of(value)
            yield type(value), len(parts)
            waiting.extend(reversed(parts))
        else:
            yield _plain_key(value)


# --- Spelling ------------------------------------------------------------------------------


def spelled(value: object) -> str | None:
    """Return a constant as an expectation writes it, None where it has no way to.

    >>> spelled((1, -0.0, frozenset({"a"}), ...))
    "(1, -0.0, frozenset({'a'}), Ellipsis)"
    """
    text = _spelled(value, DEPTH)
    return None if text is None or len(text) > _TEXT_LIMIT else text


def _spelled(value: object, depth: int) -> str | None:
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    compound = _COMPOUND.get(type(value))
    if compound is None or not depth:
        return None
    parts, left = [], _TEXT_LIMIT
    for part in parts_of(value):
        text = _spelled(part, depth - 1)
        left -= len(text or "")
        if text is None or left < 0:
            return None
        parts.append(text)
    return compound(parts)


def _int(value: int) -> str:
    return repr(value) if value.bit_length() < _DECIMAL_BITS else hex(value)


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    return f"{sign}float('{abs(value)!r}')"


def _complex(value: complex) -> str:
    return f"complex({_float(value.real)}, {_float(value.imag)})"


def _tuple(parts: list[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _frozenset(parts: list[str]) -> str:
    return f"frozenset({{{', '.join(sorted(parts))}}})" if parts else "frozenset()"


def _slice(parts: list[str]) -> str:
    return f"slice({', '.join(parts)})"


def _frozendict(parts: list[str]) -> str:
    pairs = (f"{key}: {item}" for key, item in zip(parts[::2], parts[1::2], strict=True))
    return f"frozendict({{{', '.join(pairs)}}})"


_WRITERS: Mapping[type, Callable[[Any], str]] = MappingProxyType(
    {
        str: repr,
        bytes: repr,
        bool: repr,
        type(None): repr,
        type(...): repr,
        int: _int,
        Long: repr,
        float: _float,
        complex: _complex,
    }
)

_COMPOUND: Mapping[type, Callable[[list[str]], str]] = MappingProxyType(
    {tuple: _tuple, frozenset: _frozenset, Slice: _slice, FrozenDict: _frozendict}
)
