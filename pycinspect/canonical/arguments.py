"""How many arguments a call has: not what its own argument says, since NULL may be one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.dialects import Bytecode, Dialect
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


class _Stack:
    """The depth of the stack along the code, and where NULL is on it."""

    def __init__(self, bytecode: Bytecode, depth: int) -> None:
        self._opcodes = bytecode.opcodes.by_number
        self._depth = depth
        #: In order: what is above the top is taken off the end.
        self._nulls: list[int] = []
        #: Of the targets of jumps and handlers.
        self.depths: dict[int, int] = {}

    def run(self, step: Instruction, ops: Sequence[CanonicalOp]) -> int | None:
        """Take one step; return the number of arguments if it is a call."""
        effect, arg = self._opcodes[step.opcode].effect, step.arg or 0
        before = self.depths.get(step.offset, self._depth)
        after = before + (effect.stay(arg) if effect is not None else 0)
        if step.jump_target is not None and effect is not None:
            self.depths.setdefault(step.jump_target, before + effect.jump(arg))
        count = None
        # The result takes the place of the callable, the lowest of the values.
        if len(ops) == 1 and _is_call(ops[0]) and isinstance(ops[0].operand, int):
            highest = after + ops[0].operand
            nulls = bisect_left(self._nulls, highest) - bisect_left(self._nulls, after - 1)
            count = ops[0].operand - nulls
            before = after - 1
        while self._nulls and self._nulls[-1] >= min(before, after):
            self._nulls.pop()
        self._push(ops, after)
        self._depth = after
        return count

    def _push(self, ops: Sequence[CanonicalOp], after: int) -> None:
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
