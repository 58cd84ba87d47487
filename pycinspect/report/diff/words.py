"""What is said of a comparison in a few words: the answer, counts, and the line above a code object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical import Plane
from pycinspect.diffing import Diff, ModuleDiff, Op, Status, UnitDiff
from pycinspect.report.pen import Piece
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = [
    "CUT",
    "LONGEST",
    "MOVED",
    "SIGNS",
    "Line",
    "Stat",
    "answer",
    "asked_for",
    "differing_files",
    "heading",
    "short_text",
    "shown_units",
]

Line = tuple[Piece, ...]

#: Characters of a string, beyond which it is cut.
LONGEST = 3_000
CUT = "…"
MOVED = "  (moved)"


def answer(diff: Diff) -> str:
    """Return the answer in one line: how many code objects there are of each status.

    At level exact files can differ although no code object does, which is said first.
    """
    files = differing_files(diff)
    told = _summary(diff.summary)
    if not files:
        return told
    one, many = "the file differs", "files differ"
    words = one if len(diff.modules) == 1 else counted(files, one, many)
    return f"{words}; code objects: {told}"


def differing_files(diff: Diff) -> int:
    """Return how many files differ, whatever their code objects do."""
    return sum(bool(module.files) for module in diff.modules)


def _summary(counts: Mapping[Status, int]) -> str:
    """Return ``12 same, 3 explained, 1 changed …``, with a zero for what there is none of."""
    return ", ".join(f"{count:,} {_WORDS.get(status, status)}" for status, count in counts.items())


_WORDS = {Status.NOT_CANONICALISED: "not canonicalised"}


def asked_for(diff: Diff) -> Iterator[tuple[str, str]]:
    """Yield what was read, what was asked for, and what does not count, each with its word."""
    words = (
        ("read", diff.read),
        ("only", ", ".join(diff.only)),
        ("ignored", ", ".join(diff.ignored)),
    )
    return ((word, told) for word, told in words if told)


class Stat(NamedTuple):
    """How much of a module differs.

    Args:
        told: its code objects that are not the same, in words; "" for none.
        come: statements that are new, or became others.
        gone: those that were there before.
    """

    told: str
    come: int
    gone: int

    @classmethod
    def of(cls, module: ModuleDiff) -> Stat:
        """Return that of a module."""
        units = [unit for unit in module.units if unit.status in SHOWN]
        counts = Counter(unit.status for unit in units)
        words = [f"{counts[s]:,} {_WORDS.get(s, s)}" for s in Status if counts[s]]
        words += ["the files"] if module.files else []
        changes = [c for unit in units for c in unit.changes if c.op is not Op.EQUAL]
        come, gone = sum(len(c.new) for c in changes), sum(len(c.old) for c in changes)
        return cls(", ".join(words), come, gone)


def shown_units(module: ModuleDiff) -> list[UnitDiff]:
    """Return what is shown of a module; of one on one side only it is a line for all."""
    if module.old is None or module.new is None:
        return []
    return [unit for unit in module.units if unit.status in SHOWN]


#: An explained difference is counted, not shown: it is none of the program.
SHOWN = frozenset(Status) - {Status.SAME, Status.EXPLAINED}


#: What stands before a code object.
SIGNS: Mapping[Status, Piece] = MappingProxyType(
    {
        Status.EXPLAINED: ("= ", "hint"),
        Status.CHANGED: ("~ ", "warning"),
        Status.RENAMED: ("> ", "warning"),
        Status.ADDED: ("+ ", "insert"),
        Status.REMOVED: ("- ", "delete"),
        Status.NOT_CANONICALISED: ("? ", "error"),
    }
)


def heading(unit: UnitDiff) -> Iterator[Piece]:
    """Yield ``~ Cache.get  line 41 -> 43  instructions, signature``."""
    sides = [side for side in (unit.old, unit.new) if side is not None]
    yield SIGNS[unit.status]
    yield _arrowed(short_text(side.qualname) for side in sides), "head"
    yield f"  line {_arrowed(str(side.code.firstlineno) for side in sides)}", "number"
    planes = [plane.value for plane in unit.planes]
    told = [_likeness(unit), *planes] if unit.status is Status.RENAMED else planes
    if told:
        yield f"  {', '.join(told)}", "hint"


def _likeness(unit: UnitDiff) -> str:
    """Return how much of the body of what was renamed or moved is the same."""
    if Plane.INSTRUCTIONS not in unit.planes:
        return "body identical"
    equal = sum(len(change.new) for change in unit.changes if change.op is Op.EQUAL)
    sizes = [sum(len(c.old) for c in unit.changes), sum(len(c.new) for c in unit.changes)]
    return f"{100 * equal // max(*sizes, 1)} % of the body the same"


def _arrowed(texts: Iterable[str]) -> str:
    return " -> ".join(dict.fromkeys(texts))


def short_text(text: str) -> str:
    """Return a string without control characters, the end of a long one cut off."""
    return visible(text if len(text) <= LONGEST else text[:LONGEST] + CUT)
