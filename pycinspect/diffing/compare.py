"""Two programs, compared."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pycinspect.canonical import Form, Level, Place, Plane, Statement, units
from pycinspect.compiling import read_subject
from pycinspect.diffing.align import Span, aligned
from pycinspect.diffing.changes import Change, Diff, ModuleDiff, Op, Side, Status, UnitDiff
from pycinspect.diffing.match import Match, matched
from pycinspect.pyc import CodeFile

__all__ = ["compare", "diff", "diff_module"]

_Program = CodeFile | str | os.PathLike[str]


def diff(old: _Program, new: _Program, level: Level | str = Level.SEMANTIC) -> Diff:
    """Compare two modules.

    Args:
        old: a cache or a source, by its path, or what ``read_pyc`` or ``compile_source``
            returned. Sources are compiled by the running interpreter.
        new: likewise.
        level: how much must be the same, or its name.

    Raises:
        PycInspectError: a file cannot be read or does not compile; ``unknown-opcodes`` where
            nobody captured the opcodes of one that wrote it.
    """
    old_name, new_name = _name(old), _name(new)
    level = Level(level)
    module = diff_module((old_name, _read(old)), (new_name, _read(new)), level)
    return Diff(old_name, new_name, level, (module,))


def _name(program: _Program) -> str:
    return program.code.filename if isinstance(program, CodeFile) else os.fspath(program)


def _read(program: _Program) -> CodeFile:
    return program if isinstance(program, CodeFile) else read_subject(os.fspath(program)).file


_NamedFile = tuple[str, CodeFile]


def diff_module(old: _NamedFile | None, new: _NamedFile | None, level: Level) -> ModuleDiff:
    """Compare two modules, one of which there may not be.

    Args:
        old: its path and its code, None where it is added.
        new: its path and its code, None where it is removed.
        level: how much must be the same.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    ours, theirs = _forms(old, level), _forms(new, level)
    if old is None or new is None:
        matches = [Match(place, None) for place in ours] + [Match(None, p) for p in theirs]
    else:
        matches = matched(ours, theirs)
    found = (_unit(match, ours, theirs) for match in matches)
    return ModuleDiff(old and old[0], new and new[0], tuple(found))


def _forms(module: _NamedFile | None, level: Level) -> Mapping[Place, Form]:
    return {} if module is None else units(module[1].code, module[1].dialect, level)


# --- Units -----------------------------------------------------------------------------------


def _unit(match: Match, ours: Mapping[Place, Form], theirs: Mapping[Place, Form]) -> UnitDiff:
    old = None if match.old is None else ours[match.old]
    new = None if match.new is None else theirs[match.new]
    if old is not None and new is not None:
        return compare(old, new, is_renamed=match.is_renamed)
    if new is not None:
        return UnitDiff(None, _side(new), Status.ADDED)
    assert old is not None
    return UnitDiff(_side(old), None, Status.REMOVED)


def compare(old: Form, new: Form, *, is_renamed: bool = False) -> UnitDiff:
    """Compare two code objects, not those inside them.

    Args:
        old: the form before.
        new: the form after, at the same level.
        is_renamed: they have other names or places, and that is known.
    """
    sides = _side(old), _side(new)
    problem = old.problem or new.problem
    if problem is not None and _is_identical(old, new):
        return UnitDiff(*sides, Status.RENAMED if is_renamed else Status.SAME)
    if problem is not None:
        slug = problem.partition(":")[0]
        status = Status.NOT_CANONICALISED
        return UnitDiff(*sides, status, explanations=(slug,), problem=problem)
    notes = tuple(sorted(old.notes ^ new.notes))
    planes = tuple(old.differing(new))
    cases = ((Status.RENAMED, is_renamed), (Status.CHANGED, planes), (Status.EXPLAINED, notes))
    status = next((status for status, applies in cases if applies), Status.SAME)
    changes = _changes(old, new) if Plane.INSTRUCTIONS in planes else ()
    return UnitDiff(*sides, status, planes, notes, changes)


def _is_identical(old: Form, new: Form) -> bool:
    """Return whether one interpreter would run the very same code: then nothing need be known."""
    return old.dialect.name == new.dialect.name and old.code == new.code


def _side(form: Form) -> Side:
    return Side(form.code, form.dialect)


# --- Statements ------------------------------------------------------------------------------


def _changes(old: Form, new: Form) -> tuple[Change, ...]:
    ours, theirs = old.statements, new.statements
    spans = aligned([part.digest for part in ours], [part.digest for part in theirs])
    return tuple(
        _change(op, [ours[i] for i in before], [theirs[j] for j in after])
        for op, before, after in _rerouted(spans, ours, theirs)
    )


def _rerouted(
    spans: Sequence[Span], ours: Sequence[Statement], theirs: Sequence[Statement]
) -> Iterator[Span]:
    """Split equal statements off from which control goes somewhere else.

    Where it went to, or goes to, what is there on one side only, that says it already.
    """
    pairs = [pair for op, *parts in spans if op is Op.EQUAL for pair in zip(*parts, strict=True)]
    to_new: dict[int | None, int | None] = {None: None, **dict(pairs)}
    known = set(to_new.values())

    def op_of(pair: tuple[int, int]) -> Op:
        before, after = ours[pair[0]].targets, theirs[pair[1]].targets
        ends = zip(before, after, strict=False)
        is_elsewhere = any(a in to_new and b in known and to_new[a] != b for a, b in ends)
        return Op.REPLACE if is_elsewhere else Op.EQUAL

    for span in spans:
        if span.op is not Op.EQUAL:
            yield span
            continue
        for op, group in groupby(zip(span.old, span.new, strict=True), op_of):
            run = list(group)
            (i, j), size = run[0], len(run)
            yield Span(op, range(i, i + size), range(j, j + size))


def _change(op: Op, old: Sequence[Statement], new: Sequence[Statement]) -> Change:
    return Change(
        op,
        tuple(part.text for part in old),
        tuple(part.text for part in new),
        tuple(part.line for part in old),
        tuple(part.line for part in new),
    )
