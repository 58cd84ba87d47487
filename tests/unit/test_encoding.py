"""What no writer spells so: ``pyc/encoding.py``. Oracles judge it in tests/differential."""

from __future__ import annotations

import marshal
import struct

import pytest

from pycinspect.dialects import DIALECTS, find_dialect
from pycinspect.pyc import anomalies
from tests.growth.writer import Writer
from tests.samples import ENTRIES, ROWS, SAMPLES

RUNNING = DIALECTS.running().name
OLD, BEFORE_34, NEW = "cpython-2.7", "cpython-3.3", "cpython-3.12"


def slugs(data: bytes, dialect: str = NEW) -> list[str]:
    return [found.slug for found in anomalies(data, find_dialect(dialect))]


def number(value: int) -> bytes:
    return b"i" + struct.pack("<i", value)


def long(*digits: int, sign: int = 1) -> bytes:
    return b"l" + struct.pack(f"<i{len(digits)}H", sign * len(digits), *digits)


def counted(letter: bytes, content: bytes, count: int | None = None) -> bytes:
    return letter + struct.pack("<i", len(content) if count is None else count) + content


def members(*parts: bytes) -> bytes:
    return counted(b">", b"".join(parts), len(parts))


DOUBLE = b"g" + struct.pack("<d", 1.0)
NAN = b"g" + struct.pack("<d", float("nan"))
UMLAUT = "\u00e4".encode()


@pytest.mark.parametrize(
    ("data", "expected", "dialect"),
    [
        # Numbers
        (long(5), ["wide-number"], NEW),
        (long(), ["wide-number"], NEW),
        (long(0, 0, 2, sign=-1), ["wide-number"], NEW),  # -2**31
        (long(0, 0, 2), [], NEW),  # 2**31
        (long(1, 0, 0, 1), [], NEW),
        (long(5), [], OLD),
        (long(5), ["wide-number"], BEFORE_34),
        (long(5), ["wide-number"], "pypy-3.9"),
        (b"I" + struct.pack("<q", 7), ["wide-number"], OLD),
        (b"I" + struct.pack("<q", 1 << 40), [], OLD),
        (b"I" + struct.pack("<q", 1 << 40), [], BEFORE_34),
        (b"I" + struct.pack("<q", 1 << 40), ["unwritten"], NEW),
        # Floats
        (b"f\x031.5", ["unwritten"], OLD),
        (b"f\x031.5", ["unwritten"], NEW),
        (b"f\x031.5", [], "cpython-2.4"),
        (b"x\x010\x031.5", ["unwritten"], OLD),
        (b"x\x010\x031.5", [], "cpython-2.4"),
        (DOUBLE, [], OLD),
        # Text
        (counted(b"u", b"a"), ["wide-text"], NEW),
        (counted(b"t", b"a"), ["wide-text"], NEW),
        (counted(b"u", UMLAUT), [], NEW),
        (counted(b"u", b"a"), [], OLD),
        (counted(b"u", b"a"), [], BEFORE_34),
        (counted(b"a", b"a" * 255), ["wide-text"], NEW),
        (counted(b"A", b"a" * 255), ["wide-text"], NEW),
        (counted(b"a", b"a" * 256), [], NEW),
        (counted(b"a", b"\xe4" * 256), ["odd-text"], NEW),
        (b"z\x01\xe4", ["odd-text"], NEW),
        (b"Z\x01a", [], NEW),
        (counted(b"(", counted(b"t", b"a") * 2, 2), ["repeated-string"], OLD),
        (counted(b"(", counted(b"t", b"a") + b"R\0\0\0\0", 2), [], OLD),
        # Containers
        (counted(b"(", b"N" * 255), ["wide-tuple"], NEW),
        (counted(b"(", b"N" * 256), [], NEW),
        (counted(b"(", b"N"), [], OLD),
        (b")\1N", [], NEW),
        (counted(b"[", b"N", 1), ["unwritten"], NEW),
        (b"{NN0", ["unwritten"], NEW),
        (counted(b"<", b"N", 1), ["unwritten"], NEW),
        (b"S", ["unwritten"], NEW),
        (b"\xce", ["flagged-singleton"], NEW),
        (b":NNN", [], "cpython-3.14"),
        # Sets
        (members(number(1), number(2)), [], NEW),
        (members(number(1), number(1)), ["repeated-member"], NEW),
        (members(number(1), DOUBLE), ["repeated-member"], NEW),
        (members(number(1), b"T"), ["repeated-member"], NEW),
        (members(NAN, NAN), [], NEW),
        (members(b"z\1a", b"Z\1a"), ["repeated-member"], NEW),
        (members(b"z\1a", counted(b"s", b"a")), [], NEW),
        (members(b")\1z\1a", b")\1z\1a"), ["repeated-member"], NEW),
        (members(b")\1z\1a", b")\1z\1b"), [], NEW),
        (members(b"\xfa\1a", b"r\0\0\0\0"), ["repeated-member"], NEW),
        (b")\2\xfa\1a" + members(b"r\0\0\0\0", b"z\1a"), ["repeated-member"], NEW),
        (b")\2\xfa\1a" + members(b"r\0\0\0\0", b"z\1b"), [], NEW),
        (members(members(number(1)), members(number(1))), ["repeated-member"], NEW),
        (members(counted(b"u", UMLAUT), counted(b"t", UMLAUT)), ["repeated-member"], NEW),
    ],
)
def test_spelling(data: bytes, expected: list[str], dialect: str) -> None:
    assert slugs(data, dialect) == expected


def test_offset_is_that_of_the_letter() -> None:
    (found,) = anomalies(b"\0\0)\2N" + long(5), find_dialect(NEW), 2)
    assert (found.offset, found.message) == (5, "'l' for the number 5, which fits 32 bits")


@pytest.mark.parametrize("dialect", ["cpython-1.0", "pypy-3.8", "graalpy-25.0"])
def test_nothing_is_said_of_an_unknown_writer(dialect: str) -> None:
    assert slugs(counted(b"[", long(5), 1), dialect) == []


SET = b">\2\0\0\0"


@pytest.mark.parametrize(
    ("data", "place", "reason", "dialect"),
    [
        (b")\2N", 0, "the data ends inside an object", NEW),
        (b")\2NZ\5ab", 3, "the data ends inside an object", NEW),
        (b")\2N?", 3, "0x3f is not a type code of marshal 4", NEW),
        (b")\2Ni\1", 0, "the data ends inside an object", "cpython-3.4"),
        (b"(\2\0\0\0Ni\1", 0, "the data ends inside an object", OLD),  # read as if it went on
        (SET + b"r\5\0\0\0N", 0, "reference to object 5, which there is not", NEW),
        (SET + b"R\5\0\0\0N", 0, "reference to object 5, which there is not", OLD),
        (b"\xbe\1\0\0\0r\0\0\0\0", 0, "the members of a set are too deeply nested", NEW),
        (
            b">\1\0\0\0" + b")\1" * 999 + b"N",
            2001,
            "the members of a set are too deeply nested",
            NEW,
        ),
        (
            b")\1c" + b"\0" * 40,
            2,
            "the code objects of cpython-3.11a7 are not known",
            "cpython-3.11a7",
        ),
    ],
)
def test_where_it_loses_its_place_it_says_so(
    data: bytes, place: int, reason: str, dialect: str
) -> None:
    *_, last = anomalies(data, find_dialect(dialect))
    assert last == ("unchecked", f"the encoding could not be checked from here on: {reason}", place)


@pytest.mark.parametrize(
    "member", [counted(b"[", b"N", 1), b"f\x031.5", b")\1f\x031.5", b"{0", b")\1)\1{0"]
)
def test_a_member_that_no_compiler_puts_into_a_set_is_named(member: bytes) -> None:
    data = b")\2" + members(number(1), member) + long(5)
    assert [slug for slug in slugs(data) if slug != "unwritten"] == ["odd-member", "wide-number"]


@pytest.mark.parametrize("row", ["cpython-2.7", "cpython-3.8", "cpython-3.10", "cpython-3.12"])
def test_what_follows_a_nested_code_object_is_looked_at(row: str) -> None:
    """The reader must find its way out of a code object to the next constant."""
    writer = Writer(row)

    def spelled(*after: bytes) -> list[str]:
        inner = writer.code(consts=writer.tuple((number(1),)))
        return slugs(writer.code(consts=writer.tuple((number(1), inner, *after))), row)

    def wide(*after: bytes) -> int:
        return spelled(*after).count("wide-number")

    odd = b"I" + struct.pack("<q", 7) if row == OLD else long(5)
    assert (wide(number(7)), wide(odd), wide(number(7), odd, number(8))) == (0, 1, 1)


def test_shared_members_are_looked_at_once() -> None:
    """Sixty levels, each of which holds the one below twice."""
    pairs = b"".join(
        b"\xa9\2" + (b"N" if level == 0 else b"r" + struct.pack("<I", level - 1)) * 2
        for level in range(60)
    )
    # In a tuple, so that the last can be referred to; unmarshal refuses it, this need not.
    data = b")\x3d" + pairs + members(b"r" + struct.pack("<I", 59), b"r" + struct.pack("<I", 58))
    assert slugs(data) == []


def test_what_the_running_interpreter_writes() -> None:
    values = (
        1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**100, 1.5, 1j, "a", "\xe4", "a" * 300,
        b"a", (), (1,) * 300, None, True, ..., frozenset({1, "a", (1, "a"), 2.5, None, b"a"}),
    )  # fmt: skip
    assert slugs(marshal.dumps(values), RUNNING) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_samples_have_no_anomaly(entry: dict[str, object]) -> None:
    name = str(entry["interpreter"])
    data = (SAMPLES / str(entry["file"])).read_bytes()
    header = entry["header"]
    assert isinstance(header, dict)
    dialect = find_dialect(ROWS.get(name, name))
    assert list(anomalies(data, dialect, header["header_size"])) == []
