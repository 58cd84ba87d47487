"""The constants of a ``.mpy`` file that are objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.micropython.reading import MpyReader
from pycinspect.values import quoted

__all__ = ["MpyObject", "object_text", "read_letter_object", "read_typed_object"]

_NUL = b"\0"
#: Tuples within tuples; mpy-cross's parser allows fewer.
_DEEPEST = 100
#: Items of a tuple that are shown, counting those within.
_SHOWN = 50
#: Bytes of a text that have more characters than are shown, or are all of it.
_DECODED = 1000
_ALONE = MappingProxyType({0: "fun_table", 1: "None", 2: "False", 3: "True", 4: "Ellipsis"})
_WITH_BYTES = MappingProxyType({5: "str", 6: "bytes", 7: "int", 8: "float", 9: "complex"})
_TUPLE = 10
_LETTERS = MappingProxyType(
    {"s": "str", "b": "bytes", "i": "int", "f": "float", "c": "complex"},
)
_ELLIPSIS_LETTER = "e"


class MpyObject(NamedTuple):
    """A constant.

    Args:
        kind: ``str``, ``bytes``, ``int``, ``float``, ``complex`` or ``tuple``; ``None``, ``False``,
            ``True`` and ``Ellipsis``; ``fun_table``, the functions that native code calls.
        content: its text as it stands in the file: numbers are in decimal digits.
        items: of a tuple.
    """

    kind: str
    content: bytes = b""
    items: tuple[MpyObject, ...] = ()


def read_typed_object(reader: MpyReader, depth: int = 0) -> MpyObject:
    """Read an object of version 6: its type's number and what belongs to it.

    Args:
        reader: stands at the object.
        depth: tuples that it lies in.

    Raises:
        PycInspectError: ``bad-object``, ``too-deep``, ``truncated``.
    """
    place = reader.place
    number = reader.byte()
    if number in _ALONE:
        return MpyObject(_ALONE[number])
    if number == _TUPLE:
        if depth >= _DEEPEST:
            reader.fail("too-deep", f"more than {_DEEPEST} tuples lie in each other", place)
        items = tuple(read_typed_object(reader, depth + 1) for _ in range(reader.uint()))
        return MpyObject("tuple", items=items)
    if number not in _WITH_BYTES:
        reader.fail("bad-object", f"there is no type of objects {number}", place)
    found = MpyObject(_WITH_BYTES[number], reader.take(reader.uint()))
    if found.kind in ("str", "bytes") and reader.take(1) != _NUL:
        reader.fail("bad-object", f"no NUL follows an object of {found.kind}", reader.place - 1)
    return found


def read_letter_object(reader: MpyReader) -> MpyObject:
    """Read an object of versions 2 to 5: a letter, and the length and bytes of all but ``e``.

    Raises:
        PycInspectError: ``bad-object``, ``truncated``.
    """
    place = reader.place
    letter = chr(reader.byte())
    if letter == _ELLIPSIS_LETTER:
        return MpyObject("Ellipsis")
    if letter not in _LETTERS:
        reader.fail("bad-object", f"there is no type of objects {letter!r}", place)
    return MpyObject(_LETTERS[letter], reader.take(reader.uint()))


def _text(found: MpyObject) -> str:
    # Every use of a constant repeats it: no more of it is decoded than is shown.
    return quoted(found.content[:_DECODED].decode("utf-8", "surrogateescape"))


def _bytes(found: MpyObject) -> str:
    return repr(found.content[:200]) + ("…" if len(found.content) > 200 else "")


def _number(found: MpyObject) -> str:
    return _text(found)[1:-1]


_WRITTEN: Mapping[str, Callable[[MpyObject], str]] = MappingProxyType(
    {"str": _text, "bytes": _bytes, "int": _number, "float": _number, "complex": _number}
)


def object_text(found: MpyObject) -> str:
    """Return a constant as a Python expression of bounded length, numbers as the file has them.

    Args:
        found: the constant.

    >>> object_text(MpyObject("tuple", items=(MpyObject("int", b"1"), MpyObject("str", b"a"))))
    "(1, 'a')"
    """
    return _bounded(found, [_SHOWN])


def _bounded(found: MpyObject, left: list[int]) -> str:
    if found.kind != "tuple":
        return _WRITTEN[found.kind](found) if found.kind in _WRITTEN else found.kind
    parts = []
    for item in found.items:
        if not left[0]:
            parts.append("…")
            break
        left[0] -= 1
        parts.append(_bounded(item, left))
    return f"({parts[0]},)" if len(found.items) == 1 else f"({', '.join(parts)})"
