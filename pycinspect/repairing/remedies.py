"""Which findings can be mended, and how: a row for each rule; and why others cannot."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.repairing.repair import RepairKind

__all__ = ["LEFT_TO_PEOPLE", "OF_OTHERS", "REMEDIES", "DeleteIf", "Remedy"]


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
        "PYC508": Remedy(RepairKind.CONVERT),
        "PYC601": Remedy(RepairKind.CHMOD, bits=0o002),
        "PYC602": Remedy(RepairKind.CHMOD, bits=0o020),
        "PYC607": Remedy(RepairKind.CHMOD, bits=0o6111),
    }
)

_NOT_KNOWN_WHICH = "which of them is right is not known here"
_AS_BUILT = "how it is built decides that"
_MAY_BE_SO = "its source may be like that"


#: Rule to why its findings are left to people, without a full stop.
LEFT_TO_PEOPLE: Mapping[str, str] = MappingProxyType(
    {
        "PYC008": "nobody has read it as a whole",
        "PYC010": "Jython alone makes class files: delete it, if its source is there",
        "PYC011": "mpy-cross alone makes it, and its source is not here",
        "PYC112": "Jython compiles it again when it is imported",
        "PYC111": "it is the time of its source that does not fit (touch)",
        "PYC205": "python -m compileall makes caches that are missing",
        "PYC206": "its source does not compile",
        "PYC208": "nobody has looked at what is in it",
        "PYC303": _NOT_KNOWN_WHICH,
        "PYC309": "it is a compiled module, which may be wanted",
        "PYC310": "it is the cache of another Python, which may be wanted",
        "PYC405": _AS_BUILT,
        "PYC406": _AS_BUILT,
        "PYC407": _NOT_KNOWN_WHICH,
        "PYC503": "it was not compared: nothing is known to be wrong",
        "PYC506": _MAY_BE_SO,
        "PYC509": _NOT_KNOWN_WHICH,
        "PYC510": _MAY_BE_SO,
        "PYC511": "it is no defect of a file",
        "PYC512": _NOT_KNOWN_WHICH,
        "PYC513": "it means the same",
        "PYC603": "what a link leads to is left alone",
        "PYC604": "its other names may be wanted",
        "PYC605": "it is not a file",
        "PYC606": "it cannot be read",
        "PYC701": "it is in an archive",
        "PYC702": "it is in an archive",
        "PYC704": "it is in an archive",
        "PYC705": "it is in an image",
        "PYC706": "it is in an archive",
        "PYC707": "it is in an archive",
        "PYC708": "there are no sources",
    }
)
#: Rules that tell of the run, add up, or say what comes of findings of other rules.
OF_OTHERS = frozenset(
    {
        *("PYC106", "PYC107", "PYC108", "PYC109", "PYC801"),
        *("PYC901", "PYC902", "PYC903"),
    }
)
