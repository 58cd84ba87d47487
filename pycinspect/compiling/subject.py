"""Whatever a user names, bytecode or source, as code."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from pycinspect.cache.sourcetext import SourceText, source_lines, source_text
from pycinspect.compiling.interpreter import Interpreter
from pycinspect.compiling.source import Compilers, compile_source
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.pyc import DEFAULT_LIMITS, CodeFile, Header, parse_header, read_all, read_code
from pycinspect.pyc.file import errors_named, tag_of

__all__ = ["ReadOptions", "Subject", "parse_subject", "read_subject"]

_BYTECODE = (".pyc", ".pyo")
_SOURCE = (".py", ".pyw")
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
        compiled: it is a source: there is no cache, and so no header.
    """

    file: CodeFile
    source: SourceText | None
    compiled: bool


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
        PycInspectError: as :func:`read_subject`.
    """
    options = options or ReadOptions()
    if options.dialect is not None:
        header = _forced_header(data, options.dialect)
    elif _is_bytecode(data, path, options.dialects):
        header = parse_header(data, tag=tag_of(path), dialects=options.dialects)
    else:
        run = compile_source if options.compilers is None else options.compilers.compile
        file = run(data, path, interpreter=options.interpreter, optimize=options.optimize)
        return Subject(file, source_lines(path, data), compiled=True)
    file = read_code(data, header, dialects=options.dialects)
    return Subject(file, source_text(path, data, header.dialect), compiled=False)


def _forced_header(data: bytes, dialect: Dialect) -> Header:
    """Read a header as if it began with a dialect's own magic number."""
    start = dialect.magic + data[_MAGIC_SIZE:]
    return parse_header(start, dialects=DialectTable([dialect]))


def _is_bytecode(data: bytes, path: str, dialects: DialectTable) -> bool:
    if dialects.find(data[:_MAGIC_SIZE], tag_of(path)) is not None:
        return True
    extension = os.path.splitext(path)[1].lower()
    if extension in _BYTECODE or extension in _SOURCE:
        return extension in _BYTECODE
    return not data or b"\0" in data  # no compiler takes a source with a null character
