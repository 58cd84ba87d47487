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
from pycinspect.values import shown

__all__ = ["CodeFile", "read_code", "read_marshalled", "read_pyc"]


class CodeFile(NamedTuple):
    """A cache, read whole.

    Args:
        header: what stands before the payload.
        code: the code object of the module.
        trailing: bytes after it, which no importer looks at.
        dialects: the rows that its own is one of.
    """

    header: Header
    code: Code
    trailing: int
    dialects: DialectTable = DIALECTS

    def __repr__(self) -> str:
        return shown(self)

    @property
    def dialect(self) -> Dialect:
        """Who wrote it; of a pre-release, what is known of that pre-release."""
        return self.dialects.at(self.header.dialect, self.header.magic_word)


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
    if dialect.header is None:
        raise PycInspectError("unsupported", f"bytecode of {dialect.name} is not read")
    start = dialect.header.pack_timestamp(dialect.magic, 0, 0)
    header = parse_header(start, dialects=DialectTable([dialect]))
    return _code_file(data, 0, header, limits, dialects)


def _code_file(
    data: bytes, offset: int, header: Header, limits: Limits, dialects: DialectTable
) -> CodeFile:
    value, end = unmarshal(data, header.dialect, offset=offset, limits=limits)
    if not isinstance(value, Code):
        kind = type(value).__name__
        raise PycInspectError("not-code", f"a {kind}, not a code object", offset=offset)
    return CodeFile(header, value, len(data) - end, dialects)


def read_pyc(
    path: str | os.PathLike[str],
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
    """
    name = os.fspath(path)
    with errors_named(name):
        data = read_all(name, limits.size)
        header = parse_header(data, tag=tag_of(name), dialects=dialects)
        return read_code(data, header, limits, dialects=dialects)
