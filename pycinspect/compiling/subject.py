"""Whatever a user names, bytecode or source, as code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pycinspect.cache.sourcetext import SourceText, source_lines, source_text
from pycinspect.compiling.interpreter import Interpreter
from pycinspect.compiling.source import Compilers, compile_source
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    DEFAULT_LIMITS,
    CodeFile,
    Header,
    SubjectKind,
    parse_header,
    read_all,
    read_code,
    read_marshalled,
    subject_kind,
)
from pycinspect.pyc.file import errors_named, tag_of

__all__ = ["ReadOptions", "Subject", "parse_subject", "read_subject"]

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
    """

    dialects: DialectTable = DIALECTS
    dialect: Dialect | None = None
    interpreter: Interpreter | None = None
    optimize: int = 0
    compilers: Compilers | None = None


class Subject(NamedTuple):
    """A file as code.

    Args:
        file: what the cache holds, or what a compiler made of the source.
        source: what it was made from; None where that is not known.
        kind: what the file holds; only a cache has a header of its own.
        content: its bytes.
    """

    file: CodeFile
    source: SourceText | None
    kind: SubjectKind
    content: bytes

    @property
    def has_header(self) -> bool:
        """Whether the header is the file's own."""
        return self.kind is SubjectKind.CACHE


def read_subject(path: str, options: ReadOptions | None = None) -> Subject:
    """Read a cache, or compile a source: its content says which it is.

    Args:
        path: the file.
        options: how it is read.

    Raises:
        PycInspectError: what ``read_pyc`` and ``compile_source`` raise, with the path.
    """
    with errors_named(path):
        data = read_all(path, DEFAULT_LIMITS.size)
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
        return Subject(file, source_lines(path, data), kind, data)
    try:
        file = _code_file(data, path, kind, options)
    except PycInspectError as error:
        from pycinspect.disasm import hinted

        raise hinted(error, data, options.dialects, tag_of(path)) from error
    return Subject(file, source_text(path, data, file.header.dialect), kind, data)


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
