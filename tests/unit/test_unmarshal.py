"""The reader of marshal: every letter of every version, and nothing else."""

from __future__ import annotations

import marshal
import os
import struct
import sys
import time
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.dialects import DIALECTS, Dialect, MarshalType
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Code, constants_equal
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pycinspect.pyc.unmarshal import FAILURES, Limits, Unmarshalled, unmarshal
from tests.differential.unmarshal import mutants

RUNNING = DIALECTS.running()
PY27 = DIALECTS["cpython-2.7"]
PY312 = DIALECTS["cpython-3.12"]
PY315 = DIALECTS["cpython-3.15"]
PYPY = DIALECTS["pypy-3.9"]

#: One row for each format.
FORMATS = [*{row.marshal: row for row in reversed([*DIALECTS]) if row.marshal is not None}.values()]
M = MarshalType


def i4(number: int) -> bytes:
    return struct.pack("<i", number)


def f8(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}d", *numbers)


def read(data: bytes, row: Dialect = PY312, **options: Any) -> Any:
    value, end = unmarshal(data, row, **options)
    assert end == len(data)
    return value


def failure(data: bytes, row: Dialect = PY312, **options: Any) -> PycInspectError:
    with pytest.raises(PycInspectError) as caught:
        unmarshal(data, row, **options)
    assert caught.value.slug in FAILURES
    assert caught.value.path is None
    return caught.value


def attempt(data: bytes, row: Dialect, **options: Any) -> Unmarshalled | PycInspectError:
    """Return what comes of reading, whichever it is."""
    try:
        return unmarshal(data, row, **options)
    except PycInspectError as error:
        return error


# --- Every letter ---------------------------------------------------------------------------

#: What follows a letter, and what is read. A type without a line here has its own test.
EXAMPLES: dict[MarshalType, list[tuple[bytes, Any]]] = {
    M.NONE: [(b"", None)],
    M.TRUE: [(b"", True)],
    M.FALSE: [(b"", False)],
    M.ELLIPSIS: [(b"", Ellipsis)],
    M.STOPITER: [(b"", StopIteration)],
    M.INT: [(i4(0), 0), (i4(-1), -1), (i4(0x7FFF_FFFF), 0x7FFF_FFFF)],
    M.INT64: [(struct.pack("<q", -(2**40) - 5), -(2**40) - 5)],
    M.FLOAT: [(b"\x031.5", 1.5), (b"\x05-1e-3", -1e-3), (b"\x03inf", float("inf"))],
    M.BINARY_FLOAT: [(f8(-0.0), -0.0), (f8(float("nan")), float("nan"))],
    M.COMPLEX: [(b"\x031.5\x02-2", 1.5 - 2j)],
    M.BINARY_COMPLEX: [(f8(-0.0, 2.0), complex(-0.0, 2.0))],
    M.STRING: [(i4(0), b""), (i4(3) + b"a\x00\xff", b"a\x00\xff")],
    M.INTERNED_STRING: [(i4(2) + b"ab", b"ab")],
    M.UNICODE: [
        (i4(0), ""),
        (i4(3) + "\u20ac".encode(), "\u20ac"),
        (i4(3) + b"\xed\xa0\x80", "\ud800"),
        (i4(4) + "\U0001f600".encode(), "\U0001f600"),
    ],
    M.ASCII: [(i4(2) + b"a\xe9", "a\xe9")],  # C does not check that it is ASCII
    M.SHORT_ASCII: [(b"\x00", ""), (b"\x03abc", "abc"), (b"\xff" + b"x" * 255, "x" * 255)],
    M.TUPLE: [(i4(0), ()), (i4(2) + b"N(" + i4(1) + b"N", (None, (None,)))],
    M.SMALL_TUPLE: [(b"\x00", ()), (b"\x02NN", (None, None))],
    M.LIST: [(i4(0), []), (i4(2) + b"N[" + i4(0), [None, []])],
    M.DICT: [(b"0", {}), (b"i" + i4(1) + b"Ni" + i4(2) + b"N0", {1: None, 2: None})],
    M.SET: [(i4(0), set()), (i4(2) + b"Ni" + i4(1), {None, 1})],
    M.FROZENSET: [(i4(0), frozenset()), (i4(2) + b"Ni" + i4(1), frozenset({None, 1}))],
    M.SLICE: [(b"NNN", Slice(None, None, None)), (b"i" + i4(1) + b"N:NNN", None)],
    M.FROZENDICT: [(b"0", FrozenDict({})), (b"Ni" + i4(1) + b"0", FrozenDict({None: 1}))],
}
EXAMPLES[M.SLICE][1] = (EXAMPLES[M.SLICE][1][0], Slice(1, None, Slice(None, None, None)))


def _examples() -> Iterator[Any]:
    for row in FORMATS:
        assert row.marshal is not None
        for letter, kind in row.marshal.letters.items():
            for index, (data, expected) in enumerate(EXAMPLES.get(kind, ())):
                name = f"{row.name}-{letter}-{index}"
                yield pytest.param(row, letter.encode() + data, expected, id=name)


@pytest.mark.parametrize(("row", "data", "expected"), [*_examples()])
def test_every_letter(row: Dialect, data: bytes, expected: Any) -> None:
    found = read(data, row)
    assert constants_equal(found, expected), found
    if row.marshal is not None and row.marshal.references:  # the same, to be referred to
        flagged = bytes([data[0] | 0x80]) + data[1:]
        assert constants_equal(read(b"(" + i4(1) + flagged, row), (expected,))


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_letters_of_other_versions_are_refused_by_name(row: Dialect) -> None:
    assert row.marshal is not None
    known = {ord(letter) for letter in row.marshal.letters}
    if row.marshal.references:
        known |= {letter | 0x80 for letter in known}
    for byte in set(range(256)) - known:
        error = failure(bytes([byte]) + bytes(40), row)
        assert (error.slug, error.offset) == ("bad-marshal", 0)
        assert repr(chr(byte)) in error.message
        assert row.marshal.name in error.message


def test_every_type_is_tested() -> None:
    elsewhere = {M.NULL, M.LONG, M.STRINGREF, M.CODE, M.REF}
    assert set(MarshalType) == set(EXAMPLES) | elsewhere


# --- Numbers --------------------------------------------------------------------------------


def long(*digits: int, sign: int = 1) -> bytes:
    return b"l" + i4(sign * len(digits)) + struct.pack(f"<{len(digits)}H", *digits)


@pytest.mark.parametrize(
    "number",
    [0, 1, 0x7FFF, 0x8000, 2**31, 2**30 - 1, 2**119, 2**120, 2**120 - 1, 2**121, 3**1000],
)
def test_long(number: int) -> None:
    digits = [number >> shift & 0x7FFF for shift in range(0, number.bit_length(), 15)]
    assert read(long(*digits)) == number
    assert read(long(*digits, sign=-1)) == -number


def test_long_of_python_2_is_a_type_of_its_own() -> None:
    found = read(long(5), PY27)
    assert (type(found), found, repr(found)) == (Long, 5, "5L")
    assert type(read(long(5), PY312)) is int
    assert type(read(b"i" + i4(5), PY27)) is int


def test_long_takes_linear_time() -> None:
    """5 MB of digits; shifting them in one by one takes minutes."""
    words = b"\xff\x7f" * 2_500_000
    began = time.perf_counter()
    found = read(b"l" + i4(2_500_000) + words)
    assert time.perf_counter() - began < 5
    assert found == 2 ** (15 * 2_500_000) - 1


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (long(0), "bad-marshal"),  # the highest digit is 0
        (long(1, 0), "bad-marshal"),
        (long(0x8000), "bad-marshal"),  # a digit of 16 bits
        (b"l" + i4(-0x8000_0000), "bad-marshal"),
        (b"l" + i4(0x7FFF_FFFF) + b"\1\0", "truncated"),
        (b"l" + i4(2) + b"\1\0\1", "truncated"),
        (b"l" + i4(2) + b"\1\x80\1", "bad-marshal"),  # C reads digit by digit
        (b"l\1\0", "truncated"),
        (b"f\x03ab", "truncated"),
        (b"f", "truncated"),
        (b"f\x02ab", "bad-marshal"),
        (b"f\x00", "bad-marshal"),
        (b"f\x03 1.", "bad-marshal"),  # C takes no spaces
        (b"f\x031_0", "bad-marshal"),  # nor underscores
        (b"x\x011", "truncated"),
        (b"g" + bytes(7), "truncated"),
        (b"y" + bytes(15), "truncated"),
        (b"I" + bytes(7), "truncated"),
        (b"i\0\0\0", "truncated"),
    ],
)
def test_bad_numbers(data: bytes, slug: str) -> None:
    assert failure(data).slug == slug


def test_text_of_a_float_ends_at_a_null() -> None:
    assert read(b"f\x051.5\0x") == 1.5


# --- Text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cpython-2.0", "cpython-2.1"])
@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (b"\xa0\x80", "\ud800"),
        (b"a\xbf\xbfb", "a\udfffb"),
        (b"\xa0\x80\xb0\x80", "\ud800\udc00"),
        ("\xe9\u20ac\U0001f600".encode(), "\xe9\u20ac\U0001f600"),
        ("\u0800".encode(), "\u0800"),
        (b"\xed\xa0\x80", "\ud800"),
    ],
)
def test_lone_surrogates_of_2_0_lack_a_byte(name: str, encoded: bytes, text: str) -> None:
    data = b"u" + i4(len(encoded)) + encoded
    assert read(data, DIALECTS[name]) == text


@pytest.mark.parametrize("encoded", [b"\xff", b"\xc3", b"\xa0\x80", b"\xe2\x82"])
def test_bad_utf_8(encoded: bytes) -> None:
    data = b"u" + i4(len(encoded)) + encoded
    error = failure(data)
    assert (error.slug, error.offset) == ("bad-text", 0)


def test_interned_strings_of_python_2() -> None:
    data = b"(" + i4(4) + b"t" + i4(1) + b"at" + i4(1) + b"bR" + i4(1) + b"R" + i4(0)
    assert read(data, PY27) == (b"a", b"b", b"b", b"a")
    for index in (0, 1, -1):
        assert failure(b"R" + i4(index), PY27).slug == "bad-marshal"


def test_interned_text_of_python_3_is_utf_8() -> None:
    assert read(b"t" + i4(2) + "\xe9".encode()) == "\xe9"


# --- Sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", [b"s", b"t", b"u", b"a", b"A"])
@pytest.mark.parametrize(
    ("size", "slug"),
    [
        (-1, "bad-marshal"),
        (-0x8000_0000, "bad-marshal"),
        (4, "truncated"),
        (0x7FFF_FFFF, "truncated"),
    ],
)
def test_bad_sizes_of_texts(letter: bytes, size: int, slug: str) -> None:
    assert failure(letter + i4(size) + b"abc").slug == slug


@pytest.mark.parametrize("letter", [b"(", b"[", b"<", b">"])
def test_bad_sizes_of_containers(letter: bytes) -> None:
    assert failure(letter + i4(-1)).slug == "bad-marshal"
    assert failure(letter + i4(2) + b"N").slug == "truncated"
    assert failure(letter + i4(0x7FFF_FFFF) + b"NNN").slug == "truncated"
    assert failure(letter + b"\1\0").slug == "truncated"


def test_too_large_a_count_fails_where_the_interpreter_fails() -> None:
    """It reads on: what it meets first decides which exception is raised."""
    error = failure(b"(" + i4(0x7FFF_FFFF) + b"NN\x01")
    assert (error.slug, error.offset) == ("bad-marshal", 7)


@pytest.mark.parametrize(
    "data", [b"", b"(", b")", b")\x01", b"z", b"z\x02a", b"r", b"c", b"{", b"{N"]
)
def test_nothing_left(data: bytes) -> None:
    assert failure(data).slug == "truncated"


def test_numbers_of_python_2_are_filled_up() -> None:
    """r_long there does not see the end, and reads bits that are 1."""
    assert unmarshal(b"i\5", PY27) == Unmarshalled(-251, 2)
    assert failure(b"s\5", PY27).slug == "bad-marshal"  # a negative size
    assert failure(b"g\5", PY27).slug == "truncated"
    assert failure(b"(" + i4(1), PY27).slug == "truncated"


# --- References -----------------------------------------------------------------------------


def test_references_are_numbered_before_the_content_is_read() -> None:
    inner = b"\xa9\x02\xe9" + i4(7) + b"N"  # number 1, the int is 2
    data = b"\xa9\x05" + inner + b"r" + i4(1) + b"r" + i4(2) + b"\xfa\x01ar" + i4(3)
    assert read(data) == ((7, None), (7, None), 7, "a", "a")


def test_what_is_referred_to_is_shared() -> None:
    one, other = read(b")\x02\xa9\x01Nr" + i4(0))
    assert one is other


def test_code_need_not_be_number_0() -> None:
    """PyPy does not put code objects into the list."""
    payload = marshal.dumps(compile("x = 'a text'", "f", "exec"))
    found = unmarshal(payload, RUNNING).value
    assert isinstance(found, Code)
    data = b")\x02\xfa\x02ab" + b"r" + i4(0)
    assert read(data, PYPY) == ("ab", "ab")


@pytest.mark.parametrize("letter", [b"N", b"T", b"F", b".", b"S"])
def test_singletons_have_no_number(letter: bytes) -> None:
    flagged = bytes([letter[0] | 0x80])
    assert failure(b")\x02" + flagged + b"r" + i4(0)).slug == "bad-marshal"


@pytest.mark.parametrize("index", [0, 1, -1, 0x7FFF_FFFF])
def test_references_to_nothing(index: int) -> None:
    error = failure(b"r" + i4(index))
    assert (error.slug, error.offset) == ("bad-marshal", 0)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"\xa9\x01r" + i4(0), "self-reference"),
        (b"\xa8" + i4(1) + b"r" + i4(0), "self-reference"),
        (b"\xdb" + i4(1) + b"r" + i4(0), "self-reference"),
        (b"\xfbNr" + i4(0) + b"0", "self-reference"),
        (b"\xa9\x01)\x01r" + i4(0), "self-reference"),
        # Not in the list before they are complete: C refuses these itself.
        (b"\xbe" + i4(1) + b"r" + i4(0), "bad-marshal"),
        (b"\xbaNNr" + i4(0), "bad-marshal"),
        (b"\xe3" + bytes(20) + b"r" + i4(0), "bad-marshal"),
    ],
)
def test_what_contains_itself(data: bytes, slug: str) -> None:
    assert failure(data, PY315).slug == slug
    assert failure(data.replace(b"\xbaNN", b"\xbe" + i4(1)), PYPY).slug == "bad-marshal"


# --- Objects that must not be there ------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"0", b")\x010", b"[" + i4(1) + b"0", b">" + i4(1) + b"0", b"c" + bytes(20) + b"0"]
)
def test_null(data: bytes) -> None:
    assert failure(data).slug == "null-object"


def test_key_without_a_value_is_left_out() -> None:
    """C breaks out of the loop without an error."""
    assert read(b"{NNi" + i4(1) + b"0") == {None: None}


@pytest.mark.parametrize(
    "data",
    [
        b"<" + i4(1) + b"[" + i4(0),
        b">" + i4(1) + b")\x01[" + i4(0),
        b"{[" + i4(0) + b"N0",
    ],
)
def test_unhashable(data: bytes) -> None:
    assert failure(data).slug == "unhashable"


# --- Code objects ------------------------------------------------------------------------------


def code(**changes: bytes) -> bytes:
    """Return a code object of 3.12 with some of its fields changed."""
    fields = {
        "argcount": i4(0),
        "posonlyargcount": i4(0),
        "kwonlyargcount": i4(0),
        "stacksize": i4(1),
        "flags": i4(0),
        "code": b"s" + i4(4) + b"\x97\x00\x79\x00",
        "consts": b")\x01N",
        "names": b")\x01z\x01x",
        "variables": b")\x00",
        "kinds": b"s" + i4(0),
        "filename": b"z\x01f",
        "name": b"z\x01m",
        "qualname": b"z\x01m",
        "firstlineno": i4(1),
        "linetable": b"s" + i4(0),
        "exceptiontable": b"s" + i4(0),
    }
    assert set(changes) <= set(fields)
    return b"c" + b"".join({**fields, **changes}.values())


def test_code() -> None:
    found = read(code())
    assert isinstance(found, Code)
    assert (found.name, found.names, found.consts) == ("m", ("x",), (None,))


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"argcount": i4(-1)}, "malformed-code"),
        ({"posonlyargcount": i4(1)}, "malformed-code"),
        ({"kwonlyargcount": i4(-1)}, "malformed-code"),
        ({"stacksize": i4(-5)}, "malformed-code"),
        ({"flags": i4(-0x8000_0000)}, "malformed-code"),
        ({"code": b"N"}, "malformed-code"),
        ({"consts": b"[" + i4(0)}, "malformed-code"),
        ({"names": b")\x01N"}, "malformed-code"),
        ({"names": b")\x01s" + i4(1) + b"x"}, "malformed-code"),
        ({"variables": b")\x01z\x01x"}, "malformed-code"),
        ({"variables": b")\x01N", "kinds": b"s" + i4(1) + b"\x20"}, "malformed-code"),
        ({"filename": b"N"}, "malformed-code"),
        ({"exceptiontable": b"z\x00"}, "malformed-code"),
        ({"code": b"s" + i4(3) + b"\x97\x00\x79"}, "bad-marshal"),
        ({"argcount": i4(1)}, "bad-marshal"),
        ({"flags": i4(4)}, "bad-marshal"),
    ],
)
def test_code_that_the_interpreter_does_not_make(changes: dict[str, bytes], slug: str) -> None:
    error = failure(b")\x01" + code(**changes))
    assert (error.slug, error.offset) == (slug, 2)
    with pytest.raises((SystemError, ValueError)):
        marshal.loads(code(**changes))


# --- What hostile files may cost ---------------------------------------------------------------


def test_nesting_has_the_interpreters_limit() -> None:
    assert read(b")\x01" * 1999 + b"N") is not None
    error = failure(b")\x01" * 2000 + b"N")
    assert (error.slug, error.offset) == ("bad-marshal", 4000)
    assert failure(b")\x01" * 2000).slug == "truncated"  # the end comes first


def test_nesting_has_our_limit() -> None:
    assert failure(b")\x01" * 2000 + b"N", PYPY).slug == "limit"
    assert failure(b")\x01" * 20 + b"N", limits=Limits(depth=20)).slug == "limit"
    assert read(b")\x01" * 19 + b"N", limits=Limits(depth=20)) is not None


@pytest.mark.parametrize("row", [PYPY, PY312, PY27], ids=lambda row: row.name)
def test_a_million_levels(row: Dialect) -> None:
    assert failure(b"(\1\0\0\0" * 1_000_000 + b"N", row).slug in ("limit", "bad-marshal")
    found = read(b"(\1\0\0\0" * 1_000 + b"N", row)
    for _ in range(1_000):
        (found,) = found
    assert found is None


def test_limit_of_size() -> None:
    limits = Limits(size=8)
    assert read(b"s" + i4(8) + b"x" * 8, limits=limits) == b"x" * 8
    for data in (b"s" + i4(9) + b"x" * 9, b"u" + i4(9) + b"x" * 9, long(1, 1, 1, 1, 1)):
        assert failure(data, limits=limits).slug == "limit"


def test_limit_of_count() -> None:
    limits = Limits(count=10)
    assert read(b")\x0a" + b"N" * 10, limits=limits) == (None,) * 10
    for data in (b")\x0b" + b"N" * 11, b")\x09" + b")\x01N" * 9, b"{" + b"NN" * 20 + b"0"):
        assert failure(data, limits=limits).slug == "limit"


def bomb(levels: int, width: int = 2) -> bytes:
    """Return tuples that hold the one before ``width`` times: width ** levels parts."""
    tuples = b"\xa9\x00" + b"".join(
        b"\xa9" + bytes([width]) + (b"r" + i4(level)) * width for level in range(levels)
    )
    return b"(" + i4(levels + 1) + tuples


@pytest.mark.parametrize("width", [2, 3, 255])
def test_references_that_double(width: int) -> None:
    assert failure(bomb(500, width)).slug == "limit"


def test_references_that_deepen() -> None:
    """5,000 tuples in one another, none of which is nested in the file: hash() would overflow."""
    assert failure(bomb(5000, 1)).slug == "limit"


def test_a_long_tuple_that_is_repeated() -> None:
    rows = b"(" + i4(1001) + b"\xa8" + i4(0) + b"\xa8" + i4(5000) + b"N" * 5000
    assert failure(rows + (b"r" + i4(1)) * 999, limits=Limits(count=1_000_000)).slug == "limit"


def test_value_within_the_limits_is_not_much_larger_than_its_file() -> None:
    found = read(bomb(10))
    assert len(repr(found)) < 100_000
    assert hash(found) == hash(read(bomb(10)))


@pytest.mark.parametrize("letter", [b">", b"<"])
def test_sets_are_not_hashed_for_ever(letter: bytes) -> None:
    inside = letter + i4(1) + b"r" + i4(20)
    data = b"(" + i4(2) + bomb(20) + inside * 1
    assert failure(data).slug == "limit"
    assert failure(letter + i4(1) + b")\x01" * 500 + b"N").slug == "limit"


def test_sets_of_numbers_with_one_hash() -> None:
    """Each is compared with all others: 10 ** 5 would take minutes."""
    modulus = sys.hash_info.modulus
    numbers = b"".join(marshal.dumps(modulus * factor, 0) for factor in range(2, 5002))
    began = time.perf_counter()
    assert failure(b">" + i4(5000) + numbers).slug == "limit"
    assert time.perf_counter() - began < 2


# --- Damage -------------------------------------------------------------------------------------

MUTANTS = int(os.environ.get("PYCINSPECT_MUTANTS", "3000"))
SOURCE = """
def f(a, b=1, *c, d, **e):
    "documentation \u20ac"
    x = {1: 2.5, "k": -1j, None: (1, (2, "three"), b"four")}
    return [lambda: (a, y) for y in x if y in {1, "two", 3.0}], 10 ** 30, ...
class C:
    def method(self): return super().method
"""
PAYLOADS = {
    "running": (RUNNING, marshal.dumps(compile(SOURCE, "f", "exec"))),
    **{
        f"marshal-{version}": (
            RUNNING,
            marshal.dumps(
                [{1: (2.5, "a", {b"b"})}, frozenset({"c", 2**70}), 1j, [None, ...]] * 3, version
            ),
        )
        for version in range(5)
    },
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_damaged_files_fail_in_one_way(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """PYCINSPECT_MUTANTS=100000 for more of them.

    The count, in objects, is the bound on the work: it is never more than a few times the
    bytes that are there, whatever sizes and references say.
    """
    row, payload = PAYLOADS[name]
    assert unmarshal(payload, row).end == len(payload)
    read_whole = 0
    for mutant in mutants(payload, MUTANTS // len(PAYLOADS), seed=len(name)):
        limits = Limits(count=20 * len(mutant) + 100)
        outcome = attempt(mutant, row, limits=limits)
        if isinstance(outcome, PycInspectError):
            assert outcome.slug in FAILURES
            assert outcome.slug != "limit"
            assert outcome.offset is not None
            assert 0 <= outcome.offset <= len(mutant)
            continue
        read_whole += 1
        assert outcome.end <= len(mutant)
        if isinstance(outcome.value, Code):
            assert sum(1 for _ in outcome.value.walk()) <= len(mutant)
    assert 0 < read_whole < MUTANTS
    assert capfd.readouterr() == ("", "")


@settings(max_examples=300)
@given(st.binary(max_size=60), st.sampled_from([*FORMATS]))
def test_noise_fails_in_one_way(noise: bytes, row: Dialect) -> None:
    outcome = attempt(noise, row)
    assert isinstance(outcome, Unmarshalled) or outcome.slug in FAILURES


@settings(max_examples=300)
@given(st.data())
def test_noise_of_letters_fails_in_one_way(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([*FORMATS]))
    assert row.marshal is not None
    letters = [letter.encode() for letter in row.marshal.letters]
    if row.marshal.references:
        letters += [bytes([letter[0] | 0x80]) for letter in letters]
    small = st.integers(0, 5)
    pieces = st.one_of(st.sampled_from(letters), small.map(i4), small.map(lambda n: bytes([n])))
    noise = b"".join(data.draw(st.lists(pieces, max_size=40)))
    outcome = attempt(noise, row)
    assert isinstance(outcome, Unmarshalled) or outcome.slug in FAILURES


# --- Where objects lie ---------------------------------------------------------------------------


def test_what_follows_is_left_alone() -> None:
    assert unmarshal(b"NN", PY312) == Unmarshalled(None, 1)
    assert unmarshal(b"xxz\x01aN", PY312, offset=2) == Unmarshalled("a", 5)
    assert unmarshal(memoryview(b"xs\1\0\0\0abc")[1:], PY312) == Unmarshalled(b"a", 6)


def test_offsets_of_failures_are_those_of_the_data() -> None:
    assert failure(b"xx)\x02N@", offset=2).offset == 5
    assert failure(b"xx", offset=2).offset == 2
    assert failure(b"xx", offset=7).offset == 7


# --- Round trips ---------------------------------------------------------------------------------

_atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.just(StopIteration),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(st.characters(), max_size=20),
    st.text(st.characters(codec="ascii"), max_size=20).map(lambda text: text * 20),
    st.binary(max_size=20).map(lambda data: data * 20),
)
_hashable = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple), st.frozensets(inner, max_size=4)
    ),
    max_leaves=10,
)
_values = st.recursive(
    _hashable,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.sets(_hashable, max_size=5),
        st.dictionaries(_hashable, inner, max_size=5),
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(_values, st.integers(0, 4))
def test_what_the_running_interpreter_writes_is_read(value: object, version: int) -> None:
    data = marshal.dumps(value, version)
    assert constants_equal(read(data, RUNNING), value)


@given(st.floats(), st.floats())
def test_bits_of_floats_survive(one: float, other: float) -> None:
    assert constants_equal(read(marshal.dumps(one), RUNNING), one)
    value = complex(one, other)
    assert constants_equal(read(marshal.dumps(value), RUNNING), value)


def test_code_of_the_running_interpreter() -> None:
    source = compile(SOURCE, "f", "exec")
    found = read(marshal.dumps(source), RUNNING)

    def names(code: CodeType) -> Iterator[str]:
        yield code.co_qualname
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from names(constant)

    assert [part.qualname for part in found.walk()] == list(names(source))
