"""Damage to what only the interpreter loop reads: instructions, handlers and lines."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

from pycinspect.dialects import Bytecode
from pycinspect.dialects.opcodes import Opcode, Role
from tests.fuzz.layout import Layout

__all__ = ["damaged_code", "damaged_handlers", "damaged_lines"]

#: Code that is repeated is not made longer than this.
_LONGEST = 48 * 1024

#: An opcode and its argument.
_Step = tuple[int, int]


def damaged_code(code: bytes, layout: Layout, source: random.Random) -> bytes:
    """Return instructions with one or a few changes."""
    assert layout.bytecode is not None
    steps = _read(code, layout.bytecode)
    for _ in range(source.choice((1, 1, 2, 5))):
        (change,) = source.choices(_CHANGES, _WEIGHTS)
        steps = change(steps, layout, source)
    return _written(steps, layout.bytecode)


def _read(code: bytes, bytecode: Bytecode) -> list[_Step]:
    if bytecode.format.wordcode:
        return [*zip(code[::2], code[1::2], strict=False)]
    steps = []
    rows, place = bytecode.opcodes.by_number, 0
    while place < len(code):
        opcode, argument = code[place], int.from_bytes(code[place + 1 : place + 3], "little")
        takes = rows[opcode].takes_argument
        steps.append((opcode, argument if takes else 0))
        place += 3 if takes else 1
    return steps


def _written(steps: Sequence[_Step], bytecode: Bytecode) -> bytes:
    if bytecode.format.wordcode:
        return b"".join(bytes((opcode, argument & 0xFF)) for opcode, argument in steps)
    rows = bytecode.opcodes.by_number
    return b"".join(
        bytes([opcode]) + argument.to_bytes(2, "little")
        if rows[opcode].takes_argument
        else bytes([opcode])
        for opcode, argument in steps
    )


@cache
def _opcodes(bytecode: Bytecode) -> tuple[Opcode, ...]:
    return tuple(row for row in bytecode.opcodes.opcodes if row.role is Role.REAL)


def _any_step(layout: Layout, source: random.Random, length: int) -> _Step:
    assert layout.bytecode is not None
    row = source.choice(_opcodes(layout.bytecode))
    return row.number, _any_argument(source, length)


def _any_argument(source: random.Random, length: int) -> int:
    small = source.randrange(6)
    return source.choice(
        (small, small, small, source.randrange(max(1, min(3 * length, 0xFFFF))), 0xFF, 0xFFFF, 0)
    )


def _opcode(steps: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    if steps:
        place = source.randrange(len(steps))
        steps[place] = _any_step(layout, source, 0)[0], steps[place][1]
    return steps


def _argument(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    if steps:
        place = source.randrange(len(steps))
        opcode, argument = steps[place]
        argument = source.choice(
            (
                argument ^ 1 << source.randrange(3),
                steps[source.randrange(len(steps))][1],
                _any_argument(source, len(steps)),
            )
        )
        steps[place] = opcode, argument & 0xFFFF
    return steps


def _byte(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    if steps:
        steps[source.randrange(len(steps))] = source.randrange(256), source.randrange(256)
    return steps


def _without(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    place = source.randrange(len(steps) + 1)
    return steps[:place] + steps[place + source.choice((1, 1, 2, 10)) :]


def _insert(steps: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    place = source.randrange(len(steps) + 1)
    return [*steps[:place], _any_step(layout, source, len(steps)), *steps[place:]]


def _swap(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    if steps:
        one, other = source.randrange(len(steps)), source.randrange(len(steps))
        steps[one], steps[other] = steps[other], steps[one]
    return steps


def _again(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    """Copy a run of instructions to another place."""
    start, place = source.randrange(len(steps) + 1), source.randrange(len(steps) + 1)
    return steps[:place] + steps[start : start + source.randrange(1, 12)] + steps[place:]


def _extended(steps: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    assert layout.bytecode is not None
    row = layout.bytecode.opcodes.by_name.get("EXTENDED_ARG")
    if row is None:
        return steps
    place = source.randrange(len(steps) + 1)
    prefix = [(row.number, source.choice((0, 1, 0xFF)))] * source.choice((1, 1, 2, 3, 4))
    return steps[:place] + prefix + steps[place:]


def _from_elsewhere(steps: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    """Put a run of another code object's instructions in."""
    assert layout.bytecode is not None
    field = source.choice(layout.fields("code"))
    others = _read(layout.data[field.content : field.end], layout.bytecode)
    start, place = source.randrange(len(others) + 1), source.randrange(len(steps) + 1)
    return steps[:place] + others[start : start + source.randrange(1, 30)] + steps[place:]


def _repeated(steps: list[_Step], _: Layout, source: random.Random) -> list[_Step]:
    """Repeat a run of instructions very often."""
    start, place = source.randrange(len(steps) + 1), source.randrange(len(steps) + 1)
    run = steps[start : start + source.choice((1, 2, 3, 5, 10, 30))]
    most = _LONGEST // 3 // max(1, len(run))
    return steps[:place] + run * source.randrange(1, most) + steps[place:]


def _gathered(steps: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    """Repeat a run of instructions, and gather in one value what it may have left."""
    assert layout.bytecode is not None
    names = layout.bytecode.opcodes.by_name
    rows = [names[name] for name in _GATHERING if name in names]
    start, place = source.randrange(len(steps) + 1), source.randrange(len(steps) + 1)
    run = steps[start : start + source.choice((1, 2, 3, 5))]
    times = source.choice((3, 30, 300, source.randrange(5_000)))
    count = times * source.choice((1, 1, 1, len(run)))
    gather = [(source.choice(rows).number, count)]
    if layout.bytecode.format.wordcode:
        prefix = names["EXTENDED_ARG"].number
        gather.insert(0, (prefix, count >> 8))
    return [*steps[:place], *(run * times)[: _LONGEST // 3], *gather, *steps[place:]]


#: What takes as many values as its argument says.
_GATHERING = (
    "BUILD_LIST",
    "BUILD_TUPLE",
    "BUILD_MAP",
    "BUILD_SET",
    "BUILD_STRING",
    "CALL",
    "CALL_FUNCTION",
)


def _soup(_: list[_Step], layout: Layout, source: random.Random) -> list[_Step]:
    """Make code of any instructions at all."""
    return [_any_step(layout, source, 30) for _ in range(source.randrange(60))]


_Change = Callable[[list[_Step], Layout, random.Random], list[_Step]]

_CHOICES: tuple[tuple[_Change, int], ...] = (
    (_opcode, 20),
    (_argument, 30),
    (_byte, 5),
    (_without, 10),
    (_insert, 12),
    (_swap, 6),
    (_again, 6),
    (_extended, 4),
    (_from_elsewhere, 6),
    (_repeated, 2),
    (_gathered, 2),
    (_soup, 2),
)
_CHANGES = [change for change, _ in _CHOICES]
_WEIGHTS = [weight for _, weight in _CHOICES]


# --- Tables -----------------------------------------------------------------------------------


def damaged_handlers(table: bytes, layout: Layout, source: random.Random) -> bytes:
    """Return another exception table (``Objects/exception_handling_notes.txt``)."""
    del layout
    rows = source.choice((1, 1, 3, 500))
    made = b"".join(
        _varint(source.choice((source.randrange(64), source.getrandbits(14))), first=part == 0)
        for _ in range(rows)
        for part in range(4)
    )
    return source.choice(
        (made, table + made, made + table, table * rows, _damaged_bytes(table, source))
    )


def _varint(value: int, *, first: bool) -> bytes:
    digits = [value & 63]
    while value := value >> 6:
        digits.append(value & 63 | 64)
    digits.reverse()
    return bytes([digits[0] | (128 if first else 0), *digits[1:]])


def damaged_lines(table: bytes, layout: Layout, source: random.Random) -> bytes:
    """Return another table of lines."""
    del layout
    made = source.randbytes(source.choice((1, 2, 7, 40, 1000)))
    return source.choice((table + made, made, table * 20, _damaged_bytes(table, source), b""))


def _damaged_bytes(data: bytes, source: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(source.randrange(4)):
        if changed:
            changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)
