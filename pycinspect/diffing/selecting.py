"""Which part of a comparison is asked for, and which differences do not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from pycinspect.canonical import Plane
from pycinspect.diffing.changes import Diff, FieldChange, ModuleDiff, Status, UnitDiff
from pycinspect.diffing.explanations import Explanation
from pycinspect.errors import PycInspectError

__all__ = ["IGNORABLE", "Selection"]

_LINK = "https://github.com/python/cpython/blob/main/Objects/locations.md"


@dataclass(frozen=True, slots=True)
class _Ignorable:
    """A kind of difference that need not count.

    Args:
        plane: what differs.
        fields: at level exact, how the names of the fields begin that say so.
        row: how such a difference is told.
    """

    plane: Plane
    fields: tuple[str, ...]
    row: Explanation


def _row(slug: str, title: str, reason: str, link: str) -> Explanation:
    return Explanation(f"ignored-{slug}", f"{title}, ignored as asked", reason, link)


#: By the word that asks for it.
IGNORABLE: Mapping[str, _Ignorable] = MappingProxyType(
    {
        "docstrings": _Ignorable(
            Plane.DOCSTRING,
            (),
            _row(
                "docstrings",
                "docstring",
                "What __doc__ says, and help() shows.",
                "https://docs.python.org/3/glossary.html#term-docstring",
            ),
        ),
        "annotations": _Ignorable(
            Plane.ANNOTATIONS,
            (),
            _row(
                "annotations",
                "annotations",
                "What __annotations__ says, of variables, parameters and results.",
                "https://docs.python.org/3/glossary.html#term-annotation",
            ),
        ),
        "lines": _Ignorable(
            Plane.LINES,
            ("first line", "line table"),
            _row("lines", "lines", "Where code stands in its source, as tracebacks say.", _LINK),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for of a comparison.

    Args:
        only: patterns of names as ``fnmatch`` takes them, of modules (``pkg.mod*``), of what is
            in them (``pkg.mod.Cart.*``), or of that alone (``Cart.*``); none for all.
        ignored: words of :data:`IGNORABLE`: what differs in nothing else is explained.
    """

    only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def __call__(self, diff: Diff) -> Diff:
        """Return the part of a comparison that is asked for.

        Raises:
            PycInspectError: ``nothing-to-compare`` where nothing has such a name.
        """
        modules = [self._part(module) for module in diff.modules]
        found = tuple(module for module in modules if module is not None)
        if not found and diff.modules:
            message = f"nothing is called {' or '.join(map(repr, self.only))}"
            raise PycInspectError("nothing-to-compare", message)
        rows = [IGNORABLE[word].row for word in self.ignored]
        return replace(
            diff,
            modules=found,
            explanations=(*diff.explanations, *rows),
            only=self.only,
            ignored=self.ignored,
        )

    def _part(self, module: ModuleDiff) -> ModuleDiff | None:
        """Return what is asked for of a module, None for nothing."""
        if self._names([module.name]):
            units: Iterable[UnitDiff] = module.units
        else:
            units = [unit for unit in module.units if self._names(_names_of(unit, module.name))]
            if not units:
                return None
            module = replace(module, files=(), differing=())
        return replace(module, units=tuple(map(self._counted, units)))

    def _names(self, names: Sequence[str]) -> bool:
        return not self.only or any(fnmatchcase(n, asked) for n in names for asked in self.only)

    def _counted(self, unit: UnitDiff) -> UnitDiff:
        """Return what became of a code object if some differences do not count."""
        asked = [IGNORABLE[word] for word in self.ignored]
        causes = [one for one in asked if one.plane in unit.planes]
        rest = {*unit.planes} - {one.plane for one in causes}
        fields = [field for field in unit.fields if not _is_of(field, causes)]
        if unit.status is not Status.CHANGED or not causes or rest or fields:
            return unit
        slugs = dict.fromkeys([*unit.explanations, *(one.row.slug for one in causes)])
        return replace(unit, status=Status.EXPLAINED, explanations=tuple(slugs))


def _is_of(field: FieldChange, causes: Iterable[_Ignorable]) -> bool:
    return any(field.field.startswith(one.fields) for one in causes if one.fields)


def _names_of(unit: UnitDiff, module: str) -> list[str]:
    """Return the names of a code object on both sides, with and without that of its module."""
    sides = [side for side in (unit.old, unit.new) if side is not None]
    names = [side.qualname for side in sides if side.qualname != "<module>"]
    return [*names, *(f"{module}.{name}" for name in names)]
