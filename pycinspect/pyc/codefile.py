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

__all__ = ["CodeFile", "read_code", "read_pyc"]


class CodeFile(NamedTuple):
    """A cache, read whole.

    Args:
        header: what stands before the payload.
        code: the code object of the module.
        trailing: bytes behind it, which no importer looks at.
        dialects: the rows that its own is one of.
    """

    header: Header
    code: Code
    trailing: int
    dialects: DialectTable = DIALECTS

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
    value, end = unmarshal(data, header.dialect, offset=header.size, limits=limits)
    if not isinstance(value, Code):
        kind = type(value).__name__
        raise PycInspectError("not-code", f"a {kind}, not a code object", offset=header.size)
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
