"""Comparisons as JSON and as text.

``pycinspect.diff/1`` is an object with a summary, and the statements of every code object that
changed; the text says the same to a person, and leaves out what stayed the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat, zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple

from pycinspect.canonical import Level, Plane
from pycinspect.canonical.machine import parameters
from pycinspect.canonical.planes import is_function
from pycinspect.canonical.text import short
from pycinspect.dialects.codeflags import names_of_flags
from pycinspect.diffing import (
    Change,
    Diff,
    FieldChange,
    ModuleDiff,
    Op,
    Rewrite,
    Side,
    Span,
    Status,
    UnitDiff,
    aligned,
    rewrites,
)
from pycinspect.disasm import instructions
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.report.pen import Piece
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = [
    "DIFF_SCHEMA",
    "Stat",
    "answer",
    "asked_for",
    "block_lines",
    "chain_lines",
    "diff_lines",
    "diff_object",
    "heading",
    "shown_units",
    "stat_lines",
]

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
        **({"files": _differing_files(diff)} if diff.level is Level.EXACT else {}),
        **({"only": list(map(_text, diff.only))} if diff.only else {}),
        **({"ignored": list(diff.ignored)} if diff.ignored else {}),
        "modules": [_module_object(module) for module in diff.modules],
    }


def _module_object(module: ModuleDiff) -> Json:
    old, new = (None if path is None else _text(path) for path in (module.old, module.new))
    units = [_unit_object(unit) for unit in module.units]
    files = {"files": [_field_object(change) for change in module.files]} if module.files else {}
    differing = {"differing": list(module.differing)} if module.differing else {}
    agrees = {"agrees_with": module.agrees_with} if module.agrees_with else {}
    name = {"name": _text(module.name)} if module.name else {}
    return {"old": old, "new": new, **name, "units": units, **files, **differing, **agrees}


def _field_object(change: FieldChange) -> Json:
    texts = {"field": change.field, "old": change.old, "new": change.new, "cause": change.cause}
    return {name: None if text is None else _text(text) for name, text in texts.items()}


def _unit_object(unit: UnitDiff) -> Json:
    problem = {} if unit.problem is None else {"problem": _text(unit.problem)}
    fields = {"fields": [_field_object(change) for change in unit.fields]} if unit.fields else {}
    return {
        "old": _name(unit.old),
        "new": _name(unit.new),
        "status": unit.status.value,
        "planes": [plane.value for plane in unit.planes],
        "explanations": list(unit.explanations),
        "changes": [_change_object(change) for change in unit.changes],
        **fields,
        **problem,
    }


def _change_object(change: Change) -> Json:
    reason = {"reason": _text(change.reason)} if change.reason else {}
    return {
        "op": change.op.value,
        "old": [_text(text) for text in change.old],
        "new": [_text(text) for text in change.new],
        "old_lines": list(change.old_lines),
        "new_lines": list(change.new_lines),
        **reason,
    }


def _text(text: str) -> str:
    """Return a string without lone surrogates, which not every reader of JSON takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(unit: Side | None) -> str | None:
    """Return a qualified name; thousands of code objects can share a long one."""
    return None if unit is None else _text(short(unit.qualname, _LONGEST))


# --- Text --------------------------------------------------------------------------------------

#: Equal statements that are shown around those that changed.
_CONTEXT = 3
_LONGEST = 3_000
#: Characters of a line beyond which what is the same in it is left out, but for its ends.
_LONG_LINE, _ENDS = 240, 40
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


def chain_lines(found: Sequence[tuple[tuple[str, str], Diff]]) -> Iterator[Line]:
    """Return the summary of several comparisons, a line for each.

    Args:
        found: what each compares, and what it found.
    """
    arrows = [visible(" -> ".join(titles)) for titles, _ in found]
    width = max([0, *map(len, arrows)])
    for arrow, (_, diff) in zip(arrows, found, strict=True):
        yield ((f"{arrow:<{width}}", "head"), (f"  {answer(diff)}", ""))


def diff_lines(
    diff: Diff,
    *,
    titles: tuple[str, str],
    raw: bool = False,
    width: int | None = None,
    bodies: bool = True,
) -> Iterator[Line]:
    """Return the lines of a comparison, without control characters: the summary first.

    Args:
        diff: the comparison.
        titles: what the first line calls the two sides.
        raw: instructions are compared, too, of all that is not the same.
        width: columns of two listings side by side; None for one listing.
        bodies: what is added and removed is shown, and not only named.
    """
    options = _Options(diff.level, raw, width, bodies, _Marker())
    yield from _head_lines(diff, titles)
    for row, count in diff.explained.items():
        yield ((f"  explained by {visible(f'{row.slug}: {count:,}  ({row.title})')}", "hint"),)
    if diff.is_same:
        yield from _rewrite_lines(rewrites(diff))
        yield from _differing_lines(diff.modules)
    yield from _overview(diff)
    for module in diff.modules:
        yield from _module_lines(module, options, has_title=len(diff.modules) > 1)


def _head_lines(diff: Diff, titles: tuple[str, str]) -> Iterator[Line]:
    """Yield what is compared, the answer, and what it is an answer to."""
    old, new = titles
    yield ((visible(f"{old} -> {new}"), "head"), (f"  level {diff.level.value}", "hint"))
    yield ((answer(diff), ""),)
    for word, told in asked_for(diff):
        yield ((f"{word}: {visible(told)}", "hint"),)


def asked_for(diff: Diff) -> Iterator[tuple[str, str]]:
    """Yield what was read, what was asked for, and what does not count, each with its word."""
    words = (
        ("read", diff.read),
        ("only", ", ".join(diff.only)),
        ("ignored", ", ".join(diff.ignored)),
    )
    return ((word, told) for word, told in words if told)


def stat_lines(diff: Diff, *, titles: tuple[str, str]) -> Iterator[Line]:
    """Return the summary of a comparison, and a line for each module that is not the same.

    Args:
        diff: the comparison.
        titles: what the first line calls the two sides.
    """
    yield from _head_lines(diff, titles)
    rows = [(visible(module.new or module.old or ""), Stat.of(module)) for module in diff.modules]
    width = max([0, *(len(name) for name, stat in rows if stat.told)])
    for name, stat in rows:
        if stat.told:
            yield (
                (f"{name:<{width}}  ", "head"),
                (f"{stat.told}  ", ""),
                (f"+{stat.come:,}", "insert"),
                (" ", ""),
                (f"-{stat.gone:,}", "delete"),
            )


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
        units = [unit for unit in module.units if unit.status in _SHOWN]
        counts = Counter(unit.status for unit in units)
        words = [f"{counts[s]:,} {_WORDS.get(s, s)}" for s in Status if counts[s]]
        words += ["the files"] if module.files else []
        changes = [c for unit in units for c in unit.changes if c.op is not Op.EQUAL]
        come, gone = sum(len(c.new) for c in changes), sum(len(c.old) for c in changes)
        return cls(", ".join(words), come, gone)


def _differing_lines(modules: Sequence[ModuleDiff]) -> Iterator[Line]:
    """Yield at most one line: what the bytes of caches differ in that mean the same."""
    names = dict.fromkeys(name for module in modules for name in module.differing)
    if names:
        yield ((f"the files differ in: {', '.join(names)}  (--level exact shows it)", "hint"),)


#: Code objects that are named in the one line about rewrites.
_MOST_NAMES = 3


def _rewrite_lines(found: Sequence[Rewrite]) -> Iterator[Line]:
    """Yield at most one line: what is not the same at the level ``strict``."""
    if found:
        said = [f"{row.name}: {', '.join(_rewritten(row))}" for row in found[:_MOST_NAMES]]
        more = len(found) - len(said)
        rest = [f"{more:,} more"] if more else []
        text = f"equivalent rewrite (differs at level strict): {'; '.join([*said, *rest])}"
        yield ((_short(text), "hint"),)


def _rewritten(row: Rewrite) -> Iterator[str]:
    """Yield such as ``2 stores reordered``."""
    one, many = ("store", "stores") if row.only_stores else ("event", "events")
    cases = ((row.moved, "reordered"), (row.gone, "fewer"), (row.come, "more"))
    told = [f"{counted(number, one, many)} {what}" for number, what in cases if number]
    yield from told or ["the same events on other paths"]


#: Differences from which on they are listed before they are shown.
_MANY = 4


def _overview(diff: Diff) -> Iterator[Line]:
    """Yield the headings of all code objects that are shown, if they are many."""
    modules = [module for module in diff.modules if shown_units(module)]
    if sum(len(shown_units(module)) for module in modules) < _MANY:
        return
    yield ()
    for module in modules:
        if len(diff.modules) > 1:
            yield ((visible(module.new or ""), "head"),)
        for unit in shown_units(module):
            yield tuple(heading(unit))


def shown_units(module: ModuleDiff) -> list[UnitDiff]:
    """Return what is shown of a module; of one on one side only it is a line for all."""
    if module.old is None or module.new is None:
        return []
    return [unit for unit in module.units if unit.status in _SHOWN]


class _Options(NamedTuple):
    """How differences are shown: as :func:`diff_lines` is told."""

    level: Level
    raw: bool
    width: int | None
    bodies: bool
    marker: _Marker


#: An explained difference is counted, not shown: it is none of the program.
_SHOWN = frozenset(Status) - {Status.SAME, Status.EXPLAINED}


def answer(diff: Diff) -> str:
    """Return the answer in one line: how many code objects there are of each status.

    At level exact files can differ although no code object does, which is said first.
    """
    files = _differing_files(diff)
    told = _summary(diff.summary)
    if not files:
        return told
    one, many = "the file differs", "files differ"
    words = one if len(diff.modules) == 1 else counted(files, one, many)
    return f"{words}; code objects: {told}"


def _differing_files(diff: Diff) -> int:
    return sum(bool(module.files) for module in diff.modules)


def _summary(counts: Mapping[Status, int]) -> str:
    """Return ``12 same, 3 explained, 1 changed …``, with a zero for what there is none of."""
    return ", ".join(f"{count:,} {_WORDS.get(status, status)}" for status, count in counts.items())


_WORDS = {Status.NOT_CANONICALISED: "not canonicalised"}


def _module_lines(module: ModuleDiff, options: _Options, *, has_title: bool) -> Iterator[Line]:
    if module.old is None or module.new is None:
        sign, path = _SIGNS[module.units[0].status], module.old or module.new or ""
        count = counted(len(module.units), "code object", "code objects")
        yield from ((), (sign, (visible(path), "head"), (f"  {count}", "hint")))
        for unit in module.units if options.bodies else ():
            yield from _unit_lines(unit, options)
        return
    shown = shown_units(module)
    if (shown or module.files) and has_title:
        yield from ((), ((visible(f"{module.old} -> {module.new}"), "head"),))
    if module.agrees_with:
        yield ((f"    agrees with its source compiled with {module.agrees_with}", "hint"),)
    if module.files:
        yield from ((), (_SIGNS[Status.CHANGED], ("the files", "head")))
        yield from _field_lines(module.files)
    for unit in shown:
        yield from _unit_lines(unit, options)


# --- One code object ----------------------------------------------------------------------------


def _unit_lines(unit: UnitDiff, options: _Options) -> Iterator[Line]:
    yield from ((), tuple(heading(unit)))
    if unit.problem is not None:
        yield ((f"    {_short(unit.problem)}", "error"),)
    if unit.old is None or unit.new is None:
        if options.bodies:
            yield from _body_lines(unit, options)
        return
    for plane in unit.planes:
        if plane in _DETAILS:
            yield from _detail(_DETAILS[plane](unit.old), _DETAILS[plane](unit.new), plane)
    if unit.changes and all(change.op is Op.EQUAL for change in unit.changes):
        yield ((f"    {_SAME_STATEMENTS}", "hint"),)
    yield from _field_lines(unit.fields)
    yield from _change_lines(unit.changes, options)
    if options.raw:
        yield ((_RAW, "hint"),)
        yield from _raw_lines(unit.old, unit.new, options)


def _body_lines(unit: UnitDiff, options: _Options) -> Iterator[Line]:
    """Yield all of what is on one side only."""
    for plane, detail in _DETAILS.items():
        old, new = ([] if side is None else detail(side) for side in (unit.old, unit.new))
        yield from _detail(old, new, plane)
    options = options._replace(width=None)  # the other column would be empty
    yield from _change_lines(unit.changes, options)
    if options.raw:
        yield ((_RAW, "hint"),)
        yield from _raw_lines(unit.old, unit.new, options)


def block_lines(unit: UnitDiff) -> Iterator[str]:
    """Yield what differs in a code object as a block in the language ``diff``."""
    if unit.problem is not None:
        yield f"? {_short(unit.problem)}"
    for plane, detail in _DETAILS.items():
        if plane in unit.planes or None in (unit.old, unit.new):
            old, new = ([] if side is None else detail(side) for side in (unit.old, unit.new))
            for line in _detail(old, new, plane):
                yield "".join(text for text, _ in line).lstrip()
    for field in unit.fields:
        yield f"- {field.field}: {_short(field.old)}"
        yield f"+ {field.field}: {_short(field.new)}"
    moved, marker = _moved(unit.changes), _Marker()
    rows = [row for change in unit.changes for row in _rows(change, moved, marker)]
    for has_gap, index in _near([row.weight for row in rows]):
        if has_gap:
            yield f"  {_CUT}"
        yield f"{_MARKS[rows[index].op]} {''.join(text for text, _ in rows[index].pieces)}"


def _field_lines(changes: Sequence[FieldChange]) -> Iterator[Line]:
    """Yield a line for each field, with both values, and one for the cause where it is known."""
    width = max([len(change.field) for change in changes], default=0)
    for change in changes:
        yield (
            (f"    {change.field:<{width}}  ", ""),
            (_short(change.old), "delete"),
            (" -> ", ""),
            (_short(change.new), "insert"),
        )
        if change.cause is not None:
            yield ((f"    {'':<{width}}  {change.cause}", "hint"),)


def heading(unit: UnitDiff) -> Iterator[Piece]:
    """Yield ``~ Cache.get  line 41 -> 43  instructions, signature``."""
    sides = [side for side in (unit.old, unit.new) if side is not None]
    yield _SIGNS[unit.status]
    yield _arrowed(_short(side.qualname) for side in sides), "head"
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


def _short(text: str) -> str:
    return visible(text if len(text) <= _LONGEST else text[:_LONGEST] + _CUT)


# --- Planes other than the instructions -----------------------------------------------------------


#: What a call of a function makes, by the names of its flags.
_MADE: Mapping[str, str] = MappingProxyType(
    {
        "GENERATOR": "generator",
        "COROUTINE": "coroutine",
        "ITERABLE_COROUTINE": "iterable coroutine",
        "ASYNC_GENERATOR": "asynchronous generator",
    }
)


def _signature(side: Side) -> list[str]:
    """Return the parameters of a function, what calling it makes, and what it shares."""
    flags = tuple(names_of_flags(side.code.flags, side.dialect))
    facts = [_MADE[flag] for flag in flags if flag in _MADE]
    facts += [f"uses {', '.join(sorted(side.code.freevars))}"] if side.code.freevars else []
    if is_function(side.code):
        facts.insert(0, f"({', '.join(_parameters(side.code, flags))})")
    return [", ".join(facts)] if facts else []


def _parameters(code: Code, flags: Collection[str]) -> Iterator[str]:
    """Yield the parameters as ``def`` has them, without defaults."""
    names = list(parameters(code))
    plain, named = names[: code.argcount], names[code.argcount :][: code.kwonlyargcount]
    stars = names[code.argcount + code.kwonlyargcount :]
    rest = f"*{stars.pop(0)}" if "VARARGS" in flags else "*" if named else ""
    yield from plain[: code.posonlyargcount]
    yield from ["/"] if code.posonlyargcount else []
    yield from plain[code.posonlyargcount :]
    yield from [rest] if rest else []
    yield from named
    yield from (f"**{name}" for name in stars)


def _docstring(side: Side) -> list[str]:
    return [] if side.docstring is None else side.docstring.splitlines()


#: What a plane says of one side, line by line; of the others there is nothing short to say.
_DETAILS: Mapping[Plane, Callable[[Side], list[str]]] = MappingProxyType(
    {Plane.SIGNATURE: _signature, Plane.DOCSTRING: _docstring}
)


def _detail(ours: Sequence[str], theirs: Sequence[str], plane: Plane) -> Iterator[Line]:
    """Yield the lines that differ, each with the name of the plane."""
    spans = [span for span in aligned(ours, theirs) if span.op is not Op.EQUAL]
    gone, come = (
        {ours[i] for span in spans for i in span.old},
        {theirs[j] for span in spans for j in span.new},
    )
    for _, before, after in spans:
        lines = [("-", "delete", ours[i]) for i in before]
        lines += [("+", "insert", theirs[j]) for j in after]
        for mark, style, text in lines:
            moved = ((_MOVED, "hint"),) if text in gone & come else ()
            yield ((f"    {mark} {plane.value}: {_short(text)}", style), *moved)


_MOVED = "  (moved)"

# --- Statements ---------------------------------------------------------------------------------


def _change_lines(changes: Sequence[Change], options: _Options) -> Iterator[Line]:
    moved = _moved(changes)
    if options.width is None:
        marker = options.marker
        return _row_lines([row for change in changes for row in _rows(change, moved, marker)])
    rows = [row for change in changes for row in _pairs(change, moved, options.marker)]
    return _column_lines(rows, options.width)


#: A label, and those to which control goes: no part of what a statement does.
_LABELS = re.compile(r"^L\d+: |(?:, else|, at the end)? -> L\d+|  \[on error -> L\d+\]$")


def _moved(changes: Sequence[Change]) -> frozenset[str]:
    """Return the statements that went in one place and came in another."""
    changed = [change for change in changes if change.op is not Op.EQUAL and not change.reason]
    gone: set[str] = set()
    come: set[str] = set()
    for change in changed:
        ours, theirs = list(map(_bare, change.old)), list(map(_bare, change.new))
        stayed = [one == other for one, other in zip_longest(ours, theirs)]
        gone |= {text for text, stays in zip(ours, stayed, strict=False) if not stays}
        come |= {text for text, stays in zip(theirs, stayed, strict=False) if not stays}
    return frozenset(gone & come)


def _bare(text: str) -> str:
    """Return a statement without labels, and those to which control goes."""
    return _LABELS.sub("", text)


class _Row(NamedTuple):
    """A line of a unified listing."""

    op: Op
    old: str
    new: str
    pieces: Line

    @property
    def weight(self) -> int:
        """How much a reader wants to see it: a change with what stands around it, or alone."""
        return 2 if self.op is not Op.EQUAL else len(self.pieces) - 1


_REROUTED = "  (control goes elsewhere from here)"


_MARKS: Mapping[Op, str] = MappingProxyType({Op.EQUAL: " ", Op.DELETE: "-", Op.INSERT: "+"})


def _rows(change: Change, moved: Collection[str], marker: _Marker) -> Iterator[_Row]:
    before, after = _numbers(change.old_lines), _numbers(change.new_lines)
    old, new = [_short(text) for text in change.old], [_short(text) for text in change.new]
    if change.op is Op.EQUAL:
        for ours, theirs, was, text in zip(before, after, old, new, strict=True):
            rerouted = ((_REROUTED, "hint"),) if was != text else ()
            yield _Row(Op.EQUAL, ours, theirs, ((_without_middle(text), ""), *rerouted))
        return
    moved = () if change.reason else moved
    for number, text, other in zip(before, old, _partners(new, len(old)), strict=True):
        yield _Row(Op.DELETE, number, "", _told(text, other, Op.DELETE, moved, marker))
    for number, text, other in zip(after, new, _partners(old, len(new)), strict=True):
        yield _Row(Op.INSERT, "", number, _told(text, other, Op.INSERT, moved, marker))
    if change.reason:
        yield _Row(Op.EQUAL, "", "", (("", ""), (f"({_short(change.reason)})", "hint")))


def _told(text: str, other: str, op: Op, moved: Collection[str], marker: _Marker) -> Line:
    """Return a string in pieces; what the other has not stands out, what moved is said to."""
    if _bare(text) in moved:
        return ((_without_middle(text), op.value), (_MOVED, "hint"))
    return marker.marked(text, other, op)


def _without_middle(text: str) -> str:
    """Return a string of which a long middle is left out."""
    return text if len(text) <= _LONG_LINE else f"{text[:_LONG_LINE]} {_CUT} {text[-_ENDS:]}"


def _partners(texts: Sequence[str], count: int) -> Iterable[str]:
    """Return what as many strings are compared with: one after the other, then nothing."""
    return islice(chain(texts, repeat("")), count)


_WORD = re.compile(r"\w+|\W")
#: Words that two strings share, of all: where it is less, all of it is new.
_ALIKE = 0.5
#: Pairs of words that are looked at for two strings, and in all.
_MOST_PAIRS, _MOST_PAIRS_IN_ALL = 4_000_000, 20_000_000


class _Marker:
    """Finds the words that differ, in so many texts."""

    def __init__(self) -> None:
        self._left = _MOST_PAIRS_IN_ALL

    def marked(self, text: str, other: str, op: Op) -> Line:
        """Return a string in pieces; those that the other has not stand out."""
        ours, theirs = _WORD.findall(text), _WORD.findall(other)
        least = _ALIKE * max(len(ours), len(theirs))
        # Most lines of a long difference have no partner: they are not aligned with nothing.
        spans = self._aligned(theirs, ours) if min(len(ours), len(theirs)) >= least else []
        shared = sum(len(span.new) for span in spans if span.op is Op.EQUAL)
        if shared < least:
            return ((_without_middle(text), op.value),)
        is_long = len(text) > _LONG_LINE
        return tuple(
            _piece("".join(ours[i] for i in span.new), span.op, op, is_long=is_long)
            for span in spans
            if span.new
        )

    def _aligned(self, old: Sequence[str], new: Sequence[str]) -> Sequence[Span]:
        pairs = len(old) * len(new)
        if pairs > min(_MOST_PAIRS, self._left):
            return []
        self._left -= pairs
        return aligned(old, new)


def _piece(text: str, what: Op, op: Op, *, is_long: bool) -> Piece:
    if what is not Op.EQUAL:
        return text, f"{op.value}-part"
    if is_long and len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]} {_CUT} {text[-_ENDS:]}"
    return text, op.value


def _numbers(lines: Iterable[int | None]) -> list[str]:
    return ["" if line is None else str(line) for line in lines]


def _near(weights: Sequence[int]) -> Iterator[tuple[bool, int]]:
    """Yield what is shown, which changed or stands around it, and whether there is a gap before."""
    near = {
        index + offset
        for index, weight in enumerate(weights)
        if weight
        for offset in (range(-_CONTEXT, _CONTEXT + 1) if weight > 1 else [0])
    }
    before = -1
    for index in range(len(weights)):
        if index in near:
            yield index != before + 1, index
            before = index


_GAP: Line = ((f"    {_CUT}", "hint"),)


def _row_lines(rows: Sequence[_Row]) -> Iterator[Line]:
    """Yield what changed and what stands around it, in the style of a unified diff."""
    shown = list(_near([row.weight for row in rows]))
    width = max([_LEAST_NUMBER_WIDTH, *(len(n) for _, i in shown for n in rows[i][1:3])])
    for has_gap, index in shown:
        if has_gap:
            yield _GAP
        row = rows[index]
        yield (
            (f"  {row.old:>{width}} {row.new:>{width}}  ", "number"),
            (f"{_MARKS[row.op]} ", "" if row.op is Op.EQUAL else row.op.value),
            *row.pieces,
        )


# --- Side by side -------------------------------------------------------------------------------


class _Cell(NamedTuple):
    """One side of a line; what is not there has no pieces."""

    op: Op
    number: str
    pieces: Line
    weight: int = 2


_Cells = tuple[_Cell, _Cell]
_BETWEEN = " | "
_LEAST_TEXT_WIDTH = 20


def _pairs(change: Change, moved: Collection[str], marker: _Marker) -> Iterator[_Cells]:
    """Yield the lines of both sides, one beside the other."""
    ours, theirs, both = [], [], []
    for row in _rows(change, moved, marker):
        if row.op is Op.EQUAL:
            cell = _Cell(row.op, row.old, row.pieces, row.weight)
            both.append((cell, cell._replace(number=row.new)))
        elif row.op is Op.DELETE:
            ours.append(_Cell(row.op, row.old, row.pieces))
        else:
            theirs.append(_Cell(row.op, row.new, row.pieces))
    nothing = (_Cell(Op.DELETE, "", ()), _Cell(Op.INSERT, "", ()))
    for place in range(max(len(ours), len(theirs))):
        sides = zip((ours, theirs), nothing, strict=True)
        old, new = (cells[place] if place < len(cells) else none for cells, none in sides)
        yield old, new
    yield from both


def _column_lines(rows: Sequence[_Cells], width: int) -> Iterator[Line]:
    """Yield what changed and what stands around it in two columns, long lines broken."""
    shown = list(_near([old.weight for old, _ in rows]))
    numbers = [len(cell.number) for _, index in shown for cell in rows[index]]
    number_width = max([_LEAST_NUMBER_WIDTH, *numbers])
    text_width = max(_LEAST_TEXT_WIDTH, (width - len(_BETWEEN)) // 2 - number_width - 3)
    for has_gap, index in shown:
        if has_gap:
            yield _GAP
        sides = [list(_cell_lines(cell, number_width, text_width)) for cell in rows[index]]
        blank = ((" " * (number_width + 3 + text_width), ""),)
        for left, right in zip_longest(*sides, fillvalue=blank):
            yield (*left, (_BETWEEN, "hint"), *right)


def _cell_lines(cell: _Cell, number_width: int, text_width: int) -> Iterator[Line]:
    mark = _MARKS[cell.op] if cell.pieces else " "
    number, style = cell.number, "" if cell.op is Op.EQUAL else cell.op.value
    for pieces in _broken(cell.pieces, text_width):
        rest = " " * (text_width - sum(len(text) for text, _ in pieces))
        yield (
            (f"{number:>{number_width}} ", "number"),
            (f"{mark} ", style),
            *pieces,
            (rest, ""),
        )
        number, mark = "", " "


def _broken(pieces: Line, width: int) -> Iterator[Line]:
    """Yield a line in parts that are no longer than the width; one at least."""
    line: list[Piece] = []
    left = width
    for text, style in pieces:
        rest = text
        while len(rest) > left:
            yield (*line, (rest[:left], style))
            rest, line, left = rest[left:], [], width
        line.append((rest, style))
        left -= len(rest)
    yield tuple(line)


# --- Raw instructions ---------------------------------------------------------------------------

_RAW = "    instructions, level exact:"


def _raw_lines(old: Side | None, new: Side | None, options: _Options) -> Iterator[Line]:
    """Yield the difference of the instructions as the files have them, with their offsets."""
    try:
        ours, theirs = _steps(old), _steps(new)
    except PycInspectError as error:
        yield ((f"    not shown: {_short(error.message)}", "error"),)
        return
    # Offsets stand where statements have their lines.
    changes = [
        _raw_change(op, [ours[i] for i in before], [theirs[j] for j in after])
        for op, before, after in aligned([s.text for s in ours], [s.text for s in theirs])
    ]
    yield from _change_lines(changes, options)


class _Step(NamedTuple):
    """An instruction as the file has it."""

    text: str
    offset: int


def _steps(side: Side | None) -> list[_Step]:
    if side is None:
        return []
    return [
        _Step(f"{step.opname:<20} {step.argrepr}".rstrip(), step.offset)
        for step in instructions(side.code, side.dialect)
    ]


def _raw_change(op: Op, old: Sequence[_Step], new: Sequence[_Step]) -> Change:
    texts, offsets = zip(*old, strict=True) if old else ((), ())
    new_texts, new_offsets = zip(*new, strict=True) if new else ((), ())
    return Change(op, texts, new_texts, offsets, new_offsets)
