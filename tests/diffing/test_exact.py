"""``--level exact``: ``cmp`` differs if, and only if, something is named and the exit code is 1."""

from __future__ import annotations

import marshal
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from click.testing import CliRunner

from pycinspect.cli import main
from pycinspect.dialects import DIALECTS
from pycinspect.diffing import Diff, diff
from pycinspect.pyc import parse_header
from pycinspect.pyc.file import tag_of
from pycinspect.pyc.tokens import tokens
from pycinspect.pyc.unmarshal import unmarshal
from pycinspect.report.diff import diff_object
from tests.oracles import Oracle
from tests.samples import ENTRIES, SAMPLES

SOURCE = '''
def f(x):
    """Say."""
    try:
        return x in {"alpha", "beta", "gamma", "delta"}, 1.5, -0.0, 10**20, b"bytes"
    except ValueError as error:
        raise KeyError(x) from error

class C:
    limit = 3
    def g(self): return (lambda: self)
'''

HEADER = DIALECTS.running().header
assert HEADER is not None
SIZE = HEADER.size


def cache(code: CodeType, *, mtime: int = 1_700_000_000, version: int = marshal.version) -> bytes:
    """Return a cache of the running interpreter."""
    assert HEADER is not None
    start = HEADER.pack_timestamp(DIALECTS.running().magic, mtime, len(SOURCE))
    return start + marshal.dumps(code, version)


CODE = compile(SOURCE, "m.py", "exec", dont_inherit=True)
BASE = cache(CODE)


def exactly(folder: Path, old: bytes, new: bytes) -> Diff:
    (folder / "old.pyc").write_bytes(old)
    (folder / "new.pyc").write_bytes(new)
    return diff(folder / "old.pyc", folder / "new.pyc", "exact")


def fields(found: Diff) -> dict[str, str | None]:
    """Return what is named, with its cause."""
    rows = [row for module in found.modules for row in module.files]
    rows += [row for unit in found.units for row in unit.fields]
    return {row.field: row.cause for row in rows}


# --- Each kind -----------------------------------------------------------------------------------


def _inner(**changes: Any) -> bytes:
    """Return a cache of which ``f`` has other fields."""
    (code, *_) = (part for part in CODE.co_consts if isinstance(part, CodeType))
    consts = tuple(code.replace(**changes) if part is code else part for part in CODE.co_consts)
    return cache(CODE.replace(co_consts=consts))


F = next(part for part in CODE.co_consts if isinstance(part, CodeType))
KINDS: dict[str, tuple[bytes, str, str]] = {
    "time": (cache(CODE, mtime=1), "header: mtime", "SOURCE_DATE_EPOCH"),
    "path": (
        cache(compile(SOURCE, "/build/m.py", "exec", dont_inherit=True)),
        "file name",
        "another path",
    ),
    "other file": (_inner(co_filename="n.py"), "file name", ""),
    "flags": (_inner(co_flags=F.co_flags | 0x20_0000), "flags", ""),
    "stack size": (_inner(co_stacksize=F.co_stacksize + 7), "stack size", ""),
    "name": (_inner(co_name="h"), "name", ""),
    "qualified name": (_inner(co_qualname="C.f"), "qualified name", ""),
    "first line": (_inner(co_firstlineno=F.co_firstlineno + 2), "first line", ""),
    "constant": (_inner(co_consts=(*F.co_consts, "unused")), "constants", ""),
    "sign": (
        _inner(co_consts=tuple(0.0 if c == 0.0 else c for c in F.co_consts)),
        "constants",
        "",
    ),
    "names": (_inner(co_names=(*F.co_names, "unused")), "names", ""),
    "exception table": (_inner(co_exceptiontable=b""), "exception table", ""),
    "line table": (_inner(co_linetable=F.co_linetable[:-1] + b"\x01"), "line table", ""),
    "format": (cache(CODE, version=2), "marshal: references", "cpython#78274"),
    "after": (BASE + b"\0", "bytes after the code", ""),
    "instructions": (_inner(co_code=F.co_code + F.co_code[-2:]), "instructions", ""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_differs_is_named(kind: str, tmp_path: Path) -> None:
    new, field, cause = KINDS[kind]
    found = exactly(tmp_path, BASE, new)
    assert not found.is_same
    assert field in fields(found)
    told = fields(found)[field]
    assert told is None if not cause else told is not None and cause in told
    assert all(row.old != row.new for module in found.modules for row in module.files)
    assert all(row.old != row.new for unit in found.units for row in unit.fields)


def test_columns_that_are_left_out_have_their_cause(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    for name, options in (("old", []), ("new", ["-X", "no_debug_ranges"])):
        script = f"import py_compile; py_compile.compile('m.py', '{name}.pyc')"
        command = [sys.executable, *options, "-c", script]
        subprocess.run(command, cwd=tmp_path, check=True)
    found = diff(tmp_path / "old.pyc", tmp_path / "new.pyc", "exact")
    assert fields(found) == {"line table": "-X no_debug_ranges leaves columns out"}


def test_the_order_of_a_set_is_named(oracle: Oracle, tmp_path: Path) -> None:
    """Compiled with two hash seeds."""
    if oracle.kind != "native":
        pytest.skip("its hash seed cannot be chosen")
    (tmp_path / "m.py").write_text("def f(x):\n    return x in {'a', 'b', 'c', 'd', 'e'}\n")
    for name, seed in (("old", "1"), ("new", "4")):
        script = f"import py_compile; py_compile.compile('m.py', '{name}.pyc')"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [str(oracle.program), *(["-R"] * (oracle.name == "cpython-2.7")), "-c", script]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    contents = [(tmp_path / name).read_bytes() for name in ("old.pyc", "new.pyc")]
    found = diff(tmp_path / "old.pyc", tmp_path / "new.pyc", "exact")
    assert found.is_same == (contents[0] == contents[1])
    if not found.is_same:  # 3.14 sorts them, and a seed can change nothing
        assert "PYTHONHASHSEED" in (fields(found)["marshal: order of a set"] or "")
        assert set(fields(found)) <= {"marshal: order of a set", "marshal: references"}


def test_another_level_says_what_the_files_differ_in(tmp_path: Path) -> None:
    (tmp_path / "a.pyc").write_bytes(BASE)
    (tmp_path / "b.pyc").write_bytes(
        cache(compile(SOURCE, "/x/m.py", "exec", dont_inherit=True), mtime=1)
    )
    paths = [str(tmp_path / name) for name in ("a.pyc", "b.pyc")]
    result = CliRunner().invoke(main, ["diff", *paths])
    assert result.exit_code == 0
    line = "the files differ in: header: mtime, file name  (--level exact shows it)"
    assert line in result.output.splitlines()
    assert "differ in" not in CliRunner().invoke(main, ["diff", paths[0], paths[0]]).output


def test_json_has_both_values_and_the_cause(tmp_path: Path) -> None:
    new = BASE[:8] + (1).to_bytes(4, "little") + BASE[12:]
    found = diff_object(exactly(tmp_path, BASE, new))
    (row,) = found["modules"][0]["files"]
    cause = "the source had another time: a new checkout, a copy, or SOURCE_DATE_EPOCH"
    assert row == {"field": "header: mtime", "old": "1700000000", "new": "1", "cause": cause}
    (tmp_path / "new.pyc").write_bytes(_inner(co_stacksize=9))
    found = diff_object(diff(tmp_path / "old.pyc", tmp_path / "new.pyc", "exact"))
    rows = [row for unit in found["modules"][0]["units"] for row in unit.get("fields", ())]
    old = str(F.co_stacksize)
    assert rows == [{"field": "stack size", "old": old, "new": "9", "cause": None}]


def test_a_file_that_cannot_be_read_differs_from_one_that_can(tmp_path: Path) -> None:
    (tmp_path / "a.pyc").write_bytes(BASE)
    (tmp_path / "b.pyc").write_bytes(BASE[:-9])
    paths = [str(tmp_path / name) for name in ("a.pyc", "b.pyc")]
    result = CliRunner().invoke(main, ["diff", "--level", "exact", *paths])
    assert result.exit_code == 1
    assert "not read any further: " in result.output
    assert "b.pyc" in result.output
    assert CliRunner().invoke(main, ["diff", *paths]).exit_code == 2


# --- Any change of bytes -------------------------------------------------------------------------

FILES = [e["file"] for e in ENTRIES if e["size"] < 1_500 and e["file"].count(".") == 2]
_CHANGES = 12


def _changed(data: bytes, chance: random.Random) -> bytes:
    """Return a file with a byte or two changed, put in or taken out."""
    kind, place = chance.randrange(4), chance.randrange(len(data))
    if kind == 0:
        return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    if kind == 2:  # the mark alone
        return data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :]
    end = place + chance.randrange(3)
    return data[:place] + chance.randbytes(chance.randrange(3)) + data[end:]


@pytest.mark.parametrize("name", FILES)
def test_files_differ_if_and_only_if_something_is_named(name: str, tmp_path: Path) -> None:
    """Over all layouts; the changed file may make no sense, and the code may be hostile."""
    data = (SAMPLES / name).read_bytes()
    chance = random.Random(f"exact {name}")
    old, new = tmp_path / name, tmp_path / f"new.{name}"
    old.write_bytes(data)
    for _ in range(_CHANGES):
        changed = _changed(data, chance)
        new.write_bytes(changed)
        result = CliRunner().invoke(main, ["diff", "--level", "exact", str(old), str(new)])
        assert result.exit_code == (0 if changed == data else 1), (changed.hex(), result.output)
        named = [line for line in result.output.splitlines() if " -> " in line][1:]
        assert bool(named) == (changed != data), (changed.hex(), result.output)


# --- Tokens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [e["file"] for e in ENTRIES])
def test_tokens_end_where_the_reader_ends(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    header = parse_header(data, tag=tag_of(name))
    code, end = unmarshal(data, header.dialect, offset=header.size)
    found = list(tokens(data, header.dialect, header.size))
    assert found[-1].end == end or found[-1].end == len(data)
    owners: Sequence[int] = [token.owner for token in found]
    count: Callable[[Any], int] = lambda root: len(list(root.walk()))  # noqa: E731
    assert max(owners) == count(code) - 1
