"""A failure in at most seven lines of at most 74 characters: pytest cuts what is longer."""

from __future__ import annotations

from collections.abc import Sequence

from pycinspect.values import visible
from pytest_pycinspect.expect.diagnosis import Trouble, culprit, instr_words, trouble
from pytest_pycinspect.expect.outcome import Match, Part
from pytest_pycinspect.expect.statuses import Outcome, Status, statuses
from pytest_pycinspect.view.code import CodeView

__all__ = ["BELOW", "WIDTH", "cut", "footer", "nearest_words", "one_line", "place_of", "summary"]

#: Characters of a line; pytest puts six before it, and terminals have 80.
WIDTH = 74
#: Where there is more.
BELOW = "full listing below; "
_VIEWS = {"ops": "canonical ops", "raw": "raw instructions", "adaptive": "adaptive instructions"}


def cut(text: str, width: int = WIDTH) -> str:
    """Return one line of at most ``width`` characters."""
    text = visible(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def one_line(match: Match) -> str:
    """Return what came of a comparison in one line."""
    first = f"{match.code.name}"
    if match.met:
        start, end = match.span
        where = f"instructions {start} to {end - 1}" if end > start else "no instruction named"
        return cut(f"<match of {first}: {where}>")
    wrong, missing = culprit(match)
    if missing is not None:
        return cut(f"<no match of {first}: {_missing(missing, wrong.code)}>")
    bad = trouble(wrong)
    found = " ".join(bad.found).strip()
    where = f"line {bad.line}" if bad.line else "the end"
    return cut(f"<no match of {wrong.code.name}: {where}: expected {_flat(bad)}, found {found}>")


def _flat(bad: Trouble) -> str:
    return " ".join(bad.expected).strip()


def summary(match: Match, relation: str) -> tuple[str, ...]:
    """Return the verdict about an expectation that is not met.

    Args:
        match: what came of it.
        relation: between the code and the expectation, for the first line: ``==``.
    """
    wrong, missing = culprit(match)
    if missing is not None:
        text = f"{wrong.code.name} {relation}: {_missing(missing, wrong.code)}"
        return cut(text), footer(wrong.code)
    bad, rows = trouble(wrong), statuses(wrong)
    total = _count(rows)
    stopped = f"stopped at line {bad.line} of {total}" if bad.line else "it goes on"
    lines = [
        cut(f"{wrong.code.name} {relation}: {stopped}"),
        place_of(wrong.code, bad.at),
        *_compared(wrong, bad),
        cut(_matched(wrong, rows)),
        footer(wrong.code),
    ]
    return tuple(line for line in lines if line)


def _count(rows: Sequence[Status]) -> int:
    return rows[-1].number if rows else 0


def _missing(part: Part, code: CodeView) -> str:
    name = part.section.block.name or part.section.block.kind.value
    known = ", ".join(child.name.rpartition(".")[2] for child in code.children)
    return f"there is no nested code {name!r}" + (f"; there is {known}" if known else "")


def place_of(code: CodeView, index: int | None) -> str:
    """Return where in the source an instruction, or the code, is."""
    line = code.line if index is None else code[index].line
    source = None if line is None else code.source_line(line)
    text = f"{code.name}  {code.path}:{line or '?'}"
    return cut(f"{text}   {source.strip()}" if source else text)


def _compared(match: Match, bad: Trouble) -> list[str]:
    """Return what was expected above what was found, with a caret under the difference."""
    width = max(len(words[0]) for words in (bad.expected, bad.found) if words[1] or words[0]) + 2
    width = min(width, 24)
    expected = cut(f"expected   {_columns(bad.expected, width)}")
    found = f"found      {_columns(bad.found, width)}"
    raw = _raw(match, bad.at)
    if raw and len(found) + len(raw) + 3 <= WIDTH:
        found += f"   {raw}"
    if bad.differs is None:
        return [expected, cut(found)]
    start = 11 if bad.differs == 0 else 11 + max(width, len(bad.found[0]) + 1)
    length = max(1, min(len(bad.found[bad.differs]), WIDTH - start))
    caret = f"{' ' * start}{'^' * length}"
    return [expected, cut(found), cut(caret + (f" {bad.why}" if bad.why else ""))]


def _columns(words: tuple[str, str], width: int) -> str:
    opname, operand = words
    return f"{opname:<{width}}{'' if len(opname) < width else ' '}{operand}" if operand else opname


def _raw(match: Match, index: int | None) -> str:
    """Return the interpreter's own instructions where they have other names."""
    if index is None:
        return ""
    instr = match.run.instrs[index]
    names = [raw.opname for raw in instr.raw]
    return "" if names in ([instr.opname], []) else f"(raw: {', '.join(names)})"


def _matched(match: Match, rows: Sequence[Status]) -> str:
    met = sum(row.outcome is Outcome.MET for row in rows)
    active = sum(row.outcome not in (Outcome.INACTIVE, Outcome.NONE) for row in rows)
    first = next((row.nearest for row in rows if row.nearest is not None), None)
    elsewhere = "" if first is None else f"; {nearest_words(match, first)}"
    return f"{met} of {active} lines met{elsewhere}"


def nearest_words(match: Match, index: int) -> str:
    """Say which instruction is most like a line that is not met."""
    return f"nearest @{index}: {' '.join(instr_words(match, index)).strip()}"


def footer(code: CodeView) -> str:
    """Return on which Python, in which view."""
    return cut(f"{BELOW}Python {code.python}, {_VIEWS[code.view]}")
