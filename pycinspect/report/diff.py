"""Comparisons as JSON and as text.

``pycinspect.diff/1`` is an object with a summary, and the statements of every code object that
changed; the text says the same to a person, and leaves out what stayed the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from types import MappingProxyType
from typing import Any, NamedTuple

from pycinspect.canonical import Plane
from pycinspect.canonical.planes import docstring, parameters
from pycinspect.diffing import Change, Diff, ModuleDiff, Op, Side, Status, UnitDiff, aligned
from pycinspect.disasm import instructions
from pycinspect.errors import PycInspectError
from pycinspect.report.pen import Piece
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = ["DIFF_SCHEMA", "diff_lines", "diff_object"]

DIFF_SCHEMA = "pycinspect.diff/1"

Json = dict[str, Any]
Line = tuple[Piece, ...]

# --- JSON ------------------------------------------------------------------------------------


def diff_object(diff: Diff) -> Json:
    """Return a comparison as what ``json.dumps`` takes."""
    return {
        "schema": DIFF_SCHEMA,
        "level": diff.level.value,
        "old": _text(diff.old),
        "new": _text(diff.new),
        "summary": {status.value: count for status, count in diff.summary.items()},
        "modules": [_module_object(module) for module in diff.modules],
    }


def _module_object(module: ModuleDiff) -> Json:
    old, new = (None if path is None else _text(path) for path in (module.old, module.new))
    return {"old": old, "new": new, "units": [_unit_object(unit) for unit in module.units]}


def _unit_object(unit: UnitDiff) -> Json:
    return {
        "old": None if unit.old is None else _text(unit.old.qualname),
        "new": None if unit.new is None else _text(unit.new.qualname),
        "status": unit.status.value,
        "planes": [plane.value for plane in unit.planes],
        "explanations": list(unit.explanations),
        "changes": [_change_object(change) for change in unit.changes],
    }


def _change_object(change: Change) -> Json:
    return {
        "op": change.op.value,
        "old": [_text(text) for text in change.old],
        "new": [_text(text) for text in change.new],
        "old_lines": list(change.old_lines),
        "new_lines": list(change.new_lines),
    }


def _text(text: str) -> str:
    """Return a text without lone surrogates, which not every reader of JSON takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


# --- Text --------------------------------------------------------------------------------------

#: Equal statements that are shown around those that changed.
_CONTEXT = 3
_LONGEST = 1_000
_CUT = "…"
_LEAST_NUMBER_WIDTH = 4

#: What stands before a code object.
_SIGNS: Mapping[Status, Piece] = MappingProxyType(
    {
        Status.EXPLAINED: ("= ", "hint"),
        Status.CHANGED: ("~ ", "warning"),
        Status.RENAMED: ("> ", "warning"),
        Status.ADDED: ("+ ", "insert"),
        Status.REMOVED: ("- ", "delete"),
        Status.NOT_CANONICALISED: ("? ", "error"),
    }
)
_SAME_STATEMENTS = "the same statements, but not the same way from one to the next"


def diff_lines(diff: Diff, *, titles: tuple[str, str], raw: bool = False) -> Iterator[Line]:
    """Return the lines of a comparison, without control characters: the summary first.

    Args:
        diff: the comparison.
        titles: what the first line calls the two sides.
        raw: instructions are compared, too, of all that is not the same.
    """
    old, new = titles
    yield ((visible(f"{old} -> {new}"), "head"), (f"  level {diff.level.value}", "hint"))
    yield ((_summary(diff.summary), ""),)
    for row, count in diff.explained.items():
        yield ((f"  explained by {visible(f'{row.slug}: {count:,}  ({row.title})')}", "hint"),)
    for module in diff.modules:
        yield from _module_lines(module, raw=raw, has_title=len(diff.modules) > 1)


#: An explained difference is counted, not shown: it is none of the program.
_SHOWN = frozenset(Status) - {Status.SAME, Status.EXPLAINED}


def _summary(counts: Mapping[Status, int]) -> str:
    """Return ``12 same, 3 explained, 1 changed …``, with a zero for what there is none of."""
    return ", ".join(f"{count:,} {_WORDS.get(status, status)}" for status, count in counts.items())


_WORDS = {Status.NOT_CANONICALISED: "not canonicalised"}


def _module_lines(module: ModuleDiff, *, raw: bool, has_title: bool) -> Iterator[Line]:
    if module.old is None or module.new is None:
        sign, path = _SIGNS[module.units[0].status], module.old or module.new or ""
        count = counted(len(module.units), "code object", "code objects")
        yield from ((), (sign, (visible(path), "head"), (f"  {count}", "hint")))
        return
    shown = [unit for unit in module.units if unit.status in _SHOWN]
    if shown and has_title:
        yield from ((), ((visible(f"{module.old} -> {module.new}"), "head"),))
    for unit in shown:
        yield from _unit_lines(unit, raw=raw)


# --- One code object ----------------------------------------------------------------------------


def _unit_lines(unit: UnitDiff, *, raw: bool) -> Iterator[Line]:
    yield from ((), tuple(_heading(unit)))
    if unit.problem is not None:
        yield ((f"    {_short(unit.problem)}", "error"),)
    if unit.old is None or unit.new is None:
        return
    for plane in unit.planes:
        if plane in _DETAILS:
            yield from _detail(plane, unit.old, unit.new)
    if unit.changes and all(change.op is Op.EQUAL for change in unit.changes):
        yield ((f"    {_SAME_STATEMENTS}", "hint"),)
    yield from _row_lines([row for change in unit.changes for row in _rows(change)])
    if raw:
        yield ((_RAW, "hint"),)
        yield from _raw_lines(unit.old, unit.new)


def _heading(unit: UnitDiff) -> Iterator[Piece]:
    """Yield ``~ Cache.get  line 41 -> 43  instructions, signature``."""
    sides = [side for side in (unit.old, unit.new) if side is not None]
    yield _SIGNS[unit.status]
    yield _arrowed(_short(side.qualname) for side in sides), "head"
    yield f"  line {_arrowed(str(side.code.firstlineno) for side in sides)}", "number"
    if unit.planes:
        yield f"  {', '.join(plane.value for plane in unit.planes)}", "hint"


def _arrowed(texts: Iterable[str]) -> str:
    return " -> ".join(dict.fromkeys(texts))


def _short(text: str) -> str:
    return visible(text if len(text) <= _LONGEST else text[:_LONGEST] + _CUT)


# --- Planes other than the instructions -----------------------------------------------------------


def _signature(side: Side) -> list[str]:
    return [f"({', '.join(parameters(side.code))})"]


def _docstring(side: Side) -> list[str]:
    text = docstring(side.code, side.dialect)
    return [] if text is None else text.splitlines()


#: What a plane says of one side, line by line; of the others there is nothing short to say.
_DETAILS: Mapping[Plane, Callable[[Side], list[str]]] = MappingProxyType(
    {Plane.SIGNATURE: _signature, Plane.DOCSTRING: _docstring}
)


def _detail(plane: Plane, old: Side, new: Side) -> Iterator[Line]:
    """Yield the lines that differ, each with the name of the plane."""
    ours, theirs = (_DETAILS[plane](side) for side in (old, new))
    for op, before, after in aligned(ours, theirs):
        if op is not Op.EQUAL:
            for i in before:
                yield ((f"    - {plane.value}: {_short(ours[i])}", "delete"),)
            for j in after:
                yield ((f"    + {plane.value}: {_short(theirs[j])}", "insert"),)


# --- Statements ---------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A line of a unified listing."""

    op: Op
    old: str
    new: str
    pieces: Line


_MARKS: Mapping[Op, str] = MappingProxyType({Op.EQUAL: " ", Op.DELETE: "-", Op.INSERT: "+"})


def _rows(change: Change) -> Iterator[_Row]:
    before, after = _numbers(change.old_lines), _numbers(change.new_lines)
    old, new = [_short(text) for text in change.old], [_short(text) for text in change.new]
    if change.op is Op.EQUAL:
        for ours, theirs, text in zip(before, after, new, strict=True):
            yield _Row(Op.EQUAL, ours, theirs, ((text, ""),))
        return
    for number, text, other in zip(before, old, _partners(new, len(old)), strict=True):
        yield _Row(Op.DELETE, number, "", _marked(text, other, Op.DELETE))
    for number, text, other in zip(after, new, _partners(old, len(new)), strict=True):
        yield _Row(Op.INSERT, "", number, _marked(text, other, Op.INSERT))


def _partners(texts: Sequence[str], count: int) -> Iterable[str]:
    """Return what as many texts are compared with: one after the other, then nothing."""
    return islice(chain(texts, repeat("")), count)


_WORD = re.compile(r"\w+|\W")
#: Words that two texts share, of all: where it is less, all of it is new.
_ALIKE = 0.5
_MOST_PAIRS = 20_000


def _marked(text: str, other: str, op: Op) -> Line:
    """Return a text in pieces; those that the other has not stand out."""
    ours, theirs = _WORD.findall(text), _WORD.findall(other)
    spans = [] if len(ours) * len(theirs) > _MOST_PAIRS else aligned(theirs, ours)
    shared = sum(len(span.new) for span in spans if span.op is Op.EQUAL)
    if shared < _ALIKE * max(len(ours), len(theirs)):
        return ((text, op.value),)
    return tuple(
        (
            "".join(ours[i] for i in span.new),
            op.value if span.op is Op.EQUAL else f"{op.value}-part",
        )
        for span in spans
        if span.new
    )


def _numbers(lines: Iterable[int | None]) -> list[str]:
    return ["" if line is None else str(line) for line in lines]


def _row_lines(rows: Sequence[_Row]) -> Iterator[Line]:
    """Yield what changed and what stands around it, in the style of a unified diff."""
    near = {
        index + offset
        for index, row in enumerate(rows)
        if row.op is not Op.EQUAL
        for offset in range(-_CONTEXT, _CONTEXT + 1)
    }
    shown = [index for index in range(len(rows)) if index in near]
    width = max([_LEAST_NUMBER_WIDTH, *(len(n) for i in shown for n in rows[i][1:3])])
    for before, index in zip([-1, *shown], shown, strict=False):
        if index != before + 1:
            yield ((f"    {_CUT}", "hint"),)
        row = rows[index]
        yield (
            (f"  {row.old:>{width}} {row.new:>{width}}  ", "number"),
            (f"{_MARKS[row.op]} ", "" if row.op is Op.EQUAL else row.op.value),
            *row.pieces,
        )


# --- Raw instructions ---------------------------------------------------------------------------

_RAW = "    instructions, level exact:"


def _raw_lines(old: Side, new: Side) -> Iterator[Line]:
    """Yield the difference of the instructions as the files have them, with their offsets."""
    try:
        ours, theirs = _steps(old), _steps(new)
    except PycInspectError as error:
        yield ((f"    not shown: {_short(error.message)}", "error"),)
        return
    # Offsets stand where statements have their lines.
    rows = [
        row
        for op, before, after in aligned([s.text for s in ours], [s.text for s in theirs])
        for row in _rows(_raw_change(op, [ours[i] for i in before], [theirs[j] for j in after]))
    ]
    yield from _row_lines(rows)


class _Step(NamedTuple):
    """An instruction as the file has it."""

    text: str
    offset: int


def _steps(side: Side) -> list[_Step]:
    return [
        _Step(f"{step.opname:<20} {step.argrepr}".rstrip(), step.offset)
        for step in instructions(side.code, side.dialect)
    ]


def _raw_change(op: Op, old: Sequence[_Step], new: Sequence[_Step]) -> Change:
    texts, offsets = zip(*old, strict=True) if old else ((), ())
    new_texts, new_offsets = zip(*new, strict=True) if new else ((), ())
    return Change(op, texts, new_texts, offsets, new_offsets)
