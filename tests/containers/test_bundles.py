"""Executables of PyInstaller, made by hand as it makes them."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from pycinspect.containers import read_archive
from pycinspect.errors import PycInspectError
from tests.audit.kit import PAYLOAD, RUNNING
from tests.cli.conftest import Run, project, run
from tests.containers.kit import found, members_zip
from tests.containers.makers import PROGRAM, bundle, pyz

__all__ = ["project", "run"]

HEADER = RUNNING.magic + bytes(12)


MODULES = {
    "app": (1, PAYLOAD),
    "app.m": (0, PAYLOAD),
    "space": (3, b""),
    "other": (0, PAYLOAD),
}


def _good(modules: Mapping[str, tuple[int, bytes]] = MODULES, **more: bytes) -> bytes:
    return bundle(
        [
            ("opt", b"o", b""),
            ("boot", b"m", PAYLOAD),
            ("main", b"s", PAYLOAD),
            ("PYZ.pyz", b"z", pyz(modules, **more)),
            ("lib/libpython.so", b"b", b"binary"),
            ("link.so", b"n", b"lib/libpython.so"),
        ]
    )


def _files(data: bytes) -> dict[str, bytes]:
    archive = read_archive(io.BytesIO(data), len(data))
    contents = {}
    for name, node in archive.files():
        with archive.open(node) as stream:
            contents[name] = stream.read()
        assert node.member.size in (0, len(contents[name]))
    return contents


def test_modules_are_caches_with_the_header_of_their_python() -> None:
    code = HEADER + PAYLOAD
    names = ("boot", "main", "PYZ.pyz/app/__init__", "PYZ.pyz/app/m", "PYZ.pyz/other")
    expected = {f"{name}.pyc": code for name in names} | {"lib/libpython.so": b"binary"}
    assert {name: c for name, c in _files(_good()).items() if name != "link.so"} == expected
    data = _good() + b"signature" * 1000
    assert _files(data).keys() == _files(_good()).keys()


def test_a_bundle_is_clean(run: Run, project: Path) -> None:
    (project / "app").write_bytes(_good())
    result = run("audit", "app")
    assert (result.exit_code, "5 caches" in result.stdout) == (0, True)
    assert result.stdout.startswith("5 of 5 caches are imported without a source; 1 note.\n")
    shown = run("show", "app!/PYZ.pyz/app/m.pyc")
    assert shown.exit_code == 0
    assert "STORE_NAME" in shown.stdout


def test_a_module_that_cannot_be_loaded_is_on_the_first_screen(run: Run, project: Path) -> None:
    (project / "app").write_bytes(_good({**MODULES, "app.bad": (0, PAYLOAD[:-9])}))
    result = run("audit", "app")
    assert result.exit_code == 1
    assert "PYC202" in result.stdout
    assert any("app!/PYZ.pyz/app/bad.pyc" in line for line in result.stdout.splitlines()[:8])


def test_a_module_with_more_than_code(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(_good({**MODULES, "app.more": (0, PAYLOAD + b"hidden")}))
    told = {(f.rule, f.path) for f in found(tmp_path / "app")}
    assert ("PYC006", "TOP/PYZ.pyz/app/more.pyc") in told


def test_a_module_that_comes_twice(tmp_path: Path) -> None:
    data = bundle([("m", b"m", PAYLOAD), ("m", b"m", PAYLOAD), ("PYZ.pyz", b"z", pyz(MODULES))])
    (tmp_path / "app").write_bytes(data)
    assert [f.data["member"] for f in found(tmp_path / "app") if f.rule == "PYC707"] == ["m.pyc"]


def test_an_executable_with_a_zip_file_after_it(tmp_path: Path) -> None:
    path = members_zip(tmp_path / "app", [("__main__.py", b"x = 1\n")], PROGRAM)
    assert _files(path.read_bytes()) == {"__main__.py": b"x = 1\n"}


DAMAGED = {
    "a cut program": (PROGRAM, "without an archive that is known"),
    "a longer archive": (b"\x7fELF" + _good()[300:], "longer than the file"),
    "an entry that leads out": (
        _good().replace(struct.pack("!I", len(zlib.compress(b"binary"))), b"\x7f\xff\xff\xff"),
        "leads out of it",
    ),
    "no PYZ": (bundle([("PYZ.pyz", b"z", b"PYX\0" + bytes(20))]), "does not begin as a PYZ does"),
    "an unknown Python": (_good(magic=b"\1\1\r\n"), "is in no table"),
    "a table that is none": (
        bundle([("PYZ.pyz", b"z", b"PYZ\0" + RUNNING.magic + struct.pack("!I", 12) + b"N")]),
        "a damaged PyInstaller bundle",
    ),
    "a table behind the end": (
        bundle([("PYZ.pyz", b"z", b"PYZ\0" + RUNNING.magic + b"\xff\xff\xff\xff")]),
        "lies behind it",
    ),
    "a cut module": (
        bundle([("PYZ.pyz", b"z", pyz(MODULES).replace(zlib.compress(PAYLOAD)[-4:], b"abcd"))]),
        "a damaged PyInstaller bundle",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_said(name: str) -> None:
    data, message = DAMAGED[name]
    with pytest.raises(PycInspectError, match=message):
        _files(data)


@pytest.mark.slow
def test_what_pyinstaller_makes(tmp_path: Path) -> None:
    """The oracle itself, where it is installed: all that its own viewer lists is read."""
    if shutil.which("pyinstaller") is None:
        pytest.skip("PyInstaller is not installed")
    (tmp_path / "app.py").write_text("import json\nprint(json.dumps(1))\n")
    make = ["pyinstaller", "-y", "--onefile", "--distpath", tmp_path / "dist", "app.py"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    (made,) = (tmp_path / "dist").iterdir()
    listed = subprocess.run(
        ["pyi-archive_viewer", "-l", "-r", "-b", made], check=True, capture_output=True, text=True
    )
    names = {name for name in _files(made.read_bytes()) if name.endswith(".pyc")}
    modules = {
        os.path.splitext(name)[0].removeprefix("PYZ.pyz/").replace("/", ".") for name in names
    }
    for module in ("json.decoder", "app", "pyiboot01_bootstrap"):
        assert module in modules
        assert module in listed.stdout
