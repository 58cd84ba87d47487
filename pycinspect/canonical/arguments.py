"""How many arguments a call has: not what its own argument says, since NULL may be one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.dialects import Bytecode, Dialect, Effect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm import Handler, Instruction
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code

__all__ = ["CALLS", "argument_counts"]

#: Ops that call; the operand counts the values above the callable, NULL among them.
CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})


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
    depth = int(bytecode.sent_at_entry and code.flags & CodeFlag.SUSPENDED != 0)
    depths = {row.target: row.depth + row.lasti + 1 for row in handlers}
    return dict(_counted(steps, _effects(bytecode), depth, depths))


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


def _counted(
    steps: _Steps, effects: Sequence[Effect], depth: int, depths: dict[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield the offset of each call with the number of its arguments.

    Args:
        steps: what ``lowered_steps`` yields.
        effects: what each opcode does to the stack.
        depth: of the stack at the start.
        depths: where handlers begin.
    """
    nulls: list[int] = []  # the slots where NULL is, in order
    for (offset, _, opcode, _, arg, _, _, target, _), ops in steps:
        stay, jump = effects[opcode]
        before = lowest = depths.get(offset, depth)
        depth = before + stay(arg or 0)
        if target is not None and target not in depths:
            depths[target] = before + jump(arg or 0)
        name, operand = ops[0][:2] if len(ops) == 1 else ("", None)
        if name in CALLS and isinstance(operand, int):
            # The result takes the place of the callable, the lowest of the values.
            lowest = depth - 1
            yield offset, operand - bisect_left(nulls, depth + operand) + bisect_left(nulls, lowest)
        while nulls and nulls[-1] >= min(lowest, depth):
            nulls.pop()
        if name == "SWAP" and isinstance(operand, int):
            _swap(nulls, depth - 1, depth - operand)
        for above, op in enumerate(reversed(ops), 1) if name in _MAY_PUSH else ():
            if op.name == "PUSH_NULL":
                _add(nulls, depth - above)


#: Of an instruction that is one op, and of any other.
_MAY_PUSH = frozenset({"PUSH_NULL", ""})


def _swap(nulls: list[int], one: int, other: int) -> None:
    """Swap two slots."""
    places = [_place(nulls, slot) for slot in (one, other)]
    if (places[0] is None) is (places[1] is None):
        return
    if places[0] is None:
        one, other = other, one
    nulls.remove(one)
    _add(nulls, other)


def _place(nulls: list[int], slot: int) -> int | None:
    """Return where a slot is in the list, None if there is no NULL in it."""
    place = bisect_left(nulls, slot)
    return place if place < len(nulls) and nulls[place] == slot else None


def _add(nulls: list[int], slot: int) -> None:
    """Note that there is NULL in a slot."""
    if _place(nulls, slot) is None:
        insort(nulls, slot)
