"""What a test asks of a cache that it cannot have is refused, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect import DIALECTS, InvalidationMode, PycInspectError
from pycinspect.compiling import Interpreter
from pytest_pycinspect.sandbox.children import Children
from pytest_pycinspect.sandbox.pycs import compile_pyc, corrupted, magic_bytes

NEW, OLD = DIALECTS["cpython-3.12"], DIALECTS["cpython-3.6"]
CACHE = NEW.magic + bytes(range(12)) + b"payload"


def refusal(*arguments: object, **fields: object) -> tuple[str, str]:
    with pytest.raises(PycInspectError) as caught:
        corrupted(*arguments, **fields)  # type: ignore[arg-type]
    return caught.value.slug, caught.value.message


def test_a_field_that_the_header_does_not_have() -> None:
    slug, message = refusal(CACHE, OLD, {"source_hash": 1})
    assert slug == "no-such-field"
    assert message.startswith("caches of cpython-3.6 have no field source_hash, only ")
    assert "source_size" in message


def test_a_field_of_another_length() -> None:
    expected = ("bad-field", "mtime has 4 bytes, not 3")
    assert refusal(CACHE, NEW, {"mtime": b"abc"}) == expected


def test_caches_that_are_not_pyc_files() -> None:
    (jython,) = (row for row in DIALECTS if row.name == "jython-2.7")
    assert refusal(CACHE, jython, {})[0] == "unsupported"


def test_what_can_be_changed_is() -> None:
    assert corrupted(CACHE, NEW, {"mtime": None}) == CACHE
    assert corrupted(CACHE, NEW, {"mtime": b"abcd"})[8:12] == b"abcd"
    assert corrupted(CACHE, NEW, {"mtime": 2**32 + 5})[8:12] == b"\5\0\0\0"
    assert corrupted(CACHE, NEW, {}, truncate=7) == CACHE[:7]
    assert corrupted(CACHE, NEW, {}, payload=b"new") == CACHE[:16] + b"new"


@pytest.mark.parametrize("mode", [InvalidationMode.CHECKED_HASH, InvalidationMode.UNCHECKED_HASH])
def test_a_mode_that_came_later(tmp_path: Path, mode: InvalidationMode) -> None:
    other = Interpreter("python3.6", OLD, "3.6.15", ())
    children = Children(1.0, str(tmp_path))
    with pytest.raises(PycInspectError, match="has no hash-based caches") as caught:
        compile_pyc("m.py", str(tmp_path / "m.pyc"), mode, 0, other, children=children)
    assert caught.value.slug == "no-source-hash"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("magic", "expected"),
    [
        (None, None),
        (b"abcd", b"abcd"),
        (3531, NEW.magic),
        ("3.12", NEW.magic),
        ("cpython-3.12", NEW.magic),
        ("pypy-3.9", DIALECTS["pypy-3.9"].magic),
    ],
)
def test_a_magic_number_by_whatever_name(magic: bytes | int | str | None, expected: bytes) -> None:
    assert magic_bytes(magic) == expected


def test_a_magic_number_that_nobody_has() -> None:
    with pytest.raises(PycInspectError) as caught:
        magic_bytes("4.20")
    assert caught.value.slug == "unknown-dialect"
