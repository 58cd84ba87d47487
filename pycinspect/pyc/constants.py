"""Constants that the running Python cannot hold as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import xor

from pycinspect.values import cell, shown

__all__ = ["CONTAINERS", "FrozenDict", "Long", "Slice", "each_once", "parts_of"]


class Long(int):
    """A number of Python 2's type ``long``, which is not its ``int``.

    >>> Long(5), Long(5) == 5
    (5L, True)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        if self.bit_length() > _DECIMAL_BITS:
            return f"{int(self):#x}L"
        return f"{int(self)}L"


#: Larger numbers are hexadecimal, since Python refuses to write them in decimal digits where
#: it is limited to 640 of them, the least (sys.set_int_max_str_digits).
_DECIMAL_BITS = 2_000


@dataclass(frozen=True, slots=True)
class Slice:
    """A constant slice (3.14); Python's own cannot be hashed before 3.12."""

    start: object
    stop: object
    step: object

    def __repr__(self) -> str:
        return shown(self)


#: Pairs of a mapping that its repr shows.
_SHOWN = 20


class FrozenDict(Mapping[object, object]):
    """A constant frozendict (3.15), in the order of the file.

    >>> FrozenDict({1: "a"})
    FrozenDict({1: 'a'})
    """

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[object, object] | Iterable[tuple[object, object]]) -> None:
        self._items = dict(items)
        self._hash: int | None = None

    def __getitem__(self, key: object) -> object:
        return self._items[key]

    def __iter__(self) -> Iterator[object]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        # Not that of a set of pairs, which a file can make all alike; nor computed twice.
        if self._hash is None:
            pairs = reduce(xor, map(hash, self._items.items()), len(self._items))
            self._hash = hash((FrozenDict, pairs))
        return self._hash

    def __repr__(self) -> str:
        pairs = [f"{cell(key)}: {cell(value)}" for key, value in islice(self.items(), _SHOWN)]
        return f"FrozenDict({{{', '.join(pairs)}{', …' * (len(self) > _SHOWN)}}})"


def _slice_parts(value: Slice) -> tuple[object, ...]:
    return value.start, value.stop, value.step


def _mapping_parts(value: Mapping[object, object]) -> tuple[object, ...]:
    return tuple(part for item in value.items() for part in item)


_PARTS: dict[type, Callable[..., tuple[object, ...]]] = {
    tuple: tuple,
    list: tuple,
    set: tuple,
    frozenset: tuple,
    Slice: _slice_parts,
    dict: _mapping_parts,
    FrozenDict: _mapping_parts,
}
#: The types that hold other values.
CONTAINERS = frozenset(_PARTS)


def parts_of(value: object) -> tuple[object, ...]:
    """Return what a container holds, keys and values in turn; nothing for other values."""
    split = _PARTS.get(type(value))
    return () if split is None else split(value)


def each_once(
    roots: Iterable[object], parts: Callable[[object], Iterable[object]] = parts_of
) -> Iterator[object]:
    """Yield values and what is in them, each object once, however often it is there.

    Args:
        roots: what to begin with.
        parts: what is in a value.
    """
    seen: dict[int, object] = {}  # values are kept, so that no other gets their identity
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            yield value
            waiting.extend(parts(value))
