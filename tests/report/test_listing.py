"""The listing of code objects."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycinspect.cache.sourcetext import SourceText
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.programs import Subject, parse_subject
from pycinspect.pyc import Code, CodeFile
from pycinspect.report.listing import ListingOptions, listing
from tests.oracles import find_oracle
from tests.report.codes import (
    HOSTILE,
    HOSTILE_ROW,
    READABLE,
    SOURCE,
    code_with,
    codes,
    compiled_by,
    compiled_here,
    file_of,
    hostile,
    mutants,
    sample,
)

LISTINGS = Path(__file__).with_name("data") / "listings"

#: Name of a listing to what is listed; ``PYCINSPECT_UPDATE=1`` writes them anew.
GOLDEN: dict[str, Callable[[], Subject]] = {
    **{
        f"sample-{version}": partial(sample, f"cpython-{version}-docstrings.pyc")
        for version in ("1.2", "1.5", "2.2", "2.6", "3.5")
    },
    **{
        name: partial(compiled_by, name)
        for name in (
            *("cpython-2.7", "cpython-3.8", "cpython-3.10", "cpython-3.11", "cpython-3.13"),
            "pypy-3.9",
        )
    },
}


def text_of(file: CodeFile, source: SourceText | None = None, **options: object) -> str:
    lines = listing("a.pyc", file, source, ListingOptions(**options))  # type: ignore[arg-type]
    return "".join("".join(text for text, _ in line) + "\n" for line in lines)


def listed(subject: Subject, **options: object) -> str:
    return text_of(subject.file, subject.source, **options)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    found = listed(GOLDEN[name]())
    path = LISTINGS / f"{name}.txt"
    if os.environ.get("PYCINSPECT_UPDATE"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_no_space_at_the_end_of_a_line() -> None:
    for raw in (False, True):
        for line in listed(compiled_here(), raw=raw).splitlines():
            assert line == line.rstrip()


def test_without_source_the_lines_have_numbers() -> None:
    subject = compiled_by("cpython-3.8")
    plain = text_of(subject.file)
    assert "for price in prices" in listed(subject)
    assert "for price in prices" not in plain
    assert "\n   3     " in plain


def test_a_stale_source_is_named_once() -> None:
    subject = compiled_here()
    found = text_of(subject.file, SourceText("shop.py", (), "it differs"))
    assert found.count("the lines of shop.py are not shown: it differs") == 1


def test_source_that_is_shorter_than_the_code_says() -> None:
    subject = compiled_here()
    found = text_of(subject.file, SourceText("shop.py", ("first",)))
    assert "   1 | first\n" in found
    assert "\n   2  " in found


def test_names_choose_code_objects() -> None:
    subject = compiled_by("cpython-3.8")
    found = listed(subject, wanted=("total",))
    assert "total: function" in found
    assert "<module>" not in found
    assert "code object  " not in found  # no outline


def test_raw_has_offsets_extended_arguments_and_caches() -> None:
    body = b"x = 0\n" + b"".join(b"x = %d\n" % number for number in range(300))
    subject = compiled_by("cpython-3.11", body + b"f(x)\n")
    plain, raw = listed(subject), listed(subject, raw=True)
    assert "EXTENDED_ARG" not in plain
    assert "EXTENDED_ARG" in raw
    assert "CACHE" not in plain
    assert "CACHE" in raw


def test_jumps_say_where_to_by_label_in_all_versions() -> None:
    for name in ("cpython-2.7", "cpython-3.8", "cpython-3.11", "cpython-3.13", "pypy-3.9"):
        for raw in (False, True):
            found = listed(compiled_by(name), raw=raw)
            assert re.search(r"\(to L\d+\)", found)
            assert " L1:" in found
            assert "(to offset" not in found


def test_a_jump_past_an_extended_argument_keeps_its_label() -> None:
    body = b"while x:\n" + b"".join(b"    x = %d\n" % number for number in range(300))
    for name in ("cpython-2.7", "cpython-3.8", "cpython-3.13"):
        for raw in (False, True):
            found = listed(compiled_by(name, body), raw=raw)
            assert "(to offset" not in found
            assert "(to L2)" in found


def test_a_jump_to_nowhere_names_the_offset() -> None:
    code = code_with(code=bytes([113, 99]))  # 3.8: JUMP_ABSOLUTE
    assert "(to offset 99)" in text_of(file_of(code, DIALECTS["cpython-3.8"]))


def test_code_objects_have_no_address() -> None:
    for name in ("cpython-2.7", "cpython-3.13"):
        found = listed(compiled_by(name))
        assert '(<code object total, file "shop.py", line 1>)' in found
        assert "0x0" not in found


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"linetable": b"\0"}, "lines not shown: line table: no entry starts here"),
        ({"exceptiontable": b"\xff"}, "exception table not shown: exception table: it ends"),
    ],
)
def test_a_damaged_table_is_one_line_and_the_rest_is_shown(
    changes: dict[str, bytes], sentence: str
) -> None:
    file = compiled_by("cpython-3.11").file
    found = text_of(file_of(replace(file.code, **changes), file.dialect))  # type: ignore[arg-type]
    assert found.count(sentence) == 1
    assert "MAKE_FUNCTION" in found
    assert "LOAD_FAST" in found  # of the function inside


def test_a_prerelease_is_not_read_with_the_opcodes_of_the_release() -> None:
    row = DIALECTS["cpython-3.12"]
    words = [word for word in row.prereleases if word not in row.prerelease_bytecode]
    early = file_of(code_with(code=b"\0\0"), row.at(words[0]))
    assert "instructions not shown" in text_of(early)


def test_unknown_opcodes_are_one_line() -> None:
    unknown = [row for row in READABLE if row.bytecode is None]
    for row in unknown:
        found = text_of(file_of(code_with(code=b"\0\0"), row))
        assert found.count("not shown") == 1
        assert "f: " in found


#: Runs under CPython 3.13: what its ``dis`` says of a source and of the functions in it.
_DIS = "import dis, sys; dis.dis(compile(sys.stdin.read(), 'shop.py', 'exec'))"


def _rows(text: str) -> list[str]:
    """Return the rows of instructions and handlers without line numbers and spaces."""
    row = re.compile(r"^ *(?:\d+|--)? +((?:L\d+: +)?[A-Z_]{3}.*|L\d+ to .*)$", re.MULTILINE)
    return [" ".join(match[1].split()) for match in row.finditer(text)]


def test_rows_are_those_of_dis() -> None:
    subject = compiled_by("cpython-3.13")
    oracle = find_oracle("cpython-3.13")
    assert oracle is not None
    command = [oracle.program, "-c", _DIS]
    said = subprocess.run(command, input=SOURCE, capture_output=True, check=True).stdout.decode()
    expected = _rows(re.sub(r" at 0x[0-9a-f]+", "", said))
    assert len(expected) > 50
    assert _rows(text_of(subject.file)) == expected


def test_kinds() -> None:
    source = b"""\
class C:
    def m(self): pass
f = lambda: (x for x in y)
def g(): yield
async def c(): pass
async def a(): yield
"""
    found = listed(compiled_by("cpython-3.9", source)).split("\n\n")[1]
    for kind in (
        *("module", "class", "function", "lambda", "generator expression", "generator"),
        *("coroutine", "async generator"),
    ):
        assert f"  {kind}  " in found
    assert "\n      C.m " in found  # indented as it is nested


def test_arguments_are_counted() -> None:
    subject = compiled_by("cpython-3.8", b"def f(a, b, /, c, *d, e, **g): pass\n")
    found = listed(subject, wanted=("f",))
    assert (
        "3 arguments, 2 of them positional-only, 1 keyword-only argument, *args, **kwargs,"
        " stack size 1, flags OPTIMIZED NEWLOCALS VARARGS VARKEYWORDS NOFREE"
    ) in found


def test_rows_are_cut_to_the_width_of_a_terminal() -> None:
    subject = compiled_by("cpython-3.8", b"x = %r\n" % ("long " * 100))
    wide = listed(subject)
    narrow = listed(subject, width=40)
    assert max(map(len, wide.splitlines())) > 500
    assert max(map(len, narrow.splitlines())) == 40
    assert "…" in narrow
    assert "…" not in wide


def test_trailing_bytes_are_counted() -> None:
    file = compiled_here().file._replace(trailing=3)
    assert "note: 3 bytes follow the code object" in text_of(file)


@pytest.mark.parametrize("row", READABLE, ids=lambda row: str(row.name))
def test_every_dialect(row: Dialect) -> None:
    code = code_with(code=bytes(range(256)) * 2, flags=0x7FFF, consts=(1,), names=("n",))
    assert "f: " in text_of(file_of(code, row))


# --- Hostile files -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_hostile_file_costs(name: str) -> None:
    start = time.process_time()
    found = text_of(hostile(name))
    assert time.process_time() - start < 20  # seconds; a bomb would take years
    assert len(found) < 50_000_000


def test_control_characters_reach_no_terminal() -> None:
    evil = "\x1b[31m\r\n\x07\u202e"
    code = code_with(
        name=evil, qualname=evil, filename=evil, names=(evil,), consts=(evil,), code=b"e\0d\0S\0"
    )
    outer = code_with(consts=(code,), code=b"d\0")
    subject = file_of(outer, DIALECTS["cpython-3.8"])
    source = SourceText(evil, (evil,), evil)
    lines = list(listing(evil, subject, source, ListingOptions(raw=True)))
    assert all(text.isprintable() for line in lines for text, _ in line)


_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _check(file: CodeFile, *, raw: bool) -> None:
    for line in listing("a.pyc", file, None, ListingOptions(raw=raw, width=80 if raw else None)):
        for text, _ in line:
            assert text.isprintable()


@_quick
@given(codes, st.sampled_from(READABLE), st.booleans())
def test_any_code_is_listed(code: Code, row: Dialect, raw: bool) -> None:
    _check(file_of(code_with(consts=(code,)), row), raw=raw)


@_quick
@given(mutants(), st.booleans())
def test_any_mutant_is_listed(mutant: tuple[bytes, str], raw: bool) -> None:
    try:
        subject = parse_subject(*mutant)
    except PycInspectError:
        return
    _check(subject.file, raw=raw)


def test_hostile_files_are_of_a_dialect_with_opcodes() -> None:
    assert HOSTILE_ROW.bytecode is not None
