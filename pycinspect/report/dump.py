"""A cache byte by byte, as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.dialects import Dialect, MarshalType
from pycinspect.errors import PycInspectError
from pycinspect.pyc import ByteRange, Header, RangeKind
from pycinspect.pyc.ranges import PLAIN_KINDS
from pycinspect.report.code import scalar_object
from pycinspect.report.header import failure_object, field_meaning
from pycinspect.report.words import Json, counted
from pycinspect.values import brief, byte_count, visible

__all__ = ["BYTES_SCHEMA", "dump_lines", "dump_object"]

#: Name and version of the object.
BYTES_SCHEMA = "pycinspect.bytes/1"

#: Bytes in a line, and how wide they are then.
_IN_LINE = 8
_WIDTH = 3 * _IN_LINE - 1
#: Characters of a value.
_VALUE = 100
#: Bits of a number.
_BITS = 400
#: Levels that are indented.
_DEEPEST = 40
#: The fields that name a code object, the better one first.
_NAMES = ("qualname", "name")


def dump_object(
    path: str,
    dialect: Dialect | None,
    content: bytes,
    ranges: Sequence[ByteRange] | None,
    error: PycInspectError | None = None,
) -> Json:
    """Return what each byte of a cache is, or why that is not known, as ``pycinspect.bytes/1``.

    Args:
        path: the file as the user named it.
        dialect: who wrote it, None with an error.
        content: its bytes.
        ranges: what they are, None with an error.
        error: why that is not known.
    """
    return {
        "schema": BYTES_SCHEMA,
        "path": path,
        "dialect": None if dialect is None else dialect.name,
        "size": None if ranges is None else len(content),
        "ranges": None if ranges is None else [_range_object(one) for one in ranges],
        "error": None if error is None else failure_object(error),
    }


def _range_object(one: ByteRange) -> Json:
    """Return one range; a reference has no value, since a file can refer to one ever so often."""
    has_value = one.kind in (RangeKind.HEADER, RangeKind.NUMBER) or one.marshal in PLAIN_KINDS
    return {
        "start": one.start,
        "end": one.end,
        "kind": one.kind.value,
        "field": one.field,
        "depth": one.depth,
        "owner": one.owner,
        "marshal": None if one.marshal is None else one.marshal.name,
        "value": scalar_object(one.value) if has_value else None,
        "parts": one.parts,
        "mark": one.mark,
        "refers_to": one.refers_to,
    }


def dump_lines(
    title: str, content: bytes, ranges: Sequence[ByteRange], header: Header | None
) -> Iterator[str]:
    """Yield a cache as an annotated dump: offset, bytes, and what they mean.

    Args:
        title: the first line.
        content: the bytes of the file.
        ranges: what they are.
        header: the file's own, None where it has none.
    """
    yield f"{title}, {byte_count(len(content))}"
    yield f"  {'offset':>8}  {'bytes':{_WIDTH}}  meaning"
    codes = [one for one in ranges if one.marshal is MarshalType.CODE]
    names = _names(ranges, codes)
    number = 0
    for one in ranges:
        meaning = _meaning(one, header, codes)
        if one.marshal is MarshalType.CODE:
            meaning += f" {names.get(number, '')}".rstrip()
            number += 1
        yield from _rows(content, one, "  " * min(one.depth, _DEEPEST) + meaning + _marked(one))


def _rows(content: bytes, one: ByteRange, meaning: str) -> Iterator[str]:
    for start in range(one.start, one.end, _IN_LINE):
        data = content[start : min(start + _IN_LINE, one.end)].hex(" ")
        yield f"  {start:>8}  {data:{_WIDTH}}  {meaning if start == one.start else ''}".rstrip()


def _is_field(one: ByteRange, codes: Sequence[ByteRange]) -> bool:
    """Return whether a range is a field of its code object, and not a part of one."""
    return one.owner >= 0 and one.depth == codes[one.owner].depth + 1


def _names(ranges: Sequence[ByteRange], codes: Sequence[ByteRange]) -> dict[int, str]:
    """Return the names of code objects, by their number."""
    found: dict[tuple[int, str], str] = {}
    for one in ranges:
        if one.field in _NAMES and _is_field(one, codes):
            text = one.value
            name = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
            found[one.owner, one.field] = brief(name, _VALUE)
    return {
        number: found[number, field]
        for field in reversed(_NAMES)
        for number in range(len(codes))
        if (number, field) in found
    }


def _meaning(one: ByteRange, header: Header | None, codes: Sequence[ByteRange]) -> str:
    if one.kind is RangeKind.TRAILING:
        return "after the code object; no importer looks at it"
    if one.kind is RangeKind.HEADER and header is not None and isinstance(one.value, int):
        return f"{one.field}: {field_meaning(one.field, one.value, header)}"
    field = f"{one.field}: " if _is_field(one, codes) else ""
    if one.marshal is None:
        return f"{field}{one.value}"
    kind = one.marshal.name.lower().replace("_", " ")
    if one.refers_to is not None:
        value = "" if one.value is None else f", {_short(one.value)}"
        return f"{field}{kind} to the object at {one.refers_to}{value}"
    if one.parts is not None:
        return f"{field}{kind} of {counted(one.parts, 'object', 'objects')}"
    if one.end > one.start + 1 and one.marshal in PLAIN_KINDS:
        return f"{field}{kind} {_short(one.value)}"
    return f"{field}{kind}"


def _short(value: object) -> str:
    """Return the beginning of a value: a file can refer to a large one ever so often."""
    if isinstance(value, str | bytes):
        rest = "…" if len(value) > _VALUE else ""
        return visible(repr(value[:_VALUE])) + rest
    if isinstance(value, int) and value.bit_length() > _BITS:
        return f"of {value.bit_length()} bits"
    return visible(repr(value))


def _marked(one: ByteRange) -> str:
    return "" if one.mark is None else f"  [reference {one.mark}]"
