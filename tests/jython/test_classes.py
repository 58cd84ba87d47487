"""Class files: our reading against Jython's and javap's, and what damage does to it."""

from __future__ import annotations

import random

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.jvm import (
    is_jython_class,
    operand_text,
    parse_class,
    parse_jython_class,
    read_annotations,
)
from tests.differential.javap import compare
from tests.jython.codes import ours_of, question
from tests.jython.kit import FIXTURES, ask_jython, program_or_skip

SAMPLE = FIXTURES / "sample$py.class"
DATA = SAMPLE.read_bytes()


def test_the_code_list_is_what_jython_makes_of_it() -> None:
    answer = ask_jython(program_or_skip("jython"), {"codes": [question(SAMPLE)]})
    assert answer["codes"] == [ours_of(SAMPLE)]


def test_the_listing_is_that_of_javap() -> None:
    program_or_skip("javap")
    compared = compare([SAMPLE])
    assert compared.differences == ()
    assert compared.instructions > 500


def test_code_objects_have_their_signatures_and_lines() -> None:
    codes = {code.name: code for code in parse_jython_class(DATA).codes}
    outer = codes["outer"]
    assert (outer.argument_count, outer.flags & 0x0C, outer.first_line) == (2, 0x0C, 11)
    assert outer.varnames[:4] == ("first", "second", "rest", "named")
    assert codes["inner"].freevars == ("total", "rest")
    assert {line for _, line in outer.lines} == {12, 14, 16}


def test_operands_are_resolved() -> None:
    sample = parse_jython_class(DATA)
    body = sample.codes[0].body
    assert body is not None
    texts = [operand_text(instruction, sample.java) for instruction in body.instructions]
    assert "org/python/core/PyFrame.setline(I)V" in texts
    assert "'WORDS'" in texts


def test_annotations_are_the_time_and_the_path_of_the_source() -> None:
    found = read_annotations(DATA)
    assert (found.api_version, found.failure) == (39, None)
    assert found.filename == "/srv/app/sample.py"
    assert found.mtime == 1_700_000_000_500


def test_another_java_class_is_not_jythons() -> None:
    other = DATA.replace(b"Lorg/python/compiler/APIVersion;", b"Lorg/python/compiler/ApiVersion;")
    assert is_jython_class(DATA)
    assert not is_jython_class(other)
    with pytest.raises(PycInspectError, match="which no Jython compiled"):
        parse_jython_class(other)


@pytest.mark.parametrize(
    ("data", "slug", "offset"),
    [
        (b"", "not-a-class", 0),
        (DATA[:8], "truncated", 8),
        (DATA[:10] + b"\xff" + DATA[11:], "bad-pool-tag", 10),
        (DATA + b"\0\0", "trailing-bytes", len(DATA)),
    ],
)
def test_failures_say_where(data: bytes, slug: str, offset: int) -> None:
    with pytest.raises(PycInspectError) as caught:
        parse_class(data)
    assert (caught.value.slug, caught.value.offset) == (slug, offset)


def test_damage_raises_one_type_of_exception() -> None:
    chance = random.Random(17)
    refused = 0
    for _ in range(150):
        data = bytearray(DATA)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            parse_jython_class(
                bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
            )
        except PycInspectError:
            refused += 1
    assert 75 <= refused < 150


def test_arrays_have_no_more_places_than_the_constructor_fills() -> None:
    """``sipush 32767; anewarray`` in a loop of bytes would be gigabytes."""
    java = parse_class(DATA)
    (constructor,) = (method for method in java.methods if method.name == "<init>")
    code = java.attribute("Code", constructor.attributes)
    assert code is not None
    start, end = code.at + 8, code.at + 8 + int.from_bytes(DATA[code.at + 4 : code.at + 8])
    bomb = (b"\x11\x7f\xff\xbd\0\1" * ((end - start) // 6)).ljust(end - start, b"\0")
    with pytest.raises(PycInspectError, match="an array of a strange size"):
        parse_jython_class(DATA[:start] + bomb + DATA[end:])
