"""Packages of distributions, made by hand, and by the tools where those are installed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pycinspect.containers import read_archive
from pycinspect.errors import PycInspectError
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, timestamp
from tests.containers.kit import found, pack_tar

TAG = RUNNING.cache_tag
SITE = "usr/lib/python3/dist-packages/app"
FRESH = timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD
FILES = {f"{SITE}/m.py": SOURCE, f"{SITE}/__pycache__/m.{TAG}.pyc": FRESH}


def _tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mtime = len(content), MTIME
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def deb(files: Mapping[str, bytes], pack: Callable[[bytes], bytes] = lzma.compress) -> bytes:
    """Make a Debian package (deb(5))."""
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(_tar({"control": b"Package: app\n"})),
        "data.tar.xz": pack(_tar(files)),
    }
    data = b"!<arch>\n"
    for name, content in parts.items():
        data += f"{name:<16}{MTIME:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        data += content + b"\n" * (len(content) % 2)
    return data


def _cpio(name: str, content: bytes, mode: int, inode: int = 1, names: int = 1) -> bytes:
    numbers = (inode, mode, 0, 0, names, MTIME, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def rpm(files: Mapping[str, bytes], pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    """Make an RPM package: a lead, two header structures and a cpio archive."""
    cpio = b"".join(_cpio(f"./{name}", content, 0o100644) for name, content in files.items())
    cpio += _cpio("./link.py", b"m.py", 0o120777)
    cpio += _cpio("./first", b"", 0o100644, 9, 2) + _cpio("./second", b"both", 0o100644, 9, 2)
    cpio += _cpio("TRAILER!!!", b"", 0)
    header = b"\x8e\xad\xe8\x01" + bytes(4)
    signature = header + struct.pack("!II", 1, 5) + bytes(16) + b"store"
    signature += b"\0" * (-len(signature) % 8)
    lead = b"\xed\xab\xee\xdb".ljust(96, b"\0")
    return lead + signature + header + struct.pack("!II", 2, 3) + bytes(32) + b"abc" + pack(cpio)


def conda_1(files: Mapping[str, bytes], index: object) -> bytes:
    """Make a conda package of the first version, a tar file."""
    return bz2.compress(_tar({**files, "info/index.json": json.dumps(index).encode()}))


def conda_2(
    files: Mapping[str, bytes], index: object, pack: Callable[[bytes], bytes] = gzip.compress
) -> bytes:
    """Make one of the second; its parts are compressed as the test can."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        packed.writestr("pkg-app-1.0-0.tar.zst", pack(_tar(files)))
        info = _tar({"info/index.json": json.dumps(index).encode()})
        packed.writestr("info-app-1.0-0.tar.zst", pack(info))
    return stream.getvalue()


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
    data = _zstd(_tar(FILES))
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
