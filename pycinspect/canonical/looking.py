"""What comes later: the op that takes a value, found by following the path from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.states import Payload, State, bare
from pycinspect.canonical.values import Value

__all__ = ["Key", "Looks", "Part", "Taker"]


class Taker(NamedTuple):
    """The op that does something to a value.

    Args:
        op: that op.
        depth: how deep the value is on the stack then.
        waits: whether something happens before, since the value was put together.
        stores: whether that is an assignment, at least in part.
        loaded: variables that are read before, and may not be bound.
    """

    op: CanonicalOp
    depth: int
    waits: bool
    stores: bool
    loaded: Sequence[Value] = ()


#: Ops that take the lowest of so many values, and perhaps do not change it: ``''`` may be all
#: that is added to a string, and ``{}`` to a dict. And how many values their operand says too much.
_DEEPEST: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE"), 0),
        "BUILD_STRING": 1,
        **dict.fromkeys(("BUILD_TUPLE_UNPACK", "BUILD_LIST_UNPACK"), 1),
        **dict.fromkeys(("BUILD_SET_UNPACK", "BUILD_MAP_UNPACK"), 1),
    }
)


def _takes(before: State, after: State, base: int) -> bool:
    """Return whether an op between two states does something to the ``base``-th value."""
    if after.stack.depth < base:
        return True
    op = before.frame.ops[before.pc]
    above = before.stack.depth - base
    if op.name in _DEEPEST and op.operand == above + _DEEPEST[op.name]:
        return True
    one, other = before.stack.cut(base).top, after.stack.cut(base).top
    return bare(one) is not bare(other)


def _is_unwound(op: CanonicalOp, state: State) -> bool:
    """Return whether ``finally`` runs before what is returned leaves (up to 3.7)."""
    return op.name == "RETURN_VALUE" and any(block.kind == "finally" for block in state.blocks)


#: Ops that move values about.
_MOVES = frozenset({"SWAP", "ROT"})
#: What is asked about a value: the code object, the op after the one that pushed it, and the ops
#: that hold it without taking it.
Key = tuple[int, int, frozenset[str]]


def _moved(op: CanonicalOp, depth: int) -> int:
    """Return how deep a value is after an op that moves it, or leaves it where it is."""
    deepest = op.operand
    if not isinstance(deepest, int) or not 1 <= depth <= deepest:
        return depth
    if depth == 1:
        return deepest
    if op.name == "ROT":
        return depth - 1
    return 1 if depth == deepest else depth


#: Whether an op adds to a value at a depth, or adds that value to another.
Part = Callable[[CanonicalOp, int], bool]
#: What happens when a variable is read, or set: no code of anybody runs.
_SILENT = frozenset({"store", "keep", "load"})
#: What happens when something is assigned or deleted.
_STORING = frozenset({"store", "store_attr", "store_item", "delete", "delete_attr", "delete_item"})


class _Look:
    """A value of which is asked what takes it.

    Args:
        base: how many values there are up to it.
        waits: events before it was put together.
        stores: assignments among them.
        loads: variables that were read before, and may not be bound.
    """

    __slots__ = ("base", "keys", "loads", "stores", "waits")

    def __init__(self, base: int, waits: int, stores: int, loads: int) -> None:
        self.base = base
        self.waits = waits
        self.stores = stores
        self.loads = loads
        self.keys: list[Key] = []


class Looks:
    """Values of which is asked what takes them, along one path: a long expression has many.

    What is asked about one on the way to what takes the first would be asked again, and the same
    ops be followed for each. The others are forgotten where values are moved about.

    Args:
        through: ops that hold values without taking them.
        base: how many values there are up to the first.
    """

    def __init__(self, through: frozenset[str], base: int) -> None:
        self._through = through
        self._waits = self._stores = 0
        self._loaded: list[Value] = []
        self.first = _Look(base, 0, 0, 0)
        #: Each lies above those before it.
        self._open = [self.first]

    def begin(self, key: Key, base: int) -> None:
        """Ask about the value that was just pushed, too."""
        look = _Look(base, self._waits, self._stores, len(self._loaded))
        look.keys.append(key)
        self._open.append(look)

    def count(self, payload: Payload) -> None:
        """Count an event; where nothing happens, its word is None."""
        word, *parts = payload
        self._waits += word is not None and word not in _SILENT
        self._stores += word in _STORING
        if word == "load" and isinstance(parts[0], Value):
            self._loaded.append(parts[0])

    def ended(self, look: _Look, op: CanonicalOp, state: State) -> Taker:
        """Return what takes a value: an op, before which a state is."""
        depth = state.stack.depth - look.base + 1
        waits = self._waits > look.waits or _is_unwound(op, state)
        return Taker(op, depth, waits, self._stores > look.stores, self._loaded[look.loads :])

    def met(
        self, op: CanonicalOp, word: object, before: State, after: State, *, is_here: bool
    ) -> list[tuple[_Look, Taker]]:
        """Return the values that an op takes, and keep those that it holds or leaves alone.

        Args:
            op: the op.
            word: of the event that it is, None for none.
            before: the state before it.
            after: and after it.
            is_here: the op is one of the code object that the first value is in.
        """
        first, through = self.first, self._through
        depth = before.stack.depth - first.base + 1
        if through and op.name in _MOVES:
            del self._open[1:]
            first.base += depth - _moved(op, depth)
        elif through and op.name == "POP_FINALLY":  # a value to return stays on top
            del self._open[1:]
            first.base = after.stack.depth if depth == 1 else first.base
        elif word == "keep" and op.name != "COPY":
            del self._open[1:]  # it is still there, as it was
        elif is_here and after.frame is before.frame:
            return self._taken(op, word, before, after)
        return []

    def _taken(
        self, op: CanonicalOp, word: object, before: State, after: State
    ) -> list[tuple[_Look, Taker]]:
        is_held = word is None and op.name in self._through
        if is_held:  # it can add to a value below others
            taken = [look for look in self._open if _takes(before, after, look.base)]
            self._open = [look for look in self._open if look not in taken]
        else:
            taken = []
            while self._open and _takes(before, after, self._open[-1].base):
                taken.append(self._open.pop())
        if not is_held:
            return [(look, self.ended(look, op, before)) for look in taken]
        if taken:
            self._hold(taken, after.stack.depth)
        return []

    def _hold(self, taken: list[_Look], base: int) -> None:
        """Go on with the value that holds others."""
        held = self.first if self.first in taken else taken[0]
        for look in taken:
            if look is not held:
                held.keys += look.keys
        held.base, held.waits, held.stores = base, self._waits, self._stores
        held.loads = len(self._loaded)
        self._open.append(held)
        self._open.sort(key=lambda look: look.base)
