"""The loops of a sequence of instructions: what a jump back encloses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_pycinspect.instr import Instr

__all__ = ["loops_of"]

#: Instructions after which control does not go on; jumps that are not conditional.
_ENDS = ("RETURN", "RAISE", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_ABSOLUTE")


def loops_of(instrs: Sequence[Instr]) -> list[list[int]]:
    """Return the indexes of the instructions of each natural loop, by their first one.

    A jump back is from a loop's end to its head; the loop is the head, and all from which
    the jump is reached without passing the head (Aho, Lam, Sethi, Ullman, 9.6.6). Jumps back
    to the same head are one loop.
    """
    before = _predecessors(instrs)
    bodies: dict[int, set[int]] = {}
    for index, instr in enumerate(instrs):
        if instr.target is not None and instr.target <= index:
            body = bodies.setdefault(instr.target, {instr.target})
            _add(body, index, before)
    return [sorted(bodies[head]) for head in sorted(bodies, key=lambda head: min(bodies[head]))]


def _predecessors(instrs: Sequence[Instr]) -> list[list[int]]:
    before: list[list[int]] = [[] for _ in range(len(instrs) + 1)]
    for index, instr in enumerate(instrs):
        if instr.target is not None:
            before[instr.target].append(index)
        if instr.opname != "JUMP" and not instr.opname.startswith(_ENDS):
            before[index + 1].append(index)
    return before


def _add(body: set[int], end: int, before: Sequence[Sequence[int]]) -> None:
    """Add the end of a loop, and all that leads there from its head."""
    waiting = [end]
    while waiting:
        index = waiting.pop()
        if index not in body:
            body.add(index)
            waiting.extend(before[index])
