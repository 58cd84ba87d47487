"""A failure in full: what came of each line, the code, and a block to paste."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pycinspect.disasm import Instruction
from pycinspect.values import visible
from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.convert import as_pattern
from pytest_pycinspect.expect.effort import ExhaustedError, pool
from pytest_pycinspect.expect.matching import match, search
from pytest_pycinspect.expect.outcome import Match
from pytest_pycinspect.expect.printer import format_instr, labels_of, listing
from pytest_pycinspect.expect.statuses import Outcome, Status, statuses
from pytest_pycinspect.expect.steps import Gap
from pytest_pycinspect.expect.verdict import (
    BELOW,
    cut,
    footer,
    nearest_words,
    one_line,
    place_of,
    summary,
)
from pytest_pycinspect.view.code import CodeView, walk
from pytest_pycinspect.view.instr import Instr

__all__ = ["Failure", "Style", "annotated", "explain", "explain_absent", "explain_present"]

#: Occurrences that a verdict lists; the section has all.
_SHOWN = 2


class Failure(NamedTuple):
    """What is said of an expectation that is not met.

    Args:
        summary: at most seven lines.
        section_title: of the report's section.
        section: its text, never cut.
    """

    summary: tuple[str, ...]
    section_title: str
    section: str


class Style(NamedTuple):
    """How a section is written.

    Args:
        view: ``ops``, ``raw`` or ``both``: what the listing has.
        context: instructions around the mismatch in long listings; 0 for all.
        paint: puts a string in a colour, by the name of a markup of pytest's terminal.
    """

    view: str = "ops"
    context: int = 0
    paint: Callable[..., str] = lambda text, **_: text


_PLAIN = Style()


def explain(found: Match, relation: str = "", style: Style = _PLAIN) -> Failure:
    """Say why an expectation is not met; or, where it is, that it is.

    Args:
        found: what came of it.
        relation: between the code and the expectation, for the first line: ``==``.
        style: how the section is written.
    """
    relation = relation or ("does not match" if found.anchored else "does not contain it")
    title = f"bytecode {'match' if found.met else 'mismatch'}: {visible(found.code.name)}"
    lines = (one_line(found), footer(found.code)) if found.met else summary(found, relation)
    return Failure(lines, title, "\n".join(_section(found, style)))


def explain_present(
    expected: object, code: CodeView, style: Style = _PLAIN, *, whole: bool = False
) -> Failure:
    """Say where something is that must not be in the code.

    Args:
        expected: an expectation, as it was given.
        code: the code.
        style: how the section is written.
        whole: whether nested code was asked about, too.
    """
    places, unknown = _occurrences(expected, code)
    here = next((indexes for part, indexes in places if part is code), [])
    text = " ".join(str(as_pattern(expected)).split())
    shown = places if whole else [(part, indexes) for part, indexes in places if part is code]
    count = sum(len(indexes) for _, indexes in shown)
    times = f"{count} times in" if count > 1 else "in"
    lines = [cut(f"{text} is {times} {_asked(code, whole=whole)}")]
    for part, index in [(part, index) for part, indexes in shown for index in indexes][:_SHOWN]:
        lines += [
            place_of(part, index),
            *(cut(f"    @{index}  {line}") for line in _lines(part, [index])),
        ]
    section = [f"Every occurrence in {_asked(code, whole=whole)}:", *_found(shown)]
    others = [pair for pair in places if pair not in shown]
    if others:
        section += ["Not asked about, but also in its nested code (see .tree):", *_found(others)]
    section += [*unknown, "", *annotated(code, dict.fromkeys(here, "!"), style)]
    title = f"bytecode mismatch: {visible(code.name)}"
    return Failure((*lines, footer(code)), title, "\n".join(section))


def _asked(code: CodeView, *, whole: bool) -> str:
    return f"{code.name} with its nested code" if whole else code.name


def _found(places: Sequence[tuple[CodeView, list[int]]]) -> list[str]:
    return [
        visible(f"  {part.name} @{index}: {line}")
        for part, indexes in places
        for index, line in zip(indexes, _lines(part, indexes), strict=True)
    ]


def explain_absent(
    expected: object, code: CodeView, style: Style = _PLAIN, *, whole: bool = False
) -> Failure:
    """Say what is most like something that is missing in the code; see :func:`explain_present`."""
    pattern = as_pattern(expected)
    failure = explain(match(pattern, code, anchored=False), style=style)
    if len(pattern.items) == 1:
        first = cut(f"{' '.join(str(pattern).split())} is not in {_asked(code, whole=whole)}")
        failure = failure._replace(summary=(first, *failure.summary[1:]))
    places, unknown = _occurrences(expected, code)
    nested = [part.name for part, _ in places if part is not code]
    if not nested and not unknown:
        return failure
    names = [f"it is in nested code (see .tree): {', '.join(nested)}"] if nested else []
    *lines, _, last = failure.summary
    return failure._replace(summary=(*lines, cut("; ".join([*names, *unknown])), last))


def _occurrences(
    expected: object, code: CodeView
) -> tuple[list[tuple[CodeView, list[int]]], list[str]]:
    """Return where something is in code and in what is nested in it, and what is not known."""
    effort = pool()
    found: list[tuple[CodeView, list[int]]] = []
    for part in walk(code):
        try:
            places = search(expected, part, effort)
        except ExhaustedError as error:
            return found, [f"nested code is not looked at to the end: {error.message}"]
        if places:
            found.append((part, places))
    return found, []


def _lines(code: CodeView, indexes: Sequence[int]) -> Iterator[str]:
    labels = labels_of(code)
    return (format_instr(code[index], labels) for index in indexes)


# --- The section ---------------------------------------------------------------------------


def _section(found: Match, style: Style) -> Iterator[str]:
    """Yield the lines about one code object, and then those about what is nested in it."""
    yield visible(f"{found.code.name}, {found.code.path}:{found.code.line}")
    yield from _notes(found.code)
    yield ""
    yield "The expectation:"
    rows = statuses(found)
    yield from _expectation(found, rows, style)
    yield from _captures(found)
    yield ""
    yield from annotated(found.code, _margin(found, rows), style)
    yield ""
    yield "To paste:"
    yield from (f"    {line}" for line in listing(found.code))
    for part in found.parts:
        if part.found is not None and not part.found.met:
            yield ""
            yield from _section(part.found, style)


def _notes(code: CodeView) -> Iterator[str]:
    yield footer(code).removeprefix(BELOW)
    if code.optimize is not None:
        yield f"optimisation level {code.optimize}"
    yield from map(visible, code.notes)


_SIGNS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.MET: (" ", "green"),
    Outcome.BROKEN: ("!", "red"),
    Outcome.NOT_REACHED: ("?", "yellow"),
    Outcome.INACTIVE: ("-", "light"),
    Outcome.NONE: (" ", ""),
}


def _expectation(found: Match, rows: Sequence[Status], style: Style) -> Iterator[str]:
    width = min(max((len(row.text) for row in rows), default=0), 48)
    for row in rows:
        sign, colour = _SIGNS[row.outcome]
        like = "" if row.nearest is None else f" ({nearest_words(found, row.nearest)})"
        detail = visible(row.detail + like)
        text = f"{sign} {row.number:>3}  {visible(row.text):<{width}}  {detail}".rstrip()
        yield style.paint(text, **({colour: True} if colour else {}))


def _captures(found: Match) -> Iterator[str]:
    if found.captures:
        yield ""
        yield "Variables and labels:"
        for name, is_label in found.program.variables:
            if name in found.captures:
                value = found.captures[name]
                text = f"    {name}: @{value}" if is_label else f"    ${name} = {spelled(value)}"
                yield visible(text)


def _margin(found: Match, rows: Sequence[Status]) -> dict[int, str]:
    """Return what stands before each instruction: the line that it is, ``!`` where it is not."""
    margin: dict[int, str] = {}
    for place in found.places:
        line = found.program.steps[place.step].line
        if place.member is not None and line is not None:
            line += 1 + place.member
        sign = ":" if line is None or _is_gap(found, place.step) else str(line)
        margin.update((index, sign) for index in range(place.start, place.end))
    margin.update(
        (row.at, "!") for row in rows if row.at is not None and row.outcome is Outcome.BROKEN
    )
    return margin


def _is_gap(found: Match, step: int) -> bool:
    return isinstance(found.program.steps[step], Gap)


# --- The listing ---------------------------------------------------------------------------


def annotated(code: CodeView, margin: Mapping[int, str], style: Style) -> Iterator[str]:
    """Yield the instructions by lines of the source, those around the marks in long code.

    Args:
        code: the code.
        margin: what stands before instructions, by index: ``!`` for what is not as expected.
        style: how they are written.
    """
    yield f"The code ({footer(code).rpartition(', ')[2]}):"
    labels = labels_of(code)
    shown = _shown(len(code), margin, style.context)
    last = -1
    numbered = [(index, instr) for index, instr in enumerate(code) if index in shown]
    for line, group in groupby(numbered, lambda pair: pair[1].line):
        rows = list(group)
        if rows[0][0] != last + 1:
            yield f"  … {rows[0][0] - last - 1} more"
        yield from _source(code, line, [i for index, i in rows if margin.get(index) == "!"])
        for index, instr in rows:
            if index != last + 1 and index != rows[0][0]:
                yield f"  … {index - last - 1} more"
            if index in labels:
                yield f"          {labels[index]}:"
            yield from _row(index, instr, labels, margin.get(index, ""), style)
            last = index
    if last != len(code) - 1:
        yield f"  … {len(code) - 1 - last} more"


#: Listings of fewer instructions are shown whole.
_LONG = 60


def _shown(size: int, margin: Mapping[int, str], context: int) -> frozenset[int]:
    marks = [index for index, sign in margin.items() if sign == "!"]
    if not context or size <= _LONG or not marks:
        return frozenset(range(size))
    return frozenset(index for mark in marks for index in range(mark - context, mark + context + 1))


def _source(code: CodeView, line: int | None, marked: Sequence[Instr]) -> Iterator[str]:
    """Yield a line of the source, and carets under what the marked instructions came from."""
    text = None if line is None else code.source_line(line)
    yield visible(f"  {code.path}:{line or '?'}")
    if text is None:
        return
    yield f"      {visible(text)}"
    columns = [_columns(instr, text) for instr in marked]
    spans = [span for span in columns if span]
    if spans:
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        yield f"      {' ' * start}{'^' * max(1, end - start)}"


def _columns(instr: Instr, text: str) -> tuple[int, int] | None:
    """Return from where to where in a line an instruction came from, in characters."""
    place = instr.position
    if place is None or place.column is None or place.line != instr.line:
        return None
    data = text.encode("utf-8", "surrogatepass")
    end = place.end_column if place.end_line == place.line else None
    before = data[: place.column].decode("utf-8", "replace")
    part = data[place.column : end].decode("utf-8", "replace")
    return len(visible(before)), len(visible(before)) + len(visible(part))


def _row(
    index: int, instr: Instr, labels: Mapping[int, str], sign: str, style: Style
) -> Iterator[str]:
    """Yield an instruction, and the interpreter's own where they are asked for."""
    names = [raw.opname for raw in instr.raw]
    text = f"  {sign:>3} {index:>4}  {format_instr(instr, labels)}"
    if names not in ([], [instr.opname]) and sign == "!":
        text += f"   (raw: {', '.join(names)})"
    if style.view != "raw":
        yield style.paint(text, red=True) if sign == "!" else text
    if style.view != "ops":
        for raw in instr.raw:
            yield style.paint(f"  {sign:>3}       {_raw(raw)}", light=True)


def _raw(raw: Instruction) -> str:
    operand = raw.argrepr or ("" if raw.arg is None else str(raw.arg))
    return f"   {raw.opname:<18} {visible(operand)}".rstrip()
