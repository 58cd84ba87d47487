"""Which names are on the stack where something is called, as long as one path leads there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.dialects import Flow, vocabulary
from pycinspect.disasm import Handler

__all__ = ["Called", "called_on_one_path"]


class Called(NamedTuple):
    """A call.

    Args:
        offset: of its instruction.
        block: what is the same for calls between which nothing jumps.
        text: the dotted name that is called; None for anything else.
    """

    offset: int
    block: int
    text: str | None


#: What is on the stack: a dotted name; something that has none; NULL; one of several.
_OTHER, _NULL, _UNSURE = "", "NULL ", "? "


class _UnclearError(Exception):
    """The stack is not plain to see."""


def called_on_one_path(
    ops: Sequence[CanonicalOp], table: Sequence[Handler]
) -> Sequence[Called] | None:
    """Return the calls, None where it is not plain to see what is called.

    Args:
        ops: all of a code object; control comes to each.
        table: its exception table.
    """
    walk = _Pushing(ops, table)
    try:
        return walk.calls()
    except _UnclearError:
        return None


class _Pushing:
    """One way through all ops, with what is on the stack."""

    def __init__(self, ops: Sequence[CanonicalOp], table: Sequence[Handler]) -> None:
        offsets = [op.offset for op in ops]
        self._ops = ops
        self._targets = [
            None if op.target is None else bisect_left(offsets, op.target) for op in ops
        ]
        self._looped = {
            target
            for place, target in enumerate(self._targets)
            if target is not None and target <= place
        }
        self._begun = {bisect_left(offsets, row.target): row for row in table}
        #: What is on the stack at places that are jumped to.
        self._there: dict[int, list[str]] = {}
        self._stack: list[str] = []
        self._calls: list[Called] = []
        self._block = 0

    def calls(self) -> Sequence[Called]:
        """Return the calls.

        Raises:
            _UnclearError: what is called is not plain to see.
        """
        falls = True
        for place, op in enumerate(self._ops):
            if place in self._begun or place in self._there or place in self._looped:
                self._arrive(place, falls=falls)
            elif not falls:
                raise _UnclearError
            self._step(op)
            target = self._targets[place]
            if target is not None:
                self._jump(op, target, place)
            falls = op.name not in _LEAVES
        return self._calls

    def _arrive(self, place: int, *, falls: bool) -> None:
        """Put the stack together from all ways that lead to a place."""
        self._block += 1
        ways = [self._stack] if falls else []
        if place in self._there:
            ways.append(self._there[place])
        row = self._begun.get(place)
        if row is not None:
            ways.append([_UNSURE] * row.depth + [_OTHER] * (row.lasti + 1))
        if not ways:
            raise _UnclearError
        self._stack = _merged(ways)
        if place in self._looped:
            self._there[place] = [*self._stack]

    def _jump(self, op: CanonicalOp, target: int, place: int) -> None:
        self._block += 1
        stack = self._stack
        if op.name == "FOR_ITER":  # the item is not there; what is, the operand says
            change = op.operand if isinstance(op.operand, int) else 0
            below = stack[: len(stack) - 1]
            stack = below[:change] if change < 0 else below + [_OTHER] * change
        known = self._there.get(target)
        if target > place:
            self._there[target] = [*stack] if known is None else _merged([known, stack])
        elif known is None or _merged([known, stack]) != known:
            raise _UnclearError

    def _step(self, op: CanonicalOp) -> None:
        """Do what an op does to the stack."""
        name, operand, _, offset, _ = op
        stack = self._stack
        own = _OWN.get(name)
        if own is not None:
            own(stack, operand)
            return
        effect = _EFFECTS.get(name)
        if effect is None:
            raise _UnclearError
        takes, pushes = effect if isinstance(effect, tuple) else effect(_number(operand))
        if name in _CALLS:
            self._call(takes - (name == "CALL_KW"), len(stack) - takes, offset)
        if takes > len(stack):
            raise _UnclearError
        if takes:
            del stack[-takes:]
        stack.extend([_OTHER] * pushes)

    def _call(self, values: int, base: int, offset: int) -> None:
        """Note what is called: the deepest of some values that is not NULL."""
        function = next((one for one in self._stack[base : base + values] if one != _NULL), _UNSURE)
        if base < 0 or function == _UNSURE:
            raise _UnclearError
        self._calls.append(Called(offset, self._block, function or None))


def _merged(ways: Sequence[list[str]]) -> list[str]:
    """Return the stack where ways meet."""
    first, *others = ways
    for other in others:
        if len(first) != len(other):
            raise _UnclearError
        first = [a if a == b else _UNSURE for a, b in zip(first, other, strict=True)]
    return [*first]


def _number(operand: object) -> int:
    if not isinstance(operand, int):
        raise _UnclearError
    return operand


# --- What ops do to the stack --------------------------------------------------------------------

_LEAVES = frozenset(
    kind.name for kind in vocabulary().values() if kind.flow in (Flow.JUMP, Flow.EXIT)
)
_CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})


def _load(stack: list[str], operand: object) -> None:
    name = str(operand)
    stack.append(name if name.isidentifier() else _OTHER)


def _load_common(stack: list[str], operand: object) -> None:
    name = str(operand)
    stack.append(name if name.endswith("Error") else _UNSURE)


def _load_attr(stack: list[str], operand: object) -> None:
    owner = _at(stack, 1)
    is_named = owner not in (_OTHER, _NULL, _UNSURE)
    stack[-1] = f"{owner}.{operand}" if is_named else owner


def _push_null(stack: list[str], _: object) -> None:
    stack.append(_NULL)


def _copy(stack: list[str], operand: object) -> None:
    stack.append(_at(stack, _number(operand)))


def _swap(stack: list[str], operand: object) -> None:
    depth = _number(operand)
    stack[-1], stack[-depth] = _at(stack, depth), stack[-1]


def _at(stack: Sequence[str], depth: int) -> str:
    if not 0 < depth <= len(stack):
        raise _UnclearError
    return stack[-depth]


_OWN: Mapping[str, Callable[[list[str], object], None]] = MappingProxyType(
    {
        **dict.fromkeys(("LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL"), _load),
        "LOAD_COMMON_CONSTANT": _load_common,
        "LOAD_ATTR": _load_attr,
        "PUSH_NULL": _push_null,
        "COPY": _copy,
        "SWAP": _swap,
    }
)

#: How many values an op takes, and pushes.
_Effect = tuple[int, int]
_EFFECTS: Mapping[str, _Effect | Callable[[int], _Effect]] = MappingProxyType(
    {
        **dict.fromkeys(("LOAD_CONST", "LOAD_FAST_AND_CLEAR", "LOAD_CLOSURE"), (0, 1)),
        **dict.fromkeys(("LOAD_BUILD_CLASS", "IMPORT_FROM", "FOR_ITER"), (0, 1)),
        **dict.fromkeys(("WITH_EXCEPT_START", "PUSH_EXC_INFO"), (0, 1)),
        **dict.fromkeys(("MAKE_CELL", "KW_NAMES", "JUMP", "POP_BLOCK"), (0, 0)),
        **dict.fromkeys(("DELETE_FAST", "DELETE_DEREF", "DELETE_GLOBAL"), (0, 0)),
        **dict.fromkeys(("STORE_FAST", "STORE_DEREF", "STORE_GLOBAL", "POP_TOP"), (1, 0)),
        **dict.fromkeys(("DELETE_ATTR", "RETURN_VALUE", "RERAISE"), (1, 0)),
        **dict.fromkeys(("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE"), (1, 0)),
        **dict.fromkeys(("LIST_APPEND", "SET_ADD"), (1, 0)),
        **dict.fromkeys(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE"), (1, 0)),
        **dict.fromkeys(("STORE_ATTR", "DELETE_SUBSCR", "MAP_ADD"), (2, 0)),
        "STORE_SUBSCR": (3, 0),
        **dict.fromkeys(("LOAD_SPECIAL", "UNARY_OP", "UNARY_NOT", "TO_BOOL"), (1, 1)),
        **dict.fromkeys(("LIST_TO_TUPLE", "CONVERT_VALUE", "FORMAT_SIMPLE"), (1, 1)),
        **dict.fromkeys(("GET_ITER", "CHECK_EXC_MATCH", "YIELD_VALUE"), (1, 1)),
        **dict.fromkeys(("BINARY_OP", "BINARY_SUBSCR", "COMPARE_OP"), (2, 1)),
        **dict.fromkeys(("IS_OP", "CONTAINS_OP", "FORMAT_WITH_SPEC"), (2, 1)),
        **dict.fromkeys(("IMPORT_NAME", "SET_FUNCTION_ATTRIBUTE"), (2, 1)),
        "BEFORE_WITH": (1, 2),
        **dict.fromkeys(("BUILD_TUPLE", "BUILD_LIST", "BUILD_SET"), lambda n: (n, 1)),
        **dict.fromkeys(("BUILD_SLICE", "BUILD_STRING"), lambda n: (n, 1)),
        "BUILD_MAP": lambda n: (2 * n, 1),
        "BUILD_CONST_KEY_MAP": lambda n: (n + 1, 1),
        "UNPACK_SEQUENCE": lambda n: (1, n),
        "MAKE_FUNCTION": lambda bits: (1 + bits.bit_count(), 1),
        "POP_EXCEPT": lambda n: (n, 0),
        "RAISE_VARARGS": lambda n: (n, 0),
        **dict.fromkeys(("CALL", "CALL_FUNCTION_EX"), lambda n: (n + 1, 1)),
        "CALL_KW": lambda n: (n + 2, 1),
    }
)
