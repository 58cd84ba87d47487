"""Which instructions can be come to at all."""

from __future__ import annotations

from collections.abc import Sequence

from pycinspect.dialects import Bytecode, Flow
from pycinspect.disasm.decode import Instruction
from pycinspect.disasm.handlers import Handler

__all__ = ["reached"]

_JUMPS = (Flow.BRANCH, Flow.JUMP, Flow.SETUP)
_STAYS = (Flow.NEXT, Flow.BRANCH, Flow.SETUP, Flow.UNKNOWN)


def reached(
    listed: Sequence[Instruction], bytecode: Bytecode, handlers: Sequence[Handler]
) -> set[int]:
    """Return the instructions to which a path leads from the start of the code.

    Compilers leave instructions behind that none leads to: up to 3.9 what follows a
    ``return`` in ``finally``.

    Args:
        listed: all instructions of a code object; the answer has their places in it.
        bytecode: how its version writes code.
        handlers: its exception table; each of them counts as being come to.
    """
    opcodes = bytecode.opcodes.by_number
    place = {step.offset: number for number, step in enumerate(listed)}
    waiting = [0, *(place[h.target] for h in handlers if h.target in place)]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if here in seen or here >= len(listed):
            continue
        seen.add(here)
        step = listed[here]
        flow = opcodes[step.opcode].flow
        if flow in _STAYS:
            waiting.append(here + 1)
        if flow in _JUMPS and step.jump_target in place:
            waiting.append(place[step.jump_target])
    return seen
