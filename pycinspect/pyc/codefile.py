"""A cache, read whole. Apart from ``file``, because the reader costs start-up time."""

from __future__ import annotations

import os
from typing import NamedTuple

from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Code
from pycinspect.pyc.file import errors_named, read_all, tag_of
from pycinspect.pyc.header import Header, parse_header
from pycinspect.pyc.unmarshal import DEFAULT_LIMITS, Limits, unmarshal
from pycinspect.values import StrPath

__all__ = ["CodeFile", "bare_header", "parse_pyc", "read_code", "read_marshalled", "read_pyc"]


class CodeFile(NamedTuple):
    """A cache, read whole.

    Args:
        header: what stands before the payload.
        code: the code object of the module.
        trailing: bytes after it, which no importer looks at.
    """

    header: Header
    code: Code
    trailing: int

    def __repr__(self) -> str:
        return f"<CodeFile by {self.dialect.name}, {self.header.mode}: {self.code!r}>"

    @property
    def dialect(self) -> Dialect:
        """Who wrote it; of a pre-release, what is known of that pre-release."""
        return self.code.dialect


def read_code(
    data: bytes,
    header: Header,
    limits: Limits = DEFAULT_LIMITS,
    *,
    dialects: DialectTable = DIALECTS,
) -> CodeFile:
    """Read what follows the header of a cache.

    Args:
        data: the file, header included.
        header: its header.
        limits: what it may cost.
        dialects: the rows that the header's is one of.

    Raises:
        PycInspectError: what ``unmarshal`` raises, or ``not-code`` for another object.
    """
    return _code_file(data, header.size, header, limits, dialects)


def read_marshalled(
    data: bytes,
    dialect: Dialect,
    limits: Limits = DEFAULT_LIMITS,
    *,
    dialects: DialectTable = DIALECTS,
) -> CodeFile:
    """Read a code object that no header precedes, as ``marshal.dumps`` returns it.

    Args:
        data: the code object, and whatever follows it.
        dialect: who wrote it: nothing in it says so.
        limits: what it may cost.
        dialects: the rows that the dialect is one of.

    Returns:
        The code after a header such as the dialect writes, without time and size.

    Raises:
        PycInspectError: ``unsupported`` where the dialect's bytecode is not read, or as
            :func:`read_code`.
    """
    return _code_file(data, 0, bare_header(dialect), limits, dialects)


def bare_header(dialect: Dialect) -> Header:
    """Return a header such as a dialect writes, without time and size, for code that has none.

    Raises:
        PycInspectError: ``unsupported`` where the dialect's bytecode is not read.
    """
    if dialect.header is None:
        raise PycInspectError("unsupported", f"bytecode of {dialect.name} is not read")
    start = dialect.header.pack_timestamp(dialect.magic, 0, 0)
    return parse_header(start, dialects=DialectTable([dialect]))


def _code_file(
    data: bytes, offset: int, header: Header, limits: Limits, dialects: DialectTable
) -> CodeFile:
    writer = dialects.at(header.dialect, header.magic_word)
    value, end = unmarshal(data, writer, offset=offset, limits=limits)
    if not isinstance(value, Code):
        kind = type(value).__name__
        raise PycInspectError("not-code", f"a {kind}, not a code object", offset=offset)
    return CodeFile(header, value, len(data) - end)


def parse_pyc(
    data: bytes,
    *,
    tag: str | None = None,
    dialects: DialectTable = DIALECTS,
    limits: Limits = DEFAULT_LIMITS,
) -> CodeFile:
    """Read the content of a cache file: header and code.

    Args:
        data: the file.
        tag: the cache tag in its name, which decides where two implementations share a magic
            number.
        dialects: the rows to look in.
        limits: what it may cost.

    Raises:
        PycInspectError: what ``parse_header`` and :func:`read_code` raise.

    >>> import marshal, importlib.util
    >>> payload = marshal.dumps(compile("x = 1", "app.py", "exec"))
    >>> parse_pyc(importlib.util.MAGIC_NUMBER + bytes(12) + payload).code
    <Code <module> at 'app.py', line 1>
    """
    header = parse_header(data, tag=tag, dialects=dialects)
    return read_code(data, header, limits, dialects=dialects)


def read_pyc(
    path: StrPath,
    *,
    dialects: DialectTable = DIALECTS,
    limits: Limits = DEFAULT_LIMITS,
) -> CodeFile:
    """Read the cache file ``path``: header and code.

    Args:
        path: a ``.pyc`` file. The cache tag in its name decides where two
            implementations share a magic number.
        dialects: the rows to look in.
        limits: what it may cost; a file of more than ``limits.size`` bytes is refused.

    Raises:
        PycInspectError: what ``parse_header`` and :func:`read_code` raise, ``too-large``, or
            ``not-a-file``, ``not-found``, ``unreadable``.

    >>> import pathlib, py_compile, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     source = f"{place}/app.py"
    ...     _ = pathlib.Path(source).write_text("total = 1")
    ...     cache = py_compile.compile(source, f"{place}/app.pyc", "app.py")
    ...     read_pyc(cache).code
    <Code <module> at 'app.py', line 1>
    """
    name = os.fsdecode(path)
    with errors_named(name):
        data = read_all(name, limits.size)
        return parse_pyc(data, tag=tag_of(name), dialects=dialects, limits=limits)
