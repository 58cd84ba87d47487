"""Damaged copies of good files, the same ones for the same seed and number.

Three kinds of damage: to bytes, wherever they are; to the objects of marshal, whose lengths,
letters and references are known; and to the parts of code objects, because random bytes hardly
ever leave code that is still code. And files that are not caches at all.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable
from typing import NamedTuple

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.dialects import MarshalType as M
from pycinspect.values import U32_MASK
from tests.fuzz.layout import Layout, Object, layout_of
from tests.fuzz.opcodes import damaged_code, damaged_handlers, damaged_lines
from tests.fuzz.seeds import Seed, seeds
from tests.unit.headers import PYC_ROWS, timestamp

__all__ = ["LARGEST", "Mutant", "damaged", "mutant"]

#: No file is larger: what a file may cost is promised for this size.
LARGEST = 64 * 1024

#: What lengths, counts, indexes and numbers are set to.
_EXTREMES = tuple(
    number.to_bytes(4, "little")
    for number in (0, 1, 2, 5, 0x7F, 0xFF, 0xFFFF, 500_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
)
#: Type letters that a length, a count or an index follows.
_COUNTED = frozenset(b"stuaAl([<>rRi{" + bytes(letter | 0x80 for letter in b"stuaAl([<>i{"))

_Damage = Callable[[bytes, str, random.Random], bytes]


class Mutant(NamedTuple):
    """One file to be read.

    Args:
        number: by which it is made again.
        seed: the good file that it was, or that it is compared with.
        data: its bytes.
    """

    number: int
    seed: Seed
    data: bytes


def mutant(seed: int, number: int) -> Mutant:
    """Return one damaged file."""
    source = random.Random(f"{seed}-{number}")
    good = source.choice(seeds())
    if source.random() < 0.05:
        return Mutant(number, good, source.choice(_STRANGERS)(good, source)[:LARGEST])
    data = good.data
    for _ in range(source.choice((1, 1, 1, 1, 2, 3, 8))):
        data = damaged(data, good.tag, source)
    return Mutant(number, good, data)


def damaged(data: bytes, tag: str, source: random.Random) -> bytes:
    """Return a file with one more damage."""
    (damage,) = source.choices(_DAMAGES, _WEIGHTS)
    return damage(data, tag, source)[:LARGEST]


# --- Bytes ------------------------------------------------------------------------------------


def _flip(data: bytes, _: str, source: random.Random) -> bytes:
    changed = bytearray(data)
    if data:
        changed[source.randrange(len(data))] ^= 1 << source.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, _: str, source: random.Random) -> bytes:
    changed = bytearray(data)
    if data:
        changed[source.randrange(len(data))] = source.choice(b"\x00\x01\x7f\x80\xff(c)tu>R[l{rzZ")
    return bytes(changed)


def _cut(data: bytes, _: str, source: random.Random) -> bytes:
    start = source.randrange(len(data) + 1)
    return data[:start] + data[start + source.choice((1, 2, 4, 50, 10_000)) :]


def _splice(data: bytes, _: str, source: random.Random) -> bytes:
    other = source.choice(seeds()).data
    start = source.randrange(len(other) + 1)
    place = source.randrange(len(data) + 1)
    piece = other[start : start + source.choice((1, 5, 30, 300))]
    return data[:place] + piece + data[place:]


def _stretch(data: bytes, _: str, source: random.Random) -> bytes:
    """Set a length, a count or an index to an extreme, perhaps one that is none."""
    places = [place for place, byte in enumerate(data) if byte in _COUNTED]
    if not places:
        return data
    place = source.choice(places) + 1
    return data[:place] + source.choice(_EXTREMES) + data[place + 4 :]


def _dress(data: bytes, tag: str, source: random.Random) -> bytes:
    """Let another Python have written it."""
    layout = layout_of(data, tag)
    start = 16 if layout is None or layout.dialect.header is None else layout.dialect.header.size
    row = source.choice(PYC_ROWS)
    flags = source.choice((0, 0, 1, 3, 2, 0x80000000))
    magic = source.choice([*row.magics()])
    return timestamp(row, 1_700_000_000, 5, flags=flags, magic=magic) + data[start:]


# --- Objects ----------------------------------------------------------------------------------


def _on_objects(
    change: Callable[[Layout, Object, random.Random], bytes],
) -> _Damage:
    """Return a damage that replaces an object by other bytes."""

    def damage(data: bytes, tag: str, source: random.Random) -> bytes:
        layout = layout_of(data, tag)
        if layout is None or not layout.objects:
            return data
        part = source.choice(layout.objects)
        return data[: part.start] + change(layout, part, source) + data[part.end :]

    return damage


def _other_letter(layout: Layout, part: Object, source: random.Random) -> bytes:
    flag = source.choice((0, 0x80))
    return bytes([source.choice(layout.letters) | flag]) + layout.data[part.start + 1 : part.end]


def _other_count(layout: Layout, part: Object, source: random.Random) -> bytes:
    whole = layout.data[part.start : part.end]
    if part.content - part.start == 5 or part.kind in (M.INT, M.REF, M.STRINGREF):
        return whole[:1] + source.choice(_EXTREMES) + whole[5:]
    return whole[:1] + bytes([source.choice((0, 1, 2, 0xFF))]) + whole[2:]


def _other_object(layout: Layout, _: Object, source: random.Random) -> bytes:
    other = source.choice(layout.objects)
    return layout.data[other.start : other.end]


def _made_object(layout: Layout, _: Object, source: random.Random) -> bytes:
    return _made(layout.dialect, source)


def _many_parts(layout: Layout, part: Object, source: random.Random) -> bytes:
    """Repeat what is in a container, with the count that this makes."""
    whole = layout.data[part.start : part.end]
    if not part.parts or part.content - part.start != 5:
        return b"(" + struct.pack("<I", 3) + whole * 3
    inside = whole[5:]
    times = source.choice((2, 10, source.randrange(1, LARGEST // max(len(inside), 1) + 2)))
    return whole[:1] + struct.pack("<I", part.parts * times & U32_MASK) + inside * times


def _shorter(layout: Layout, part: Object, source: random.Random) -> bytes:
    """Leave out the first parts of a container, or letters of a string."""
    whole = layout.data[part.start : part.end]
    inside = whole[part.content - part.start :]
    if part.content - part.start != 5 or part.parts:
        return b"N"
    kept = inside[source.randrange(len(inside) + 1) :]
    return whole[:1] + struct.pack("<I", len(kept)) + kept


def _made(dialect: Dialect, source: random.Random) -> bytes:
    """Return an object that no compiler writes."""
    assert dialect.marshal is not None
    kinds = {kind: letter.encode("latin-1") for letter, kind in dialect.marshal.letters.items()}
    makers = [maker for kind, maker in _MAKERS if kind in kinds]
    kind = source.choice([kind for kind, _ in _MAKERS if kind in kinds])
    return kinds[kind] + dict(_MAKERS)[kind](source, kinds) if makers else b"N"


_Maker = Callable[[random.Random, dict[M, bytes]], bytes]

_TEXTS = (
    b"", b"\x1b[31mred", b"a\nb", b"\xed\xa0\x80", b"\xff\xfe", "\u202etxet\u2028".encode(), b"<&>]]>",
    b"\x00", b"\x85\x9b31m", b"x" * 20_000, b"|%s\r{}\x07", "\U0001f40d".encode(), b".0", b"C.f",
)  # fmt: skip


def _made_text(source: random.Random, _: dict[M, bytes]) -> bytes:
    text = source.choice(_TEXTS)
    return struct.pack("<I", len(text)) + text


def _made_short(source: random.Random, _: dict[M, bytes]) -> bytes:
    text = source.choice(_TEXTS)[:255]
    return bytes([len(text)]) + text


def _made_long(source: random.Random, _: dict[M, bytes]) -> bytes:
    count = source.choice((1, 2, 5, 100, 1000, 10_000))
    return struct.pack("<i", source.choice((count, -count))) + b"\xff\x7f" * count


def _made_double(source: random.Random, _: dict[M, bytes]) -> bytes:
    nan, infinity = float("nan"), float("inf")
    return struct.pack("<d", source.choice((nan, infinity, -infinity, -0.0, 1e308, 5e-324)))


def _made_decimal(source: random.Random, _: dict[M, bytes]) -> bytes:
    text = source.choice((b"1e999", b"nan", b"-0", b"", b"1_0", b"0x1", b" 1", b"1" * 255))
    return bytes([len(text)]) + text


def _made_deep(source: random.Random, kinds: dict[M, bytes]) -> bytes:
    one = struct.pack("<I", 1)
    inner = (kinds.get(M.TUPLE, b"[") + one) * source.choice((10, 90, 1_000, 6_000))
    return one + inner + kinds.get(M.NONE, b"N")


def _made_set(source: random.Random, kinds: dict[M, bytes]) -> bytes:
    members = source.choice((1, 2, 300))
    items = [
        kinds[M.INT] + struct.pack("<i", source.choice((0, source.getrandbits(31))))
        if source.random() < 0.9
        else kinds[M.FROZENSET] + bytes(4)
        for _ in range(members)
    ]
    return struct.pack("<I", members) + b"".join(items)


def _made_reference(source: random.Random, _: dict[M, bytes]) -> bytes:
    return struct.pack("<I", source.choice((0, 1, 2, source.randrange(60), 2**31)))


_MAKERS: tuple[tuple[M, _Maker], ...] = (
    (M.UNICODE, _made_text),
    (M.STRING, _made_text),
    (M.INTERNED_STRING, _made_text),
    (M.SHORT_ASCII, _made_short),
    (M.LONG, _made_long),
    (M.BINARY_FLOAT, _made_double),
    (M.BINARY_COMPLEX, lambda source, kinds: _made_double(source, kinds) * 2),
    (M.FLOAT, _made_decimal),
    (M.COMPLEX, lambda source, kinds: _made_decimal(source, kinds) * 2),
    (M.TUPLE, _made_deep),
    (M.LIST, _made_deep),
    (M.FROZENSET, _made_set),
    (M.REF, _made_reference),
    (M.STRINGREF, _made_reference),
    (M.INT64, lambda source, _: struct.pack("<q", source.getrandbits(63))),
    (M.INT, lambda source, _: source.choice(_EXTREMES)),
    (M.SLICE, lambda _, kinds: kinds[M.NONE] * 3),
    (M.DICT, lambda _, kinds: kinds[M.NONE] * 2 + kinds[M.NULL]),
    (M.FROZENDICT, lambda _, kinds: kinds[M.NONE] * 2 + kinds[M.NULL]),
)


# --- Code objects -----------------------------------------------------------------------------


def _code_number(data: bytes, tag: str, source: random.Random) -> bytes:
    """Change a number of a code object."""
    layout = layout_of(data, tag)
    if layout is None or not layout.numbers:
        return data
    number = source.choice(layout.numbers)
    value = int.from_bytes(data[number.start : number.start + number.size], "little")
    changed = source.choice(
        (value ^ 1 << source.randrange(8), value + 1, value - 1, 0, source.getrandbits(31))
    )
    spelled = (changed % (1 << 8 * number.size)).to_bytes(number.size, "little")
    return data[: number.start] + spelled + data[number.start + number.size :]


def _on_field(change: Callable[[bytes, Layout, random.Random], bytes], *names: str) -> _Damage:
    """Return a damage that replaces what is in a field of bytes."""

    def damage(data: bytes, tag: str, source: random.Random) -> bytes:
        layout = layout_of(data, tag)
        fields = [] if layout is None else layout.fields(*names)
        fields = [field for field in fields if field.kind is M.STRING]
        if layout is None or layout.bytecode is None or not fields:
            return data
        field = source.choice(fields)
        content = change(data[field.content : field.end], layout, source)
        size = struct.pack("<I", len(content))
        return data[: field.start + 1] + size + content + data[field.end :]

    return damage


#: Each damage with how often it is chosen.
_CHOICES: tuple[tuple[_Damage, int], ...] = (
    (_flip, 8),
    (_overwrite, 4),
    (_cut, 2),
    (_splice, 2),
    (_stretch, 6),
    (_dress, 4),
    (_on_objects(_other_letter), 3),
    (_on_objects(_other_count), 3),
    (_on_objects(_other_object), 4),
    (_on_objects(_made_object), 6),
    (_on_objects(_many_parts), 2),
    (_on_objects(_shorter), 2),
    (_code_number, 5),
    (_on_field(damaged_code, "code"), 40),
    (_on_field(damaged_handlers, "exceptiontable"), 4),
    (_on_field(damaged_lines, "linetable"), 5),
)
_DAMAGES = [damage for damage, _ in _CHOICES]
_WEIGHTS = [weight for _, weight in _CHOICES]


# --- Files that are not caches -----------------------------------------------------------------


def _zip_of(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("m.pyc", data)
    return stream.getvalue()


_STRANGERS: tuple[Callable[[Seed, random.Random], bytes], ...] = (
    lambda _, source: source.randbytes(source.choice((1, 3, 4, 7, 16, 500, LARGEST))),
    lambda seed, source: seed.data[: source.randrange(18)],
    lambda seed, source: bytes(source.choice((0, 1, 16, len(seed.data), LARGEST))),
    lambda seed, _: seed.source,
    lambda _, source: "".join(map(chr, source.choices(range(32, 400), k=300))).encode(),
    lambda seed, source: seed.data[source.choice((4, 8, 12, 16)) :],
    lambda seed, source: seed.data[:4] + bytes(source.choice((1, 4, 8, 12))) + seed.data[4:],
    lambda _, source: b"\xca\xfe\xba\xbe\0\0\0" + source.randbytes(source.randrange(200)),
    lambda _, source: b"MZ\x90\0" + source.randbytes(source.randrange(200)),
    lambda seed, source: source.choice([*DIALECTS]).magic + source.randbytes(40) + seed.data,
    lambda seed, _: _zip_of(seed.data),
    lambda seed, _: gzip.compress(seed.data, mtime=0),
    lambda seed, source: seed.data + source.choice(seeds()).data,
    lambda seed, source: seed.data[:16] + b"c" * source.choice((10, 6_000, LARGEST)),
    lambda seed, source: seed.data[:16] + b"\xa9\1" * source.choice((10, 6_000, LARGEST)),
)  # fmt: skip
