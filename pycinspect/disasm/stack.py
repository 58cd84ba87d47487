"""How many values are on the stack at each instruction, as the compiler counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from heapq import heappop, heappush, heappushpop
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Flow, Opcode
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm.decode import Instruction
from pycinspect.disasm.handlers import Handler
from pycinspect.pyc import Code
from pycinspect.values import shown

__all__ = ["Defect", "stack_defects", "stack_depths"]


class Defect(NamedTuple):
    """One thing that is wrong with a code object.

    Args:
        slug: its kind.
        message: a sentence without a full stop.
        offset: of the instruction, in bytes, or of the byte in the table.
        qualname: of the code object; "" where only one was asked about.
    """

    slug: str
    message: str
    offset: int
    qualname: str = ""

    def __repr__(self) -> str:
        return shown(self)


def stack_defects(
    code: Code, listed: Sequence[Instruction], bytecode: Bytecode, handlers: Sequence[Handler]
) -> list[Defect]:
    """Follow every path through the code and count values (``compile.c: stackdepth``).

    Args:
        code: the code object.
        listed: its instructions.
        bytecode: how its version writes code.
        handlers: its exception table.

    Returns:
        ``stack-underflow``, ``stack-overflow``, ``stack-differs`` and ``stack-grows`` (it
        was reached again and again, each time with more values, and not followed to the
        end), each instruction once. Nothing where the effects of instructions are not known, or only by the
        compiler's rough estimate (up to 3.3). From 3.4 to 3.7 only their upper bounds
        are, so no overflow is seen; up to 3.10 paths can meet with different estimates,
        which is not a defect then.
    """
    walk = _walked(code, listed, bytecode, handlers)
    return [] if walk is None else sorted(walk.defects.values(), key=lambda defect: defect.offset)


def stack_depths(
    code: Code, listed: Sequence[Instruction], bytecode: Bytecode, handlers: Sequence[Handler]
) -> list[int | None]:
    """Return how many values are on the stack before each instruction.

    Args:
        code: the code object.
        listed: its instructions.
        bytecode: how its version writes code.
        handlers: its exception table.

    Returns:
        One for each instruction, None for one that no path leads to; nothing where the effects of instructions are
        not known.
    """
    walk = _walked(code, listed, bytecode, handlers)
    return [] if walk is None else walk.depths


def _walked(
    code: Code, listed: Sequence[Instruction], bytecode: Bytecode, handlers: Sequence[Handler]
) -> _Walk | None:
    (exactness,) = bytecode.opcodes.words.get("effects", ("unknown",))
    if exactness not in ("exact", "upper") or not listed:
        return None
    sent = int(bytecode.sent_at_entry and code.flags & CodeFlag.SUSPENDED != 0)
    # compile.c: stackdepth counts after each instruction, thus not what is sent before them.
    size = max(code.stacksize, sent)
    walk = _Walk(listed, bytecode, size, exact=exactness == "exact")
    walk.enter(0, sent)
    for handler in handlers:
        # What stays, the offset that raised if it is wanted, and the exception.
        walk.jump(handler.target, handler.depth + handler.lasti + 1)
    walk.run()
    return walk


_Effect = Callable[[int], int] | None


class _Move(NamedTuple):
    """Where control goes from an opcode, and with what change of the stack.

    Args:
        stay: of what is left if it does not jump, None where there is no such path.
        jump: likewise, if it does.
        goes_on: to the next instruction.
    """

    stay: _Effect
    jump: _Effect
    goes_on: bool


@lru_cache
def _moves(bytecode: Bytecode) -> tuple[_Move, ...]:
    return tuple(map(_move, bytecode.opcodes.by_number))


def _move(opcode: Opcode) -> _Move:
    effect, flow = opcode.effect, opcode.flow
    if effect is None:
        return _Move(None, None, goes_on=False)
    jumps = flow in (Flow.BRANCH, Flow.JUMP, Flow.SETUP)
    return _Move(
        None if flow is Flow.JUMP else effect.stay,
        effect.jump if jumps else None,
        goes_on=flow not in (Flow.JUMP, Flow.EXIT),
    )


#: How often paths may meet with more values than before, and how often in proportion to the
#: instructions. In the standard libraries they never do; in a loop that leaves a value behind
#: they do until the stack is full, which may be after 2**31 values. compile.c of these
#: versions gives up at a depth of a hundred (stackdepth_push).
_SOME_RAISED, _MOST_RAISED = 100, 4


class _Walk:
    """The depths that are known, and the instructions that have yet to be followed."""

    def __init__(
        self, listed: Sequence[Instruction], bytecode: Bytecode, size: int, *, exact: bool
    ) -> None:
        self._listed = listed
        self._moves = _moves(bytecode)
        self._index = {step.offset: index for index, step in enumerate(listed)}
        self.depths: list[int | None] = [None] * len(listed)
        #: A heap: who comes first in the code is followed first, so that paths that lead
        #: ahead have met before what is after them is followed, once.
        self._waiting: list[int] = []
        self._raised = 0
        self._size = size
        self._exact = exact
        #: Two paths that meet have one depth, since there are no blocks (3.11).
        self._strict = bytecode.one_depth
        #: By index of the instruction.
        self.defects: dict[int, Defect] = {}

    def enter(self, index: int, depth: int) -> None:
        """Note that a path reaches an instruction with so many values on the stack."""
        if self._reach(index, depth):
            heappush(self._waiting, index)

    def _reach(self, index: int, depth: int) -> bool:
        """Return whether the path has to be followed from there."""
        if index >= len(self.depths) or index in self.defects:
            return False
        known = self.depths[index]
        if known == depth:
            return False
        if known is None or (self._exact and not self._strict and depth > known):
            if self._exact and depth > self._size:
                self._add("stack-overflow", index, f"{depth} values, stacksize is {self._size}")
                return False
            self.depths[index] = depth
            return known is None or not self._has_grown(index)
        if self._strict:
            self._add("stack-differs", index, f"reached with {known} values and with {depth}")
        return False

    def _has_grown(self, index: int) -> bool:
        """Note that an instruction is reached with more values than before; is it too often?"""
        self._raised += 1
        if self._raised > _SOME_RAISED + _MOST_RAISED * len(self._listed):
            self._add("stack-grows", index, "reached too often, each time with more values")
            return True
        return False

    def jump(self, target: int | None, depth: int) -> None:
        """Note that a path leads to an offset; one that is not an instruction is not followed."""
        index = self._index.get(-1 if target is None else target)
        if index is not None:
            self.enter(index, depth)

    def run(self) -> None:
        """Follow all paths."""
        while self._waiting:
            index: int | None = heappop(self._waiting)
            while index is not None:
                index = self._follow(index)
                if index is not None and self._waiting and self._waiting[0] <= index:
                    index = heappushpop(self._waiting, index)

    def _follow(self, index: int) -> int | None:
        """Take one step; return the next instruction, if the path leads to it and is new."""
        step, depth = self._listed[index], self.depths[index]
        stay, jump, goes_on = self._moves[step.opcode]
        if depth is None:
            return None
        arg, after = step.arg or 0, 0
        if stay is not None:
            after = depth + stay(arg)
            if after < 0:
                self._add("stack-underflow", index, f"{step.opname} with {depth} values")
                return None
        if jump is not None:
            there = depth + jump(arg)
            if there < 0:
                self._add("stack-underflow", index, f"{step.opname} jumps with {depth} values")
                return None
            self.jump(step.jump_target, there)
        return index + 1 if goes_on and self._reach(index + 1, after) else None

    def _add(self, slug: str, index: int, message: str) -> None:
        self.defects.setdefault(index, Defect(slug, message, self._listed[index].offset))
