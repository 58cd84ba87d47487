"""Whatever a caller has, as code: a path, a file, a function, a code object."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import CodeType
from typing import NamedTuple, Protocol

from pycinspect import canonical
from pycinspect.canonical import Form, Level
from pycinspect.compiling import ReadOptions, Subject, read_subject
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.diffing.changes import Side
from pycinspect.diffing.trees import level_named
from pycinspect.disasm.live import code_of
from pycinspect.pyc import Code, CodeFile, SubjectKind

__all__ = [
    "Compiled",
    "Leveled",
    "NamedCode",
    "Program",
    "Stored",
    "canonicalize",
    "compiled_in",
    "read_leveled",
    "subject_of",
]


class _Function(Protocol):
    """A function or method of the running interpreter."""

    @property
    def __code__(self) -> CodeType: ...


Program = str | os.PathLike[str] | CodeFile | Code | CodeType | _Function


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


def read_leveled(path: str, optimize: int, read: Callable[[int], Subject]) -> Compiled:
    """Read a file, and what is known of the level of optimization of its code.

    Args:
        path: the file; the name of a cache in ``__pycache__`` says which level it is of, that of
            one beside its source does not (PEP 488).
        optimize: the level at which a source is compiled.
        read: reads the file; a source is compiled at the level that is given.

    Raises:
        PycInspectError: what ``read`` raises.
    """
    subject = read(optimize)
    if subject.kind is SubjectKind.SOURCE:
        return Leveled(subject.file, optimize, lambda level: read(level).file)
    level = level_named(path)
    compiled = compiled_in(subject)
    return compiled if level is None else Leveled(compiled, level)


def compiled_in(subject: Subject) -> Compiled:
    """Return the code of a file with its bytes; of a source, without."""
    if subject.kind is SubjectKind.SOURCE:
        return subject.file
    start = subject.file.header.size if subject.has_header else 0
    return Stored(subject.file, subject.content, start)


#: What is compared, or looked at, and what reports call it.
NamedCode = tuple[str, Compiled]


def subject_of(program: Program, dialect: Dialect | None = None) -> NamedCode:
    """Return the code of a program, and what to call it.

    Args:
        program: as :func:`pycinspect.diffing.diff` takes it.
        dialect: who wrote a ``Code``, which does not say.

    Raises:
        PycInspectError: as ``read_subject`` and ``code_of``.
        TypeError: for what is not a program, or a ``Code`` without a dialect.
    """
    if isinstance(program, CodeFile):
        return program.code.filename, program
    if isinstance(program, Code):
        if dialect is None:
            raise TypeError("a Code does not say who wrote it: dialect is missing")
        return program.qualname, Side(program, dialect)
    if isinstance(program, str | os.PathLike):
        name = os.fspath(program)
        return name, read_leveled(name, 0, lambda level: _read(name, level))
    live = program if isinstance(program, CodeType) else getattr(program, "__code__", None)
    if not isinstance(live, CodeType):
        raise TypeError(f"{type(program).__name__} is not a program: a path, a function, code …")
    code = code_of(live)
    return code.qualname, Side(code, DIALECTS.running())


def _read(path: str, optimize: int) -> Subject:
    return read_subject(path, ReadOptions(optimize=optimize))


def canonicalize(
    program: Program, level: Level | str = Level.SEMANTIC, *, dialect: Dialect | None = None
) -> Form:
    """Return the canonical form of a program: what it means, whatever Python wrote it.

    Args:
        program: a cache or a source, by its path; what ``read_pyc`` or ``compile_source``
            returned; a function or code object of the running interpreter; or a ``Code``.
        level: how much must be the same for two forms to be equal, or its name.
        dialect: who wrote a ``Code``, which does not say.

    Returns:
        The form of the function or module itself; ``children`` are the code objects inside.
        Where a limit is reached, or the code makes no sense, its ``problem`` says so, and it is
        equal to no other.

    Raises:
        PycInspectError: as :func:`pycinspect.diffing.diff`.
        TypeError: for what is not a program, or a ``Code`` without a dialect.
        ValueError: for an unknown level.

    >>> canonicalize(lambda x: x + 1) == canonicalize(lambda x: (x + 1))
    True
    """
    _, found = subject_of(program, dialect)
    return canonical.canonicalize(found.code, found.dialect, Level(level))
