"""Failures of relations and counts in full: both sides, and what is nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pycinspect.errors import PycInspectError
from pycinspect.values import visible
from pytest_pycinspect.expect import Failure, as_pattern, explain, format_instr, match
from pytest_pycinspect.expect.explanation import Style, annotated, explain_absent
from pytest_pycinspect.expect.matching import search
from pytest_pycinspect.expect.outcome import Match
from pytest_pycinspect.expect.printer import labels_of
from pytest_pycinspect.expect.verdict import cut, footer, place_of
from pytest_pycinspect.relations.relation import Count, Relation, Sides
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.names import OpcodeNameError

__all__ = ["count_failure", "explain_count", "explain_relation"]

#: Occurrences, and lines of an explanation, that a verdict lists; the section has all.
_SHOWN = 2
#: Why two sides cannot be laid beside each other: an opcode that is not known here, a limit.
_UNKNOWN = (PycInspectError, OpcodeNameError)


def explain_relation(relation: Relation, style: Style) -> Failure:
    """Say what came of comparing code with other code, a snippet or a constant.

    Args:
        relation: what came of it.
        style: how the section is written.
    """
    try:
        sides, found = _first_difference(relation)
    except _UNKNOWN as error:
        words = relation.explanation.splitlines()
        section = "\n".join([*map(visible, words), "", visible(str(error))])
        return Failure(tuple(map(cut, words)), "bytecode mismatch", section)
    failure = explain(found, style=style)
    words = relation.explanation.splitlines()
    nearest = () if found.met else failure.summary[1:]
    lines = [*map(visible, words), *nearest[:-1], "", failure.section]
    if sides.other is not None:
        other = sides.other
        lines += ["", visible(f"Compared with {other.name}, {other.path}:{other.line}")]
        lines += annotated(other, {}, style)
    verb = "match" if relation.holds else "mismatch"
    title = f"bytecode {verb}: {visible(sides.code.name)}"
    return Failure((*map(cut, words[:_SHOWN]), *nearest), title, "\n".join(lines))


def _first_difference(relation: Relation) -> tuple[Sides, Match]:
    """Return the first code object that is not as it was said to be, the outermost for none."""
    compared = ((sides, _matched(sides)) for sides in relation.sides())
    first = next(compared)
    if not first[1].met:
        return first
    return next((pair for pair in compared if not pair[1].met), first)


def _matched(sides: Sides) -> Match:
    return match(as_pattern("\n".join(sides.lines)), sides.code, anchored=sides.anchored)


#: The same comparison with its sides exchanged.
_EXCHANGED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def explain_count(op: str, left: object, right: object, style: Style) -> Failure:
    """Say where the instructions are that were counted.

    Args:
        op: between both sides: ``==``.
        left: one side.
        right: the other; one of them is a count.
        style: how the section is written.
    """
    if isinstance(left, Count):
        return count_failure(left, f", expected {op} {right!r}", style)
    assert isinstance(right, Count)
    return count_failure(right, f", expected {_EXCHANGED.get(op, op)} {left!r}", style)


def count_failure(count: Count, expected: str, style: Style) -> Failure:
    """Say where the instructions are that were counted.

    Args:
        count: how many there are, and where.
        expected: the end of the first line.
        style: how the section is written.
    """
    root = count.codes[0]
    what = " ".join(str(as_pattern(count.expectation)).split())
    times = "once" if count == 1 else f"{int(count)} times"
    first = cut(f"{what} is {times} in {root.name}{expected}")
    try:
        found = [(code, search(count.expectation, code)) for code in count.codes]
        missing = None if count else explain_absent(count.expectation, root, style)
    except _UNKNOWN as error:
        return Failure((first, *map(cut, str(error).splitlines())), _title(root), str(error))
    if missing is not None:
        return missing._replace(summary=(first, *missing.summary[1:]))
    lines = [line for code, places in found for line in _places(code, places)]
    section = ["Every occurrence:", *(visible(f"  {line}") for line in lines)]
    for code, places in found:
        if places:
            section += ["", *annotated(code, dict.fromkeys(places, "!"), style)]
    shown = [cut(f"    {line}") for line in lines[:_SHOWN]]
    return Failure((first, *shown, footer(root)), _title(root), "\n".join(section))


def _places(code: CodeView, indexes: Sequence[int]) -> Iterator[str]:
    labels = labels_of(code)
    for index in indexes:
        where = place_of(code, index).strip()
        yield f"@{index}  {format_instr(code[index], labels)}   {where}"


def _title(code: CodeView) -> str:
    return f"bytecode mismatch: {visible(code.name)}"
