"""Whether the code of a code object can be run at all.

The interpreter checks nothing of this: what is wrong here makes it crash, or do what no
source says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from pycinspect.dialects import Bytecode, Dialect, Flow, Role
from pycinspect.disasm.decode import Instruction, bare_instructions
from pycinspect.disasm.handlers import Handler, exception_table
from pycinspect.disasm.lines import plain_ranges
from pycinspect.disasm.locations import LOCATION_TABLES, check_entries
from pycinspect.disasm.operands import OUT_OF_RANGE
from pycinspect.disasm.proof import proof
from pycinspect.disasm.reach import reached
from pycinspect.disasm.stack import Defect, stack_defects
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Defect", "verify"]


def verify(code: Code, dialect: Dialect) -> list[Defect]:
    """Return what is wrong with the code of one code object, not of those inside it.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.

    Returns:
        ``unknown-opcode``, ``memory-opcode`` (one that is never in a file),
        ``cut-instruction``, ``bad-index`` (no such constant, name or variable),
        ``bad-jump``, ``runs-off``, ``bad-exception-table``, ``bad-line-table``, and, if
        there is none of the others, what :func:`stack_defects` returns.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    bytecode = bytecode_of(dialect)
    if proof(code, dialect) is not None:  # nearly always
        return []
    return every_defect(code, dialect, bytecode)


def every_defect(code: Code, dialect: Dialect, bytecode: Bytecode) -> list[Defect]:
    """Look at each instruction: what :func:`verify` does where there is no quick proof."""
    listed = bare_instructions(code, bytecode)
    handlers, table_defects = _handlers(code, dialect)
    starts = _starts(listed)
    defects = [
        *_instruction_defects(bytecode, listed),
        *_end_defects(code, bytecode, listed, handlers),
        *_jump_defects(listed, starts),
        *table_defects,
        *_handler_defects(code, handlers, starts),
        *_line_defects(code, bytecode),
    ]
    return defects or stack_defects(code, listed, bytecode, handlers)


def _starts(listed: Sequence[Instruction]) -> frozenset[int]:
    """Return the offsets at which control may arrive: not after an EXTENDED_ARG."""
    return frozenset(step.offset for step in listed if step.offset == step.start_offset)


# --- Instructions --------------------------------------------------------------------

_IN_FILES = (Role.REAL,)


def _instruction_defects(bytecode: Bytecode, listed: Sequence[Instruction]) -> Iterator[Defect]:
    opcodes = bytecode.opcodes.by_number
    for step in listed:
        opcode = opcodes[step.opcode]
        if opcode.flow is Flow.UNKNOWN:
            yield Defect("unknown-opcode", f"no operation has number {step.opcode}", step.offset)
        elif opcode.role not in _IN_FILES:
            message = f"{step.opname} is {opcode.role.value}: no compiler writes it"
            yield Defect("memory-opcode", message, step.offset)
        elif step.arg is None and opcode.takes_argument:
            yield Defect("cut-instruction", f"{step.opname} has no argument", step.offset)
        elif step.argval is OUT_OF_RANGE:
            message = f"{step.opname} {step.arg}: there is no such {opcode.operand.noun}"
            yield Defect("bad-index", message, step.offset)


def _end_defects(
    code: Code, bytecode: Bytecode, listed: Sequence[Instruction], handlers: Sequence[Handler]
) -> Iterator[Defect]:
    """Look for a path that leads past the last instruction."""
    if not listed:
        yield Defect("runs-off", "there are no instructions", 0)
        return
    flow = bytecode.opcodes.by_number[listed[-1].opcode].flow
    if flow in (Flow.EXIT, Flow.JUMP):
        return
    if len(listed) - 1 in reached(listed, bytecode, handlers):
        yield Defect("runs-off", "control runs off the end of the code", len(code.code))


def _jump_defects(listed: Sequence[Instruction], starts: frozenset[int]) -> Iterator[Defect]:
    for step in listed:
        if step.jump_target is not None and step.jump_target not in starts:
            message = f"{step.opname} to {step.jump_target}, where no instruction starts"
            yield Defect("bad-jump", message, step.offset)


# --- Tables -----------------------------------------------------------------------------


def _handlers(code: Code, dialect: Dialect) -> tuple[list[Handler], list[Defect]]:
    try:
        return exception_table(code, dialect), []
    except PycInspectError as error:
        return [], [_defect_of(error)]


def _defect_of(error: PycInspectError) -> Defect:
    return Defect(error.slug, error.message, error.offset or 0)


def _handler_defects(
    code: Code, handlers: Sequence[Handler], starts: frozenset[int]
) -> Iterator[Defect]:
    """Check the table that ``get_exception_handler`` (``Python/ceval.c``) searches by halves."""
    after = 0
    for handler in handlers:
        problem = None
        if handler.start >= handler.end or handler.end > len(code.code):
            problem = f"guards {handler.start} to {handler.end}"
        elif handler.start < after:
            problem = f"from {handler.start} stands after one to {after}"
        elif handler.target not in starts:
            problem = f"leads to {handler.target}, where no instruction starts"
        elif handler.depth > code.stacksize:
            problem = f"keeps {handler.depth} values, stacksize is {code.stacksize}"
        if problem is not None:
            yield Defect("bad-exception-table", f"a handler {problem}", handler.start)
        after = handler.end


def _line_defects(code: Code, bytecode: Bytecode) -> Iterator[Defect]:
    try:
        if bytecode.lines in LOCATION_TABLES:
            check_entries(code)
        else:
            deque(plain_ranges(code, bytecode), maxlen=0)
    except PycInspectError as error:
        yield _defect_of(error)
