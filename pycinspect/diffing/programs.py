"""What is known of two programs beside their code: their bytes, their level of optimization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from pycinspect.dialects import Dialect
from pycinspect.diffing.trees import level_named
from pycinspect.programs import Program, ReadOptions, Subject, parse_subject
from pycinspect.programs.questions import asked_about
from pycinspect.pyc import Code, CodeFile, SubjectKind

__all__ = [
    "Compiled",
    "Leveled",
    "NamedCode",
    "Stored",
    "compiled_in",
    "leveled",
    "named_code",
]

#: What has its level of optimization in its name, and bytes that can be compared.
_BYTECODE = frozenset({SubjectKind.CACHE, SubjectKind.MARSHALLED})


class Compiled(Protocol):
    """A code object and who wrote it: a ``CodeFile``, or a ``Side``."""

    @property
    def code(self) -> Code:
        """The code object."""

    @property
    def dialect(self) -> Dialect:
        """Who wrote it."""


class Stored(NamedTuple):
    """Code, and the bytes of the file that it is in.

    Args:
        file: what was read.
        content: the file: its header, if it has one of its own, and what follows.
        start: where the code begins.
    """

    file: CodeFile
    content: bytes
    start: int

    @property
    def code(self) -> Code:
        """The code object."""
        return self.file.code

    @property
    def dialect(self) -> Dialect:
        """Who wrote it."""
        return self.file.dialect


class Leveled(NamedTuple):
    """Code of which the level of optimization is known.

    Args:
        compiled: the code.
        optimize: the level: how often ``-O`` was given.
        recompiled: of a source, returns what it is compiled to at another level; else None.
    """

    compiled: Compiled
    optimize: int
    recompiled: Callable[[int], Compiled] | None = None

    @property
    def code(self) -> Code:
        """The code object."""
        return self.compiled.code

    @property
    def dialect(self) -> Dialect:
        """Who wrote it."""
        return self.compiled.dialect


def leveled(subject: Subject, options: ReadOptions) -> Compiled:
    """Return the code of a program, and what is known of its level of optimization.

    Args:
        subject: the program; the name of a cache in ``__pycache__`` says which level it is of, that
            of one beside its source does not (PEP 488).
        options: how it was read; a source is compiled again so, at other levels.
    """
    if subject.kind is SubjectKind.SOURCE:

        def recompiled(level: int) -> CodeFile:
            asked = replace(options, optimize=level)
            return parse_subject(subject.content, subject.name, asked).file

        return Leveled(subject.file, options.optimize, recompiled)
    compiled = compiled_in(subject)
    level = level_named(subject.name) if subject.kind in _BYTECODE else None
    return compiled if level is None else Leveled(compiled, level)


def compiled_in(subject: Subject) -> Compiled:
    """Return the code of a program; of bytecode in a file, with its bytes."""
    if subject.kind not in _BYTECODE:
        return subject.file
    start = subject.file.header.size if subject.has_header else 0
    return Stored(subject.file, subject.content, start)


#: What is compared, or looked at, and what reports call it.
NamedCode = tuple[str, Compiled]


def named_code(program: Program, dialect: Dialect | str | None) -> NamedCode:
    """Return the code of a program, and what to call it.

    Args:
        program: as :func:`pycinspect.diffing.diff` takes it.
        dialect: who wrote its bytecode, where nothing else says so.

    Raises:
        PycInspectError: as ``subject_of``; ``unknown-dialect``.
    """
    subject = asked_about(program, dialect)
    return subject.name, leveled(subject, ReadOptions())
