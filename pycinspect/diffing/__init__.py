"""What changed between two programs?

Code objects are matched, their statements aligned, and what differs for a known reason is
explained. Uses ``programs``, ``canonical``, ``compiling``, ``disasm``, ``pyc``, ``dialects``, ``errors`` and
``values``.
"""

from pycinspect.diffing.align import Span, aligned
from pycinspect.diffing.changes import (
    Change,
    Diff,
    FieldChange,
    ModuleDiff,
    Op,
    Side,
    Status,
    UnitDiff,
)
from pycinspect.diffing.comparing import compare, diff, diff_module
from pycinspect.diffing.exact import code_changes, file_changes, unreadable_changes
from pycinspect.diffing.explanations import EXPLANATIONS, Explanation
from pycinspect.diffing.match import Match, matched
from pycinspect.diffing.programs import (
    Compiled,
    Leveled,
    NamedCode,
    Stored,
    compiled_in,
    leveled,
)
from pycinspect.diffing.revisions import RevisionTree
from pycinspect.diffing.rewrites import Rewrite, rewrites
from pycinspect.diffing.selecting import IGNORABLE, Selection
from pycinspect.diffing.trees import (
    FileTree,
    PairedModule,
    Tree,
    levels_in,
    module_name,
    paired_modules,
    with_their_sources,
    words_for,
)

__all__ = [
    "EXPLANATIONS",
    "IGNORABLE",
    "Change",
    "Compiled",
    "Diff",
    "Explanation",
    "FieldChange",
    "FileTree",
    "Leveled",
    "Match",
    "ModuleDiff",
    "NamedCode",
    "Op",
    "PairedModule",
    "RevisionTree",
    "Rewrite",
    "Selection",
    "Side",
    "Span",
    "Status",
    "Stored",
    "Tree",
    "UnitDiff",
    "aligned",
    "code_changes",
    "compare",
    "compiled_in",
    "diff",
    "diff_module",
    "file_changes",
    "leveled",
    "levels_in",
    "matched",
    "module_name",
    "paired_modules",
    "rewrites",
    "unreadable_changes",
    "with_their_sources",
    "words_for",
]
