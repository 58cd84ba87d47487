"""Which findings can be mended, and how: a row for each rule.

What is missing here is left to people: what to do about it is not known (PYC303, several Pythons),
is not a matter of this file (PYC107, a tree that a copy made stale), or would need a look at what
nobody has read (PYC208, a directory among the caches).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.repairing.repair import RepairKind

__all__ = ["REMEDIES", "DeleteIf", "Remedy"]


class DeleteIf(Enum):
    """Under which condition a file may be deleted."""

    #: Nothing takes it and nothing can make it again: it must be possible to take that back.
    ORPHAN = auto()
    #: An import takes it, and would fail or find something else without it: only if asked.
    TAKEN = auto()
    #: Its source must be there, from which it can be made again.
    SOURCE = auto()
    #: It must be known to be a cache, and lie among caches.
    KNOWN = auto()
    #: Nobody may still be writing it.
    LEFT_BEHIND = auto()
    #: It must be an empty directory, which the system sees to.
    NONE = auto()


class Remedy(NamedTuple):
    """What mends the findings of a rule.

    Args:
        kind: what is done.
        condition: of a file that is deleted, in the first place or otherwise.
        deletes_otherwise: whether it is deleted where it cannot be compiled again. An import
            does not take such a file as it is, so that nothing changes for it.
        bits: permissions that are taken away.
        is_whole: a directory goes with everything in it, and an import notices that.
    """

    kind: RepairKind
    condition: DeleteIf = DeleteIf.NONE
    deletes_otherwise: bool = False
    bits: int = 0
    is_whole: bool = False


#: The file is loaded: it is not deleted where nothing can come in its place.
_RECOMPILE = Remedy(RepairKind.RECOMPILE)
#: The file is not loaded: the importer compiles the source, or fails.
_RECOMPILE_OR_DELETE = Remedy(RepairKind.RECOMPILE, DeleteIf.SOURCE, deletes_otherwise=True)
_DELETE_ORPHAN = Remedy(RepairKind.DELETE, DeleteIf.ORPHAN)
_DELETE_TAKEN = Remedy(RepairKind.DELETE, DeleteIf.TAKEN)
_DELETE_FOREIGN = Remedy(RepairKind.DELETE, DeleteIf.SOURCE)

#: Rule to what mends its findings.
REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {
        "PYC001": _RECOMPILE_OR_DELETE,
        "PYC002": _RECOMPILE_OR_DELETE,
        "PYC003": _RECOMPILE,
        "PYC004": _RECOMPILE_OR_DELETE,
        "PYC005": _RECOMPILE_OR_DELETE,
        "PYC006": _RECOMPILE,
        "PYC007": _RECOMPILE,
        "PYC009": _RECOMPILE_OR_DELETE,
        "PYC101": _RECOMPILE_OR_DELETE,
        "PYC102": _RECOMPILE_OR_DELETE,
        "PYC103": _RECOMPILE_OR_DELETE,
        "PYC104": _RECOMPILE,
        "PYC105": _RECOMPILE,
        "PYC110": Remedy(RepairKind.CONVERT),
        "PYC201": _DELETE_ORPHAN,
        "PYC202": _DELETE_TAKEN,
        "PYC203": _DELETE_FOREIGN,
        "PYC204": Remedy(RepairKind.REMOVE_DIRECTORY, is_whole=True),
        "PYC207": Remedy(RepairKind.DELETE, DeleteIf.KNOWN),
        "PYC209": _DELETE_ORPHAN,
        "PYC210": Remedy(RepairKind.REMOVE_DIRECTORY),
        "PYC211": Remedy(RepairKind.DELETE, DeleteIf.LEFT_BEHIND),
        "PYC301": _RECOMPILE_OR_DELETE,
        "PYC302": _DELETE_FOREIGN,
        "PYC304": _DELETE_FOREIGN,
        "PYC305": _RECOMPILE_OR_DELETE,
        "PYC306": _RECOMPILE,
        "PYC308": _DELETE_FOREIGN,
        "PYC401": _RECOMPILE,
        "PYC402": _RECOMPILE,
        "PYC403": _RECOMPILE,
        "PYC501": _RECOMPILE,
        "PYC502": _RECOMPILE,
        "PYC504": _RECOMPILE,
        "PYC505": _RECOMPILE,
        "PYC507": _RECOMPILE,
        "PYC601": Remedy(RepairKind.CHMOD, bits=0o002),
        "PYC602": Remedy(RepairKind.CHMOD, bits=0o020),
        "PYC607": Remedy(RepairKind.CHMOD, bits=0o6111),
    }
)
