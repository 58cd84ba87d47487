"""What does a file hold: a cache, marshalled code, a source, or nothing of this?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from enum import Enum
from typing import BinaryIO

from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc.container import container_kind, container_kind_of, refuse_container
from pycinspect.pyc.file import errors_named, open_regular, tag_of

__all__ = ["SubjectKind", "subject_kind", "subject_kind_of"]

_BYTECODE = (".pyc", ".pyo")
_SOURCE = (".py", ".pyw")
_MAGIC_SIZE = 4
#: The first two numbers of a code object, which are small, after its type code.
_NUMBERS = 9


class SubjectKind(Enum):
    """What a file holds."""

    #: A header and marshalled code.
    CACHE = "a cache"
    #: Marshalled code alone, as launchers and packers keep it.
    MARSHALLED = "marshalled code without a header"
    #: What a compiler takes.
    SOURCE = "a source"
    #: No file at all: a function or a code object.
    MEMORY = "code in memory"


def subject_kind(
    data: bytes, path: str, dialects: DialectTable, own: Dialect | None = None
) -> SubjectKind:
    """Tell by the content what a file holds, and where that is not enough by its name.

    Args:
        data: the content.
        path: the file.
        dialects: the rows to look in.
        own: who is said to have written bytecode; None where nobody says so.

    Raises:
        PycInspectError: ``container``.
    """
    if dialects.find(data[:_MAGIC_SIZE], tag_of(path)) is not None:
        return SubjectKind.CACHE
    if _is_marshalled(data, dialects if own is None else (own,)):
        return SubjectKind.MARSHALLED
    refuse_container(container_kind(data))
    if _is_bytecode(data, path):
        return SubjectKind.CACHE
    return SubjectKind.SOURCE


def subject_kind_of(
    path: str, dialects: DialectTable, open_file: Callable[[str], BinaryIO] = open_regular
) -> SubjectKind:
    """Tell what an import could make of a file: by its name, else by its content.

    Args:
        path: the file, of which only the start and the end are read.
        dialects: the rows to look in.
        open_file: opens it, if it is a regular file.

    Returns:
        CACHE or SOURCE: no import takes anything else.

    Raises:
        PycInspectError: ``container``; ``headerless`` for marshalled code alone;
            ``not-a-subject`` for everything else that is neither; ``not-a-file``,
            ``not-found``, ``unreadable``.
    """
    if path.endswith(_BYTECODE):
        return SubjectKind.CACHE
    if path.endswith(_SOURCE):
        return SubjectKind.SOURCE
    with errors_named(path):
        with open_file(path) as file:
            start = file.read(_NUMBERS)
            file.seek(0)
            container = container_kind_of(file)
        if dialects.find(start[:_MAGIC_SIZE], tag_of(path)) is not None:
            return SubjectKind.CACHE
        refuse_container(container)
        if _is_marshalled(start, dialects):
            message = "marshalled code without a header, which no import takes; see show --as"
            raise PycInspectError("headerless", message)
        message = (
            "neither a source nor a cache: its name does not end in .py or .pyc, and it does"
            " not begin with the magic number of a Python"
        )
        raise PycInspectError("not-a-subject", message)


def _is_marshalled(data: bytes, rows: Iterable[Dialect]) -> bool:
    """Return whether a file begins with a code object, and is not a source with that letter.

    The numbers at the start of a code object have null characters, which no source has.
    """
    if b"\0" not in data[:_NUMBERS]:
        return False
    formats = (row.marshal for row in rows if row.marshal is not None)
    return data[0] in frozenset().union(*(layout.code_starts for layout in formats))


def _is_bytecode(data: bytes, path: str) -> bool:
    extension = os.path.splitext(path)[1].lower()
    if extension in _BYTECODE or extension in _SOURCE:
        return extension in _BYTECODE
    return not data or b"\0" in data  # no compiler takes a source with a null character
