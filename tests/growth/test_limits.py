"""What a file repeats without end is refused, or cut, and never computed."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from pycinspect.cache.sourcetext import source_lines
from pycinspect.disasm import Literals, instructions, verify
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile, parse_header, read_code, unmarshal
from pycinspect.pyc.constants import FrozenDict, Long
from pycinspect.pyc.unmarshal import Limits
from pycinspect.report.code import code_objects
from tests.growth.kit import assert_near_linear, work
from tests.growth.writer import Writer


def read(data: bytes) -> CodeFile:
    return read_code(data, parse_header(data))


def refused(data: bytes) -> str:
    with pytest.raises(PycInspectError) as caught:
        read(data)
    assert caught.value.slug == "limit"
    assert caught.value.offset is not None
    return caught.value.message


def module(writer: Writer, *consts: bytes, **fields: object) -> bytes:
    return writer.file(writer.code(consts=writer.tuple(consts), **fields))


# --- Reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["cpython-3.8", "cpython-2.7"])
def test_qualified_names_that_grow_with_every_level(row: str) -> None:
    writer = Writer(row)
    name = "f" * 200
    inner = writer.tuple((writer.text("x"),))
    if writer.has_references:
        inner = writer.tuple((writer.shared(writer.text(name)),))
    for _ in range(500):
        again = writer.reference(0) if writer.has_references else writer.text(name)
        inner = writer.tuple((writer.code(consts=inner, name=again, filename=again),))
    assert "qualified names" in refused(writer.file(writer.code(consts=inner)))


def test_a_name_with_a_surrogate_can_be_that_of_a_class() -> None:
    writer = Writer("cpython-3.8")
    name = "\ud800"
    file = read(module(writer, writer.code(name=writer.text(name), flags=0)))
    assert [code.qualname for code in file.code.walk()][1:] == [f"f.<locals>.{name}"] or [
        code.qualname for code in file.code.walk()
    ][1:] == [name]


def test_instructions_that_very_many_code_objects_have() -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.data(bytes(20_000)))
    codes = [writer.code(code=writer.reference()) for _ in range(100)]
    assert refused(module(writer, first, *codes)).startswith("the code objects share")


def test_instructions_that_very_many_old_code_objects_have() -> None:
    writer = Writer("cpython-2.7")
    codes = [writer.code(code=writer.text("\t" * 20_000)) for _ in range(100)]
    assert refused(module(writer, *codes)).startswith("the code objects share")


def test_instructions_that_a_few_have_are_read() -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.data(b"ab" * 500))
    codes = [writer.code(code=writer.reference()) for _ in range(3)]
    assert [len(code.code) for code in read(module(writer, first, *codes)).code.walk()] == [
        0, *[1000] * 3,
    ]  # fmt: skip


@pytest.mark.parametrize("row", ["cpython-3.8", "cpython-2.7"])
def test_names_are_looked_at_and_not_copied(row: str) -> None:
    """A name of a megabyte, fifty times."""
    writer = Writer(row)
    name = "x" * 1_000_000
    first = writer.text(name)
    if writer.has_references:
        first = writer.shared(first)
    again = writer.reference() if writer.has_references else writer.text(name)
    data = module(writer, names=writer.tuple((first, *[again] * 49)))
    assert work(lambda: read(data)) * 64 < 20_000_000  # bytes, most of them
    assert len({*map(id, read(data).code.names)}) == 1


def test_members_of_a_set_that_take_long_to_compare() -> None:
    """Fifty members with one hash, each of which is written out of many parts."""
    writer = Writer("cpython-3.12")
    parts, members = [], []
    for number in range(50):
        parts.append(writer.shared(writer.tuple((b"N", b"N"))))
        parts += [
            writer.shared(writer.tuple((writer.reference(), writer.reference()))) for _ in range(11)
        ]
        # The numbers -1 and -2 have one hash.
        signs = [writer.integer(-1 - (number >> bit & 1)) for bit in range(6)]
        members.append(writer.tuple((writer.reference(), *signs)))
    assert "members of a set" in refused(module(writer, *parts, writer.tuple(members, b">")))


def test_code_objects_with_one_hash_in_a_set() -> None:
    writer = Writer("cpython-3.12")
    members = [writer.code(stacksize=number) for number in range(2)]
    assert (
        refused(module(writer, writer.tuple(members, b">")))
        == "code objects in a set have one hash"
    )
    nested = [writer.tuple((writer.code(stacksize=number),)) for number in range(2)]
    assert "one hash" in refused(module(Writer("cpython-3.12"), writer.tuple(nested, b">")))
    one = read(module(Writer("cpython-3.12"), writer.tuple(members[:1], b">"))).code.consts[0]
    assert isinstance(one, frozenset)


def test_more_numbers_in_sets_than_can_be_compared() -> None:
    writer = Writer("cpython-3.12")
    numbers = [writer.integer(number) for number in range(32_000)]
    assert "too many" in refused(module(writer, writer.tuple(numbers, b">")))
    texts = [b"z\5" + f"{number:5}".encode() for number in range(32_000)]
    assert len(read(module(writer, writer.tuple(texts, b">"))).code.consts[0]) == 32_000  # type: ignore[arg-type]


def test_hash_of_a_frozendict_does_not_hang_on_its_pairs() -> None:
    one = FrozenDict({1: "a", 2: ("b",)})
    assert hash(one) == hash(FrozenDict({2: ("b",), 1: "a"}))
    assert hash(one) != hash(FrozenDict({1: "b", 2: ("a",)}))
    with pytest.raises(TypeError):
        hash(FrozenDict({1: []}))


def test_a_part_that_is_wanted_often_is_measured_once() -> None:
    """A tuple that another holds again and again, and that nobody has measured before it."""

    def make(n: int) -> bytes:
        writer = Writer("cpython-3.12")
        inner = writer.shared(writer.tuple([b"N"] * n))
        return module(writer, inner, writer.shared(writer.tuple([writer.reference(0)] * n)))

    assert_near_linear(make, read, 200)


# --- Instructions --------------------------------------------------------------------------------


def test_texts_of_shared_constants_are_written_once() -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.text("\x1b" * 10_000))
    code = writer.data(writer.instructions(*(("LOAD_CONST", number) for number in range(100))))
    file = read(module(writer, first, *[writer.reference()] * 99, code=code))
    texts = [
        step.argrepr
        for step in instructions(file.code, file.dialect)
        if step.opname == "LOAD_CONST"
    ]
    assert len(texts) == 100
    assert len({*map(id, texts)}) == 1


def test_texts_of_containers_are_limited_together() -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.text("\x1b" * 20_000))
    parts = [writer.tuple((writer.reference(),)) for _ in range(300)]
    code = writer.data(writer.instructions(*(("LOAD_CONST", number) for number in range(301))))
    file = read(module(writer, first, *parts, code=code))
    texts = [step.argrepr for step in instructions(file.code, file.dialect)]
    assert sum(map(len, texts)) < 9_000_000
    assert texts[-1] == "…"


def test_members_of_a_set_are_cut_with_it() -> None:
    style = read(module(Writer("cpython-3.12"))).dialect.bytecode
    assert style is not None
    members = frozenset(("x" * 100_000, number) for number in range(100))
    assert len(Literals(style.literals, 100_000).of(members)) < 110_000
    assert len(Literals(style.literals).of(("x" * 1_000_000,))) < 400_100


def test_a_long_name_in_a_text_is_cut() -> None:
    writer = Writer("cpython-3.12")
    name = writer.text("x" * 100_000)
    inner = writer.code(name=name, filename=name)
    code = writer.data(writer.instructions(("LOAD_GLOBAL", 1), ("LOAD_CONST", 0)))
    file = read(module(writer, inner, code=code, names=writer.tuple((name,))))
    loaded, constant = instructions(file.code, file.dialect)
    assert loaded.argval == "x" * 100_000
    assert len(loaded.argrepr) < 5_000
    assert len(constant.argrepr) < 10_000


def test_a_loop_that_leaves_values_behind_is_given_up() -> None:
    writer = Writer("cpython-3.8")
    code = writer.instructions(*[("LOAD_CONST", 0)] * 50, ("JUMP_ABSOLUTE", 0))
    file = read(module(writer, b"N", code=writer.data(code), stacksize=0x7FFFFFFF))
    assert {defect.slug for defect in verify(file.code, file.dialect)} == {"stack-grows"}
    low = replace(file.code, stacksize=60)
    assert {defect.slug for defect in verify(low, file.dialect)} == {"stack-overflow"}


def test_paths_that_meet_with_more_values_are_followed_once() -> None:
    def make(n: int) -> CodeFile:
        writer = Writer("cpython-3.8")
        code = b""
        for _ in range(n):
            target = len(code) + 12
            high = bytes((144, target >> 8 & 0xFF))
            jump = bytes(
                (writer.row.bytecode.opcodes.by_name["POP_JUMP_IF_TRUE"].number, target & 0xFF)
            )  # type: ignore[union-attr]
            load, skip = writer.instructions(("LOAD_CONST", 0)), writer.instructions(("NOP", 0))
            code += load + high + jump + load + skip * 2
        code += writer.instructions(("LOAD_CONST", 0), ("RETURN_VALUE", 0))
        return read(module(writer, b"N", code=writer.data(code), stacksize=0x7FFFFFFF))

    def run(file: CodeFile) -> None:
        assert verify(file.code, file.dialect) == []

    assert_near_linear(make, run, 200)


@pytest.mark.parametrize(
    "names",
    [
        b"(\1\0\0\0l" + struct.pack("<i1000H", 1000, *[1] * 1000),
        b"{s\1\0\0\0a[\0\0\0\0" + b"0",
        b"{s\1\0\0\0al\1\0\0\0\1\0" + b"0",
        b"(\1\0\0\0N",
    ],
)
def test_reserved_names_that_are_none(names: bytes) -> None:
    """RESERVE_FAST of 1.0 to 1.2 has the names of local variables in a constant."""
    writer = Writer("cpython-1.2")
    code = writer.data(writer.instructions(("RESERVE_FAST", 0), ("LOAD_FAST", 0)))
    root = writer.code(consts=writer.tuple((names,)), code=code)
    value, _ = unmarshal(root, writer.row)
    assert isinstance(value, Code)
    assert len(instructions(value, writer.row)) == 2


# --- Values and reports ----------------------------------------------------------------------------


def test_a_long_of_python_2_has_a_repr_however_large() -> None:
    assert repr(Long(2**3000)) == f"{2**3000:#x}L"
    assert repr(Long(-5)) == "-5L"


def test_json_of_code_objects_that_share_constants_is_limited() -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.tuple([writer.tuple([b"N"] * 20)] * 20))
    code = writer.instructions(*[("LOAD_CONST", 0)] * 20)
    codes = [writer.code(consts=writer.reference(), code=writer.data(code)) for _ in range(300)]
    file = read(module(writer, first, *codes))
    assert any(entry.get("cut") for entry in code_objects(file.code, file.dialect))


def test_a_source_in_the_encoding_of_host_names_is_not_decoded_for_hours() -> None:
    source = b"# coding: punycode\n" + b"a" * 2_000_000 + b"-" + b"b" * 2_000_000
    assert source_lines("m.py", source).lines[1].startswith("aaa")


def test_limits_of_the_caller_hold() -> None:
    writer = Writer("cpython-3.12")
    inner = writer.shared(writer.tuple([b"N"] * 20))
    data = module(writer, inner, *[writer.reference()] * 10)
    with pytest.raises(PycInspectError, match="more than 100 objects"):
        read_code(data, parse_header(data), Limits(count=100))
