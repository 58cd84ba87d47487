"""What the file system refuses is a PycInspectError with slug and path, in the whole public API."""

from __future__ import annotations

import errno
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pycinspect
from pycinspect.cache import judge_target
from pycinspect.errors import PycInspectError

POSIX = pytest.mark.skipif(os.name != "posix", reason="what POSIX allows")

CALLS: dict[str, Callable[[str], Any]] = {
    "read_header": pycinspect.read_header,
    "read_pyc": pycinspect.read_pyc,
    "diff": lambda path: pycinspect.diff(path, path),
    "canonicalize": pycinspect.canonicalize,
    "audit": lambda path: list(pycinspect.audit([path])),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("path", ["nowhere.pyc", "a\0b.pyc", os.path.join("x" * 5000, "a.pyc")])
def test_a_path_that_leads_nowhere(tmp_path: Path, name: str, path: str) -> None:
    full = os.path.join(tmp_path, path)
    with pytest.raises(PycInspectError) as caught:
        CALLS[name](full)
    assert caught.value.slug in {"not-found", "unreadable"}
    assert caught.value.path == full


def test_a_directory_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str) -> list[str]:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(os, "listdir", fail)
    for ask in (pycinspect.find_module, pycinspect.judge_module):
        with pytest.raises(PycInspectError) as caught:
            ask("some_module", [os.fspath(tmp_path)])
        assert (caught.value.slug, caught.value.path) == ("unreadable", os.fspath(tmp_path))


def test_a_search_path_with_a_null_character_is_passed_over() -> None:
    assert pycinspect.find_module("some_module", ["a\0b"]).kind.value == "none"


@POSIX
@pytest.mark.parametrize("ask", [pycinspect.judge, judge_target])
def test_a_current_directory_that_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Any]
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    place.rmdir()
    options = pycinspect.ImportOptions(pycache_prefix="prefix")
    with pytest.raises(PycInspectError) as caught:
        ask("module.py", None, options)
    assert (caught.value.slug, caught.value.path) == ("not-found", "module.py")
    with pytest.raises(PycInspectError):
        list(pycinspect.audit(["."]))


COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_damaged_members_are_bad_zips_whatever_the_decompressor_raises(
    tmp_path: Path, compression: int
) -> None:
    path = tmp_path / "library.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("module.pyc", bytes(range(256)) * 8)
    whole = path.read_bytes()
    start = whole.index(b"module.pyc") + len(b"module.pyc")
    errors = set()
    for at in range(start, min(start + 40, len(whole))):
        for value in (0x00, 0xFF):
            path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                pycinspect.judge_module("module", [os.fspath(path)])
            except PycInspectError as error:
                errors.add((error.slug, error.path))
    assert errors <= {("bad-zip", os.fspath(path))}
    assert errors or compression == zipfile.ZIP_STORED


@POSIX
def test_an_archive_that_is_exchanged_for_a_fifo_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("module.py", "x = 1\n")
    found = pycinspect.find_module("module", [os.fspath(path)])
    path.unlink()
    os.mkfifo(path)
    judging = sys.modules["pycinspect.cache.judge"]  # the package has a function of that name
    monkeypatch.setattr(judging, "find_part", lambda *_, **__: found)
    verdict = pycinspect.judge_module("module", [os.fspath(path)])
    assert verdict.outcome is not pycinspect.Outcome.LOAD
