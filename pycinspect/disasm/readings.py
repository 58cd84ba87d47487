"""As whose code can these bytes be run, and where does it begin?

Asked where a file cannot be read as what its header says: a magic number was changed, the header
is that of another version, or there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from pycinspect.dialects import Dialect, DialectTable
from pycinspect.disasm.checks import verify
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, unmarshal

__all__ = ["Reading", "hinted", "how_it_decodes", "readings"]

#: Bytes that are decoded and verified in all attempts at one file together.
_MOST_BYTES = 1024 * 1024
_MAGIC_SIZE = 4
#: Readings that a message names; simple code can be run by several versions.
_MOST_NAMED = 3


class Reading(NamedTuple):
    """A way in which a file can be read without defects.

    Args:
        dialect: whose code it is then.
        offset: of the code object, in bytes from the start of the file.
    """

    dialect: Dialect
    offset: int


def readings(data: bytes, dialects: DialectTable, tag: str | None = None) -> Iterator[Reading]:
    """Yield the ways in which a file can be read without defects, the nearest first.

    Without defects means: a code object from some offset to the end of the file, and nothing
    in it that :func:`verify` finds. What the file's own magic number says is left out.

    Args:
        data: the content of the file.
        dialects: the rows to look in.
        tag: the cache tag in the file's name.
    """
    work = 0
    for reading in _candidates(data, dialects, tag):
        if not _begins(data, reading):
            continue
        work += len(data) - reading.offset
        if work > _MOST_BYTES:
            return
        if _is_clean(data, reading):
            yield reading


def hinted(
    error: PycInspectError, data: bytes, dialects: DialectTable, tag: str | None = None
) -> PycInspectError:
    """Return an error about a file, with how it can be read if there is a way.

    Args:
        error: why the file cannot be read.
        data: the content of the file.
        dialects: the rows to look in.
        tag: the cache tag in the file's name.
    """
    how = how_it_decodes(data, dialects, tag)
    if not how:
        return error
    message = f"{error.message}; {how}"
    return PycInspectError(error.slug, message, path=error.path, offset=error.offset)


def how_it_decodes(data: bytes, dialects: DialectTable, tag: str | None = None) -> str:
    """Return a sentence without a full stop that says as what a file can be read; or ""."""
    found = list(islice(readings(data, dialects, tag), _MOST_NAMED))
    if not found:
        return ""
    offset = found[0].offset
    names = ", ".join(reading.dialect.name for reading in found if reading.offset == offset)
    return f"from offset {offset} on it decodes without defects as {names}"


# --- What is tried -------------------------------------------------------------------------


def _candidates(data: bytes, dialects: DialectTable, tag: str | None) -> Iterator[Reading]:
    """Yield what may be worth a try: with a known magic number, what is near it; else all."""
    headers = [(row, row.header.size) for row in dialects if row.header and row.bytecode]
    claimed = dialects.find(data[:_MAGIC_SIZE], tag)
    if claimed is None:
        for row, size in reversed(headers):  # the newest first
            yield from (Reading(row, 0), Reading(row, size))
        return
    own = claimed.header.size if claimed.header else 0
    sizes = sorted({size for _, size in headers} - {own})
    yield from (Reading(claimed, size) for size in sizes if claimed.bytecode)
    names = [row.name for row in dialects]
    place = names.index(claimed.name) if claimed.name in names else 0
    headers.sort(key=lambda entry: abs(names.index(entry[0].name) - place))
    yield from (Reading(row, size) for row, size in headers if row is not claimed)


def _begins(data: bytes, reading: Reading) -> bool:
    """Return whether a code object can begin there."""
    layout = reading.dialect.marshal
    start = data[reading.offset : reading.offset + 1]
    return layout is not None and bool(start) and start[0] in layout.code_starts


def _is_clean(data: bytes, reading: Reading) -> bool:
    dialect = reading.dialect
    try:
        value, end = unmarshal(data, dialect, offset=reading.offset)
        if end != len(data) or not isinstance(value, Code):
            return False
        return not any(verify(code, dialect) for code in value.walk())
    except PycInspectError:  # it cannot be read so
        return False
