"""Two ``.mpy`` files are compared by what they do, not by the numbers in their tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycinspect.cli.diff import command as diff
from pycinspect.diffing.mpyfiles import compare_mpy
from pycinspect.micropython import parse_mpy
from tests.micropython.damage import FIXTURES, SAMPLES

CONTENT = (FIXTURES / "closures-6.mpy").read_bytes()
NATIVE = (FIXTURES / "closures-6-x64.mpy").read_bytes()


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace bytes that are there once."""
    assert content.count(old) == 1
    assert len(old) == len(new)
    return content.replace(old, new)


def aspects(old: bytes, new: bytes) -> list[tuple[str, str]]:
    return [(one.name, one.aspect) for one in compare_mpy(parse_mpy(old), parse_mpy(new))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_file_is_the_same_as_itself(path: Path) -> None:
    found = parse_mpy(path.read_bytes())
    assert compare_mpy(found, found) == []


def test_a_string_a_constant_and_a_name_differ_where_they_are_used() -> None:
    assert aspects(CONTENT, changed(CONTENT, b"octets", b"Octets")) == [
        ("<module>", "instructions")
    ]
    assert aspects(CONTENT, changed(CONTENT, b"stands in no", b"stands in NO")) == [
        ("<module>", "instructions")
    ]


def test_a_name_of_a_function_is_another_function() -> None:
    found = aspects(CONTENT, changed(CONTENT, b"\x0enumbers\0", b"\x0eNumbers\0"))
    assert found == [
        ("<module>.numbers", "only in old"),
        ("<module>", "instructions"),
        ("<module>.Numbers", "only in new"),
    ]


def test_the_name_of_the_source_is_no_difference() -> None:
    assert aspects(CONTENT, changed(CONTENT, b"closures.py", b"elsewhe.re!")) == []


def test_machine_code_differs_by_a_byte() -> None:
    code = next(c for _, c in parse_mpy(NATIVE).walk() if c.name == "numbers")
    other = bytearray(NATIVE)
    other[code.offset + 8] ^= 1
    assert aspects(NATIVE, bytes(other)) == [("<module>.numbers", "machine code")]


def test_a_long_string_that_differs_at_its_end_is_another() -> None:
    """What is cut in a listing is not cut in a comparison."""

    def module(text: bytes) -> bytes:
        size = len(text) << 1
        number = bytes([size >> 7 | 0x80, size & 0x7F])
        strings = b"\x08m.py\0" + bytes([7 << 1 | 1]) + number + text + b"\0"
        code = bytes([0x00, 0x02, 1, 0x10, 2, 0x59, 0x51, 0x63])
        return b"M\6\0\x1f\3\0" + strings + bytes([len(code) << 3]) + code

    one, other = module(b"a" * 300 + b"b"), module(b"a" * 300 + b"c")
    assert aspects(one, one) == []
    assert aspects(one, other) == [("<module>", "instructions")]


def test_the_command_prints_and_counts(tmp_path: Path) -> None:
    old, new = tmp_path / "old.mpy", tmp_path / "new.mpy"
    old.write_bytes(CONTENT)
    new.write_bytes(changed(CONTENT, b"octets", b"Octets"))
    same = CliRunner().invoke(diff, [str(old), str(old)])
    assert (same.exit_code, same.output.strip().endswith("the same code")) == (0, True)
    text = CliRunner().invoke(diff, [str(old), str(new)])
    assert text.exit_code == 1
    assert "1 code object differ" in text.output
    assert "\n  -LOAD_CONST_OBJ" in text.output
    value = json.loads(CliRunner().invoke(diff, ["--json", str(old), str(new)]).output)
    assert [change["aspect"] for change in value["changes"]] == ["instructions"]
    new.write_bytes(CONTENT[:200])
    assert CliRunner().invoke(diff, [str(old), str(new)]).exit_code == 2
