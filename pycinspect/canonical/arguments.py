"""How many arguments a call has: not what its own argument says, since NULL may be one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.dialects import Bytecode, Dialect, Effect
from pycinspect.disasm import Handler, Instruction
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code

__all__ = ["CALLS", "argument_counts"]

#: Ops that call; the operand counts the values above the callable, NULL among them.
CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})

_GENERATORS = 0x20 | 0x80 | 0x200

_Steps = Sequence[tuple[Instruction, Sequence[CanonicalOp]]]


def argument_counts(
    steps: _Steps, code: Code, dialect: Dialect, handlers: Sequence[Handler]
) -> Mapping[int, int]:
    """Return the number of arguments of each call, by the offset of its instruction.

    Of ``CALL_FUNCTION_EX`` it is 1, or 2 if there is a mapping, too. Since 3.11 there is room
    for NULL beside the callable, which one more argument takes if there is no need of NULL
    (``Python/bytecodes.c: CALL``), as in the call of a decorator.

    Args:
        steps: what ``lowered_steps`` yields.
        code: the code object.
        dialect: who wrote it.
        handlers: its exception table.
    """
    bytecode = bytecode_of(dialect)
    if "PUSH_NULL" not in bytecode.opcodes.by_name:
        return {step.offset: _told(step, op) for step, ops in steps for op in ops if _is_call(op)}
    stack = _Stack(bytecode, int(bytecode.sent_at_entry and code.flags & _GENERATORS != 0))
    for row in handlers:
        stack.depths[row.target] = row.depth + row.lasti + 1
    counts: dict[int, int] = {}
    for step, ops in steps:
        count = stack.run(step, ops)
        if count is not None:
            counts[step.offset] = count
    return counts


def _is_call(op: CanonicalOp) -> bool:
    return op.name in CALLS


def _told(step: Instruction, op: CanonicalOp) -> int:
    """Return the count up to 3.10, where an instruction says all of it."""
    if op.name == "CALL_FUNCTION_EX" and isinstance(op.operand, int):
        return op.operand
    return step.arg or 0


@lru_cache(maxsize=128)
def _effects(bytecode: Bytecode) -> tuple[Effect, ...]:
    """Return what each opcode does to the stack, by its number; nothing where nobody knows."""
    return tuple(opcode.effect or _NO_EFFECT for opcode in bytecode.opcodes.by_number)


_NO_EFFECT = Effect(lambda _: 0, lambda _: 0)
#: Ops after which NULL is where it was not before.
_MOVES_NULL = frozenset({"PUSH_NULL", "SWAP"})


class _Stack:
    """The depth of the stack along the code, and where NULL is on it."""

    def __init__(self, bytecode: Bytecode, depth: int) -> None:
        self._effects = _effects(bytecode)
        self._depth = depth
        #: In order: what is above the top is taken off the end.
        self._nulls: list[int] = []
        #: Of the targets of jumps and handlers.
        self.depths: dict[int, int] = {}

    def run(self, step: Instruction, ops: Sequence[CanonicalOp]) -> int | None:
        """Take one step; return the number of arguments if it is a call."""
        offset, _, opcode, _, arg, _, _, target, _ = step
        stay, jump = self._effects[opcode]
        before = self.depths.get(offset, self._depth)
        self._depth = after = before + stay(arg or 0)
        if target is not None and target not in self.depths:
            self.depths[target] = before + jump(arg or 0)
        count = None
        # The result takes the place of the callable, the lowest of the values.
        if len(ops) == 1 and ops[0].name in CALLS and isinstance(ops[0].operand, int):
            highest = after + ops[0].operand
            nulls = bisect_left(self._nulls, highest) - bisect_left(self._nulls, after - 1)
            count = ops[0].operand - nulls
            before = after - 1
        while self._nulls and self._nulls[-1] >= min(before, after):
            self._nulls.pop()
        if len(ops) != 1 or ops[0].name in _MOVES_NULL:
            self._move(ops, after)
        return count

    def _move(self, ops: Sequence[CanonicalOp], after: int) -> None:
        """Note where NULL is now, if it was pushed or moved."""
        for above, op in enumerate(reversed(ops), 1):
            if op.name == "PUSH_NULL":
                self._add(after - above)
            elif op.name == "SWAP" and len(ops) == 1 and isinstance(op.operand, int):
                self._swap(after - 1, after - op.operand)

    def _swap(self, one: int, other: int) -> None:
        places = [self._place(slot) for slot in (one, other)]
        if (places[0] is None) is (places[1] is None):
            return
        if places[0] is None:
            one, other = other, one
        self._nulls.remove(one)
        self._add(other)

    def _place(self, slot: int) -> int | None:
        """Return where a slot is in the list, None if there is no NULL in it."""
        place = bisect_left(self._nulls, slot)
        return place if place < len(self._nulls) and self._nulls[place] == slot else None

    def _add(self, slot: int) -> None:
        """Note that there is NULL in a slot."""
        if self._place(slot) is None:
            insort(self._nulls, slot)
