"""What the public API asks about a program, whatever it is given as."""

from __future__ import annotations

from pycinspect import canonical, disasm
from pycinspect.canonical import Form
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.disasm import Defect, Handler, Instruction, LineRange, Position
from pycinspect.errors import PycInspectError
from pycinspect.programs.subject import Program, ReadOptions, Subject, subject_of
from pycinspect.values import Level

__all__ = [
    "asked_about",
    "canonicalize",
    "exception_table",
    "instructions",
    "line_ranges",
    "parse_level",
    "positions",
    "verify",
]


def asked_about(program: Program, dialect: Dialect | str | None) -> Subject:
    """Return a program as code.

    Args:
        program: see :data:`Program`.
        dialect: who wrote its bytecode, a row or its name, where nothing else says so.

    Raises:
        PycInspectError: as ``subject_of``; ``unknown-dialect``.
    """
    row = None if dialect is None else DIALECTS.resolve(dialect)
    return subject_of(program, ReadOptions(dialect=row))


def parse_level(name: Level | str) -> Level:
    """Return the level with a name.

    Raises:
        PycInspectError: ``unknown-level``.
    """
    try:
        return Level(name)
    except ValueError as error:
        message = f"{name!r:.80} is not a level; there are {', '.join(Level)}"
        raise PycInspectError("unknown-level", message) from error


def instructions(
    program: Program, dialect: Dialect | str | None = None, *, caches: bool = False
) -> list[Instruction]:
    """Return the instructions of a program's outermost code object, as ``dis`` does.

    Args:
        program: the path of a cache or source, its bytes, a file object, a function, a code
            object, or what :func:`pycinspect.read_pyc` returned.
        dialect: who wrote the bytecode, a row or its name; needed only for marshalled code
            without a header.
        caches: inline caches are listed, too (3.11).

    Returns:
        The instructions in the order of the file, EXTENDED_ARG among them. Code objects inside
        are constants: ask about those of ``code.walk()``.

    Raises:
        PycInspectError: ``unknown-opcodes``; ``not-a-program``; the program cannot be read, or
            does not compile.

    The texts are those of the ``dis`` of the Python that wrote the code (``Lib/dis.py``).

    >>> instructions(lambda x: x)[-1].opname
    'RETURN_VALUE'
    """
    subject = asked_about(program, dialect)
    return disasm.instructions(subject.code, subject.dialect, caches=caches)


def exception_table(program: Program, dialect: Dialect | str | None = None) -> list[Handler]:
    """Return the handlers of a program's outermost code object (3.11).

    Args:
        program: as :func:`instructions` takes it.
        dialect: likewise.

    Returns:
        The entries in the order of the table; none up to 3.10, where instructions set handlers up.

    Raises:
        PycInspectError: ``bad-exception-table``; else as :func:`instructions`.

    The format is described in ``InternalDocs/exception_handling.md``.

    >>> exception_table(lambda: None)
    []
    """
    subject = asked_about(program, dialect)
    return disasm.exception_table(subject.code, subject.dialect)


def line_ranges(program: Program, dialect: Dialect | str | None = None) -> list[LineRange]:
    """Return which instructions come from which line, for a program's outermost code object.

    Args:
        program: as :func:`instructions` takes it.
        dialect: likewise.

    Returns:
        Ranges of offsets, as ``co_lines`` gives them (PEP 626).

    Raises:
        PycInspectError: ``bad-line-table``; else as :func:`instructions`.

    >>> line_ranges(b"x = 1")[-1].line
    1
    """
    subject = asked_about(program, dialect)
    return list(disasm.line_ranges(subject.code, subject.dialect))


def positions(program: Program, dialect: Dialect | str | None = None) -> list[Position]:
    """Return lines and columns for a program's outermost code object, as ``co_positions`` does.

    Args:
        program: as :func:`instructions` takes it.
        dialect: likewise.

    Returns:
        One for each code unit of two bytes (PEP 657); without columns up to 3.10.

    Raises:
        PycInspectError: ``bad-line-table``; else as :func:`instructions`.

    >>> positions(b"x = 1")[-1].line
    1
    """
    subject = asked_about(program, dialect)
    return disasm.positions(subject.code, subject.dialect)


def verify(program: Program, dialect: Dialect | str | None = None) -> list[Defect]:
    """Return what is wrong with the bytecode of a program, in all its code objects.

    Args:
        program: as :func:`instructions` takes it.
        dialect: likewise.

    Returns:
        The defects, each with the ``qualname`` of the code object that it is in; none where the
        code can be run. ``disasm.verify`` lists the kinds.

    Raises:
        PycInspectError: as :func:`instructions`.

    >>> verify(b"def f(): return 1")
    []
    """
    subject = asked_about(program, dialect)
    return [
        defect._replace(qualname=code.qualname)
        for code in subject.code.walk()
        for defect in disasm.verify(code, subject.dialect)
    ]


def canonicalize(
    program: Program,
    level: Level | str = Level.SEMANTIC,
    *,
    dialect: Dialect | str | None = None,
) -> Form:
    """Return the canonical form of a program: what it means, whatever Python wrote it.

    Args:
        program: as :func:`instructions` takes it.
        level: how much must be the same for two forms to be equal, or its name.
        dialect: who wrote the bytecode; needed only for marshalled code without a header.

    Returns:
        The form of the function or module itself; ``children`` are the code objects inside.
        Where a limit is reached, or the code makes no sense, its ``problem`` says so, and it is
        equal to no other.

    Raises:
        PycInspectError: ``unknown-level``; else as :func:`instructions`.

    >>> canonicalize(lambda x: x + 1) == canonicalize(lambda x: (x + 1))
    True
    """
    subject = asked_about(program, dialect)
    return canonical.canonicalize(subject.code, subject.dialect, parse_level(level))
