"""Who wrote a file: the table of rows answers once, fully, and helpfully."""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS, Dialect, DialectTable, find_dialect
from pycinspect.errors import PycInspectError

CRLF = b"\r\n"
WORDS = range(0x10000)

#: Words with a row that the independent table does not know, and why.
ROWS_ONLY = {
    **dict.fromkeys([304, 448], "PyPy: a release candidate, the development branch"),
    **dict.fromkeys(range(3001, 3061, 10), "3.0: import.c adds 1 to the listed constant"),
    **dict.fromkeys(range(3662, 3666), "3.15: the words between its alphas and its rc"),
    **dict.fromkeys([12641, 12897, 13413, 24881, 35310], "RustPython: made up from a revision"),
    21070: "GraalPy 21.0",
    62215: "PyPy 1.5 to 2.0",
}
#: Words of the independent table that are not followed by CR LF.
OTHER_TAILS = {
    1005: b"Y\n",  # Skybison
    39170: b"\x99\x00",  # CPython 1.0
    39171: b"\x99\x00",  # CPython 1.1, 1.2
    65226: b"\xba\xbe",  # Jython: the Java class file's CA FE BA BE
}


def _writers() -> dict[int, set[tuple[str, str]]]:
    """Return word to (implementation, version) from the independent table."""
    writers: dict[int, set[tuple[str, str]]] = defaultdict(set)
    lines = (Path(__file__).parent / "magics.tsv").read_text().splitlines()
    for fact in csv.DictReader([line for line in lines if line[0] != "#"], delimiter="\t"):
        for word in range(int(fact["first"]), int(fact["last"]) + 1):
            writers[word].add((fact["implementation"], fact["version"]))
    return dict(writers)


WRITERS = _writers()


def _word(word: int, tail: bytes = CRLF) -> bytes:
    return word.to_bytes(2, "little") + tail


# --- By magic number -----------------------------------------------------------


def test_every_known_word_has_the_row_of_a_writer() -> None:
    """Exhaustive: all 65,536 words, so that no row claims what nobody wrote."""
    wrong = {}
    for word in WORDS:
        row = DIALECTS.find(_word(word, OTHER_TAILS.get(word, CRLF)))
        writers = WRITERS.get(word, set())
        if row is None or word in ROWS_ONLY:
            fits = not writers
        elif (row.implementation, row.version) == ("cpython", "1.2"):
            fits = ("cpython", "1.1") in writers  # one row for 1.1 and 1.2
        else:
            fits = (row.implementation, row.version) in writers
        if not fits:
            wrong[word] = (row, writers)
    assert wrong == {}


def test_every_row_is_found_by_each_of_its_magics() -> None:
    for row in DIALECTS:
        tags = (None, *row.cache_tags) if not row.told_by_tag else row.cache_tags
        for magic in row.magics():
            for tag in tags:
                found = DIALECTS.find(magic, tag)
                assert found is row or row.header is None, (row, magic, tag, found)


def test_at_most_one_row_has_a_magic_without_asking_the_tag() -> None:
    owners = Counter(
        magic for row in DIALECTS if row.header and not row.told_by_tag for magic in row.magics()
    )
    assert [magic for magic, count in owners.items() if count > 1] == []


@pytest.mark.parametrize(
    ("word", "tag", "name"),
    [
        (3413, None, "cpython-3.8"),
        (3413, "cpython-38", "cpython-3.8"),
        (3413, "graalpython-38", "graalpy-20.3"),
        (3413, "who-knows", "cpython-3.8"),
        (3531, "rustpython-313", "rustpython-3.13"),
        (3627, "rustpython-314", "rustpython-3.14-cpython-magic"),
        (21290, None, "graalpy-24.2"),
        (21290, "graalpy241-311", "graalpy-24.2"),
        (21290, "graalpy250-312", "graalpy-25.0"),
        (21330, "graalpy250-312", "graalpy-25.2"),
        (21330, "graalpy253-313", "graalpy-25.3"),
    ],
)
def test_tag_decides_where_two_implementations_share_a_magic(
    word: int, tag: str | None, name: str
) -> None:
    row = DIALECTS.find(_word(word), tag)
    assert row is not None
    assert row.name == name


@pytest.mark.parametrize("magic", [b"", b"\xcb", b"\xcb\r", b"\xcb\r\r", b"\xcb\r\r\n\0"])
def test_a_magic_of_another_length_is_nobodys(magic: bytes) -> None:
    assert DIALECTS.find(magic) is None


# --- By name and by tag --------------------------------------------------------


@pytest.mark.parametrize("row", list(DIALECTS), ids=lambda row: row.name)
def test_row_is_found_by_its_name(row: Dialect) -> None:
    assert DIALECTS[row.name] is row
    assert find_dialect(row.name) is row


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("cpython-3.99", "cpython-3.9"),
        ("cpython3.99", "cpython-3.9"),
        ("CPython-3.12", "cpython-3.12"),
        ("pypy3.99", "pypy-3.9"),
    ],
)
def test_unknown_name_is_answered_with_near_ones(wrong: str, hint: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        DIALECTS[wrong]
    assert caught.value.slug == "unknown-dialect"
    assert repr(wrong) in caught.value.message
    assert f"did you mean {hint}" in caught.value.message or f" or {hint}" in caught.value.message


def test_unknown_name_that_is_near_to_none() -> None:
    with pytest.raises(PycInspectError, match=r"^no dialect is called 'zzzz'$"):
        DIALECTS["zzzz"]


def test_newest_row_with_a_tag_comes_first() -> None:
    assert [row.name for row in DIALECTS.tagged("cpython-312")] == ["cpython-3.12"]
    assert [row.name for row in DIALECTS.tagged("cpython-35")] == ["cpython-3.5", "cpython-3.5.2"]
    assert DIALECTS.tagged("cpython-27") == ()
    assert find_dialect(tag="cpython-27") is None


def test_nothing_asked_is_nothing_found() -> None:
    assert find_dialect() is None


def test_running_interpreter_has_a_row() -> None:
    row = DIALECTS.running()
    assert row.python == sys.version_info[:2]
    assert row.implementation == sys.implementation.name


# --- Tables of one's own ---------------------------------------------------------


def _same_name(row: Dialect) -> Dialect:
    return replace(row, magic_word=1, prereleases=frozenset())


def _same_magic(row: Dialect) -> Dialect:
    return replace(row, name="stranger")


def _magic_of_a_prerelease(row: Dialect) -> Dialect:
    return replace(row, name="stranger", magic_word=min(row.prereleases), prereleases=frozenset())


@pytest.mark.parametrize("twin", [_same_name, _same_magic, _magic_of_a_prerelease])
def test_two_rows_that_cannot_be_told_apart_are_refused(
    twin: Callable[[Dialect], Dialect],
) -> None:
    row = DIALECTS["cpython-3.12"]
    with pytest.raises(ValueError, match=r"two dialects are called|claim"):
        DialectTable([row, twin(row)])


def test_two_rows_that_the_tag_tells_apart_are_taken() -> None:
    row = DIALECTS["cpython-3.12"]
    other = replace(row, name="stranger", cache_tags=("stranger-1",), told_by_tag=True)
    table = DialectTable([row, other])
    assert len(table) == 2
    assert table.find(row.magic) is row
    assert table.find(row.magic, "stranger-1") is other
    assert DialectTable([other]).find(row.magic) is None


def test_running_interpreter_without_a_row() -> None:
    with pytest.raises(PycInspectError, match=r"the running .* has no dialect"):
        DialectTable([]).running()


@pytest.mark.parametrize("tag", sorted({tag for row in DIALECTS for tag in row.cache_tags}))
def test_a_tag_stands_for_a_release_before_its_alphas(tag: str) -> None:
    rows = DIALECTS.tagged(tag)
    assert [row.development for row in rows] == sorted(row.development for row in rows)
    assert find_dialect(tag=tag) is rows[0]
