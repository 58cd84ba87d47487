"""A quick proof that nothing is wrong with a code object.

Nearly all code objects are sound, and to see that needs no text, no value and no object for an
instruction: a unit of code is a number, what it means is looked up once for each different one, and
a path is followed from one jump to the next. Where the proof fails, nothing is said:
:func:`pycinspect.disasm.verify` then looks at each instruction, and has the words for what it
finds. So everything here may refuse what is sound, and must not pass what is not.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Dialect, Flow, Opcode, Operand, Role
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm.handlers import Handler, exception_table
from pycinspect.disasm.linetables import LINE_TABLES
from pycinspect.disasm.operands import Scope, reader_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Proof", "proof"]

_UNIT = 2


class Proof(NamedTuple):
    """What is known of a code object with which nothing is wrong.

    Args:
        is_tidy: ``leftovers`` finds nothing in it either.
    """

    is_tidy: bool


def proof(code: Code, dialect: Dialect) -> Proof | None:
    """Return the proof that ``verify`` finds nothing in a code object; None if it is not easy.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.
    """
    bytecode = dialect.bytecode
    tables = None if bytecode is None else _tables(bytecode)
    if bytecode is None or tables is None or not tables.has_lines(code.linetable):
        return None
    opcodes = code.code[::_UNIT]
    if len(code.code) % _UNIT or tables.shape.fullmatch(opcodes) is None:
        return None
    keys = _keys(code.code, opcodes, tables)
    different = set(keys)
    tables.meanings.learn(different)
    loads_all = _loads_all(code, bytecode, different, tables)
    if loads_all is None:
        return None
    try:
        handlers = exception_table(code, dialect) if code.exceptiontable else ()
    except PycInspectError:  # verify says what is wrong with it
        return None
    controls = _controls(opcodes, keys, tables)
    if controls is None or not _are_sound(handlers, code, opcodes, tables):
        return None
    parts = _followed(_entries(code, bytecode, handlers), keys, controls, tables, code.stacksize)
    if parts is None:
        return None
    is_reached = parts[-1] is not None
    return Proof(
        (loads_all or bytecode.keeps_constants) and (is_reached or bytecode.keeps_dead_code)
    )


# --- What is known of each operation ----------------------------------------------------------


class _Jump(NamedTuple):
    """How a jump is read.

    Args:
        origin: the unit that its argument counts from: so many after its own, None for the first.
        step: bytes for 1 in its argument.
        effect: what it does to the stack if it jumps.
    """

    origin: int | None
    step: int
    effect: Callable[[int], int]


class _Meanings:
    """What instructions mean, by their numbers and arguments, found once for each that occurs.

    Args:
        opcodes: the rows, by number.
        bytecode: how the version writes code.
    """

    def __init__(self, opcodes: Sequence[Opcode], bytecode: Bytecode) -> None:
        self._opcodes, self._bytecode = opcodes, bytecode
        #: What they do to the stack if they do not jump.
        self.effects: dict[int, int] = {}
        #: What they look up, as :func:`_index` tells it.
        self.indexes: dict[int, int] = {}

    def learn(self, keys: set[int]) -> None:
        """Find what is not yet known of some, so that it can be looked up."""
        new = keys.difference(self.effects)
        if len(self.effects) + len(new) > _REMEMBERED:  # hostile code must not fill the memory
            self.effects.clear()
            self.indexes.clear()
            new = keys
        for key in new:
            row, arg = self._opcodes[key & 0xFF], key >> 8
            self.indexes[key] = _index(row, arg, self._bytecode)
            self.effects[key] = _effect(row, arg)


_REMEMBERED = 1 << 14


class _Tables(NamedTuple):
    """What is known of each operation before any code is read.

    Args:
        shape: what the operations of sound code look like: their inline caches follow them, and
            the last one does not go on.
        controls: finds jumps, and what does not go on.
        cache: the number of a unit of inline cache, -1 where there are none.
        extended: the number of EXTENDED_ARG.
        extended_bits: how far it moves its argument.
        jumps: by number, how a jump is read; None for others.
        stops: by number, whether control does not go on from there.
        meanings: what instructions do.
        is_exact: effects are so, and no more values than the code object says may be there.
        has_lines: whether a line table can be read.
    """

    shape: re.Pattern[bytes]
    controls: re.Pattern[bytes]
    cache: int
    extended: int
    extended_bits: int
    jumps: tuple[_Jump | None, ...]
    stops: tuple[bool, ...]
    meanings: _Meanings
    is_exact: bool
    has_lines: Callable[[bytes], bool]


_JUMPS = (Flow.BRANCH, Flow.JUMP, Flow.SETUP)
_STOPS = (Flow.JUMP, Flow.EXIT)
_EXACT, _UPPER = "exact", "upper"
#: From where a jump's argument counts, and which way.
_WAYS: Mapping[Operand, tuple[bool, int]] = MappingProxyType(
    {
        Operand.FORWARD: (True, 1),
        Operand.BACKWARD: (True, -1),
        Operand.ABSOLUTE: (False, 1),
    }
)


@lru_cache
def _tables(bytecode: Bytecode) -> _Tables | None:
    """Return the tables of a version; None of one whose code this does not read."""
    opcodes = bytecode.opcodes.by_number
    (exactness,) = bytecode.opcodes.words.get("effects", ("unknown",))
    if not bytecode.format.wordcode or exactness not in (_EXACT, _UPPER):
        return None
    plain = [row for row in opcodes if _is_plain(row)]
    cache = next((row.number for row in opcodes if row.name == "CACHE"), -1)
    unit = bytecode.format.jump_unit
    return _Tables(
        _shape(plain, cache),
        re.compile(_class_of(row for row in plain if row.flow in (*_JUMPS, *_STOPS)), re.DOTALL),
        cache,
        next(row.number for row in plain if row.operand is Operand.EXTENDED),
        bytecode.format.extended_bits,
        tuple(_jump(row, unit) for row in opcodes),
        tuple(row.flow in _STOPS for row in opcodes),
        _Meanings(opcodes, bytecode),
        exactness == _EXACT,
        LINE_TABLES[bytecode.lines],
    )


def _is_plain(row: Opcode) -> bool:
    """Return whether compilers write an operation, all is known of it, and it is not a cache."""
    return row.role is Role.REAL and row.flow is not Flow.UNKNOWN and row.effect is not None


def _jump(row: Opcode, unit: int) -> _Jump | None:
    if row.flow not in _JUMPS or row.effect is None:
        return None
    is_relative, sign = _WAYS[row.operand]
    return _Jump(1 + row.caches if is_relative else None, sign * unit, row.effect.jump)


def _shape(rows: Sequence[Opcode], cache: int) -> re.Pattern[bytes]:
    def choices(rows: Iterable[Opcode]) -> bytes:
        by_caches: dict[int, list[Opcode]] = {}
        for row in rows:
            by_caches.setdefault(row.caches, []).append(row)
        after = bytes((cache,)) if cache >= 0 else b""
        return b"|".join(
            _class_of(same) + re.escape(after * caches) for caches, same in by_caches.items()
        )

    last = choices(row for row in rows if row.flow in _STOPS)
    return re.compile(b"(?:%b)*(?:%b)" % (choices(rows), last), re.DOTALL)


def _class_of(rows: Iterable[Opcode]) -> bytes:
    return b"[%b]" % b"".join(re.escape(bytes((row.number,))) for row in rows)


def _effect(row: Opcode, arg: int) -> int:
    if row.effect is None or row.flow is Flow.JUMP:  # an inline cache; what never goes on
        return 0
    return row.effect.stay(arg if row.takes_argument else 0)


# --- Units ----------------------------------------------------------------------------------------


def _keys(code: bytes, opcodes: bytes, tables: _Tables) -> list[int]:
    """Return each unit as a number, its argument above its opcode, with EXTENDED_ARG's bits."""
    keys: list[int] = memoryview(code).cast("H").tolist()
    if sys.byteorder == "big":
        keys = [key >> 8 | (key & 0xFF) << 8 for key in keys]
    place = opcodes.find(tables.extended)
    while place >= 0:  # it is never the last one
        high = keys[place] >> 8 << tables.extended_bits & 0xFFFFFFFF
        keys[place + 1] |= high << 8
        place = opcodes.find(tables.extended, place + 1)
    return keys


# --- Indexes --------------------------------------------------------------------------------------

#: What instructions look up in, in the order of the numbers of :func:`_index`.
_SEQUENCES = ("consts", "names", "variables", "cells")
#: Of an index, and more than it has.
_INDEX_BITS = 40
_BOUNDS = tuple(place << _INDEX_BITS for place in range(1, len(_SEQUENCES) + 2))


class _Indexed:
    """Stands for a tuple of any length, and notes the highest index that it is asked for."""

    def __init__(self) -> None:
        self.highest = -1

    def __getitem__(self, index: int) -> str:
        self.highest = max(self.highest, index)
        return "name"


class _Asked:
    """Stands for the scope of a code object, to find out what is read in it."""

    def __init__(self) -> None:
        self.consts, self.names, self.variables, self.cells = (_Indexed() for _ in _SEQUENCES)
        self.labels = _Indexed()  # of jumps, whose targets are looked at elsewhere

    def literal(self, index: int) -> str:
        """Return what stands for a constant's text."""
        return self.consts[index]


def _index(row: Opcode, arg: int, bytecode: Bytecode) -> int:
    """Return what an instruction looks up: in which sequence, and the index in the lowest bits.

    0 for nothing; what is beyond all sequences where a list of the version has no such word. It
    is the reader of listings that is asked.
    """
    asked = _Asked()
    try:
        if row.takes_argument:
            reader_of(row, bytecode)(asked, arg, 0)  # type: ignore[arg-type] # has all they read
    except IndexError:
        return _BOUNDS[-1]
    indexes = (
        (bound, getattr(asked, whose).highest)
        for bound, whose in zip(_BOUNDS, _SEQUENCES, strict=False)
    )
    return max((bound | index for bound, index in indexes if index >= 0), default=0)


def _loads_all(code: Code, bytecode: Bytecode, keys: set[int], tables: _Tables) -> bool | None:
    """Return whether all constants but the first are loaded; None where an index is beyond."""
    indexes = sorted({*map(tables.meanings.indexes.__getitem__, keys)})
    scope = Scope(code, bytecode, None)
    start = first = bisect_left(indexes, _BOUNDS[0])
    for place, whose in enumerate((scope.consts, scope.names, scope.variables, scope.cells)):
        end = bisect_left(indexes, _BOUNDS[place + 1], start)
        if end > start and indexes[end - 1] - _BOUNDS[place] >= len(whose):
            return None
        if place == 0:
            loaded = end - start
        start = end
    if start < len(indexes):
        return None
    is_first_loaded = first < len(indexes) and indexes[first] == _BOUNDS[0]
    return loaded - is_first_loaded >= len(code.consts) - 1


# --- Paths ----------------------------------------------------------------------------------------


class _Controls(NamedTuple):
    """Where control does not just go on.

    Args:
        leaps: places of jumps, where they lead, and what jumping does to the stack.
        stops: places from which it does not go on: the code is in parts that end there.
    """

    leaps: list[tuple[int, int, int]]
    stops: list[int]


def _controls(opcodes: bytes, keys: list[int], tables: _Tables) -> _Controls | None:
    """Look for jumps; None if one leads to where no instruction starts."""
    jumps, stops = tables.jumps, tables.stops
    found = _Controls([], [])
    for match in tables.controls.finditer(opcodes):
        place = match.start()
        opcode = opcodes[place]
        if stops[opcode]:
            found.stops.append(place)
        jump = jumps[opcode]
        if jump is not None:
            arg = keys[place] >> 8
            origin = 0 if jump.origin is None else place + jump.origin
            target, odd = divmod(_UNIT * origin + jump.step * arg, _UNIT)
            if odd or not _is_start(target, opcodes, tables):
                return None
            found.leaps.append((place, target, jump.effect(arg)))
    return found


def _is_start(place: int, opcodes: bytes, tables: _Tables) -> bool:
    """Return whether control may arrive there: not at a cache, nor after an EXTENDED_ARG."""
    return (
        0 <= place < len(opcodes)
        and opcodes[place] != tables.cache
        and opcodes[place - 1] != tables.extended  # the last one never is
    )


def _are_sound(handlers: Sequence[Handler], code: Code, opcodes: bytes, tables: _Tables) -> bool:
    """Return whether handlers stand in order, and lead to instructions."""
    after = 0
    for start, end, target, depth, _ in handlers:
        if not after <= start < end <= len(code.code) or depth > code.stacksize:
            return False
        if target % _UNIT or not _is_start(target // _UNIT, opcodes, tables):
            return False
        after = end
    return True


def _entries(code: Code, bytecode: Bytecode, handlers: Sequence[Handler]) -> list[tuple[int, int]]:
    """Return where paths begin, and with how many values on the stack (``stack_defects``)."""
    sent = int(bytecode.sent_at_entry and code.flags & CodeFlag.SUSPENDED != 0)
    return [(0, sent), *((h.target // _UNIT, h.depth + h.lasti + 1) for h in handlers)]


#: Of a part that is come to: from which unit on, and what is added to the sums there.
_Part = tuple[int, int]


def _followed(
    waiting: list[tuple[int, int]],
    keys: list[int],
    controls: _Controls,
    tables: _Tables,
    size: int,
) -> list[_Part | None] | None:
    """Follow all paths; None where two meet with different depths, or one leaves the stack.

    In a part, which control leaves at its end only or by jumps, depths differ by a constant from
    the sums of all effects before: one depth that is known tells all.
    """
    leaps, stops = controls
    most = max(size, waiting[0][1]) if tables.is_exact else sys.maxsize
    sums = list(accumulate(map(tables.meanings.effects.__getitem__, keys), initial=0))
    parts: list[_Part | None] = [None] * len(stops)
    while waiting:
        place, depth = waiting.pop()
        number = bisect_left(stops, place)
        added, end = depth - sums[place], stops[number] + 1
        known = parts[number]
        if known is not None:
            end = known[0]
            if known[1] != added:
                return None
            if place >= end:
                continue
        parts[number] = place, added
        depths = sums[place : end + 1]
        if min(depths) + added < 0 or max(depths) + added > most:
            return None
        for leap in range(bisect_left(leaps, (place,)), len(leaps)):
            source, target, effect = leaps[leap]
            if source >= end:
                break
            there = added + sums[source] + effect
            if there < 0:
                return None
            waiting.append((target, there))
    return parts
