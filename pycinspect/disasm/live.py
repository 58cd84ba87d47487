"""Code objects of the interpreter that runs this."""

from __future__ import annotations

import marshal
from types import CodeType

from pycinspect.dialects import DIALECTS
from pycinspect.disasm.decode import Instruction, instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, unmarshal

__all__ = ["adaptive_instructions", "code_of"]


def code_of(live: CodeType) -> Code:
    """Return a live code object as one that was read from a file.

    Args:
        live: ``function.__code__``, or what ``compile`` returned.

    Raises:
        PycInspectError: ``not-marshallable`` where a constant was put in by hand that no
            file can hold; ``unknown-dialect`` for an interpreter without a row.
    """
    try:
        payload = marshal.dumps(live)
    except ValueError as error:
        raise PycInspectError("not-marshallable", f"{live.co_name}: {error}") from error
    value, _ = unmarshal(payload, DIALECTS.running())
    assert isinstance(value, Code)
    return value


def adaptive_instructions(live: CodeType) -> list[Instruction]:
    """Return a live code object's instructions as they are in memory, specialised (3.11).

    Args:
        live: a code object that has run; how it is specialised depends on with what.

    Returns:
        As :func:`instructions`, but with the opcodes and names of specialised and
        instrumented instructions. Those of an interpreter that does not specialise are
        the same as in a file.

    Raises:
        PycInspectError: as :func:`code_of` and :func:`instructions`.
    """
    dialect = DIALECTS.running()
    listed = instructions(code_of(live), dialect)
    # As Lib/dis.py: _get_instructions_bytes (3.13) does: structure and arguments are those
    # of the code that was compiled, because an instrumented opcode hides what it replaced.
    adaptive = getattr(live, "_co_code_adaptive", live.co_code)
    names = [opcode.name for opcode in bytecode_of(dialect).opcodes.by_number]
    opcodes = (adaptive[step.offset] for step in listed)
    return [
        step._replace(opcode=opcode, opname=names[opcode])
        for step, opcode in zip(listed, opcodes, strict=True)
    ]
