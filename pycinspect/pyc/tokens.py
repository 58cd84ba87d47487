"""The objects of marshalled data one after the other, as they are spelled.

What a reader makes of the data does not say how it was spelled: which objects are marked to be
referred to, which are references, in which order the members of a set stand, which type code
was chosen where several would do. Two files can differ in nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import repeat
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import CodeLayout, Dialect, MarshalFormat, MarshalType
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import code_reader

__all__ = ["Token", "kinds_by_byte", "tokens"]

_M = MarshalType


class Token(NamedTuple):
    """One object, without its parts.

    Args:
        start: offset of its type code.
        end: offset of what follows: its first part, or the next object.
        kind: what the type code stands for.
        owner: the number of the code object that it is a part of, in the order in which they
            begin; -1 for the outermost object.
        field: the field of that code object that it is, or is a part of; "" outside.
        depth: how many objects it is a part of.
    """

    start: int
    end: int
    kind: MarshalType
    owner: int
    field: str
    depth: int


class _Slot(NamedTuple):
    """Where an object is expected: so many bytes of numbers stand before it."""

    owner: int
    field: str
    skipped: int = 0


@cache
def kinds_by_byte(format_: MarshalFormat) -> tuple[MarshalType | None, ...]:
    """Return what every byte means where a type code is expected, None for nothing."""
    kinds: list[MarshalType | None] = [None] * 256
    for letter, kind in format_.letters.items():
        kinds[ord(letter)] = kind
        if format_.references:
            kinds[ord(letter) | FLAG_REF] = kind
    return tuple(kinds)


def tokens(data: bytes, dialect: Dialect, offset: int = 0) -> Iterator[Token]:
    """Yield an object and all its parts, each before its own parts.

    Args:
        data: what ``unmarshal`` accepts.
        dialect: who wrote it.
        offset: where the object begins.

    Raises:
        PycInspectError: ``bad-marshal`` where the data cannot be followed, which
            ``unmarshal`` would have refused; ``unsupported`` where the dialect's is not read.
    """
    if dialect.marshal is None or dialect.code is None:
        raise PycInspectError("unsupported", f"the payload of {dialect.name} is not read")
    try:
        yield from _tokens(data, dialect.marshal, dialect.code, offset)
    except (IndexError, struct.error) as error:
        raise PycInspectError("bad-marshal", "the data ends inside an object") from error


def _tokens(
    data: bytes, format_: MarshalFormat, layout: CodeLayout, offset: int
) -> Iterator[Token]:
    kinds, fields = kinds_by_byte(format_), _slots(layout)
    stack: list[Iterator[_Slot]] = [iter([_Slot(-1, "")])]
    pos, codes = offset, 0
    while stack:
        slot = next(stack[-1], None)
        if slot is None:
            stack.pop()
            continue
        pos += slot.skipped
        kind = kinds[data[pos]]
        if kind is None:
            message = f"{data[pos]:#04x} is not a type code of {format_.name}"
            raise PycInspectError("bad-marshal", message, offset=pos)
        end = pos + _SIZES[kind](data, pos)
        yield Token(pos, end, kind, slot.owner, slot.field, len(stack) - 1)
        inside = slot._replace(skipped=0)
        if kind is _M.NULL:
            stack.pop()  # the dict ends
        elif kind is _M.CODE:
            stack.append(iter([one._replace(owner=codes) for one in fields]))
            codes += 1
        elif kind in _PARTS:
            stack.append(repeat(inside, _PARTS[kind](data, pos)))
        pos = end


@cache
def _slots(layout: CodeLayout) -> tuple[_Slot, ...]:
    """Return the objects of a code object, in the order of the file."""
    reader = code_reader(layout)
    names = [row.name for row in layout.fields if not row.kind.is_number]
    skipped = {0: reader.head.numbers.size, reader.head.objects: reader.tail.numbers.size}
    return tuple(_Slot(-1, name, skipped.get(i, 0)) for i, name in enumerate(names))


# --- How long an object is, and how many parts follow ------------------------------------------

_u4 = struct.Struct("<xI").unpack_from
_i4 = struct.Struct("<xi").unpack_from
_SLICE_PARTS = 3
_UNTIL_NULL = 1 << 62

_Measure = Callable[[bytes, int], int]


def _fixed(size: int) -> _Measure:
    return lambda _data, _pos: size


def _counted(data: bytes, pos: int) -> int:
    size: int = _u4(data, pos)[0]
    return size


def _complex(data: bytes, pos: int) -> int:
    real = 2 + data[pos + 1]
    return real + 1 + data[pos + real]


_SIZES: Mapping[MarshalType, _Measure] = MappingProxyType(
    {
        **dict.fromkeys((_M.NULL, _M.NONE, _M.FALSE, _M.TRUE, _M.STOPITER, _M.ELLIPSIS), _fixed(1)),
        **dict.fromkeys((_M.CODE, _M.SLICE, _M.DICT, _M.FROZENDICT), _fixed(1)),
        **dict.fromkeys((_M.INT, _M.REF, _M.STRINGREF), _fixed(5)),
        **dict.fromkeys((_M.TUPLE, _M.LIST, _M.SET, _M.FROZENSET), _fixed(5)),
        **dict.fromkeys((_M.INT64, _M.BINARY_FLOAT), _fixed(9)),
        **dict.fromkeys(
            (_M.STRING, _M.INTERNED_STRING, _M.UNICODE, _M.ASCII),
            lambda data, pos: 5 + _counted(data, pos),
        ),
        **dict.fromkeys((_M.SHORT_ASCII, _M.FLOAT), lambda data, pos: 2 + data[pos + 1]),
        _M.BINARY_COMPLEX: _fixed(17),
        _M.SMALL_TUPLE: _fixed(2),
        _M.LONG: lambda data, pos: 5 + 2 * abs(_i4(data, pos)[0]),
        _M.COMPLEX: _complex,
    }
)
_PARTS: Mapping[MarshalType, _Measure] = MappingProxyType(
    {
        **dict.fromkeys((_M.TUPLE, _M.LIST, _M.SET, _M.FROZENSET), _counted),
        **dict.fromkeys((_M.DICT, _M.FROZENDICT), _fixed(_UNTIL_NULL)),
        _M.SMALL_TUPLE: lambda data, pos: data[pos + 1],
        _M.SLICE: _fixed(_SLICE_PARTS),
    }
)
