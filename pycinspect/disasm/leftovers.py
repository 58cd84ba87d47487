"""What a code object has that nothing in it needs, or leads to.

The compiler of a version that cleans up leaves none of it; code that somebody has put in later,
or has cut off, does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.dialects import Bytecode, Dialect, Flow, Operand
from pycinspect.disasm.decode import Instruction, bare_instructions
from pycinspect.disasm.handlers import exception_table
from pycinspect.disasm.literals import shortened
from pycinspect.disasm.proof import proof
from pycinspect.disasm.reach import reached
from pycinspect.disasm.stack import Defect
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code

__all__ = ["leftovers"]


def leftovers(code: Code, dialect: Dialect) -> list[Defect]:
    """Return what one code object has too much, not those inside it.

    Args:
        code: a code object in which ``verify`` finds nothing.
        dialect: who wrote it, ``CodeFile.dialect``.

    Returns:
        ``unused-constant``, one that no instruction loads, and ``dead-code``, instructions at the
        end that no path leads to. Nothing of either kind where the compiler of the version leaves
        such things (``Bytecode.keeps_constants``, ``keeps_dead_code``). The offset is that
        of the first instruction; of a constant its place among the constants.

    Raises:
        PycInspectError: ``unknown-opcodes``, ``bad-exception-table``.
    """
    bytecode = bytecode_of(dialect)
    known = proof(code, dialect)
    if known is not None and known.is_tidy:  # nearly always
        return []
    return every_leftover(code, dialect, bytecode)


def every_leftover(code: Code, dialect: Dialect, bytecode: Bytecode) -> list[Defect]:
    """Look at each instruction: what :func:`leftovers` does where there is no quick proof."""
    listed = bare_instructions(code, bytecode)
    found: list[Defect] = []
    if not bytecode.keeps_constants:
        found += _unused_constants(code, listed, bytecode)
    if not bytecode.keeps_dead_code:
        found += _dead_code(code, listed, dialect)
    return found


def _unused_constants(
    code: Code, listed: Sequence[Instruction], bytecode: Bytecode
) -> Iterator[Defect]:
    opcodes = bytecode.opcodes.by_number
    used = {step.arg for step in listed if opcodes[step.opcode].operand is Operand.CONST}
    # The first one stays where nothing loads it: it may be the docstring
    # (Python/flowgraph.c: remove_unused_consts).
    for place in range(1, len(code.consts)):
        if place not in used:
            value = shortened(code.consts[place])
            yield Defect("unused-constant", f"nothing loads constant {place}, {value}", place)


def _dead_code(code: Code, listed: Sequence[Instruction], dialect: Dialect) -> Iterator[Defect]:
    """Look for instructions after the last one that is come to.

    Not for the rest of a loop, which compilers do leave: it is moved to the end before it turns
    out that nothing leads to it (``test_compile.py: test_cold_block_moved_to_end``, 3.12).
    """
    bytecode = bytecode_of(dialect)
    last = max(reached(listed, bytecode, exception_table(code, dialect)))
    if last + 1 == len(listed) or _jumps_back(listed[-1], bytecode):
        return
    first = listed[last + 1]
    count = len(listed) - last - 1
    noun = "instruction" if count == 1 else "instructions"
    message = f"nothing leads to the last {count:,} {noun}, from {first.opname} on"
    yield Defect("dead-code", message, first.start_offset)


def _jumps_back(step: Instruction, bytecode: Bytecode) -> bool:
    is_jump = bytecode.opcodes.by_number[step.opcode].flow is Flow.JUMP
    return is_jump and step.jump_target is not None and step.jump_target < step.offset
