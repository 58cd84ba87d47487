"""The canonical form of a file's code, for a reader who never saw bytecode."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pycinspect.canonical import Form, Level, Statement, units
from pycinspect.canonical.frames import parameters
from pycinspect.canonical.planes import is_function
from pycinspect.canonical.statements import labels_of
from pycinspect.canonical.text import listed, short
from pycinspect.pyc import CodeFile
from pycinspect.report.pen import Piece
from pycinspect.values import visible

__all__ = ["canonical_lines"]

Line = tuple[Piece, ...]

_LEAST_NUMBER_WIDTH = 4
_INDENT = "    "
_UNGUARDED = "end of try"


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
    forms = units(file.code, file.dialect, level)
    for place in sorted(forms, key=lambda place: (bool(place), forms[place].code.firstlineno)):
        form = forms[place]
        if not wanted or form.code.qualname in wanted:
            yield ()
            yield from _form_lines(form)


def _form_lines(form: Form) -> Iterator[Line]:
    name = visible(short(form.code.qualname))
    called = f"({short(listed(parameters(form.code)))})" if is_function(form.code) else ""
    yield ((name, "head"), (visible(called), ""), (f"  line {form.code.firstlineno}", "number"))
    for note in sorted(form.notes):
        yield ((f"  {visible(note)}", "hint"),)
    if form.problem is not None:
        yield ((f"  not canonicalised: {visible(form.problem)}", "error"),)
    yield from _statement_lines(form.statements)


def _statement_lines(statements: Sequence[Statement]) -> Iterator[Line]:
    """Yield the statements; those that one handler guards stand together, a little indented."""
    labels = labels_of(statements)
    numbers = ["" if row.line is None else str(row.line) for row in statements]
    width = max([_LEAST_NUMBER_WIDTH, *map(len, numbers)])
    label_width = max([0, *(len(label) + 1 for label in labels.values())])
    last, guard = "", None
    for place, (number, row) in enumerate(zip(numbers, statements, strict=True)):
        if row.handler != guard:
            guard = row.handler
            words = _UNGUARDED if guard is None else f"try, on error -> {labels[guard]}:"
            yield ((" " * (width + label_width + 5) + words, "label"),)
        label = f"{labels[place]}:" if place in labels else ""
        indent = "" if guard is None else _INDENT
        yield (
            (f"  {'' if number == last else number:>{width}}  ", "number"),
            (f"{label:<{label_width}} ", "label"),
            (indent + visible(row.shown(labels)), ""),
        )
        last = number
