"""Where marshalled data differs from what the writer of its version ever writes.

A reader takes more than a writer writes: a small number in the type code for large ones, ASCII
text in the type code for other text, a set with a member twice. All of it loads as an equal
object, so that no comparison of objects sees it; no compiler makes it, so that a person did.

One pass over the data, which makes no objects, but for the members of sets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pycinspect.dialects import Dialect, MarshalFormat, MarshalType, MarshalWriter
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.pyc.code import Run, code_reader
from pycinspect.pyc.tokens import kinds_by_byte

__all__ = ["Anomaly", "anomalies", "is_known"]


_Item = TypeVar("_Item")


class Anomaly(NamedTuple):
    """One place that no writer of the version has written.

    Args:
        slug: its kind.
        message: a sentence without a full stop.
        offset: of the type code.
    """

    slug: str
    message: str
    offset: int


def anomalies(data: bytes, dialect: Dialect, offset: int = 0) -> Iterator[Anomaly]:
    r"""Find what is spelled otherwise than the dialect's writer spells it.

    Args:
        data: what ``unmarshal`` accepts.
        dialect: who wrote it. Where the habits of its writer are not known (:func:`is_known`),
            there is nothing to find.
        offset: where the object begins.

    Yields:
        ``wide-number``, ``wide-text``, ``wide-tuple`` (a shorter type code would do),
        ``odd-text`` (other characters in a type code for ASCII), ``unwritten`` (a value that
        is in no code object, a type code that only readers know), ``flagged-singleton``,
        ``repeated-string`` (not shared with its equal, as Python 2 does),
        ``repeated-member`` and ``odd-member`` (of a set; no compiler puts such a value into
        one, and whether another is equal is not known), in the order of the data. The last
        is ``unchecked`` where the data cannot be followed, because ``unmarshal`` would
        refuse it or read past its end: whatever stands from there on was not looked at.

    >>> from pycinspect.dialects import find_dialect
    >>> python = find_dialect("cpython-3.12")
    >>> [found.slug for found in anomalies(b")\2i\1\0\0\0u\1\0\0\0a", python)]
    ['wide-text']
    """
    format_ = dialect.marshal
    if format_ is None or format_.writer is None:
        return
    place = _Place(offset)
    try:
        yield from _walk(data, dialect, format_, format_.writer, place)
    except (IndexError, struct.error):
        yield _unchecked(_ENDS, place.pos)
    except _LostError as lost:
        yield _unchecked(str(lost), place.pos)


def is_known(dialect: Dialect) -> bool:
    """Return whether it is known how a dialect's writer spells, so that anomalies can be found."""
    return dialect.marshal is not None and dialect.marshal.writer is not None


# --- Letters ------------------------------------------------------------------------------

_M = MarshalType
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

# Values after the type code at an offset.
_u4 = struct.Struct("<xI").unpack_from
_i4 = struct.Struct("<xi").unpack_from
_i8 = struct.Struct("<xq").unpack_from
_f8 = struct.Struct("<xd").unpack_from
_f8_f8 = struct.Struct("<xdd").unpack_from


class _Letters(NamedTuple):
    """What every byte means that can stand where a type code is expected.

    Args:
        kinds: the type code's type, None for what is none.
        plain: its size, if that is fixed and nothing can be wrong with it; else 0.
        wrong: ``_NEVER`` if no compiler writes it, ``_FLAGGED`` if it has the bit of a reference,
            and is never referred to; else 0.
    """

    kinds: tuple[MarshalType | None, ...]
    plain: bytes
    wrong: bytes


_NEVER, _FLAGGED = 1, 2


@cache
def _letters(format_: MarshalFormat) -> _Letters:
    never = frozenset() if format_.writer is None else format_.writer.never
    kinds = kinds_by_byte(format_)
    plain, wrong = bytearray(256), bytearray(256)
    for letter, kind in format_.letters.items():
        size = 0 if kind in never or kind in _ASKED else _SIZES.get(kind, 0)
        plain[ord(letter)] = size
        wrong[ord(letter)] = _NEVER if kind in never else 0
        if format_.references:
            flagged = ord(letter) | FLAG_REF
            plain[flagged] = 0 if kind in _UNFLAGGED else size
            wrong[flagged] = _FLAGGED if kind in _UNFLAGGED else wrong[ord(letter)]
    return _Letters(kinds, bytes(plain), bytes(wrong))


# --- The walk -------------------------------------------------------------------------------

_COUNTED = frozenset({_M.TUPLE, _M.LIST, _M.SET, _M.FROZENSET})
_SETS = frozenset({_M.SET, _M.FROZENSET})
_TEXTS = frozenset({_M.UNICODE, _M.ASCII})


_ENDS = "the data ends inside an object"


class _LostError(Exception):
    """What stands here cannot be followed, and so nothing that comes after it; says why."""


class _Place:
    """How far the data has been followed."""

    __slots__ = ("pos",)

    def __init__(self, pos: int) -> None:
        self.pos = pos


def _walk(  # noqa: PLR0912, PLR0915 - one loop, for speed: a branch is what a type code means
    data: bytes, dialect: Dialect, format_: MarshalFormat, writer: MarshalWriter, place: _Place
) -> Iterator[Anomaly]:
    """Go from one type code to the next.

    place: is moved to the type code of every object that is not skipped at once.
    left: how many parts of the container are still to come.
    tail: what follows them, if it is a code object.
    members: the offsets of its parts, if it is a set.
    """
    kinds, plain, wrong = _letters(format_)
    code = None if dialect.code is None else code_reader(dialect.code)
    shared = _Shared(data, kinds)
    seen: set[bytes] = set()
    waiting: list[tuple[int, Run | None, list[int] | None]] = []
    left, tail, members = 1, None, None
    pos = place.pos
    while True:
        while not left:
            if tail is not None:
                pos += tail.numbers.size
                left, tail = tail.objects, None
                continue
            if members is not None:
                yield from _repeated_members(members, shared)
            if not waiting:
                if pos > len(data):  # a number that reading filled up
                    raise _LostError(_ENDS)
                return
            left, tail, members = waiting.pop()
        left -= 1
        if members is not None:
            members.append(pos)
        letter = data[pos]
        size = plain[letter]
        if size:
            if letter & FLAG_REF:
                shared.objects.append(pos)
            pos += size
            continue
        kind = kinds[letter]
        begin = place.pos = pos
        if kind is None:
            raise _LostError(f"{letter:#04x} is not a type code of {format_.name}")
        if wrong[letter] == _FLAGGED:
            yield _flagged(letter, pos)
            pos += _SIZES[kind]
            continue
        if letter & FLAG_REF:
            shared.objects.append(pos)
        if wrong[letter] == _NEVER:
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
                raise _LostError(f"the code objects of {dialect.name} are not known")
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
        else:
            pos += _SIZES[kind]


# --- What can be wrong ------------------------------------------------------------------------


def _name(letter: int) -> str:
    return repr(chr(letter & ~FLAG_REF))


def _unchecked(reason: str, pos: int) -> Anomaly:
    message = f"the encoding could not be checked from here on: {reason}"
    return Anomaly("unchecked", message, pos)


def _flagged(letter: int, pos: int) -> Anomaly:
    message = f"{_name(letter)} is marked to be referred to, which it never is"
    return Anomaly("flagged-singleton", message, pos)


def _unwritten(letter: int, kind: MarshalType, pos: int) -> Anomaly:
    return Anomaly("unwritten", f"{_name(letter)}, {kind.value}: no compiler writes it", pos)


def _odd_text(letter: int, pos: int) -> Anomaly:
    return Anomaly("odd-text", f"{_name(letter)} for a string that is not ASCII", pos)


def _text(letter: int, kind: MarshalType, text: bytes, pos: int) -> Iterator[Anomaly]:
    is_ascii = text.isascii()
    if kind is not _M.UNICODE and not is_ascii:
        yield _odd_text(letter, pos)
    elif kind is _M.UNICODE and is_ascii:
        yield Anomaly("wide-text", f"{_name(letter)} for a string that is ASCII", pos)
    elif is_ascii and len(text) < _SHORT:
        message = f"{_name(letter)} for an ASCII string of {len(text)} characters"
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
    known: set[int] = set()
    for pos in members:
        number = shared.number(pos)
        if number in known:
            yield Anomaly("repeated-member", "a member that the set already has", pos)
        if number in shared.odd:
            yield Anomaly("odd-member", "a member that no compiler puts into a set", pos)
        known.add(number)


class _Shared:
    """What references lead to, and a number for each object that is the same for equal ones.

    A number stands for what a container holds, so that nothing is looked at twice however
    often it is shared. Nesting is what ``unmarshal`` lets into a set: a hundred levels.

    Args:
        data: the file.
        kinds: what its bytes mean where a type code is expected.
    """

    def __init__(self, data: bytes, kinds: tuple[MarshalType | None, ...]) -> None:
        self.objects: list[int] = []
        self.strings: list[bytes] = []
        #: Numbers of what no compiler puts into a set, and of what holds it.
        self.odd: set[int] = set()
        self._data = data
        self._kinds = kinds
        self._by_key: dict[object, int] = {}
        #: By the offset of an object, its number and the offset after it.
        self._known: dict[int, tuple[int, int]] = {}
        self._depth = 0

    def number(self, pos: int) -> int:
        """Return the number of the object at an offset, which has been walked through."""
        return self._numbered(pos)[0]

    def _numbered(self, pos: int) -> tuple[int, int]:
        known = self._known.get(pos)
        if known is None:
            known = self._known[pos] = self._read(pos)
        return known

    def _read(self, pos: int) -> tuple[int, int]:
        """Return the number of an object and the offset after it."""
        kind = self._kinds[self._data[pos]]
        if kind is _M.REF:
            target = _found(self.objects, _u4(self._data, pos)[0])
            return self._numbered(target)[0], pos + 5
        if kind in _IN_SETS:
            return self._container(kind, pos)
        if kind in _LEAVES:
            key, end = _LEAVES[kind](self, kind, pos)
            return self._of(key), end
        number = self._of((kind, pos))
        self.odd.add(number)
        # Where it ends is not known; nothing that is wanted stands after it in a container.
        return number, _NO_END

    def _of(self, key: object) -> int:
        return self._by_key.setdefault(key, len(self._by_key))

    def _container(self, kind: MarshalType, pos: int) -> tuple[int, int]:
        if kind is _M.SMALL_TUPLE:
            kind, count, end = _M.TUPLE, self._data[pos + 1], pos + 2
        elif kind is _M.SLICE:
            count, end = _SLICE_PARTS, pos + 1
        else:
            count, end = _u4(self._data, pos)[0], pos + 5
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _LostError("the members of a set are too deeply nested")
        numbers = []
        for _ in range(count):
            number, end = self._numbered(end)
            numbers.append(number)
            if end == _NO_END:
                break
        self._depth -= 1
        key = frozenset(numbers) if kind is _M.FROZENSET else tuple(numbers)
        found = self._of((kind, key, pos if end == _NO_END else None))
        if not self.odd.isdisjoint(numbers):
            self.odd.add(found)
        return found, end

    # --- Keys of what has no parts, and the offset after it ---

    def singleton(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        return (float, _SINGLETONS[kind]), pos + 1  # True is equal to 1

    def number_of(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        value = _NUMBERS[kind](self._data, pos)
        # What is not equal to itself is not equal to anything.
        key = (float, value) if value == value else (kind, pos)  # noqa: PLR0124
        return key, pos + _SIZES[kind]

    def long(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        end = pos + 5 + 2 * abs(_i4(self._data, pos)[0])
        return (kind, self._data[pos + 1 : end]), end

    def interned(self, _: MarshalType, pos: int) -> tuple[object, int]:
        return (bytes, _found(self.strings, _u4(self._data, pos)[0])), pos + 5

    def text(self, kind: MarshalType, pos: int) -> tuple[object, int]:
        if kind is _M.SHORT_ASCII:
            start, size = pos + 2, self._data[pos + 1]
        else:
            start, size = pos + 5, _u4(self._data, pos)[0]
        is_bytes = kind in (_M.STRING, _M.INTERNED_STRING)
        return (bytes if is_bytes else str, self._data[start : start + size]), start + size


def _found(items: list[_Item], index: int) -> _Item:
    if index >= len(items):
        raise _LostError(f"reference to object {index}, which there is not")
    return items[index]


_NO_END = -1
#: Levels of nesting in members of sets that ``unmarshal`` accepts, and more.
_DEEPEST = 110
_IN_SETS = frozenset({_M.TUPLE, _M.FROZENSET, _M.SMALL_TUPLE, _M.SLICE})
_NUMBERS: dict[MarshalType, Any] = {
    _M.INT: lambda data, pos: _i4(data, pos)[0],
    _M.INT64: lambda data, pos: _i8(data, pos)[0],
    _M.BINARY_FLOAT: lambda data, pos: _f8(data, pos)[0],
    _M.BINARY_COMPLEX: lambda data, pos: complex(*_f8_f8(data, pos)),
}
#: How the keys of objects without parts are made.
_LEAVES: dict[MarshalType, Callable[[_Shared, MarshalType, int], tuple[object, int]]] = {
    **dict.fromkeys(_SINGLETONS, _Shared.singleton),
    **dict.fromkeys(_NUMBERS, _Shared.number_of),
    **dict.fromkeys((_M.STRING, _M.INTERNED_STRING, _M.UNICODE, _M.ASCII), _Shared.text),
    _M.SHORT_ASCII: _Shared.text,
    _M.STRINGREF: _Shared.interned,
    _M.LONG: _Shared.long,
}
