"""Files that are not what their names or headers say, or have no header at all."""

from __future__ import annotations

import io
import json
import marshal
import tarfile
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS
from pycinspect.disasm import readings
from pycinspect.errors import PycInspectError
from pycinspect.pyc import container_kind, read_marshalled
from tests.samples import ENTRIES, SAMPLES

from .conftest import Run

HERE = DIALECTS.running().name
#: Code that no neighbour of the running version reads without defects by chance.
SOURCE = "def f(x):\n    for y in x:\n        yield [z + 1 for z in y]\n"
CODE = marshal.dumps(compile(SOURCE, "m.py", "exec"))


@pytest.mark.parametrize("name", ["entry", "entry.pyc", "logo.png"])
def test_marshalled_code_without_a_header(run: Run, project: Path, name: str) -> None:
    (project / name).write_bytes(CODE)
    refused = run("show", name)
    assert refused.exit_code == 2
    assert "marshalled code without a header" in refused.stderr
    assert f"without defects as {HERE}" in refused.stderr
    shown = run("show", name, "--as", HERE)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"{name}: {HERE}, no header\n")
    listed = json.loads(run("show", name, "--as", HERE, "--json").stdout)
    assert (listed["header"], listed["dialect"]) == (None, HERE)
    assert [code["name"] for code in listed["codes"]][:2] == ["<module>", "f"]


def test_a_source_may_begin_with_the_type_code_of_code(run: Run, project: Path) -> None:
    (project / "c.py").write_text("cat = 1\n")
    assert run("show", "c.py").stdout.startswith(f"c.py: compiled by {HERE}\n")


@pytest.mark.parametrize("between", [b"\0" * 4, b"\x39\x30\0\0", b"\0" * 8, b"\xff" * 8])
def test_a_header_of_another_length_gets_a_hint(run: Run, project: Path, between: bytes) -> None:
    (project / "short.pyc").write_bytes(MAGIC_NUMBER + between + CODE)
    result = run("show", "short.pyc")
    assert result.exit_code == 2
    offset = 4 + len(between)
    assert f"from offset {offset} on it decodes without defects as {HERE}" in result.stderr


def test_another_magic_number_gets_a_hint(run: Run, project: Path) -> None:
    other = DIALECTS["cpython-3.8" if HERE != "cpython-3.8" else "cpython-3.9"]
    (project / "other.pyc").write_bytes(other.magic + bytes(12) + CODE)
    assert f"decodes without defects as {HERE}" in run("show", "other.pyc").stderr


def test_damaged_code_gets_no_hint(run: Run, project: Path) -> None:
    (project / "cut.pyc").write_bytes(MAGIC_NUMBER + bytes(12) + CODE[:-1])
    result = run("show", "cut.pyc")
    assert result.exit_code == 2
    assert "without defects" not in result.stderr


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_every_sample_without_its_header_is_recognised(entry: dict[str, str]) -> None:
    data = (SAMPLES / entry["file"]).read_bytes()
    row = DIALECTS.find(data[:4])
    if row is None or row.header is None or row.bytecode is None:
        pytest.skip("its opcodes are not known")
    found = list(readings(data[row.header.size :], DIALECTS))
    assert any(reading.offset == 0 for reading in found)
    code = read_marshalled(data[row.header.size :], row).code
    assert code.name in {"<module>", "?"}


def test_the_attempts_at_a_large_file_are_bounded() -> None:
    data = b"\xe3" + bytes(2 * 1024 * 1024)
    assert list(readings(data, DIALECTS)) == []


# --- Containers ------------------------------------------------------------------------------


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mod.py", "X = 1\n")
    return stream.getvalue()


def _tar(mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{mode}") as archive:
        archive.addfile(tarfile.TarInfo("mod.py"))
    return stream.getvalue()


CONTAINERS = {
    "app.zip": (_zip(), "zip archive"),
    "app.whl": (_zip(), "zip archive"),
    "app.pyz": (b"#!/usr/bin/env python3\n" + _zip(), "zip archive"),
    "app.tar": (_tar(""), "tar archive"),
    "app.tar.gz": (_tar("gz"), "gzip file"),
    "app.tar.bz2": (_tar("bz2"), "bzip2 file"),
    "app.tar.xz": (_tar("xz"), "xz file"),
    "app.deb": (b"!<arch>\ndebian-binary", "ar archive"),
    "app.pyc": (_zip(), "zip archive"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_are_refused_by_that_word(run: Run, project: Path, name: str) -> None:
    content, kind = CONTAINERS[name]
    (project / name).write_bytes(content)
    result = run("show", name)
    assert result.exit_code == 2
    assert f"{name}: a container ({kind}); a file in it is named" in result.stderr


@pytest.mark.parametrize("content", [b"", b"x = 1\n", CODE, MAGIC_NUMBER + bytes(12) + CODE])
def test_other_files_are_not_containers(content: bytes) -> None:
    assert container_kind(content) is None


# --- Options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ("--header", "--code", "f"),
        ("--header", "--raw"),
        ("--header", "--canonical"),
        ("--header", "-O"),
        ("--header", "--as", HERE),
        ("--header", "--python", "3"),
        ("--json", "--raw"),
        ("--canonical", "--raw"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    run: Run, project: Path, options: tuple[str, ...]
) -> None:
    (project / "m.pyc").write_bytes(MAGIC_NUMBER + bytes(12) + CODE)
    result = run("show", "m.pyc", *options)
    assert result.exit_code == 2
    assert "does not go with" in result.stderr


def test_a_cache_is_not_compiled(run: Run, project: Path) -> None:
    (project / "m.pyc").write_bytes(MAGIC_NUMBER + bytes(12) + CODE)
    result = run("show", "m.pyc", "-O")
    assert result.exit_code == 2
    assert "--python and -O are for sources" in result.stderr


def test_a_source_has_no_writer(run: Run) -> None:
    result = run("show", "fresh.py", "--as", "cpython-3.9")
    assert result.exit_code == 2
    assert "--as is for bytecode" in result.stderr


def test_marshalled_code_of_a_dialect_that_is_not_read() -> None:
    with pytest.raises(PycInspectError) as caught:
        read_marshalled(CODE, DIALECTS["jython-2.7"])
    assert caught.value.slug == "unsupported"
