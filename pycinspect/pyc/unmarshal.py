"""One reader for every version of marshal.

Iterative, so that no nesting of the data can exhaust the interpreter's stack. A length is
compared with the bytes that remain before it is used, and a count allocates nothing:
containers grow by what has been read.

What each type code means is the dialect's: :class:`~pycinspect.dialects.MarshalFormat`. The
rules are those of ``Python/marshal.c: r_object``, and so is the order of the checks,
because it decides which exception an import raises.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, repeat
from typing import Any, NamedTuple

from pycinspect.dialects import Dialect, MarshalFormat, MarshalType, QualnameSource
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Code, code_reader, set_qualnames
from pycinspect.pyc.constants import CONTAINERS, FrozenDict, Long, Slice, parts_of

__all__ = ["DEFAULT_LIMITS", "FAILURES", "Limits", "Unmarshalled", "unmarshal"]

#: Every slug of :func:`unmarshal`, and what CPython raises for it (PyPy and 2.7 differ in
#: places: spec of the importer, 4.2).
FAILURES = {
    "truncated": "EOFError",
    "bad-marshal": "ValueError",
    "bad-text": "UnicodeDecodeError",
    "null-object": "TypeError",
    "unhashable": "TypeError",
    "malformed-code": "SystemError",
    "not-code": "ImportError",
    # Not the interpreter's.
    "self-reference": None,  # it reads bare ones, and dies of those in constants
    "limit": None,
    "unsupported": None,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hostile file may cost.

    Args:
        depth: levels of nesting, in the file and of a value whose references are followed.
        size: bytes of one text, bytes object or number.
        count: objects in the file, and parts of one constant whose references are followed.
    """

    depth: int = 2000
    size: int = 64 * 1024 * 1024
    count: int = 10_000_000


#: Enough for every file of a standard library, many times over.
DEFAULT_LIMITS = Limits()


#: Characters of all qualified names that are not in the file. Real ones are of functions
#: inside a few others, and shorter than the code of each.
_QUALNAMES, _QUALNAMES_PER_BYTE = 1_000_000, 16


class Unmarshalled(NamedTuple):
    """An object, and the offset after it."""

    value: object
    end: int


def unmarshal(
    data: bytes | memoryview,
    dialect: Dialect,
    *,
    offset: int = 0,
    limits: Limits = DEFAULT_LIMITS,
) -> Unmarshalled:
    r"""Read one marshalled object.

    Args:
        data: a file, or a part of it.
        dialect: who wrote it.
        offset: where the object begins.
        limits: what it may cost.

    Returns:
        The object, and where it ends: trailing bytes are the caller's business. Code
        objects are :class:`Code`; ``long`` of Python 2, slices and frozendicts are
        ``Long``, ``Slice`` and ``FrozenDict``. Parts are shared as in the file, so a value
        can be larger than its file, but not by more than ``limits`` allow.

    Raises:
        PycInspectError: with a slug of :data:`FAILURES` and the offset, in ``data``, of
            the object at fault.

    >>> from pycinspect.dialects import find_dialect
    >>> unmarshal(b"(\2\0\0\0i\1\0\0\0N", find_dialect("cpython-3.12"))
    Unmarshalled(value=(1, None), end=11)
    """
    if dialect.marshal is None:
        raise PycInspectError(
            "unsupported", f"what {dialect.name} writes after the header is not known"
        )
    value, end = _read(bytes(data), dialect, dialect.marshal, offset, limits)
    source = QualnameSource.FIELD if dialect.code is None else dialect.code.qualname
    if source is not QualnameSource.FIELD and isinstance(value, Code):
        longest = _QUALNAMES + _QUALNAMES_PER_BYTE * (end - offset)
        set_qualnames(value, source, longest, offset)
    return Unmarshalled(value, end)


# --- What a value costs once its references are followed ---------------------------------


class _Measured(NamedTuple):
    """A container, measured.

    Args:
        value: kept, so that no other gets its identity.
        parts: how many there are, theirs included.
        depth: levels of nesting.
        has_code: a code object is among them, which takes long to compare.
    """

    value: object
    parts: int
    depth: int
    has_code: bool


class _Unfolded:
    """Measures values as if what they share was written out.

    A tuple can hold the same tuple twice, which holds the same tuple twice, and so on: what
    the file says in seven bytes doubles the work of all who hash, print or compare the
    value. And hashing a tuple of tuples recurses in C, without a guard.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._hashed = 0
        self._probes = 0
        #: By identity.
        self._known: dict[int, _Measured] = {}

    def parts(self, value: object, pos: int) -> int:
        """Return how many parts a container has, theirs included; at most 16: none to count."""
        parts = parts_of(value)
        if CONTAINERS.isdisjoint(map(type, parts)):
            return len(parts)
        return max(self._measure(value, pos).parts, _SMALL + 1)

    def check_hashable(self, values: Sequence[object], pos: int) -> None:
        """Refuse what a set or dict does, and what would take too long to put into one."""
        measured = [self._measure(value, pos) for value in values if type(value) in CONTAINERS]
        deepest = max((found.depth for found in measured), default=0)
        if deepest > _HASH_DEPTH:
            raise _error("limit", "the members of a set are too deeply nested", pos)
        self._spend(sum(found.parts for found in measured), pos)
        try:
            hashes = sorted(map(hash, values))
        except TypeError as error:
            raise _error("unhashable", str(error), pos) from error
        same = _most_frequent(hashes)
        if same > _SAME_HASH:
            raise _error("limit", f"more than {_SAME_HASH} members of a set have one hash", pos)
        if same > 1:  # each is compared with the others
            self._spend(same * sum(found.parts for found in measured), pos)
            if any(found.has_code for found in measured) or Code in map(type, values):
                raise _error("limit", "code objects in a set have one hash", pos)
        self._probes += sum(type(value) not in _SALTED for value in values) ** 2
        if self._probes > _PROBES:
            raise _error("limit", "the members of sets are too many to be compared", pos)

    def _spend(self, parts: int, pos: int) -> None:
        self._hashed += parts
        if self._hashed > _HASHED:
            raise _error("limit", "the members of a set are too large", pos)

    def _measure(self, root: object, pos: int) -> _Measured:
        """Measure a container; its parts are measured before it."""
        waiting = [root]
        known = self._known
        while waiting:
            value = waiting[-1]
            if id(value) in known:  # it was wanted more than once
                waiting.pop()
                continue
            parts = parts_of(value)
            inner = [part for part in parts if type(part) in CONTAINERS]
            missing = [part for part in inner if id(part) not in known]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            measured = [known[id(part)] for part in inner]
            size = 1 + len(parts) + sum(found.parts for found in measured)
            depth = 1 + max((found.depth for found in measured), default=0)
            if size > self._limits.count or depth > self._limits.depth:
                raise _error("limit", "a constant is too large, or too deeply nested", pos)
            has_code = Code in map(type, parts) or any(found.has_code for found in measured)
            known[id(value)] = _Measured(value, size, depth, has_code)
        return known[id(root)]


def _most_frequent(ordered: list[int]) -> int:
    """Return how often the most frequent of ordered numbers is there.

    Not by a dict: a file can choose numbers that take the square of their count in one.
    """
    return max((sum(1 for _ in same) for _, same in groupby(ordered)), default=0)


#: Parts of a container that are not worth counting, if none is a container.
_SMALL = 16
#: Bytes of the instructions and tables of all code objects, and how often those of the file.
#: Ten thousand code objects can refer to the same, each of them in five bytes; who looks at the
#: instructions of all of them would never end. Of 41,000 caches of the standard libraries from
#: 2.7 to 3.13 and of other packages, none has more of them than it has bytes.
_TABLES, _TABLES_TIMES = 16 * 1024, 2
_SHARED = "the code objects share their instructions more often than any compiler makes them"
#: Levels of nesting in members of sets: hashing Slice and FrozenDict takes Python's stack.
_HASH_DEPTH = 100
#: Members of one set with the same hash: each is compared with all of them.
_SAME_HASH = 100
#: Parts of members that are hashed, or compared, in one file.
_HASHED = 2_000_000
#: Types whose hashes no file can choose.
_SALTED = (str, bytes)
#: Squares of the members of sets whose hashes the file chooses: it can choose them so that
#: each looks at the places of all before it (Objects/setobject.c: set_add_entry).
_PROBES = 1_000_000_000


# --- Failures --------------------------------------------------------------------------------


def _error(slug: str, message: str, pos: int) -> PycInspectError:
    return PycInspectError(slug, message, offset=pos)


def _truncated(pos: int) -> PycInspectError:
    return _error("truncated", "the data ends inside the object that begins here", pos)


def _bad_size(size: int, pos: int, end: int, limits: Limits) -> PycInspectError:
    """Return the failure of a string or bytes object whose size is negative or too large."""
    if size > _LARGEST:
        return _negative(size - 2**32, pos)
    if size > end - pos - 5:
        return _error("truncated", f"{size} bytes are wanted, but {end - pos - 5} remain", pos)
    return _error("limit", f"an object of {size} bytes; the limit is {limits.size}", pos)


def _negative(size: int, pos: int) -> PycInspectError:
    return _error("bad-marshal", f"the size {size} is negative", pos)


def _invalid_reference(index: int, pos: int) -> PycInspectError:
    return _error("bad-marshal", f"reference to object {index}, which there is not", pos)


def _unfinished(
    index: int, pos: int, format_: MarshalFormat, waiting: Iterable[tuple[Any, ...]]
) -> PycInspectError:
    """Return the failure of a reference to a container from within it."""
    kinds = {slot: kind for _, _, kind, slot, _ in waiting}
    if format_.sees_unfinished and kinds[index] in _SEEN_UNFINISHED:
        return _error("self-reference", f"object {index} contains itself", pos)
    return _error("bad-marshal", f"reference to object {index}, which is not complete", pos)


def _too_deep(pos: int, end: int, format_: MarshalFormat, limits: Limits) -> PycInspectError:
    if pos >= end:
        return _truncated(pos)
    if format_.max_depth is not None and format_.max_depth <= limits.depth:
        message = f"more than {format_.max_depth} levels, which {format_.name} refuses"
        return _error("bad-marshal", message, pos)
    return _error("limit", f"more than {limits.depth} levels of nesting", pos)


def _unknown_letter(letter: int, pos: int, format_: MarshalFormat) -> PycInspectError:
    return _error(
        "bad-marshal", f"{chr(letter)!r} ({letter:#04x}) is not a type code of {format_.name}", pos
    )


# --- Operations ---------------------------------------------------------------------------
#
# The type codes of a file are translated, in one pass over all its bytes, into numbers of
# operations. So the loop below does not know type codes, every format has its own, and one
# that a format does not have is _UNKNOWN. Numbers are even; one more says "and put it into
# the list of references". The most frequent come first: the loop compares upwards, and
# each branch ends where the next operation's numbers begin.

_M = MarshalType
_BY_FREQUENCY = (
    _M.REF,
    _M.SHORT_ASCII,
    _M.STRING,
    _M.INT,
    _M.SMALL_TUPLE,
    _M.NONE,
    _M.TRUE,
    _M.FALSE,
    _M.ELLIPSIS,
    _M.STOPITER,
    _M.CODE,
    _M.INTERNED_STRING,
    _M.STRINGREF,
    _M.TUPLE,
    _M.UNICODE,
    _M.ASCII,
    _M.BINARY_FLOAT,
    _M.LONG,
    _M.INT64,
    _M.BINARY_COMPLEX,
    _M.FLOAT,
    _M.COMPLEX,
    _M.FROZENSET,
    _M.SET,
    _M.LIST,
    _M.SLICE,
    _M.DICT,
    _M.FROZENDICT,
    _M.NULL,
)
_OPERATIONS = {kind: 2 * index for index, kind in enumerate(_BY_FREQUENCY)}
_SHORT_ASCII = _OPERATIONS[_M.SHORT_ASCII]
_STRING = _OPERATIONS[_M.STRING]
_INT = _OPERATIONS[_M.INT]
_SMALL_TUPLE = _OPERATIONS[_M.SMALL_TUPLE]
_SINGLETONS_FROM = _OPERATIONS[_M.NONE]
_CODE = _OPERATIONS[_M.CODE]
_INTERNED_STRING = _OPERATIONS[_M.INTERNED_STRING]
_STRINGREF = _OPERATIONS[_M.STRINGREF]
_TUPLE = _OPERATIONS[_M.TUPLE]
_UNICODE = _OPERATIONS[_M.UNICODE]
_ASCII = _OPERATIONS[_M.ASCII]
_BINARY_FLOAT = _OPERATIONS[_M.BINARY_FLOAT]
_LONG = _OPERATIONS[_M.LONG]
_INT64 = _OPERATIONS[_M.INT64]
_BINARY_COMPLEX = _OPERATIONS[_M.BINARY_COMPLEX]
_FLOAT = _OPERATIONS[_M.FLOAT]
_COMPLEX = _OPERATIONS[_M.COMPLEX]
_FROZENSET = _OPERATIONS[_M.FROZENSET]
_SET = _OPERATIONS[_M.SET]
_LIST = _OPERATIONS[_M.LIST]
_SLICE = _OPERATIONS[_M.SLICE]
_DICT = _OPERATIONS[_M.DICT]
_FROZENDICT = _OPERATIONS[_M.FROZENDICT]
_NULL = _OPERATIONS[_M.NULL]
_UNKNOWN = _NULL + 2
_FLAGGED = 1

#: Values of the operations from ``_SINGLETONS_FROM`` on, flagged or not: no singleton is
#: ever put into the list of references.
_SINGLETONS = tuple(
    value for single in (None, True, False, Ellipsis, StopIteration) for value in (single, single)
)

#: What :func:`_read` begins in, as if in a container with one part.
_ROOT = -1
#: The part of a code object after its first line number; the part before it is _CODE.
_CODE_TAIL = -2
_SLICE_PARTS = 3
_NO_SIZE = -1

#: Greatest size; sizes are signed 32-bit numbers (``SIZE32_MAX``).
_LARGEST = 0x7FFF_FFFF

#: What a number that is cut off by the end is filled up with, where it is.
_PADDING = b"\xff" * 32

# Numbers after the type code at an offset.
_i4 = struct.Struct("<xi").unpack_from
_u4 = struct.Struct("<xI").unpack_from
_i8 = struct.Struct("<xq").unpack_from
_f8 = struct.Struct("<xd").unpack_from
_f8_f8 = struct.Struct("<xdd").unpack_from


@cache
def _operations(format_: MarshalFormat) -> bytes:
    """Return the operation of every byte that can stand where a type code is expected."""
    table = bytearray([_UNKNOWN]) * 256
    for letter, kind in format_.letters.items():
        table[ord(letter)] = _OPERATIONS[kind]
        if format_.references:
            table[ord(letter) | FLAG_REF] = _OPERATIONS[kind] | _FLAGGED
    return bytes(table)


# --- The loop -----------------------------------------------------------------------------


def _read(  # noqa: PLR0912, PLR0915 - one loop, for speed: a branch is what a type code means
    data: bytes, dialect: Dialect, format_: MarshalFormat, pos: int, limits: Limits
) -> tuple[object, int]:
    """Return the object at ``pos``, and the offset after it.

    The container that is being read has five variables; those of the ones around it wait.

    found: the parts that are there.
    items: counts down the parts that are wanted.
    kind: the container's operation.
    slot: its place in the list of references, or -1.
    begin: the offset of a code object.
    """
    end = len(data)
    operations = data.translate(_operations(format_))
    text = data.decode("latin-1")  # slices of it are what _ASCII and _SHORT_ASCII want
    if format_.pads_numbers:
        data += _PADDING
    code = None if dialect.code is None else code_reader(dialect.code)
    tail: Any = None if code is None else code.tail
    build: Any = None if code is None else code.builder(dialect)
    max_size, max_count = limits.size, limits.count
    max_waiting = min(limits.depth, format_.max_depth or limits.depth) - 1
    unfolded = _Unfolded(limits)
    tables, max_tables = 0, _TABLES + _TABLES_TIMES * (end - pos)
    count, counted = 0, end - pos > max_count  # every object is at least one byte
    references: list[Any] = []  # None: not complete, or in "shared"
    shared: dict[int, tuple[Any, int]] = {}  # and how many parts it has
    strings: list[Any] = []
    waiting: list[tuple[Any, ...]] = []
    found: list[Any] = []
    items: Iterator[object] = repeat(None, 1)
    kind, slot, begin = _ROOT, -1, pos
    value: Any
    try:
        while True:
            for _ in items:
                operation = operations[pos]
                if operation < _SHORT_ASCII:  # _REF
                    (index,) = _u4(data, pos)
                    try:
                        value = references[index]
                    except IndexError:
                        raise _invalid_reference(index, pos) from None
                    if value is None:
                        if index not in shared:
                            waiting.append((found, items, kind, slot, begin))
                            raise _unfinished(index, pos, format_, waiting)
                        value, parts = shared[index]
                        count += parts
                        if count > max_count:
                            raise _error("limit", f"more than {max_count} objects", pos)
                    pos += 5
                    found.append(value)
                    continue
                if operation < _STRING:  # _SHORT_ASCII
                    start = pos + 2
                    pos = start + data[pos + 1]
                    if pos > end:
                        raise _truncated(start - 2)
                    value = text[start:pos]
                elif operation < _INT:  # _STRING
                    (size,) = _u4(data, pos)
                    start = pos + 5
                    pos = start + size
                    if pos > end or size > max_size:
                        raise _bad_size(size, start - 5, end, limits)
                    value = data[start:pos]
                elif operation < _SMALL_TUPLE:  # _INT
                    (value,) = _i4(data, pos)
                    pos += 5
                elif operation < _SINGLETONS_FROM:  # _SMALL_TUPLE
                    size = data[pos + 1]
                    pos += 2
                    if size:
                        opened = _TUPLE
                        break
                    value = ()
                elif operation < _CODE:
                    found.append(_SINGLETONS[operation - _SINGLETONS_FROM])
                    pos += 1
                    continue
                elif operation < _INTERNED_STRING:  # _CODE
                    if code is None:
                        message = f"the code objects of {dialect.name} are not known"
                        raise _error("unsupported", message, pos)
                    fields, size = code.head
                    opened = _CODE
                    break
                elif operation < _TUPLE:  # _INTERNED_STRING, _STRINGREF
                    (size,) = _u4(data, pos)
                    if operation >= _STRINGREF:
                        value = _interned(strings, size, pos)
                        pos += 5
                    else:
                        start = pos + 5
                        stop = start + size
                        if stop > end or size > max_size:
                            raise _bad_size(size, pos, end, limits)
                        value = data[start:stop]
                        strings.append(value)
                        pos = stop
                elif operation < _UNICODE:  # _TUPLE
                    (size,) = _i4(data, pos)
                    if size < 0:
                        raise _negative(size, pos)
                    pos += 5
                    if size:
                        opened = _TUPLE
                        break
                    value = ()
                elif operation < _BINARY_FLOAT:  # _UNICODE, _ASCII
                    (size,) = _u4(data, pos)
                    start = pos + 5
                    stop = start + size
                    if stop > end or size > max_size:
                        raise _bad_size(size, pos, end, limits)
                    if operation >= _ASCII:
                        value = text[start:stop]
                    else:
                        value = _utf8(data[start:stop], pos, format_)
                    pos = stop
                elif operation < _LONG:  # _BINARY_FLOAT
                    if pos + 9 > end:
                        raise _truncated(pos)
                    (value,) = _f8(data, pos)
                    pos += 9
                elif operation < _FROZENSET:
                    value, pos = _RARE[operation & ~_FLAGGED](data, pos, end, format_, limits)
                elif operation < _SLICE:  # _FROZENSET, _SET, _LIST
                    (size,) = _i4(data, pos)
                    if size < 0:
                        raise _negative(size, pos)
                    pos += 5
                    opened = operation & ~_FLAGGED
                    break
                elif operation < _NULL:  # _SLICE, _DICT, _FROZENDICT
                    size = _SLICE_PARTS if operation < _DICT else max_count + 1
                    pos += 1
                    opened = operation & ~_FLAGGED
                    break
                elif operation < _UNKNOWN:  # _NULL
                    if kind not in _DICTS:
                        raise _error("null-object", "an object is missing here", pos)
                    size, items = _NO_SIZE, iter(())
                    pos += 1
                    break
                else:
                    raise _unknown_letter(data[pos], pos, format_)
                if operation & _FLAGGED:
                    references.append(value)
                found.append(value)
            else:  # The container has all its parts: it is finished, and a part itself.
                if kind == _TUPLE:
                    value = tuple(found)
                elif kind == _CODE:
                    fields, size = tail
                    found += fields.unpack_from(data, pos)
                    pos += fields.size
                    kind, items = _CODE_TAIL, repeat(None, size)
                    continue
                elif kind == _CODE_TAIL:
                    value = build(found, begin)
                    tables += len(value.code) + len(value.linetable) + len(value.exceptiontable)
                    if tables > max_tables:
                        raise _error("limit", _SHARED, begin)
                elif kind == _ROOT:
                    break
                else:
                    if kind in _DICTS:
                        count += len(found)
                        if count > max_count:
                            raise _error("limit", f"more than {max_count} objects", pos)
                    value = _FINISH[kind](found, unfolded, pos)
                if slot >= 0:
                    parts = 0 if kind == _CODE_TAIL else unfolded.parts(value, pos)
                    if parts > _SMALL:
                        shared[slot] = value, parts
                    else:
                        references[slot] = value
                found, items, kind, slot, begin = waiting.pop()
                found.append(value)
                continue
            # A container begins, or a dict has ended.
            if size == _NO_SIZE:
                continue
            if len(waiting) >= max_waiting and size:
                raise _too_deep(pos, end, format_, limits)
            if counted:
                count += min(size, end - pos)
                if count > max_count:
                    raise _error("limit", f"more than {max_count} objects", pos)
            waiting.append((found, items, kind, slot, begin))
            found, kind, slot = [], opened, -1
            if operation & _FLAGGED:
                slot = len(references)
                references.append(None)
            if opened == _CODE:
                begin = pos
                found += fields.unpack_from(data, pos + 1)
                pos += 1 + fields.size
            items = repeat(None, size)
    except (IndexError, struct.error):
        raise _truncated(pos) from None
    return found[0], min(pos, end)


# --- Rare objects without parts --------------------------------------------------------------


def _long(
    data: bytes, pos: int, end: int, format_: MarshalFormat, limits: Limits
) -> tuple[int, int]:
    """Read a number of 15-bit digits (``r_PyLong``)."""
    (count,) = _i4(data, pos)
    start = pos + 5
    size = 2 * abs(count)
    if count == -0x8000_0000:
        raise _error("bad-marshal", "the size of a number is out of range", pos)
    if limits.size < size <= end - start:
        raise _error("limit", f"a number of more than {limits.size} bytes", pos)
    words = data[start : min(start + size, end)]
    if max(words[1::2], default=0) >= _SIGN_OF_WORD:
        raise _error("bad-marshal", "a digit of a number is out of range", pos)
    if len(words) < size:
        slug = "bad-marshal" if format_.pads_numbers else "truncated"  # -1 is not a digit
        raise _error(slug, f"the data ends inside a number of {size} bytes", pos)
    if size and words[-2:] == b"\0\0":
        raise _error("bad-marshal", "the highest digit of a number is 0", pos)
    value = _from_digits(words)
    if count < 0:
        value = -value
    return Long(value) if format_.distinct_long else value, start + size


_SIGN_OF_WORD = 0x80


def _from_digits(words: bytes) -> int:
    """Return the number whose 15-bit digits are 16-bit words, the lowest first.

    In time that is linear in the size, unlike shifting digit by digit: neighbours are moved
    together until eight digits stand at the start of 16 bytes, which are 15 bytes then.
    """
    groups = -(-len(words) // 16)
    value = int.from_bytes(words, "little")
    for lane, gap in ((2, 1), (4, 2), (8, 4)):  # bytes of a lane, bits unused at its top
        low = int.from_bytes((b"\xff" * lane + b"\0" * lane) * (8 * groups // lane), "little")
        value = value & low | (value & (low << 8 * lane)) >> gap
    packed = value.to_bytes(16 * groups, "little")
    digits = bytearray(15 * groups)
    for index in range(15):
        digits[index::15] = packed[index::16]
    return int.from_bytes(digits, "little")


def _int64(
    data: bytes, pos: int, _end: int, _format: MarshalFormat, _limits: Limits
) -> tuple[int, int]:
    (value,) = _i8(data, pos)
    return value, pos + 9


def _binary_complex(
    data: bytes, pos: int, end: int, _format: MarshalFormat, _limits: Limits
) -> tuple[complex, int]:
    if pos + 17 > end:
        raise _truncated(pos)
    return complex(*_f8_f8(data, pos)), pos + 17


def _float(
    data: bytes, pos: int, end: int, _format: MarshalFormat, _limits: Limits
) -> tuple[float, int]:
    return _float_text(data, pos, pos + 1, end)


def _complex(
    data: bytes, pos: int, end: int, _format: MarshalFormat, _limits: Limits
) -> tuple[complex, int]:
    real, after = _float_text(data, pos, pos + 1, end)
    imaginary, after = _float_text(data, pos, after, end)
    return complex(real, imaginary), after


#: Python/pystrtod.c: PyOS_string_to_double takes no spaces and no underscores.
_DECIMAL = re.compile(
    rb"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|inf(?:inity)?|nan)", re.IGNORECASE
)


def _float_text(data: bytes, pos: int, start: int, end: int) -> tuple[float, int]:
    """Read a length byte at ``start`` and the text of a float, of the object at ``pos``."""
    stop = start + 1 + data[start]
    if start >= end or stop > end:
        raise _truncated(pos)
    decimal = data[start + 1 : stop].partition(b"\0")[0]
    if _DECIMAL.fullmatch(decimal) is None:
        raise _error("bad-marshal", f"no number: {decimal!r}", pos)
    return float(decimal), stop


_RARE: dict[int, Callable[[bytes, int, int, MarshalFormat, Limits], tuple[Any, int]]] = {
    _LONG: _long,
    _INT64: _int64,
    _BINARY_COMPLEX: _binary_complex,
    _FLOAT: _float,
    _COMPLEX: _complex,
}

#: UTF-8, or a surrogate without its first byte, which is always ED.
_UTF8_OR_BARE = re.compile(
    rb"[\x00-\x7f]|[\xc0-\xdf].|[\xe0-\xef]..|[\xf0-\xf7]...|([\xa0-\xbf][\x80-\xbf])", re.DOTALL
)


def _utf8(encoded: bytes, pos: int, format_: MarshalFormat) -> str:
    if format_.bare_surrogates:
        encoded = _UTF8_OR_BARE.sub(
            lambda match: b"\xed" + match[1] if match[1] else match[0], encoded
        )
    try:
        return str(encoded, "utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise _error("bad-text", f"not UTF-8: {error.reason}", pos) from error


def _interned(strings: list[bytes], index: int, pos: int) -> bytes:
    if index >= len(strings):
        raise _error("bad-marshal", f"interned string {index} of {len(strings)}", pos)
    return strings[index]


# --- Rare containers -----------------------------------------------------------------------


def _list(found: list[Any], _unfolded: _Unfolded, _pos: int) -> object:
    return found


def _slice(found: list[Any], _unfolded: _Unfolded, _pos: int) -> object:
    return Slice(*found)


def _set(found: list[Any], unfolded: _Unfolded, pos: int) -> object:
    unfolded.check_hashable(found, pos)
    return set(found)


def _frozenset(found: list[Any], unfolded: _Unfolded, pos: int) -> object:
    unfolded.check_hashable(found, pos)
    return frozenset(found)


def _pairs(found: list[Any], unfolded: _Unfolded, pos: int) -> dict[Any, Any]:
    """Return keys and values as a dict; a key without a value is left out, as it is in C."""
    keys, values = found[::2], found[1::2]
    unfolded.check_hashable(keys, pos)
    return dict(zip(keys, values, strict=False))


def _dict(found: list[Any], unfolded: _Unfolded, pos: int) -> object:
    return _pairs(found, unfolded, pos)


def _frozendict(found: list[Any], unfolded: _Unfolded, pos: int) -> object:
    return FrozenDict(_pairs(found, unfolded, pos))


_FINISH: dict[int, Callable[[list[Any], _Unfolded, int], object]] = {
    _LIST: _list,
    _SLICE: _slice,
    _SET: _set,
    _FROZENSET: _frozenset,
    _DICT: _dict,
    _FROZENDICT: _frozendict,
}
_DICTS = (_DICT, _FROZENDICT)
#: Containers that are in the list of references before they are complete.
_SEEN_UNFINISHED = (_TUPLE, _LIST, _SET, _DICT)
