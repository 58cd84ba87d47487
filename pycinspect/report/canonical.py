"""The canonical form of a file's code, for a reader who never saw bytecode."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pycinspect.canonical import Form, Level, units
from pycinspect.pyc import CodeFile
from pycinspect.report.pen import Piece
from pycinspect.values import visible

__all__ = ["canonical_lines"]

Line = tuple[Piece, ...]

_LEAST_NUMBER_WIDTH = 4


def canonical_lines(
    title: str, file: CodeFile, wanted: Collection[str] = (), level: Level = Level.SEMANTIC
) -> Iterator[Line]:
    """Return the statements of every code object, without control characters.

    Args:
        title: what the first line says of the file.
        file: a cache, or what a compiler made.
        wanted: qualified names; every code object where there are none.
        level: how much is told apart.
    """
    yield ((visible(title), "head"), (f"  level {level.value}", "hint"))
    for form in units(file.code, file.dialect, level).values():
        if not wanted or form.code.qualname in wanted:
            yield ()
            yield from _form_lines(form)


def _form_lines(form: Form) -> Iterator[Line]:
    name = visible(form.code.qualname)
    yield ((name, "head"), (f"  line {form.code.firstlineno}", "number"))
    for note in sorted(form.notes):
        yield ((f"  {visible(note)}", "hint"),)
    if form.problem is not None:
        yield ((f"  not canonicalised: {visible(form.problem)}", "error"),)
    numbers = ["" if row.line is None else str(row.line) for row in form.statements]
    width = max([_LEAST_NUMBER_WIDTH, *map(len, numbers)])
    last = ""
    for number, row in zip(numbers, form.statements, strict=True):
        shown = "" if number == last else number
        yield ((f"  {shown:>{width}}  ", "number"), (visible(row.text), ""))
        last = number
