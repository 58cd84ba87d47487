"""Packages of distributions, made by hand, and by the tools where those are installed."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.containers import read_archive
from pycinspect.errors import PycInspectError
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, timestamp
from tests.containers.kit import found, pack_tar
from tests.containers.makers import conda_1, conda_2, deb, rpm, tar_of

TAG = RUNNING.cache_tag
SITE = "usr/lib/python3/dist-packages/app"
FRESH = timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD
FILES = {f"{SITE}/m.py": SOURCE, f"{SITE}/__pycache__/m.{TAG}.pyc": FRESH}


def _files(data: bytes) -> dict[str, bytes]:
    archive = read_archive(io.BytesIO(data), len(data))
    contents = {}
    for name, node in archive.files():
        with archive.open(node) as stream:
            contents[name] = stream.read()
    return contents


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bytes])
def test_deb(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert _files(deb(FILES, pack)) == FILES
    (tmp_path / "app.deb").write_bytes(deb(FILES, pack))
    findings = {finding.rule: finding for finding in found(tmp_path / "app.deb")}
    example = f"{SITE}/__pycache__/m.{TAG}.pyc"
    assert findings["PYC706"].message == f"the Debian package has 1 cache, such as {example}"
    (tmp_path / "app.deb").write_bytes(deb({f"{SITE}/m.py": SOURCE}, pack))
    assert "PYC706" not in {finding.rule for finding in found(tmp_path / "app.deb")}


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bytes])
def test_rpm(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    files = _files(rpm(FILES, pack))
    assert files.pop("first") == files.pop("second") == b"both"
    assert files.pop("link.py") is not None
    assert files == FILES
    (tmp_path / "app.rpm").write_bytes(rpm({f"{SITE}/m.py": SOURCE, **FILES}, pack))
    assert "PYC101" not in {finding.rule for finding in found(tmp_path / "app.rpm")}
    stale = {f"{SITE}/m.py": SOURCE, f"{SITE}/__pycache__/m.{TAG}.pyc": RUNNING.magic + FRESH[8:]}
    (tmp_path / "app.rpm").write_bytes(rpm({**stale, "other.py": b""}, pack))
    assert {finding.rule for finding in found(tmp_path / "app.rpm")} & {
        "PYC101",
        "PYC102",
        "PYC003",
    }


@pytest.mark.parametrize("make", [conda_1, conda_2])
def test_conda(tmp_path: Path, make: Callable[..., bytes]) -> None:
    path = tmp_path / "app.conda"
    for index, has_finding in (
        ({"noarch": "python"}, True),
        ({"arch": "x86_64"}, False),
        ([], False),
    ):
        path.write_bytes(make(FILES, index))
        assert {**FILES, "info/index.json": json.dumps(index).encode()} == _files(path.read_bytes())
        assert ("PYC706" in {finding.rule for finding in found(path)}) is has_finding


def test_a_zip_file_with_more_is_not_a_conda_package() -> None:
    stream = io.BytesIO(conda_2(FILES, {}))
    with zipfile.ZipFile(stream, "a") as packed:
        packed.writestr("hidden.py", SOURCE)
    assert "hidden.py" in _files(stream.getvalue())


DAMAGED = {
    "an ar archive": (b"!<arch>\n", "not a Debian package"),
    "a cut header": (b"!<arch>\n" + b"data", "a header of a member is damaged"),
    "a negative size": (
        b"!<arch>\n" + f"{'x':<48}{'-60':<10}`\n".encode(),
        "a member has a negative size",
    ),
    "a cut deb": (deb(FILES)[:-100], "a damaged tar archive"),
    "an rpm without headers": (b"\xed\xab\xee\xdb" + bytes(300), "a header structure is damaged"),
    "a cut rpm": (rpm(FILES, bytes)[:-150], "a damaged RPM package"),
    "another cpio": (rpm(FILES, lambda cpio: cpio.replace(b"070701", b"070707")), "is not known"),
    "a negative number": (
        rpm(FILES, lambda cpio: cpio.replace(b"00000001", b"-0000001")),
        "negative",
    ),
    "a long name": (
        rpm(FILES, lambda cpio: cpio[:94] + b"7fffffff" + cpio[102:]),
        "a header in it has more than",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_said(name: str) -> None:
    data, message = DAMAGED[name]
    with pytest.raises(PycInspectError, match=message):
        _files(data)


def _zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout


def _has_zstd() -> bool:
    for module in ("compression.zstd", "backports.zstd"):
        try:
            __import__(module)
        except ImportError:
            continue
        return True
    return False


def test_zstandard() -> None:
    data = _zstd(tar_of(FILES))
    if _has_zstd():
        assert _files(data) == _files(deb(FILES, _zstd)) == FILES
        assert _files(conda_2(FILES, {}, _zstd)).keys() >= FILES.keys()
    else:
        with pytest.raises(PycInspectError, match=r"without the extra pycinspect\[zstd\]"):
            _files(data)


def test_what_dpkg_makes(tmp_path: Path) -> None:
    """The tool itself, where it is installed."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    tree = Tree(tmp_path / "tree" / SITE)
    (tmp_path / "tree" / "DEBIAN").mkdir()
    control = "Package: app\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n"
    (tmp_path / "tree" / "DEBIAN" / "control").write_text(control)
    make = ["dpkg-deb", "--root-owner-group", "-Zxz", "-b", tmp_path / "tree", tmp_path / "a.deb"]
    subprocess.run(make, check=True, capture_output=True)
    shutil.rmtree(tmp_path / "tree" / "DEBIAN")
    expected = pack_tar(tmp_path / "tree", tmp_path / "a.tar")
    assert _files((tmp_path / "a.deb").read_bytes()) == _files(expected.read_bytes())
    assert tree.root.is_dir()
