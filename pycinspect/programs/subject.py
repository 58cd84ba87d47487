"""Whatever a user points at, as code: who wrote it, and where it comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from types import CodeType
from typing import NamedTuple, Protocol

from pycinspect.cache import HERE, SourceText, View, source_lines, source_text, view_of
from pycinspect.compiling import Compilers, Interpreter, compile_source
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.disasm import code_of, hinted
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    DEFAULT_LIMITS,
    Code,
    CodeFile,
    Header,
    SubjectKind,
    bare_header,
    errors_named,
    parse_header,
    read_code,
    read_marshalled,
    subject_kind,
    system_errors_named,
    tag_of,
)

__all__ = [
    "Program",
    "ReadOptions",
    "Subject",
    "parse_subject",
    "read_stream",
    "read_subject",
    "subject_of",
]


class _Function(Protocol):
    """A function or method of the running interpreter."""

    @property
    def __code__(self) -> CodeType: ...


class _Stream(Protocol):
    """A file object that is open for reading bytes."""

    def read(self, size: int, /) -> bytes: ...


#: What the functions of the public API take: a path; the bytes of a file, or a file object with
#: them; what ``read_pyc`` returned; a code object; a function, method, generator or coroutine.
Program = (
    str
    | os.PathLike[str]
    | os.PathLike[bytes]
    | bytes
    | _Stream
    | CodeFile
    | Code
    | CodeType
    | _Function
)

_MAGIC_SIZE = 4


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read.

    Args:
        dialects: the rows to look in.
        dialect: who wrote bytecode, whatever its magic number says; None: it says.
        interpreter: who compiles sources; None is the running one.
        optimize: how often ``-O`` is given to a compiler.
        compilers: the processes that compile; None starts one for each source.
        view: the file system that files are in.
    """

    dialects: DialectTable = DIALECTS
    dialect: Dialect | None = None
    interpreter: Interpreter | None = None
    optimize: int = 0
    compilers: Compilers | None = None
    view: View = HERE


class Subject(NamedTuple):
    """A program as code.

    Args:
        name: what reports call it: a path, or the name of what is in memory.
        file: what the cache holds, or what a compiler made of the source.
        kind: what was pointed at; only a cache has a header of its own.
        source: what it was made from; None where that is not known.
        content: the bytes of the file; none of what is in memory.
    """

    name: str
    file: CodeFile
    kind: SubjectKind
    source: SourceText | None = None
    content: bytes = b""

    @property
    def code(self) -> Code:
        """The code object."""
        return self.file.code

    @property
    def dialect(self) -> Dialect:
        """Who wrote it."""
        return self.file.dialect

    @property
    def has_header(self) -> bool:
        """Whether the header is the file's own."""
        return self.kind is SubjectKind.CACHE


#: What files without a name are called.
_NAMELESS = "<bytes>"
#: Where the code object of what runs is: ``Lib/dis.py: _get_code_object``.
_LIVE = ("__code__", "gi_code", "ag_code", "cr_code")


def subject_of(program: Program, options: ReadOptions | None = None) -> Subject:
    """Return the code of a program, whatever it is given as.

    Args:
        program: see :data:`Program`. Sources are compiled, and nothing is run.
        options: how it is read; ``dialect`` counts for code in memory, too.

    Raises:
        PycInspectError: ``not-a-program``; what reading a file, compiling a source and
            ``code_of`` raise.

    >>> subject_of(b"x = 1").kind.value
    'a source'
    """
    options = options or ReadOptions()
    if isinstance(program, str | os.PathLike):
        return read_subject(os.fsdecode(program), options)
    if isinstance(program, bytes | bytearray | memoryview):
        return parse_subject(bytes(program), _NAMELESS, options)
    file = _code_in_memory(program)
    if file is None:
        return _in_stream(program, options)
    if options.dialect is not None:
        file = file._replace(code=replace(file.code, dialect=options.dialect))
    name = file.code.filename if isinstance(program, CodeFile) else file.code.qualname
    return Subject(name, file, SubjectKind.MEMORY)


def _in_stream(program: object, options: ReadOptions) -> Subject:
    if isinstance(program, type) or not hasattr(program, "read"):
        kind = type(program).__name__
        message = f"a {kind} has no bytecode; give a path, bytes, a file object, a function or code"
        raise PycInspectError("not-a-program", message)
    name = getattr(program, "name", None)
    name = name if isinstance(name, str) else _NAMELESS
    with errors_named(name):
        return parse_subject(read_stream(program, name), name, options)


def read_stream(stream: _Stream, name: str) -> bytes:
    """Read what follows in a file object.

    Raises:
        PycInspectError: ``unreadable``, also where it is closed; ``too-large``; ``not-bytes`` for
            one that is opened as text.
    """
    limit = DEFAULT_LIMITS.size
    try:
        with system_errors_named(name):
            data = stream.read(limit + 1)
    except ValueError as error:
        raise PycInspectError("unreadable", f"cannot be read: {error}", path=name) from error
    if not isinstance(data, bytes):
        message = "it is opened as text; a program is read as bytes, with mode 'rb'"
        raise PycInspectError("not-bytes", message, path=name)
    if len(data) > limit:
        raise PycInspectError("too-large", f"more than {limit} bytes", path=name)
    return data


def _code_in_memory(program: object) -> CodeFile | None:
    """Return the code of an object that has some; None for all others."""
    if isinstance(program, CodeFile):
        return program
    if isinstance(program, Code):
        code = program
    else:
        candidates = (program, *(getattr(program, name, None) for name in _LIVE))
        live = next((found for found in candidates if isinstance(found, CodeType)), None)
        if live is None:
            return None
        code = code_of(live)
    return CodeFile(bare_header(code.dialect), code, 0)


def read_subject(path: str, options: ReadOptions | None = None) -> Subject:
    """Read a cache, or compile a source: its content says which it is.

    Args:
        path: the file, which may lie in an archive: ``app.whl!/pkg/m.py``.
        options: how it is read.

    Raises:
        PycInspectError: what ``read_pyc`` and ``compile_source`` raise, with the path.
    """
    options = options or ReadOptions()
    options = replace(options, view=view_of(path, options.view))
    with errors_named(path):
        data = options.view.read_all(path, DEFAULT_LIMITS.size)
        return parse_subject(data, path, options)


def parse_subject(data: bytes, path: str, options: ReadOptions | None = None) -> Subject:
    """Read the content of a file as :func:`read_subject` does.

    Args:
        data: the content.
        path: where it comes from; the name of a cache decides where two implementations
            share a magic number.
        options: how it is read.

    Raises:
        PycInspectError: ``container`` for an archive; ``not-a-pyc`` for a source where
            ``options`` say whose bytecode it is; ``headerless`` for marshalled code
            without a header where ``options`` do not say whose it is; else as
            :func:`read_subject`. The message says how the file can be read, if there is
            another way.
    """
    options = options or ReadOptions()
    kind = subject_kind(data, path, options.dialects, options.dialect)
    if kind is SubjectKind.SOURCE:
        if options.dialect is not None:
            message = "it is a source: --as is for bytecode, --python says who compiles"
            raise PycInspectError("not-a-pyc", message)
        run = compile_source if options.compilers is None else options.compilers.compile
        file = run(data, path, interpreter=options.interpreter, optimize=options.optimize)
        return Subject(path, file, kind, source_lines(path, data), data)
    try:
        file = _code_file(data, path, kind, options)
    except PycInspectError as error:
        raise hinted(error, data, options.dialects, tag_of(path)) from error
    source = source_text(path, data, file.header.dialect, options.view)
    return Subject(path, file, kind, source, data)


def _code_file(data: bytes, path: str, kind: SubjectKind, options: ReadOptions) -> CodeFile:
    dialects, dialect = options.dialects, options.dialect
    if kind is SubjectKind.MARSHALLED:
        if dialect is None:
            message = f"marshalled code without a header ({data[:1].hex()}); --as says whose it is"
            raise PycInspectError("headerless", message, offset=0)
        return read_marshalled(data, dialect, dialects=dialects)
    if dialect is not None:
        header = _forced_header(data, dialect)
    else:
        header = parse_header(data, tag=tag_of(path), dialects=dialects)
    return read_code(data, header, dialects=dialects)


def _forced_header(data: bytes, dialect: Dialect) -> Header:
    """Read a header as if it began with a dialect's own magic number."""
    start = dialect.magic + data[_MAGIC_SIZE:]
    return parse_header(start, dialects=DialectTable([dialect]))
