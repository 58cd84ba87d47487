"""What would mend it, and how is it taken back?

Findings of an audit become a plan, and the plan is done: ``Planner.plan``, ``apply_repairs``. A
journal notes every change before it is made, and ``take_back`` follows it. Uses ``auditing``,
``verifying``, ``diffing``, ``compiling``, ``cache``, ``pyc``, ``dialects``, ``writing``, ``errors``
and ``values``. A subject is never imported or run.
"""

from pycinspect.repairing.applying import NO_JOURNAL, Notes, apply_repairs
from pycinspect.repairing.damage import Damage, Looker
from pycinspect.repairing.folder import Grounds
from pycinspect.repairing.journal import JournalWriter, read_journal
from pycinspect.repairing.making import Maker
from pycinspect.repairing.planning import Asked, Planner
from pycinspect.repairing.remedies import LEFT_TO_PEOPLE, OF_OTHERS, REMEDIES, DeleteIf, Remedy
from pycinspect.repairing.repair import (
    FileState,
    Repair,
    RepairKind,
    RepairPlan,
    RepairResult,
    RepairStatus,
    Unmended,
)
from pycinspect.repairing.undoing import take_back

__all__ = [
    "LEFT_TO_PEOPLE",
    "NO_JOURNAL",
    "OF_OTHERS",
    "REMEDIES",
    "Asked",
    "Damage",
    "DeleteIf",
    "FileState",
    "Grounds",
    "JournalWriter",
    "Looker",
    "Maker",
    "Notes",
    "Planner",
    "Remedy",
    "Repair",
    "RepairKind",
    "RepairPlan",
    "RepairResult",
    "RepairStatus",
    "Unmended",
    "apply_repairs",
    "read_journal",
    "take_back",
]
