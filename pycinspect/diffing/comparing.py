"""Two programs, compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pycinspect.canonical import Form, Level, Place, Plane, Units, units, units_of_both
from pycinspect.dialects import Dialect
from pycinspect.diffing.changes import Diff, ModuleDiff, Op, Side, Status, UnitDiff
from pycinspect.diffing.exact import code_changes, file_changes, names_of_differences
from pycinspect.diffing.explanations import EXPLANATIONS, Explanation
from pycinspect.diffing.levels import UNEXPLAINED, Agreement, Sides, forms_like, with_levels
from pycinspect.diffing.listing import body_of, changes_between, code_in, docstring_in
from pycinspect.diffing.match import Match, matched
from pycinspect.diffing.programs import Compiled, Leveled, NamedCode, Stored, named_code
from pycinspect.programs import Program
from pycinspect.programs.questions import parse_level
from pycinspect.pyc import Code

__all__ = ["compare", "diff", "diff_module"]


def diff(
    old: Program,
    new: Program,
    level: Level | str = Level.SEMANTIC,
    *,
    dialect: Dialect | str | None = None,
    explanations: Sequence[Explanation] = EXPLANATIONS,
) -> Diff:
    """Compare two programs.

    Args:
        old: the path of a cache or source, its bytes, a file object, a function, a code object,
            or what ``read_pyc`` returned. Sources are compiled by the running interpreter, and
            nothing is run.
        new: likewise.
        level: how much must be the same, or its name.
        dialect: who wrote the bytecode, a row or its name; needed only for marshalled code
            without a header.
        explanations: known differences between versions; ``load_registry().explanations`` has
            those of plugins, too.

    Raises:
        PycInspectError: a file cannot be read or does not compile; ``unknown-opcodes`` where
            nobody captured the opcodes of one that wrote it; ``not-a-program``;
            ``unknown-level``.

    >>> diff(lambda x: x + 1, lambda x: 1 + x).is_same
    False
    """
    wanted = parse_level(level)
    sides = named_code(old, dialect), named_code(new, dialect)
    module = diff_module(*sides, wanted, explanations)
    return Diff(sides[0][0], sides[1][0], wanted, (module,), explanations)


def diff_module(
    old: NamedCode | None,
    new: NamedCode | None,
    level: Level,
    explanations: Sequence[Explanation] = EXPLANATIONS,
) -> ModuleDiff:
    """Compare two modules, one of which there may not be.

    Args:
        old: None where it is added.
        new: None where it is removed.
        level: how much must be the same.
        explanations: known differences between versions.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    module = ModuleDiff(
        old and old[0], new and new[0], tuple(_units(old, new, level, explanations))
    )
    return _with_files(module, _bare(old and old[1]), _bare(new and new[1]), level)


def _bare(side: Compiled | None) -> Compiled | None:
    return side.compiled if isinstance(side, Leveled) else side


def _units(
    old: NamedCode | None,
    new: NamedCode | None,
    level: Level,
    explanations: Sequence[Explanation],
) -> Iterator[UnitDiff]:
    """Compare the code objects of two modules."""
    if old is None or new is None:
        yield from map(_removed, _forms(old, level))
        yield from map(_added, _forms(new, level))
        return
    ours, theirs = units_of_both(_written(old), _written(new), level)
    matches = matched(ours, theirs)
    found = [_unit(match, ours, theirs, explanations) for match in matches]
    if isinstance(old[1], Leveled) and isinstance(new[1], Leveled):
        compared = _Compared(matches, found, ours, theirs)
        found = _with_levels(compared, old[1], new[1], level, explanations)
    yield from found


def _written(module: NamedCode) -> tuple[Code, Dialect]:
    return module[1].code, module[1].dialect


def _forms(module: NamedCode | None, level: Level) -> Iterable[Form]:
    return () if module is None else units(*_written(module), level).values()


def _with_files(
    module: ModuleDiff, old: Compiled | None, new: Compiled | None, level: Level
) -> ModuleDiff:
    """Add what is known of the bytes of two caches."""
    if not isinstance(old, Stored) or not isinstance(new, Stored):
        return module
    if level is Level.EXACT:
        return replace(module, files=file_changes(old, new))
    if old.content == new.content or old.dialect.name != new.dialect.name:
        return module
    return replace(module, differing=tuple(names_of_differences(old, new)))


# --- Levels of optimization --------------------------------------------------------------------


class _Compared(NamedTuple):
    """Two programs, and what became of each code object."""

    matches: Sequence[Match]
    found: list[UnitDiff]
    old: Units
    new: Units


def _with_levels(
    made: _Compared,
    old: Leveled,
    new: Leveled,
    level: Level,
    explanations: Sequence[Explanation],
) -> list[UnitDiff]:
    """Explain what the levels of optimization alone make; at level exact nothing is explained."""
    has_open = any(unit.status in UNEXPLAINED for unit in made.found)
    if old.optimize == new.optimize or level is Level.EXACT or not has_open:
        return made.found
    lower, higher = sorted((old, new), key=lambda side: side.optimize)
    stripped = units(lower.code, lower.dialect, level, optimize=higher.optimize)
    sides = Sides(made.old, made.new, stripped, is_old_lower=lower is old)
    agreements = (
        _agreement(made.old, forms_like(new, old, made.old, level), explanations),
        _agreement(made.new, forms_like(old, new, made.new, level), explanations),
    )
    return with_levels(made.matches, made.found, sides, agreements)


def _agreement(
    ours: Units,
    theirs: Units | None,
    explanations: Sequence[Explanation],
) -> Agreement:
    """Return which code objects are the same, or explained, and by what."""
    if theirs is None:
        return None
    if theirs is ours:
        return dict.fromkeys(ours, ())
    found: dict[Place, tuple[str, ...]] = {}
    for match in matched(ours, theirs):
        if match.old is not None and match.new is not None and not match.is_renamed:
            unit = compare(ours[match.old], theirs[match.new], explanations)
            if unit.status in (Status.SAME, Status.EXPLAINED):
                found[match.old] = unit.explanations
    return found


# --- Units -----------------------------------------------------------------------------------


def _unit(
    match: Match, ours: Units, theirs: Units, explanations: Sequence[Explanation]
) -> UnitDiff:
    old, new = match.old, match.new
    if new is None:
        assert old is not None
        return _removed(ours[old])
    if old is None:
        return _added(theirs[new])
    number = ours.shared.get(old)
    if number is None or number != theirs.shared.get(new):
        return compare(ours[old], theirs[new], explanations, is_renamed=match.is_renamed)
    sides = Side(ours.codes[old], ours.dialect), Side(theirs.codes[new], theirs.dialect)
    return UnitDiff(*sides, Status.RENAMED if match.is_renamed else Status.SAME)


def _removed(form: Form) -> UnitDiff:
    body = body_of(form, Op.DELETE)
    return UnitDiff(_side(form), None, Status.REMOVED, changes=body, problem=form.problem)


def _added(form: Form) -> UnitDiff:
    body = body_of(form, Op.INSERT)
    return UnitDiff(None, _side(form), Status.ADDED, changes=body, problem=form.problem)


def compare(
    old: Form,
    new: Form,
    explanations: Sequence[Explanation] = EXPLANATIONS,
    *,
    is_renamed: bool = False,
) -> UnitDiff:
    """Compare two code objects, not those inside them.

    Args:
        old: the form before.
        new: the form after, at the same level.
        explanations: known differences between versions.
        is_renamed: they have other names or places, and that is known.
    """
    sides = _side(old), _side(new)
    if old.level is Level.EXACT:
        return _exactly(old, new, is_renamed=is_renamed)
    problem = old.problem or new.problem
    if problem is not None and _is_identical(old, new):
        return UnitDiff(*sides, Status.RENAMED if is_renamed else Status.SAME)
    if problem is not None:
        return UnitDiff(*sides, Status.NOT_CANONICALISED, problem=problem)
    planes = _planes(old, new)
    cause = _cause(old, new, explanations) if planes else None
    notes = _notes(old, new, explanations)
    slugs = tuple(dict.fromkeys((*notes, cause.slug) if cause else notes))
    cases = (
        (Status.RENAMED, is_renamed),
        (Status.CHANGED, planes and cause is None),
        (Status.EXPLAINED, slugs),
    )
    status = next((status for status, applies in cases if applies), Status.SAME)
    changes = changes_between(old, new) if _SHOWN_IN_STATEMENTS & {*planes} else ()
    return UnitDiff(*sides, status, planes, slugs, changes)


def _exactly(old: Form, new: Form, *, is_renamed: bool) -> UnitDiff:
    """Compare two code objects byte for byte: nothing is erased, and nothing is explained."""
    sides = _side(old), _side(new)
    planes, fields = _planes(old, new), code_changes(*sides)
    differs = Status.RENAMED if is_renamed else Status.CHANGED
    status = differs if planes or fields or is_renamed else Status.SAME
    changes = changes_between(old, new) if _SHOWN_IN_STATEMENTS & {*planes} else ()
    if all(change.op is Op.EQUAL for change in changes):
        changes = ()  # the fields say what differs
    return UnitDiff(*sides, status, planes, changes=changes, fields=fields)


#: Planes whose differences statements show; at level exact they are instructions, which have
#: constants and names in them.
_SHOWN_IN_STATEMENTS = frozenset({Plane.INSTRUCTIONS, Plane.ANNOTATIONS, Plane.CONSTANTS})


def _planes(old: Form, new: Form) -> tuple[Plane, ...]:
    """Return the planes that differ.

    Docstrings of classes and modules, and annotations of functions, are none of the code,
    although instructions make them.
    """
    planes = set(old.differing(new))
    if Plane.INSTRUCTIONS in planes and old.level is not Level.EXACT:
        ours, theirs = code_in(old), code_in(new)
        apart = set()
        if docstring_in(old) != docstring_in(new) or ours.docstrings != theirs.docstrings:
            apart.add(Plane.DOCSTRING)
        if ours.annotations != theirs.annotations:
            apart.add(Plane.ANNOTATIONS)
        if apart and ours.nodes == theirs.nodes:
            planes.remove(Plane.INSTRUCTIONS)
        planes |= apart
    return tuple(plane for plane in Plane if plane in planes)


def _notes(old: Form, new: Form, explanations: Sequence[Explanation]) -> tuple[str, ...]:
    """Return the slugs of what was erased on one side only."""
    notes = old.notes ^ new.notes
    return tuple(row.slug for row in explanations if row.slug in notes)


def _cause(old: Form, new: Form, explanations: Sequence[Explanation]) -> Explanation | None:
    """Return what explains that two forms are not equal."""
    causes = (row for row in explanations if row.explains is not None and row.explains(old, new))
    return next(causes, None)


def _is_identical(old: Form, new: Form) -> bool:
    """Return whether one interpreter would run the very same code: then nothing need be known."""
    return old.dialect == new.dialect and old.code == new.code


def _side(form: Form) -> Side:
    return Side(form.code, form.dialect, docstring_in(form))
