"""The disassembler on made-up code: tables, literals, and whatever bytes there are."""

from __future__ import annotations

import dis
import math
from types import CodeType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.dialects import DIALECTS, Dialect, find_dialect
from pycinspect.disasm import (
    OUT_OF_RANGE,
    Handler,
    LineRange,
    Position,
    adaptive_instructions,
    code_of,
    exception_table,
    instructions,
    line_ranges,
    line_starts,
    literal,
    positions,
    verify,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from tests.unit.test_code import make

RUNNING = DIALECTS.running()
WITH_BYTECODE = [row for row in DIALECTS if row.bytecode is not None]


def dialect(name: str) -> Dialect:
    found = find_dialect(name)
    assert found is not None
    return found


def by_name(row: Dialect, name: str) -> int:
    assert row.bytecode is not None
    return row.bytecode.opcodes.by_name[name].number


def bytecode(row: Dialect, *parts: tuple[str, int]) -> bytes:
    """Return wordcode: names and argument bytes, each followed by its empty caches."""
    assert row.bytecode is not None
    table = row.bytecode.opcodes.by_name
    return b"".join(
        bytes((table[name].number, arg)) + bytes(2 * table[name].caches) for name, arg in parts
    )


def shape(code: bytes, row: Dialect, **fields: Any) -> list[tuple[Any, ...]]:
    """Return offset, start, name and argument of each instruction."""
    listed = instructions(make(code=code, **fields), row)
    return [(step.offset, step.start_offset, step.opname, step.arg) for step in listed]


# --- Cutting -------------------------------------------------------------------------


def test_wordcode_collects_the_bits_of_extended_arg() -> None:
    row = dialect("cpython-3.9")
    code = bytecode(
        row, ("EXTENDED_ARG", 1), ("EXTENDED_ARG", 2), ("BUILD_LIST", 3), ("POP_TOP", 9)
    )
    assert shape(code, row) == [
        (0, 0, "EXTENDED_ARG", 1),
        (2, 2, "EXTENDED_ARG", 0x102),
        (4, 0, "BUILD_LIST", 0x10203),
        (6, 6, "POP_TOP", None),
    ]


def test_old_code_has_one_byte_or_three() -> None:
    row = dialect("cpython-2.7")
    pop, load, more = (by_name(row, name) for name in ("POP_TOP", "LOAD_CONST", "EXTENDED_ARG"))
    code = bytes((pop, more, 1, 0, load, 2, 1))
    assert shape(code, row) == [
        (0, 0, "POP_TOP", None),
        (1, 1, "EXTENDED_ARG", 1),
        (4, 1, "LOAD_CONST", 0x10102),
    ]


def test_caches_are_passed_over_and_listed_on_request() -> None:
    row = dialect("cpython-3.12")
    code = bytecode(row, ("LOAD_GLOBAL", 1), ("RETURN_VALUE", 0))
    assert [name for _, _, name, _ in shape(code, row)] == ["LOAD_GLOBAL", "RETURN_VALUE"]
    listed = instructions(make(code=code), row, caches=True)
    assert [step.opname for step in listed] == ["LOAD_GLOBAL", *["CACHE"] * 4, "RETURN_VALUE"]
    assert [step.offset for step in listed] == [0, 2, 4, 6, 8, 10]


def test_an_unknown_opcode_is_called_by_its_number() -> None:
    row = dialect("cpython-3.8")
    assert shape(bytes((255, 7)), row) == [(0, 0, "<255>", 7)]
    assert shape(bytes((8, 7)), row) == [(0, 0, "<8>", None)]


def test_an_argument_that_is_cut_off_is_none() -> None:
    assert shape(bytes((100,)), dialect("cpython-3.8")) == [(0, 0, "LOAD_CONST", None)]
    assert shape(bytes((100, 1)), dialect("cpython-2.7"))[0] == (0, 0, "LOAD_CONST", None)


@given(
    row=st.sampled_from(WITH_BYTECODE),
    code=st.binary(max_size=80),
    linetable=st.binary(max_size=20),
    exceptiontable=st.binary(max_size=20),
)
def test_any_bytes_can_be_listed_and_verified(
    row: Dialect, code: bytes, linetable: bytes, exceptiontable: bytes
) -> None:
    subject = make(code=code, linetable=linetable, exceptiontable=exceptiontable, names=("a",))
    listed = instructions(subject, row, caches=True)
    assert all(0 <= step.offset < len(code) + 20 for step in listed)
    assert [step.offset for step in listed] == sorted({step.offset for step in listed})
    verify(subject, row)
    for read in (line_ranges, line_starts, positions, exception_table):
        try:
            read(subject, row)
        except PycInspectError as error:
            assert error.slug in {"bad-line-table", "bad-exception-table"}  # noqa: PT017 - or none


# --- Arguments -------------------------------------------------------------------------


def one(row: Dialect, name: str, arg: int, **fields: Any) -> tuple[object, str]:
    """Return value and text of a single instruction's argument."""
    step = instructions(make(code=bytecode(row, (name, arg)), **fields), row)[0]
    return step.argval, step.argrepr


@pytest.mark.parametrize(
    ("version", "name", "arg", "expected"),
    [
        ("3.10", "LOAD_GLOBAL", 1, ("b", "b")),
        ("3.11", "LOAD_GLOBAL", 3, ("b", "NULL + b")),
        ("3.13", "LOAD_GLOBAL", 3, ("b", "b + NULL")),
        ("3.12", "LOAD_ATTR", 3, ("b", "NULL|self + b")),
        ("3.13", "LOAD_SUPER_ATTR", 5, ("b", "b + NULL|self")),
        ("3.15", "IMPORT_NAME", 4, ("b", "b")),
        ("3.15", "IMPORT_NAME", 5, ("b", "b + lazy")),
        ("3.15", "IMPORT_NAME", 6, ("b", "b + eager")),
        ("3.13", "LOAD_FAST_LOAD_FAST", 0x10, (("y", "x"), "y, x")),
        ("3.8", "COMPARE_OP", 6, ("in", "in")),
        ("3.12", "COMPARE_OP", 0x42, (">", ">")),
        ("3.13", "COMPARE_OP", 0x92, (">", "bool(>)")),
        ("3.8", "FORMAT_VALUE", 6, ((repr, True), "repr, with format")),
        ("3.7", "MAKE_FUNCTION", 9, (9, "")),
        ("3.8", "MAKE_FUNCTION", 9, (9, "defaults, closure")),
        ("3.13", "CONVERT_VALUE", 2, (repr, "repr")),
        ("3.13", "BINARY_OP", 13, (13, "+=")),
        ("3.13", "IS_OP", 1, (1, "")),
        ("3.14", "IS_OP", 1, (1, "is not")),
        ("3.14", "LOAD_COMMON_CONSTANT", 0, (0, "AssertionError")),
        ("3.15", "LOAD_COMMON_CONSTANT", 0, (AssertionError, "AssertionError")),
        ("3.15", "LOAD_COMMON_CONSTANT", 8, ("", "''")),
        ("3.14", "LOAD_SPECIAL", 1, (1, "__exit__")),
    ],
)
def test_arguments_are_read_as_their_version_reads_them(
    version: str, name: str, arg: int, expected: tuple[object, str]
) -> None:
    row = dialect(f"cpython-{version}")
    assert one(row, name, arg, names=("a", "b"), varnames=("x", "y")) == expected


@pytest.mark.parametrize("name", ["LOAD_CONST", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF"])
def test_an_index_out_of_range_is_shown_as_one(name: str) -> None:
    assert one(dialect("cpython-3.12"), name, 7) == (OUT_OF_RANGE, "<out of range>")


def test_cells_stand_before_free_variables_and_share_the_place_of_an_argument() -> None:
    fields = {"varnames": ("a", "c"), "cellvars": ("c", "d"), "freevars": ("f",)}
    old, new = dialect("cpython-3.10"), dialect("cpython-3.11")
    assert [one(old, "LOAD_DEREF", arg, **fields)[0] for arg in range(3)] == ["c", "d", "f"]
    assert [one(new, "LOAD_DEREF", arg, **fields)[0] for arg in range(4)] == ["a", "c", "d", "f"]


def test_jumps_count_units_of_their_version() -> None:
    for version, target in (("3.9", 4), ("3.10", 6), ("3.11", 6), ("3.13", 6)):
        row = dialect(f"cpython-{version}")
        step = instructions(make(code=bytecode(row, ("JUMP_FORWARD", 2))), row)[0]
        assert (step.jump_target, step.argval) == (target, target)
    row = dialect("cpython-3.12")
    code = bytecode(row, ("NOP", 0), ("JUMP_BACKWARD", 2))
    assert instructions(make(code=code), row)[1].jump_target == 0


# --- Literals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "value", "expected"),
    [
        ("3.8", b"a", "b'a'"),
        ("2.7", b"a\n", r"'a\n'"),
        ("1.5", b"a\n\\'", '"a\\012\\\\\'"'),
        ("1.5", b"'\"", "'\\'\"'"),
        ("2.0", "\u20ac\U0001f600 \\xab", r"u'\u20AC\uD83D\uDE00 \\xab'"),
        ("2.1", "\u20ac\U0001f600", r"u'\u20ac\ud83d\ude00'"),
        ("2.5", "\U0001f600", r"u'\U0001f600'"),
        ("2.5", complex(0, math.inf), "infj"),
        ("2.6", complex(0, math.inf), "inf*j"),
        ("2.6", complex(1, -math.inf), "(1-inf*j)"),
        ("2.7", "\xe9\u1234", r"u'\xe9\u1234'"),
        ("3.8", "\xe9", "'\xe9'"),
        ("2.7", Long(5), "5L"),
        ("2.6", 0.1, "0.10000000000000001"),
        ("2.7", 0.1, "0.1"),
        ("2.6", 1.0, "1.0"),
        ("2.6", 0.5 + 1j, "(0.5+1j)"),
        ("3.8", frozenset((2, 1)), "frozenset({1, 2})"),
        ("2.7", frozenset((2, 1)), "frozenset([1, 2])"),
        ("3.8", frozenset(), "frozenset()"),
        ("3.8", (1,), "(1,)"),
        ("3.8", (b"a", (None, ...)), "(b'a', (None, Ellipsis))"),
        ("2.7", ("a", b"b"), "(u'a', 'b')"),
        ("3.14", Slice(1, None, "x"), "slice(1, None, 'x')"),
        ("3.15", FrozenDict({1: (2,)}), "frozendict({1: (2,)})"),
        ("3.8", make("f", filename="x.py"), '<code object f at 0x0, file "x.py", line -1>'),
    ],
)
def test_constants_are_written_as_their_version_writes_them(
    version: str, value: object, expected: str
) -> None:
    row = dialect(f"cpython-{version}")
    assert row.bytecode is not None
    assert literal(value, row.bytecode.literals) == expected


def test_what_can_stand_for_more_text_than_there_is_memory_is_cut() -> None:
    assert RUNNING.bytecode is not None
    style = RUNNING.bytecode.literals
    bomb: object = ("x",)
    deep: object = ()
    sets: object = frozenset((1,))
    for _ in range(5000):
        bomb = (bomb, bomb)
        deep = (deep,)
        sets = frozenset((sets, 1, 2))
    assert len(literal(bomb, style)) < 400_100
    assert literal(deep, style) == "(" * 5000 + "()" + ",)" * 5000
    assert len(literal(sets, style)) < 400_100
    assert literal(bomb, style, 10).endswith("…")
    assert literal(1 << 1_000_000, style).startswith("0x1000")
    assert literal(-(10**9000) - 7, style) == "-1" + "0" * 8999 + "7"
    assert math.isinf(float(literal(math.inf, style)))


# --- Tables ---------------------------------------------------------------------------------


def test_lnotab_steps_are_unsigned_up_to_3_5_and_signed_from_3_6() -> None:
    code = make(code=bytes(12), linetable=bytes((4, 255, 4, 1)), firstlineno=10)
    assert line_starts(code, dialect("cpython-3.5")) == [(0, 10), (4, 265), (8, 266)]
    assert line_starts(code, dialect("cpython-3.6")) == [(0, 10), (4, 9), (8, 10)]


def test_what_an_lnotab_says_behind_the_code_is_left_out_since_3_8() -> None:
    code = make(code=bytes(4), linetable=bytes((4, 1, 4, 1)), firstlineno=1)
    assert line_starts(code, dialect("cpython-3.7")) == [(0, 1), (4, 2), (8, 3)]
    assert line_starts(code, dialect("cpython-3.8")) == [(0, 1)]


def test_the_table_of_3_10_has_ranges_without_a_line() -> None:
    code = make(code=bytes(8), linetable=bytes((2, 0, 4, 128, 2, 3)), firstlineno=1)
    row = dialect("cpython-3.10")
    assert line_ranges(code, row) == [(0, 2, 1), (2, 6, None), (6, 8, 4)]
    assert line_starts(code, row) == [(0, 1), (6, 4)]
    assert [step.line for step in instructions(code, row)] == [1, None, None, 4]


#: One entry of each form: short, one line, no columns, long, nothing.
LOCATIONS = bytes((0x80, 0x12, 0xD8, 3, 9, 0xE8, 4, 0xF1, 3, 2, 5, 1, 0xF8))


def test_locations_of_each_form() -> None:
    code = make(code=bytes(12), linetable=LOCATIONS, firstlineno=1)
    assert positions(code, dialect("cpython-3.13")) == [
        Position(1, 1, 1, 3),
        Position(2, 2, 3, 9),
        Position(4, 4, None, None),
        Position(3, 5, 4, 0),
        Position(3, 5, 4, 0),
        Position(None, None, None, None),
    ]
    assert line_ranges(code, dialect("cpython-3.13")) == [
        LineRange(0, 2, 1),
        LineRange(2, 4, 2),
        LineRange(4, 6, 4),
        LineRange(6, 10, 3),
        LineRange(10, 12, None),
    ]
    assert line_starts(code, dialect("cpython-3.13"))[-1] == (10, None)
    assert line_starts(code, dialect("cpython-3.12"))[-1] == (6, 3)
    assert positions(code, dialect("cpython-3.10")) == []


@pytest.mark.parametrize("table", [b"\x01", b"\xe8", b"\xe8" + b"\x7f" * 9, b"\xf0\x02\x01"])
def test_a_damaged_location_table_is_refused(table: bytes) -> None:
    code = make(code=bytes(2), linetable=table)
    with pytest.raises(PycInspectError) as caught:
        positions(code, dialect("cpython-3.12"))
    assert caught.value.slug == "bad-line-table"
    assert len(instructions(code, dialect("cpython-3.12"))) == 1


def test_exception_tables() -> None:
    table = bytes((0x80 | 1, 2, 0x41, 0, 5))
    row = dialect("cpython-3.11")
    code = make(exceptiontable=table)
    assert exception_table(code, row) == [Handler(2, 6, 128, 2, lasti=True)]
    assert exception_table(code, dialect("cpython-3.10")) == []
    for damaged in (table[:-1], b"\x41" * 9):
        with pytest.raises(PycInspectError) as caught:
            exception_table(make(exceptiontable=damaged), row)
        assert caught.value.slug == "bad-exception-table"


def test_numbers_nobody_captured_are_refused_by_name() -> None:
    row = dialect("cpython-3.12")
    with pytest.raises(PycInspectError, match=r"cpython-3\.12.*not known") as caught:
        instructions(make(), row.at(3500))
    assert caught.value.slug == "unknown-opcodes"
    assert row.at(row.magic_word) is row


def test_a_prerelease_has_its_own_numbers() -> None:
    row = dialect("cpython-3.6")
    assert shape(bytes((100, 0, 0)), row.at(3361)) == [(0, 0, "LOAD_CONST", 0)]
    assert shape(bytes((100, 0)), row.at(3378)) == [(0, 0, "LOAD_CONST", 0)]


# --- The running interpreter ----------------------------------------------------------------


def _loop(count: int) -> int:
    total = 0
    for number in range(count):
        total += number
    return total


def test_the_adaptive_view_is_that_of_dis() -> None:
    for _ in range(100):
        _loop(100)
    live: CodeType = _loop.__code__
    theirs = list(dis.get_instructions(live, adaptive=True))
    ours = adaptive_instructions(live)
    assert [(s.offset, s.opcode, s.opname, s.arg, s.argrepr) for s in ours] == [
        (s.offset, s.opcode, s.opname, s.arg, s.argrepr) for s in theirs
    ]
    plain = instructions(code_of(live), RUNNING)
    assert [step.opname for step in ours] != [step.opname for step in plain]


def test_code_with_a_constant_that_no_file_can_hold_is_refused() -> None:
    live = _loop.__code__.replace(co_consts=(object(),))
    with pytest.raises(PycInspectError) as caught:
        code_of(live)
    assert caught.value.slug == "not-marshallable"
