"""The instructions of a program, printed for a person at a prompt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

from pycinspect.dialects import Dialect
from pycinspect.programs import Program, Subject
from pycinspect.pyc import SubjectKind
from pycinspect.report.listing import ListingOptions, listing

__all__ = ["dis", "title_of"]

#: What stands after a program's name, by what it is: a dialect's name, a header's mode.
_MODES = {
    SubjectKind.CACHE: "{}, {}",
    SubjectKind.MARSHALLED: "{}, no header",
    SubjectKind.SOURCE: "compiled by {}",
    SubjectKind.MEMORY: "{}, in memory",
}


def title_of(subject: Subject) -> str:
    """Return what a listing says first: the program, and who wrote its bytecode."""
    header = subject.file.header
    mode = _MODES[subject.kind].format(header.dialect.name, header.mode.value)
    return f"{subject.name}: {mode}"


def dis(
    program: Program,
    dialect: Dialect | str | None = None,
    *,
    raw: bool = False,
    file: TextIO | None = None,
) -> None:
    """Print the instructions of a program and of all code objects inside it, as ``show`` does.

    Args:
        program: the path of a cache or source, its bytes, a file object, a function, a code
            object, or what :func:`pycinspect.read_pyc` returned.
        dialect: who wrote the bytecode, a row or its name; needed only for marshalled code
            without a header.
        raw: offsets, EXTENDED_ARG and inline caches are shown, too.
        file: where to; None is standard output.

    Raises:
        PycInspectError: ``not-a-program``; the program cannot be read, or does not compile.

    What cannot be disassembled is said in its place. The operands are those that the ``dis`` of
    the Python that wrote the code shows (``Lib/dis.py``).

    >>> dis(lambda x: x)  # doctest: +ELLIPSIS
    <lambda>: ..., in memory
    <BLANKLINE>
    <lambda>: lambda
    ...
    """
    from pycinspect.programs.questions import asked_about

    for line in _lines(asked_about(program, dialect), raw=raw):
        print(line, file=file or sys.stdout)


def _lines(subject: Subject, *, raw: bool) -> Iterator[str]:
    listed = listing(title_of(subject), subject.file, subject.source, ListingOptions(raw=raw))
    return ("".join(text for text, _ in line) for line in listed)
