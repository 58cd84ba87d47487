"""What does the code do, step by step?

Code objects to instructions, lines, positions and handlers. Uses ``pyc``, ``dialects``,
``errors`` and ``values``.
"""

from pycinspect.disasm.checks import Defect, verify
from pycinspect.disasm.decode import Instruction, instruction_count, instructions
from pycinspect.disasm.handlers import Handler, exception_table
from pycinspect.disasm.leftovers import leftovers
from pycinspect.disasm.lines import LineRange, line_ranges, line_starts
from pycinspect.disasm.literals import LITERAL_LIMIT, Literals, literal
from pycinspect.disasm.live import adaptive_instructions, code_of
from pycinspect.disasm.locations import Position
from pycinspect.disasm.operands import OUT_OF_RANGE
from pycinspect.disasm.positions import positions
from pycinspect.disasm.proof import Proof, proof
from pycinspect.disasm.readings import Reading, hinted, how_it_decodes, readings

__all__ = [
    "LITERAL_LIMIT",
    "OUT_OF_RANGE",
    "Defect",
    "Handler",
    "Instruction",
    "LineRange",
    "Literals",
    "Position",
    "Proof",
    "Reading",
    "adaptive_instructions",
    "code_of",
    "exception_table",
    "hinted",
    "how_it_decodes",
    "instruction_count",
    "instructions",
    "leftovers",
    "line_ranges",
    "line_starts",
    "literal",
    "positions",
    "proof",
    "readings",
    "verify",
]
