"""What each byte of a cache is."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pycinspect.cli import main
from pycinspect.errors import PycInspectError
from pycinspect.pyc import ByteRange, RangeKind, byte_ranges, parse_pyc, read_pyc, tag_of
from tests.differential import ranges
from tests.samples import ENTRIES, SAMPLES

SAMPLE = SAMPLES / "cpython-3.5-docstrings.pyc"


@pytest.mark.parametrize("name", [entry["file"] for entry in ENTRIES])
def test_ranges_tile_the_file_and_are_what_is_read(name: str) -> None:
    path = SAMPLES / name
    assert ranges.problems(path.read_bytes(), read_pyc(path)) == []


@pytest.mark.parametrize("change", ["value", "end"])
def test_the_comparison_sees_every_range_that_is_wrong(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, file = SAMPLE.read_bytes(), read_pyc(SAMPLE)
    right = byte_ranges(data, file.header, file.header.dialect)
    whole = [one for one in right if one.refers_to is None and one.value is not None]
    assert len(whole) > 20

    for wrong in whole if change == "value" else right:
        other: Any = "another value" if change == "value" else wrong.end + 1
        changed = [replace(one, **{change: other}) if one is wrong else one for one in right]

        def given(*_: object, found: list[ByteRange] = changed) -> list[ByteRange]:
            return found

        monkeypatch.setattr(ranges, "byte_ranges", given)
        assert ranges.problems(data, file), wrong


def test_damaged_files_that_are_read_are_tiled() -> None:
    generator = random.Random(20)
    read = 0
    for name in (
        "cpython-2.6-plain10.pyc",
        "cpython-3.5-docstrings.pyc",
        "cpython-3.1-closures.pyc",
    ):
        good = (SAMPLES / name).read_bytes()
        for _ in range(150):
            damaged = bytearray(good)
            damaged[generator.randrange(16, len(good))] = generator.randrange(256)
            data = bytes(damaged) + b"more" * generator.randrange(2)
            try:
                file = parse_pyc(data, tag=tag_of(name))
            except PycInspectError:
                continue
            read += 1
            found = byte_ranges(data, file.header, file.header.dialect)
            assert [one.start for one in found] == [0, *(one.end for one in found[:-1])]
            assert found[-1].end == len(data)
            trailing = [one for one in found if one.kind is RangeKind.TRAILING]
            assert sum(one.end - one.start for one in trailing) == file.trailing
    assert read > 100


# --- The command ---------------------------------------------------------------------------------


def show(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["show", "--bytes", *arguments])


def test_text_has_every_byte_in_order() -> None:
    lines = show(str(SAMPLE)).stdout.splitlines()
    data = SAMPLE.read_bytes()
    assert lines[0] == f"{SAMPLE}: cpython-3.5, timestamp, {len(data):,} bytes"
    dumped = b"".join(bytes.fromhex(line[12:35]) for line in lines[2:])
    assert dumped == data
    offsets = [int(line[:10]) for line in lines[2:]]
    assert offsets == sorted(set(offsets))
    assert any(line.endswith("code <module>  [reference 0]") for line in lines)


def test_json() -> None:
    document = json.loads(show("--json", str(SAMPLE)).stdout)
    assert document["schema"] == "pycinspect.bytes/1"
    assert document["size"] == SAMPLE.stat().st_size == document["ranges"][-1]["end"]
    (filename, *_) = [one for one in document["ranges"] if one["field"] == "filename"]
    assert filename["value"]["value"] == read_pyc(SAMPLE).code.filename or filename["refers_to"]


def test_a_source_has_no_bytes_to_show(tmp_path: Path) -> None:
    source = tmp_path / "app.py"
    source.write_text("x = 1\n")
    result = show(str(source))
    assert result.exit_code == 2
    assert "it is a source: --bytes is for caches" in result.stderr


def test_hostile_text_is_one_line_of_bounded_length(tmp_path: Path) -> None:
    import importlib.util
    import marshal

    text = "\x1b[31m\u202e</script>\n" * 10_000
    payload = marshal.dumps(compile(f"x = {text!r}", "a\nb.py", "exec"))
    path = tmp_path / "m.pyc"
    path.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + payload)

    lines = show(str(path)).stdout.splitlines()

    assert max(map(len, lines)) < 1_000
    assert all(line.isprintable() for line in lines)


def test_options_that_would_do_nothing_are_refused() -> None:
    result = show("--raw", str(SAMPLE))
    assert result.exit_code == 2
    assert "--bytes does not go with --raw" in result.stderr
