"""``.mpy`` files: every version is read to its last byte, and damage is told."""

from __future__ import annotations

import dis
import tracemalloc
from pathlib import Path

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.micropython import MpyCode, is_mpy, mpy_operand_text, parse_mpy
from tests.micropython.damage import FIXTURES, SAMPLES, read_damaged, read_mpy

SOURCE = FIXTURES / "closures.py"
BYTECODE = [path for path in SAMPLES if "x64" not in path.name]
NATIVE = FIXTURES / "closures-6-x64.mpy"
NAMES = {"<module>", "outer", "add", "Holder", "get", "numbers", "<listcomp>"}


def codes(path: Path) -> dict[str, MpyCode]:
    return {code.name: code for _, code in parse_mpy(path.read_bytes()).walk()}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_byte_is_read(path: Path) -> None:
    data = path.read_bytes()
    found = parse_mpy(data)
    assert found.trailing == 0
    assert parse_mpy(data + b"more").trailing == 4
    for size in (*range(0, len(data), 7), len(data) - 1):
        assert not is_mpy(data[:size]), size


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_names_and_arguments_are_those_of_the_source(path: Path) -> None:
    found = codes(path)
    assert set(found) == NAMES
    assert {code.source for code in found.values()} == {"closures.py"}
    assert found["outer"].arguments == ("start", "step", "factor")
    outer = found["outer"].signature
    assert outer is not None
    assert (outer.positional, outer.keyword_only, outer.defaults) == (2, 1, 1)
    assert [child.name for child in found["outer"].children] == ["add"]
    assert len(found["outer"].cells) == 2  # factor and total


@pytest.mark.parametrize("path", BYTECODE, ids=lambda path: path.stem)
def test_lines_of_calls_are_those_that_cpython_has(path: Path) -> None:
    """Each function's lines with instructions are lines that CPython has for that function."""
    waiting = [compile(SOURCE.read_text(encoding="utf-8"), "closures.py", "exec")]
    expected: dict[str, set[int]] = {}
    while waiting:
        code = waiting.pop()
        expected[code.co_name] = {line for _, line in dis.findlinestarts(code) if line}
        waiting += [const for const in code.co_consts if hasattr(const, "co_code")]
    for name in ("outer", "get", "numbers", "add"):
        found = codes(path)[name]
        lines = {found.line_of(one.offset) for one in found.instructions}
        assert {min(lines), max(lines)} <= expected[name] | {1}, name
        assert max(expected[name]) in lines, name


@pytest.mark.parametrize("path", BYTECODE, ids=lambda path: path.stem)
def test_instructions_name_what_they_use(path: Path) -> None:
    layout = parse_mpy(path.read_bytes()).header.format
    found = codes(path)
    module = found["<module>"]
    texts = [
        (one.opcode.name, mpy_operand_text(one, module, layout)) for one in module.instructions
    ]
    assert ("IMPORT_NAME", "gc") in texts
    assert ("LOAD_CONST_OBJ", "2.5") in texts
    assert ("MAKE_FUNCTION_DEFARGS", "outer") in texts
    assert ("MAKE_FUNCTION", "numbers") in texts
    assert ("STORE_NAME", "TEXT") in texts
    assert ("BINARY_OP", "multiply") in {
        (one.opcode.name.replace("_MULTI", ""), mpy_operand_text(one, found["add"], layout))
        for one in found["add"].instructions
    }


@pytest.mark.parametrize("path", BYTECODE, ids=lambda path: path.stem)
def test_jumps_lead_to_instructions(path: Path) -> None:
    jumps = 0
    for code in codes(path).values():
        starts = {one.offset for one in code.instructions}
        for one in code.instructions:
            if one.target is not None:
                jumps += 1
                assert one.target in starts, (code.name, one)
    assert jumps > 5


def test_machine_code_has_names_and_no_instructions() -> None:
    found = parse_mpy(NATIVE.read_bytes())
    assert found.header.architecture == "x64"
    assert found.header.sub_version == 3
    for _, code in found.walk():
        assert code.native is not None
        assert code.native.kind == "native"
        assert not code.instructions


@pytest.mark.parametrize(
    ("data", "slug", "offset"),
    [
        (b"", "truncated", 0),
        (b"PK\3\4", "not-an-mpy", 0),
        (b"MZ\x90\0", "not-an-mpy", 1),
        (b"M\0\0\x1f", "unsupported", 1),
        (b"M\1\0\x1f", "unsupported", 1),
        (b"M\7\0\x1f", "not-an-mpy", 1),
        (b"M\6\0\xff", "bad-mpy-header", 3),
        (b"M\6\x3c\x1f", "bad-mpy-header", 2),
        (b"M\6\0\x1f" + b"\xff" * 11, "bad-number", 4),
        (b"M\6\0\x1f\1\0\xc8\x01", "bad-string", 6),
        (b"M\6\0\x1f\0\1\x0b", "bad-object", 6),
        (b"M\6\0\x1f\0\1" + b"\x0a\1" * 200, "too-deep", 206),
        (b"M\6\0\x1f\0\1\x06\1a!", "bad-object", 9),
        (b"M\6\0\x1f\0\0\x0c" + b"\0" + b"\1" * 3, "truncated", None),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data: bytes, slug: str, offset: int | None) -> None:
    with pytest.raises(PycInspectError) as caught:
        parse_mpy(data)
    assert caught.value.slug == slug
    assert offset is None or caught.value.offset == offset


def test_damaged_files_raise_one_exception() -> None:
    seen, _ = read_damaged(600, seed=7)
    assert seen["truncated"] > 20
    assert seen["bad-instruction"] > 5
    assert seen["read"] > 20
    assert not [slug for slug in seen if "without" in slug]


def _repeated(text: bytes, count: int) -> bytes:
    """Return a module in which everything that can name a string or a constant names the same."""
    size = len(text)
    string = bytes([size >> 13 & 0x7F | 0x80, size >> 6 & 0x7F | 0x80, size << 1 & 0x7F]) + text
    item = bytes([5, size >> 14 | 0x80, size >> 7 & 0x7F | 0x80, size & 0x7F]) + text + b"\0"
    use = b"\x10\0\x23\0"  # LOAD_CONST_STRING 0, LOAD_CONST_OBJ 0
    inner = b"\x00\x02\0" + use * 10
    outer = b"\x00\x02\0" + use * count
    head, most = bytes([len(inner) << 3 >> 7 | 0x80, len(inner) << 3 & 0x7F]), len(outer) << 3 | 4
    body = bytes([most >> 14 | 0x80, most >> 7 & 0x7F | 0x80, most & 0x7F]) + outer
    children = bytes([count >> 7 | 0x80, count & 0x7F]) + (head + inner) * count
    return b"M\6\0\x1f\1\1" + string + b"\0" + item + body + children


def test_what_names_the_same_string_everywhere_costs_no_more_than_its_places() -> None:
    data = _repeated(b"a" * 500_000, 400)
    found = parse_mpy(data)
    assert found.trailing == 0
    assert sum(len(code.instructions) for _, code in found.walk()) == 8_800
    tracemalloc.start()
    try:
        read_mpy(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000  # all of it spelled out has 4 GB
