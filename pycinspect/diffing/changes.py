"""What a comparison finds, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical import Level, Plane
from pycinspect.dialects import Dialect
from pycinspect.diffing.explanations import EXPLANATIONS, Explanation
from pycinspect.pyc import Code
from pycinspect.values import brief, shown, visible

__all__ = ["Change", "Diff", "FieldChange", "ModuleDiff", "Op", "Side", "Status", "UnitDiff"]


class Status(StrEnum):
    """What became of a code object."""

    SAME = "same"
    #: Equal forms, one of which has something erased that a program could see.
    EXPLAINED = "explained"
    CHANGED = "changed"
    #: Another name or another place; the body may have changed, too.
    RENAMED = "renamed"
    ADDED = "added"
    REMOVED = "removed"
    #: A limit was reached, or the code makes no sense: nothing is known.
    NOT_CANONICALISED = "not-canonicalised"


class Op(StrEnum):
    """What became of some statements that follow each other."""

    EQUAL = "equal"
    REPLACE = "replace"
    DELETE = "delete"
    INSERT = "insert"


class Change(NamedTuple):
    """Statements that follow each other, and what became of them.

    Args:
        op: what became of them.
        old: their strings before.
        new: their strings after.
        old_lines: where each of ``old`` stands in the source, None for nowhere.
        new_lines: where each of ``new`` stands.
        reason: of one statement that became one that is written alike, what differs, in words.
    """

    op: Op
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_lines: tuple[int | None, ...]
    new_lines: tuple[int | None, ...]
    reason: str = ""

    def __repr__(self) -> str:
        return shown(self)


class FieldChange(NamedTuple):
    """A field of a file, or of a code object, that differs.

    Args:
        field: what it is called.
        old: its value before, in a few words; of a long one, what differs.
        new: and after.
        cause: why it differs, where that is known.
    """

    field: str
    old: str
    new: str
    cause: str | None = None

    def __repr__(self) -> str:
        return shown(self)


class Side(NamedTuple):
    """A code object on one side.

    Args:
        code: the code object.
        dialect: who wrote it.
        docstring: of a function, class or module, without its indentation; None where there
            is none, and in code objects that are equal, of which it is not looked for.
    """

    code: Code
    dialect: Dialect
    docstring: str | None = None

    def __repr__(self) -> str:
        return shown(self)

    @property
    def qualname(self) -> str:
        """The name, with those around it."""
        return self.code.qualname


@dataclass(frozen=True, slots=True)
class UnitDiff:
    """One code object, before and after.

    Args:
        old: before; None where it is added.
        new: after; None where it is removed.
        status: what became of it.
        planes: which of the planes that the level compares differ.
        explanations: slugs of what was erased on one side only, or of what explains all
            that differs.
        changes: all its statements, aligned; none where the instructions are equal. Of what is on
            one side only, its body.
        problem: why it is not canonicalised, else None.
        fields: at level exact, the fields that differ.
    """

    old: Side | None
    new: Side | None
    status: Status
    planes: tuple[Plane, ...] = ()
    explanations: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    problem: str | None = None
    fields: tuple[FieldChange, ...] = ()

    def __repr__(self) -> str:
        names = dict.fromkeys(brief(side.qualname) for side in (self.old, self.new) if side)
        return f"<UnitDiff {' -> '.join(names)}: {self.status}>"


@dataclass(frozen=True, slots=True)
class ModuleDiff:
    """One module, before and after.

    Args:
        old: the path before; None where there was none.
        new: the path after; None where there is none.
        units: its code objects, in the order of the new side, the removed ones last.
        files: at level exact, what two caches differ in beside the fields of code objects.
        differing: at other levels, the names of all that two caches of one Python differ in.
        agrees_with: of a cache that differs from its source, the option of another level of
            optimization at which it would not, such as ``-O``; "" for none.
        name: what an import below the directory that is compared would call it; "" where nobody
            said.
    """

    old: str | None
    new: str | None
    units: tuple[UnitDiff, ...]
    files: tuple[FieldChange, ...] = ()
    differing: tuple[str, ...] = ()
    agrees_with: str = ""
    name: str = ""

    @property
    def is_same(self) -> bool:
        """Whether all code objects are the same, or explained; at level exact, the files, too."""
        return self.agrees(_SAME)

    def agrees(self, statuses: Collection[Status]) -> bool:
        """Return whether all code objects have one of some statuses, and the files agree."""
        return not self.files and all(unit.status in statuses for unit in self.units)

    def __repr__(self) -> str:
        names = " -> ".join(brief(name or "nothing") for name in (self.old, self.new))
        return f"<ModuleDiff {names}: {len(self.units)} code objects>"


@dataclass(frozen=True)
class Diff:
    """All that differs between two programs, and all that does not.

    Args:
        old: what was compared, as the caller named it.
        new: what it was compared with.
        level: how much had to be the same.
        modules: one after the other.
        explanations: known differences between versions, whose slugs the code objects have.
        read: which files of two directories were read, in a few words; "" for two files.
        only: patterns of the names that were asked for; none for all.
        ignored: kinds of differences that do not count.
    """

    old: str
    new: str
    level: Level
    modules: tuple[ModuleDiff, ...]
    explanations: Sequence[Explanation] = EXPLANATIONS
    read: str = ""
    only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.summary.items() if count)
        return f"<Diff {brief(self.old)} -> {brief(self.new)}, {self.level}: {counts}>"

    @property
    def units(self) -> Iterator[UnitDiff]:
        """The code objects of all modules."""
        return (unit for module in self.modules for unit in module.units)

    @cached_property
    def summary(self) -> Mapping[Status, int]:
        """How many code objects there are of each status."""
        counts = Counter(unit.status for unit in self.units)
        return MappingProxyType({status: counts[status] for status in Status})

    @cached_property
    def explained(self) -> Mapping[Explanation, int]:
        """How many code objects are explained by each difference that occurs among them."""
        units = (unit for unit in self.units if unit.status is Status.EXPLAINED)
        counts = Counter(slug for unit in units for slug in unit.explanations)
        return {row: counts[row.slug] for row in self.explanations if counts[row.slug]}

    @property
    def is_same(self) -> bool:
        """Whether all code objects are the same, or explained; at level exact, the files, too."""
        return all(module.is_same for module in self.modules)

    def without_bodies(self) -> Diff:
        """Return it without the statements of what is added and removed."""
        return replace(
            self,
            modules=tuple(
                replace(
                    module,
                    units=tuple(
                        replace(unit, changes=()) if unit.status in _ONE_SIDED else unit
                        for unit in module.units
                    ),
                )
                for module in self.modules
            ),
        )

    @property
    def has_nothing_to_say(self) -> bool:
        """Whether there is nothing that would even have to be explained."""
        return all(module.agrees({Status.SAME}) for module in self.modules)

    def _repr_html_(self) -> str:
        """Return a summary, and what is not the same as a table, for a notebook."""
        counts = ", ".join(f"{count} {status}" for status, count in self.summary.items())
        title = f"{self.old} -> {self.new}, level {self.level.value}: {counts}"
        rows = "".join(_row(unit) for unit in self.units if unit.status is not Status.SAME)
        return f"<p>{_html(title)}</p><table>{rows}</table>"


_SAME = frozenset({Status.SAME, Status.EXPLAINED})
_ONE_SIDED = frozenset({Status.ADDED, Status.REMOVED})


def _row(unit: UnitDiff) -> str:
    names = (side.qualname if side else "" for side in (unit.old, unit.new))
    why = unit.problem or ", ".join([*unit.explanations, *(p.value for p in unit.planes)])
    cells = "".join(f"<th>{_html(cell)}</th>" for cell in (unit.status, *names, why))
    return f"<tr>{cells}</tr>{''.join(map(_changed_row, unit.changes))}"


def _changed_row(change: Change) -> str:
    """Return the statements that went and those that came; equal ones are left out."""
    if change.op is Op.EQUAL:
        return ""
    old = "<br>".join(f"<del>{_html(text)}</del>" for text in change.old)
    new = "<br>".join(f"<ins>{_html(text)}</ins>" for text in change.new)
    why = f"<br>({_html(change.reason)})" if change.reason else ""
    cells = f'<td><code>{old}</code></td><td colspan="2"><code>{new}</code>{why}</td>'
    return f"<tr><td></td>{cells}</tr>"


def _html(text: str) -> str:
    return escape(visible(text))
