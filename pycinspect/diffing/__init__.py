"""What changed between two programs?

Code objects are matched, their statements aligned. Uses ``canonical``, ``compiling``, ``pyc``,
``dialects``, ``errors`` and ``values``.
"""

from pycinspect.diffing.align import Span, aligned
from pycinspect.diffing.changes import Change, Diff, ModuleDiff, Op, Side, Status, UnitDiff
from pycinspect.diffing.compare import compare, diff, diff_module
from pycinspect.diffing.match import Match, matched
from pycinspect.diffing.trees import PairedModule, modules_in, paired_modules

__all__ = [
    "Change",
    "Diff",
    "Match",
    "ModuleDiff",
    "Op",
    "PairedModule",
    "Side",
    "Span",
    "Status",
    "UnitDiff",
    "aligned",
    "compare",
    "diff",
    "diff_module",
    "matched",
    "modules_in",
    "paired_modules",
]
