"""Where marshalled data differs from what the writer of its version ever writes.

A reader takes more than a writer writes: a small number in the letter for large ones, ASCII
text in the letter for other text, a set with a member twice. All of it loads as an equal
object, so that no comparison of objects sees it; no compiler makes it, so that a person did.

One pass over the data, which makes no objects, but for the members of sets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from pycinspect.dialects import Dialect, MarshalFormat, MarshalType, MarshalWriter
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Run, code_reader

__all__ = ["Anomaly", "anomalies"]


class Anomaly(NamedTuple):
    """One place that no writer of the version has written.

    Args:
        slug: its kind.
        message: a sentence without a full stop.
        offset: of the letter.
    """

    slug: str
    message: str
    offset: int


def anomalies(data: bytes, dialect: Dialect, offset: int = 0) -> Iterator[Anomaly]:
    r"""Find what is spelled otherwise than the dialect's writer spells it.

    Args:
        data: what ``unmarshal`` accepts; for other data the result says nothing.
        dialect: who wrote it. Where the habits of its writer are not known, there is
            nothing to find.
        offset: where the object begins.

    Yields:
        ``wide-number``, ``wide-text``, ``wide-tuple`` (a shorter letter would do),
        ``odd-text`` (other characters in a letter for ASCII), ``unwritten`` (a value that
        is in no code object, a letter that only readers know), ``flagged-singleton``,
        ``repeated-string`` (not shared with its equal, as Python 2 does) and
        ``repeated-member`` (of a set), in the order of the data.

    Raises:
        PycInspectError: ``truncated``.

    >>> from pycinspect.dialects import find_dialect
    >>> python = find_dialect("cpython-3.12")
    >>> [found.slug for found in anomalies(b")\2i\1\0\0\0u\1\0\0\0a", python)]
    ['wide-text']
    """
    format_ = dialect.marshal
    if format_ is None or format_.writer is None:
        return
    try:
        yield from _walk(data, dialect, format_, format_.writer, offset)
    except (IndexError, struct.error):
        message = "the data ends inside the object that begins here"
        raise PycInspectError("truncated", message, offset=offset) from None


# --- Letters ------------------------------------------------------------------------------

_M = MarshalType
_FLAG_REF = 0x80
_SHORT = 256
_UNTIL_NULL = 1 << 62
_SLICE_PARTS = 3
_SINGLETONS = {
    _M.NONE: None,
    _M.FALSE: False,
    _M.TRUE: True,
    _M.STOPITER: StopIteration,
    _M.ELLIPSIS: Ellipsis,
}
_SIZES = {
    **dict.fromkeys((*_SINGLETONS, _M.NULL), 1),
    **dict.fromkeys((_M.INT, _M.REF, _M.STRINGREF), 5),
    **dict.fromkeys((_M.INT64, _M.BINARY_FLOAT), 9),
    _M.BINARY_COMPLEX: 17,
}
#: About these a question has to be asked, or a container ends with them.
_ASKED = frozenset({_M.INT64, _M.NULL})
_UNFLAGGED = frozenset({*_SINGLETONS, _M.REF})

# Values behind the letter at an offset.
_u4 = struct.Struct("<xI").unpack_from
_i4 = struct.Struct("<xi").unpack_from
_i8 = struct.Struct("<xq").unpack_from
_f8 = struct.Struct("<xd").unpack_from
_f8_f8 = struct.Struct("<xdd").unpack_from


class _Letters(NamedTuple):
    """What every byte means that can stand where a letter is expected.

    Args:
        kinds: the letter's type, None for what is none.
        plain: its size, if that is fixed and nothing can be wrong with it; else 0.
    """

    kinds: tuple[MarshalType | None, ...]
    plain: bytes


@cache
def _letters(format_: MarshalFormat) -> _Letters:
    never = frozenset() if format_.writer is None else format_.writer.never
    kinds: list[MarshalType | None] = [None] * 256
    plain = bytearray(256)
    for letter, kind in format_.letters.items():
        size = 0 if kind in never or kind in _ASKED else _SIZES.get(kind, 0)
        kinds[ord(letter)], plain[ord(letter)] = kind, size
        if format_.references:
            flagged = ord(letter) | _FLAG_REF
            kinds[flagged], plain[flagged] = kind, 0 if kind in _UNFLAGGED else size
    return _Letters(tuple(kinds), bytes(plain))


# --- The walk -------------------------------------------------------------------------------

_COUNTED = frozenset({_M.TUPLE, _M.LIST, _M.SET, _M.FROZENSET})
_SETS = frozenset({_M.SET, _M.FROZENSET})
_TEXTS = frozenset({_M.UNICODE, _M.ASCII})


def _walk(  # noqa: PLR0912, PLR0915 - one loop, for speed: a branch is what a letter means
    data: bytes, dialect: Dialect, format_: MarshalFormat, writer: MarshalWriter, pos: int
) -> Iterator[Anomaly]:
    """Go from letter to letter.

    left: how many parts of the container are still to come.
    tail: what stands behind them, if it is a code object.
    members: the offsets of its parts, if it is a set.
    """
    kinds, plain = _letters(format_)
    code = None if dialect.code is None else code_reader(dialect.code)
    shared = _Shared(data, kinds)
    seen: set[bytes] = set()
    waiting: list[tuple[int, Run | None, list[int] | None]] = []
    left, tail, members = 1, None, None
    while True:
        while not left:
            if tail is not None:
                pos += tail.numbers.size
                left, tail = tail.objects, None
                continue
            if members is not None:
                yield from _repeated_members(members, shared)
            if not waiting:
                return
            left, tail, members = waiting.pop()
        left -= 1
        if members is not None:
            members.append(pos)
        letter = data[pos]
        size = plain[letter]
        if size:
            if letter & _FLAG_REF:
                shared.objects.append(pos)
            pos += size
            continue
        kind = kinds[letter]
        begin = pos
        if letter & _FLAG_REF:
            if kind in _UNFLAGGED:
                yield _flagged(letter, pos)
                pos += _SIZES[kind]
                continue
            shared.objects.append(pos)
        if kind in writer.never:
            yield _unwritten(letter, kind, pos)
        if kind is _M.SHORT_ASCII:
            pos += 2 + data[pos + 1]
            if not data[begin + 2 : pos].isascii():
                yield _odd_text(letter, begin)
        elif kind is _M.STRING:
            pos += 5 + _u4(data, pos)[0]
        elif kind is _M.SMALL_TUPLE:
            waiting.append((left, tail, members))
            left, tail, members = data[pos + 1], None, None
            pos += 2
        elif kind is _M.CODE:
            if code is None:
                return
            waiting.append((left, tail, members))
            left, tail, members = code.head.objects, code.tail, None
            pos += 1 + code.head.numbers.size
        elif kind in _TEXTS:
            size = _u4(data, pos)[0]
            pos += 5 + size
            if writer.shortest:
                yield from _text(letter, kind, data[begin + 5 : pos], begin)
        elif kind is _M.INTERNED_STRING:
            pos += 5 + _u4(data, pos)[0]
            text = data[begin + 5 : pos]
            shared.strings.append(text)
            if writer.interned_once and text in seen:
                yield Anomaly("repeated-string", "the same interned string again", begin)
            seen.add(text)
        elif kind in _COUNTED:
            waiting.append((left, tail, members))
            left, tail, members = _u4(data, pos)[0], None, [] if kind in _SETS else None
            pos += 5
            if kind is _M.TUPLE and writer.shortest and left < _SHORT:
                yield _wide_tuple(letter, left, begin)
        elif kind is _M.LONG:
            count = _i4(data, pos)[0]
            pos += 5 + 2 * abs(count)
            if not writer.narrow_long:
                yield from _long(letter, count, data[begin + 5 : pos], begin)
        elif kind is _M.INT64:
            pos += 9
            yield from _wide_number(letter, _i8(data, begin)[0], begin)
        elif kind is _M.NULL:
            left, pos = 0, pos + 1
        elif kind is _M.SLICE:
            waiting.append((left, tail, members))
            left, tail, members = _SLICE_PARTS, None, None
            pos += 1
        elif kind in (_M.DICT, _M.FROZENDICT):
            waiting.append((left, tail, members))
            left, tail, members = _UNTIL_NULL, None, None
            pos += 1
        elif kind is _M.FLOAT:
            pos += 2 + data[pos + 1]
        elif kind is _M.COMPLEX:
            pos += 2 + data[pos + 1]
            pos += 1 + data[pos]
        elif kind is None:
            return  # unmarshal has refused it
        else:
            pos += _SIZES[kind]


# --- What can be wrong ------------------------------------------------------------------------


def _name(letter: int) -> str:
    return repr(chr(letter & ~_FLAG_REF))


def _flagged(letter: int, pos: int) -> Anomaly:
    message = f"{_name(letter)} is marked to be referred to, which it never is"
    return Anomaly("flagged-singleton", message, pos)


def _unwritten(letter: int, kind: MarshalType, pos: int) -> Anomaly:
    return Anomaly("unwritten", f"{_name(letter)}, {kind.value}: no compiler writes it", pos)


def _odd_text(letter: int, pos: int) -> Anomaly:
    return Anomaly("odd-text", f"{_name(letter)} for text that is not ASCII", pos)


def _text(letter: int, kind: MarshalType, text: bytes, pos: int) -> Iterator[Anomaly]:
    is_ascii = text.isascii()
    if kind is not _M.UNICODE and not is_ascii:
        yield _odd_text(letter, pos)
    elif kind is _M.UNICODE and is_ascii:
        yield Anomaly("wide-text", f"{_name(letter)} for text that is ASCII", pos)
    elif is_ascii and len(text) < _SHORT:
        message = f"{_name(letter)} for ASCII text of {len(text)} characters"
        yield Anomaly("wide-text", message, pos)


def _wide_tuple(letter: int, count: int, pos: int) -> Anomaly:
    return Anomaly("wide-tuple", f"{_name(letter)} for a tuple of {count} items", pos)


_DIGIT_BITS = 15
_DIGITS_OF_32_BITS = 3


def _long(letter: int, count: int, words: bytes, pos: int) -> Iterator[Anomaly]:
    if abs(count) > _DIGITS_OF_32_BITS:
        return
    digits = struct.unpack(f"<{abs(count)}H", words)
    size = sum(digit << _DIGIT_BITS * place for place, digit in enumerate(digits))
    yield from _wide_number(letter, -size if count < 0 else size, pos)


def _wide_number(letter: int, value: int, pos: int) -> Iterator[Anomaly]:
    if -0x8000_0000 <= value <= 0x7FFF_FFFF:
        message = f"{_name(letter)} for the number {value}, which fits 32 bits"
        yield Anomaly("wide-number", message, pos)


# --- Members of sets ----------------------------------------------------------------------------


def _repeated_members(members: list[int], shared: _Shared) -> Iterator[Anomaly]:
    """Find members that are equal; a set from which they were written cannot have held both."""
    known = set()
    for pos in members:
        try:
            key, _ = shared.key(pos)
        except _UnknownMemberError:
            return
        if key in known:
            yield Anomaly("repeated-member", "a member that the set already has", pos)
        known.add(key)


class _UnknownMemberError(Exception):
    """A member that no compiler puts into a set: whether it repeats another is not asked."""


class _Shared:
    """What references lead to, and values of objects that are equal where Python's are.

    Nesting is what ``unmarshal`` lets into a set: a hundred levels.
    """

    def __init__(self, data: bytes, kinds: tuple[MarshalType | None, ...]) -> None:
        self.objects: list[int] = []
        self.strings: list[bytes] = []
        self._data = data
        self._kinds = kinds
        self._keys: dict[int, object] = {}

    def key(self, pos: int) -> tuple[object, int]:
        """Return what is the same for equal objects, and the offset behind the object."""
        kind = self._kinds[self._data[pos]]
        assert kind is not None
        if kind in _SINGLETONS:
            return _SINGLETONS[kind], pos + 1
        if kind in _SIZES:
            return self._fixed(kind, pos), pos + _SIZES[kind]
        if kind is _M.LONG:
            end = pos + 5 + 2 * abs(_i4(self._data, pos)[0])
            return (kind, self._data[pos + 1 : end]), end
        if kind in (_M.TUPLE, _M.FROZENSET, _M.SMALL_TUPLE, _M.SLICE):
            return self._container(kind, pos)
        return self._text(kind, pos)

    def _fixed(self, kind: MarshalType, pos: int) -> object:
        if kind is _M.REF:
            target = self.objects[_u4(self._data, pos)[0]]
            if target not in self._keys:
                self._keys[target] = self.key(target)[0]
            return self._keys[target]
        if kind is _M.STRINGREF:
            return _M.STRING, self.strings[_u4(self._data, pos)[0]]
        value = _NUMBERS[kind](self._data, pos)
        # What is not equal to itself is not equal to anything.
        return value if value == value else (kind, pos)  # noqa: PLR0124

    def _container(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        if kind is _M.SMALL_TUPLE:
            kind, count, pos = _M.TUPLE, self._data[pos + 1], pos + 2
        elif kind is _M.SLICE:
            count, pos = _SLICE_PARTS, pos + 1
        else:
            count, pos = _u4(self._data, pos)[0], pos + 5
        keys = []
        for _ in range(count):
            key, pos = self.key(pos)
            keys.append(key)
        return (kind, frozenset(keys) if kind is _M.FROZENSET else tuple(keys)), pos

    def _text(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        if kind is _M.SHORT_ASCII:
            start, size = pos + 2, self._data[pos + 1]
        elif kind in (_M.STRING, _M.INTERNED_STRING, _M.UNICODE, _M.ASCII):
            start, size = pos + 5, _u4(self._data, pos)[0]
        else:
            raise _UnknownMemberError
        text = self._data[start : start + size]
        is_bytes = kind in (_M.STRING, _M.INTERNED_STRING)
        return (_M.STRING if is_bytes else _M.UNICODE, text), start + size


_NUMBERS: dict[MarshalType, Any] = {
    _M.INT: lambda data, pos: _i4(data, pos)[0],
    _M.INT64: lambda data, pos: _i8(data, pos)[0],
    _M.BINARY_FLOAT: lambda data, pos: _f8(data, pos)[0],
    _M.BINARY_COMPLEX: lambda data, pos: complex(*_f8_f8(data, pos)),
}
