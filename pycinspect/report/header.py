"""The header of a cache as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pycinspect.dialects import HeaderField
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Header
from pycinspect.report.words import Json, joined, wrapped
from pycinspect.values import byte_count, utc, visible

__all__ = [
    "SHOW_SCHEMA",
    "failure_object",
    "field_meaning",
    "header_object",
    "header_text",
    "show_object",
]

#: Name and version of the object.
SHOW_SCHEMA = "pycinspect.show/1"

_WIDTH = 80
_OF_DIALECT = ("dialect", "implementation", "python", "cache_tag", "magic", "header")


def header_object(path: str, header: Header | None, error: PycInspectError | None) -> Json:
    """Return a header, or why there is none, as ``pycinspect.show/1`` describes it.

    Args:
        path: the file as the user named it.
        header: what was decoded, None with an error.
        error: why nothing was decoded, None with a header.
    """
    facts = dict.fromkeys(_OF_DIALECT) if header is None else _facts(header)
    failure = None if error is None else failure_object(error)
    return {"schema": SHOW_SCHEMA, "path": path, **facts, "error": failure}


def show_object(
    path: str,
    header: Header | None,
    codes: Sequence[Json] | None,
    error: PycInspectError | None = None,
    *,
    has_header: bool = True,
) -> Json:
    """Return a file's header and code, or why there are none, as ``pycinspect.show/1``.

    Args:
        path: the file as the user named it.
        header: what was decoded; for a source, whose compiler it was.
        codes: its code objects, as ``report.code`` writes them.
        error: why there are none.
        has_header: the header is the file's own; a source has none, nor has marshalled code.
    """
    entry = header_object(path, header, error)
    if not has_header:
        entry["header"] = None
    return {**entry, "codes": codes}


def failure_object(error: PycInspectError) -> Json:
    """Return why a file could not be read, as the documents of ``show`` have it."""
    line = {} if error.line is None else {"line": error.line}
    return {"slug": error.slug, "message": error.message, "offset": error.offset, **line}


def _facts(header: Header) -> Json:
    dialect = header.dialect
    return {
        "dialect": dialect.name,
        "implementation": dialect.implementation.value,
        "python": dialect.version,
        "cache_tag": dialect.cache_tag,
        "magic": header.magic_word,
        "header": {
            "size": header.size,
            "flags": header.flags,
            "mode": header.mode.value,
            "mtime": header.mtime,
            "source_size": header.source_size,
            "source_hash": None if header.source_hash is None else header.source_hash.hex(),
        },
    }


def header_text(path: str, header: Header) -> str:
    """Return a header as an annotated dump, a line each field.

    Args:
        path: the file as the user named it.
        header: what was decoded.
    """
    lines = [f"{visible(path)}: {header.dialect.name}, {header.mode.value}"]
    rows = [("offset", "bytes", "field", "meaning")]
    rows += [_row(column, number, header) for column, number in header.fields]
    widths = [max(len(row[index]) for row in rows) for index in range(3)]
    for offset, data, name, meaning in rows:
        cells = f"{offset:>{widths[0]}}  {data:{widths[1]}}  {name:{widths[2]}}  {meaning}"
        lines.append(f"  {cells}")
    if header.dialect.note:
        lines += wrapped(f"note: {visible(header.dialect.note)}", _WIDTH, " " * 8, "  ")
    return joined(lines)


def _row(column: HeaderField, number: int, header: Header) -> tuple[str, str, str, str]:
    data = number.to_bytes(column.size, "little").hex(" ")
    return str(column.offset), data, column.name, field_meaning(column.name, number, header)


def field_meaning(name: str, number: int, header: Header) -> str:
    """Return in words what a number in a header says.

    Args:
        name: of the field.
        number: what is in it.
        header: the header.
    """
    return _MEANINGS.get(name, _number)(number, header)


def _number(number: int, _: Header) -> str:
    return str(number)


def _magic(_: int, header: Header) -> str:
    dialect = header.dialect
    if dialect.is_prerelease(header.magic_word):
        released = f"the release has {dialect.magic_word}"
        return f"{header.magic_word} = pre-release of {dialect.name} ({released})"
    return f"{header.magic_word} = {dialect.name}"


def _flags(number: int, header: Header) -> str:
    return f"{number} = {header.mode.value}"


def _mtime(number: int, _: Header) -> str:
    return f"{number} = {utc(number)}"


def _source_size(number: int, _: Header) -> str:
    return byte_count(number)


def _source_hash(_: int, header: Header) -> str:
    dialect = header.dialect
    kind = "hash" if dialect.source_hash is None else dialect.source_hash.value
    digest = b"" if header.source_hash is None else header.source_hash
    return f"{kind} of the source: {digest.hex()}"


#: Fields to what their numbers mean; an unknown field is shown as a number.
_MEANINGS: Mapping[str, Callable[[int, Header], str]] = MappingProxyType(
    {
        "magic": _magic,
        "flags": _flags,
        "mtime": _mtime,
        "source_size": _source_size,
        "source_hash": _source_hash,
    }
)
