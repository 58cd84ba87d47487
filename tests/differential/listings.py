"""What a diff prints: no line goes and comes as the same text without a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.diffing import Diff
from pycinspect.report.diff import diff_lines

__all__ = ["TITLES", "listings", "unreasoned", "unreasoned_of"]

TITLES = ("old", "new")


def listings(found: Diff, *, raw: bool = False) -> Iterator[list[str]]:
    """Yield the lines of each code object, without the numbers of lines."""
    lines: list[str] = []
    for pieces in diff_lines(found, titles=TITLES, raw=raw):
        if not pieces:
            yield lines
            lines = []
        is_row = bool(pieces) and pieces[0][1] == "number"
        lines.append("".join(text for text, _ in pieces[is_row:]).strip())
    yield lines


def unreasoned(lines: Sequence[str]) -> list[str]:
    """Return what went and came as the same text, and nothing says what differs."""
    gone = {line[2:] for line in lines if line.startswith("- ")}
    come = {line[2:] for line in lines if line.startswith("+ ")}
    reasoned = {
        removed[2:]
        for removed, added, reason in zip(lines, lines[1:], lines[2:], strict=False)
        if removed[:1] + added[:1] == "-+" and reason.startswith("(") and reason.endswith(")")
    }
    return [line for line in gone & come if line not in reasoned and not line.endswith("  (moved)")]


def unreasoned_of(found: Diff) -> list[str]:
    """Return such lines of all code objects of a diff."""
    return [line for lines in listings(found) for line in unreasoned(lines)]
