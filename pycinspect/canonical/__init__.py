"""What does the code mean, whatever Python wrote it?

Code objects to canonical ops, to graphs of events, to forms that can be compared. Uses
``disasm``, ``pyc``, ``dialects``, ``errors`` and ``values``.
"""

from pycinspect.canonical.form import Form, Level, canonicalize
from pycinspect.canonical.linear import LinearOp, LinearSequence, LinearStep, linearize
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp, Unknown, lower
from pycinspect.canonical.planes import Plane
from pycinspect.canonical.statements import Statement
from pycinspect.canonical.units import Place, Units, units, units_of_both

__all__ = [
    "CanonicalOp",
    "Form",
    "Level",
    "LinearOp",
    "LinearSequence",
    "LinearStep",
    "Note",
    "Place",
    "Plane",
    "Statement",
    "Units",
    "Unknown",
    "canonicalize",
    "linearize",
    "lower",
    "units",
    "units_of_both",
]
