"""Changes of the bytes of old caches: each must show, or be the same program.

    python -m tests.canonical.old_mutants --count 20000 [--seed S] [--version 2.4] [FILE …]

No source is compiled by the Pythons of the samples any more, so it is the caches themselves that
are changed: a constant, a name, an operator or another opcode, an argument, a jump. What `diff`
says of such a pair is counted, and what is silent is printed, to be read.
"""

from __future__ import annotations

import argparse
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from pycinspect.dialects import Bytecode, Flow, Operand, Role
from pycinspect.dialects import MarshalType as M
from pycinspect.diffing import Diff, Status, diff
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile, parse_header, read_code
from tests.canonical.old import NEWEST
from tests.fuzz.layout import Layout, Object, layout_of
from tests.fuzz.seeds import seeds

__all__ = ["Found", "Mutant", "mutants", "outcome", "searched"]


class Mutant(NamedTuple):
    """A file with one change.

    Args:
        name: of the file.
        kind: of the change.
        what: the change, for people.
        old: the file before.
        new: and after.
    """

    name: str
    kind: str
    what: str
    old: bytes
    new: bytes


class _Step(NamedTuple):
    """One instruction, and where its byte is in the file."""

    place: int
    opcode: int
    arg: int | None


class _Unit(NamedTuple):
    """The fields of one code object, and those of its instructions that may run."""

    code: Object
    parts: dict[str, list[Object]]
    steps: list[_Step]


# --- Reading ---------------------------------------------------------------------------------


def _units(layout: Layout) -> Iterator[_Unit]:
    """Yield the code objects of a file: each field begins where the one before it ends."""
    by_start = {(part.start, part.field): part for part in layout.objects}
    inside = {part.start: part for part in layout.objects}
    for code in layout.fields("code"):
        parts: dict[str, list[Object]] = {}
        end = code.end
        for field in ("consts", "names", "varnames"):
            whole = by_start.get((end, field))
            if whole is None:
                break
            parts[field] = [*_parts(whole, inside)]
            end = whole.end
        yield _Unit(code, parts, [*_reached(layout, code)])


def _parts(whole: Object, inside: dict[int, Object]) -> Iterator[Object]:
    start = whole.content
    for _ in range(whole.parts):
        part = inside[start]
        yield part
        start = part.end


def _steps(layout: Layout, code: Object) -> Iterator[_Step]:
    assert layout.bytecode is not None
    rows, place = layout.bytecode.opcodes.by_number, code.content
    while place < code.end:
        opcode = layout.data[place]
        takes = rows[opcode].takes_argument
        arg = int.from_bytes(layout.data[place + 1 : place + 3], "little") if takes else None
        yield _Step(place, opcode, arg)
        place += 3 if takes else 1


def _reached(layout: Layout, code: Object) -> Iterator[_Step]:
    """Yield the instructions to which a path leads: up to 2.6 much stands after a ``return``."""
    assert layout.bytecode is not None
    rows = layout.bytecode.opcodes.by_number
    by_place = {step.place: step for step in _steps(layout, code)}
    waiting, seen = [code.content], set()
    while waiting:
        place = waiting.pop()
        if place in seen or place not in by_place:
            continue
        seen.add(place)
        step, row = by_place[place], rows[by_place[place].opcode]
        after = place + (1 if step.arg is None else 3)
        if row.flow not in (Flow.EXIT, Flow.JUMP):
            waiting.append(after)
        if step.arg is not None and row.operand in _BASES:
            waiting.append(_BASES[row.operand](code.content, after) + step.arg)
    return (by_place[place] for place in sorted(seen))


#: What a jump counts from: the beginning of the code, or the instruction after it.
_BASES: Mapping[Operand, Callable[[int, int], int]] = {
    Operand.ABSOLUTE: lambda begin, _: begin,
    Operand.FORWARD: lambda _, after: after,
}


# --- Changing ----------------------------------------------------------------------------------

_Change = Callable[[Layout, _Unit, _Step, random.Random], tuple[int, bytes] | None]


@cache
def _opcodes(bytecode: Bytecode, *, takes_argument: bool) -> tuple[int, ...]:
    return tuple(
        row.number
        for row in bytecode.opcodes.opcodes
        if row.role is Role.REAL and row.takes_argument is takes_argument
    )


def _family(bytecode: Bytecode, number: int) -> list[int]:
    """Return the opcodes whose names begin like that of another: other operators, other variables."""
    rows = bytecode.opcodes.by_number
    name = rows[number].name
    takes = rows[number].takes_argument
    first = name.partition("_")[0]
    alike = (n for n in _opcodes(bytecode, takes_argument=takes) if n != number)
    return [n for n in alike if rows[n].name.partition("_")[0] == first]


def _operator(
    layout: Layout, _: _Unit, step: _Step, rng: random.Random
) -> tuple[int, bytes] | None:
    assert layout.bytecode is not None
    family = _family(layout.bytecode, step.opcode)
    return (step.place, bytes([rng.choice(family)])) if family else None


def _opcode(layout: Layout, _: _Unit, step: _Step, rng: random.Random) -> tuple[int, bytes] | None:
    assert layout.bytecode is not None
    others = _opcodes(layout.bytecode, takes_argument=step.arg is not None)
    return step.place, bytes([rng.choice(others)])


def _argument(_: Layout, unit: _Unit, step: _Step, rng: random.Random) -> tuple[int, bytes] | None:
    if step.arg is None:
        return None
    most = max(len(part) for part in unit.parts.values()) if unit.parts else 4
    near = (step.arg + 1, step.arg - 1, rng.randrange(max(2, most)))
    return step.place + 1, struct.pack("<H", rng.choice(near) & 0xFFFF)


def _jump(layout: Layout, unit: _Unit, step: _Step, rng: random.Random) -> tuple[int, bytes] | None:
    """Send a jump to the beginning of another instruction."""
    assert layout.bytecode is not None
    operand = layout.bytecode.opcodes.by_number[step.opcode].operand
    if operand not in _BASES or step.arg is None:
        return None
    base = _BASES[operand](unit.code.content, step.place + 3)
    targets = [other.place - base for other in unit.steps if other.place >= base]
    others = [target for target in targets if target != step.arg]
    return (step.place + 1, struct.pack("<H", rng.choice(others))) if others else None


#: Operands to the field that they are indexes into.
_FIELDS = {Operand.CONST: "consts", Operand.NAME: "names", Operand.LOCAL: "varnames"}


def _named(field: str) -> _Change:
    def change(
        layout: Layout, unit: _Unit, step: _Step, rng: random.Random
    ) -> tuple[int, bytes] | None:
        assert layout.bytecode is not None
        operand = layout.bytecode.opcodes.by_number[step.opcode].operand
        parts = unit.parts.get(field, ())
        if _FIELDS.get(operand) != field or step.arg is None or step.arg >= len(parts):
            return None
        return _value(layout.data, parts[step.arg], rng)

    return change


_TEXTS = frozenset({M.STRING, M.INTERNED_STRING, M.UNICODE, M.ASCII, M.SHORT_ASCII})


def _value(data: bytes, part: Object, rng: random.Random) -> tuple[int, bytes] | None:
    """Return another value of the same length."""
    if part.kind in _TEXTS and part.end > part.content:
        place = rng.randrange(part.content, part.end)
        letters = bytes(rng.sample(b"abcdefgh", 2))
        return place, letters[:1] if data[place] != letters[0] else letters[1:]
    if part.kind is M.INT:
        return part.start + 1, bytes([data[part.start + 1] ^ (1 << rng.randrange(7))])
    if part.kind is M.BINARY_FLOAT:
        return part.start + 7, bytes([data[part.start + 7] ^ 1])
    if part.kind is M.FLOAT:
        return part.end - 1, b"7" if data[part.end - 1] != ord("7") else b"8"
    if part.kind is M.LONG and part.end > part.content:
        return part.content, bytes([data[part.content] ^ 1])
    if part.kind is M.NONE:
        return part.start, b"."  # Ellipsis
    return None


_CHANGES: dict[str, _Change] = {
    "constant": _named("consts"),
    "name": _named("names"),
    "local": _named("varnames"),
    "operator": _operator,
    "opcode": _opcode,
    "argument": _argument,
    "jump": _jump,
}
_UNMEANT = frozenset({"SET_LINENO"})


def mutants(
    count: int, seed: int, version: str = "", files: Sequence[Path] = ()
) -> Iterator[Mutant]:
    """Yield changed files: the same ones for the same seed.

    Args:
        count: how many.
        seed: of the choices.
        version: of one version only, such as ``2.4``.
        files: caches of Pythons up to 3.5 to be changed; the samples if there are none.
    """
    rng = random.Random(seed)
    named = [(path.name, path.read_bytes()) for path in files] or _samples(version)
    layouts = [(name, layout) for name, data in named if (layout := layout_of(data)) is not None]
    known = [(name, layout, [*_units(layout)]) for name, layout in layouts]
    while count:
        name, layout, units = rng.choice(known)
        unit = rng.choice(units)
        kind = rng.choice([*_CHANGES])
        step = rng.choice(unit.steps) if unit.steps else None
        assert layout.bytecode is not None
        if step is None or layout.bytecode.opcodes.by_number[step.opcode].name in _UNMEANT:
            continue
        changed = _CHANGES[kind](layout, unit, step, rng)
        if changed is None:
            continue
        place, content = changed
        data = layout.data
        new = data[:place] + content + data[place + len(content) :]
        if new == data:
            continue
        count -= 1
        opname = layout.bytecode.opcodes.by_number[step.opcode].name
        before, offset = data[place : place + len(content)], step.place - unit.code.content
        what = f"byte {place}, {before!r} -> {content!r}: {opname} {step.arg} at {offset} in {_name(unit, data)}"
        yield Mutant(name, kind, what, data, new)


def _name(unit: _Unit, data: bytes) -> str:
    body = data[unit.code.content : unit.code.end]
    return next(code.name for code in _file(data).code.walk() if code.code == body)


def _samples(version: str) -> list[tuple[str, bytes]]:
    return [
        (seed.name, seed.data)
        for seed in seeds()
        if parse_header(seed.data).dialect.python <= NEWEST
        and seed.name.startswith(f"cpython-{version}")
    ]


# --- Asking ------------------------------------------------------------------------------------


def _file(data: bytes) -> CodeFile:
    return read_code(data, parse_header(data))


def compared(mutant: Mutant) -> Diff:
    """Return what `diff` says of a mutant.

    Raises:
        PycInspectError: it cannot be read any more.
    """
    old, new = _file(mutant.old), _file(mutant.new)
    return diff(old, new)


def outcome(mutant: Mutant) -> str:
    """Return ``changed``, ``refused`` (not canonicalised), ``unreadable`` or ``silent``."""
    try:
        found = compared(mutant)
    except PycInspectError:
        return "unreadable"
    statuses = {unit.status for unit in found.units}
    if statuses <= _SILENT:
        return "silent"
    return "refused" if statuses <= _SILENT | {Status.NOT_CANONICALISED} else "changed"


_SILENT = {Status.SAME, Status.EXPLAINED}


def _nothing(_: str) -> None:
    pass


class Found(NamedTuple):
    """What became of all mutants.

    Args:
        outcomes: how many there are of each kind of change and outcome.
        silent: the mutants of which nothing shows.
    """

    outcomes: Counter[tuple[str, str]]
    silent: list[Mutant]


def searched(some: Iterator[Mutant], tell: Callable[[str], object] = _nothing) -> Found:
    """Return what becomes of mutants, and tell at once of the silent ones."""
    found = Found(Counter(), [])
    for mutant in some:
        said = outcome(mutant)
        found.outcomes[mutant.kind, said] += 1
        if said == "silent":
            found.silent.append(mutant)
            tell(f"silent: {mutant.name}, {mutant.kind}: {mutant.what}")
    return found


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--version", default="")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    some = mutants(options.count, options.seed, options.version, options.files)
    found = searched(some, partial(print, flush=True))
    for kind in _CHANGES:
        row = {said: n for (of, said), n in sorted(found.outcomes.items()) if of == kind}
        print(f"{kind:9}", ", ".join(f"{number:,} {said}" for said, number in row.items()))
    print(f"{sum(found.outcomes.values()):,} mutants, {len(found.silent)} silent")


if __name__ == "__main__":
    _main()
