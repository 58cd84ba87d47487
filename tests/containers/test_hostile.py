"""Archives that attack: one clear line, and no more than the limits say."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycinspect.cache.archived import ArchiveView
from pycinspect.containers import Archive, ContainerLimits, read_archive
from pycinspect.errors import PycInspectError
from tests.containers.kit import found, members_zip

SMALL = ContainerLimits(
    members=1000,
    directory=100_000,
    unpacked=4_000_000,
    ratio=50,
    ratio_from=100_000,
    nesting=3,
    nested=100_000,
    held=50_000,
    header=10_000,
)


def _tar(*members: tuple[str, bytes, dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content, fields in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def _zip(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return stream.getvalue()


def _read(data: bytes, limits: ContainerLimits = SMALL) -> Archive:
    return read_archive(io.BytesIO(data), len(data), limits)


def _pax(size: int) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    return info.tobuf(tarfile.USTAR_FORMAT) + b"11 path=ab\n".ljust(size + -size % 512, b"\0")


def _negative() -> bytes:
    header = bytearray(tarfile.TarInfo("neg.py").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + b"\xfe\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def _directory_of(count: int) -> bytes:
    return _zip(*((f"m{number}.py", b"") for number in range(count)))


MANY = _tar(*((f"m{number}.py", b"", {}) for number in range(1001)))
BIG = _tar(("big.py", bytes(4_500_000), {}))
RANDOM = random.Random(7).randbytes(4_500_000)

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "too many in a tar": (lambda: MANY, "it has more than 1,000 members"),
    "too many in a compressed tar": (lambda: gzip.compress(MANY, 0), "it has more than 1,000 m"),
    "too many in a zip": (lambda: _directory_of(1001), "it has more than 1,000 members"),
    "too long a directory": (lambda: _directory_of(2500), "its directory has more than 100,000"),
    "a bomb": (lambda: gzip.compress(BIG), "it unpacks to more than 50 times its "),
    "a long stream": (
        lambda: gzip.compress(_tar(("m", RANDOM, {}), ("n", b"", {})), 0),
        "more than 4,000,000 bytes had to be unpacked",
    ),
    "a long header": (lambda: _pax(20_000) + bytes(1024), "a header in it has more than 10,000"),
    "headers without end": (lambda: _pax(11) * 500, "a header in it has more than 10,000 bytes"),
    "a way back": (_negative, "its headers lead back"),
    "deep directories": (
        lambda: _tar(*((f"{n}/" + "d/" * 40 + "m", b"", {}) for n in range(60))),
        "it has more than 1,000 members",
    ),
    "a cut tar": (lambda: BIG[: 512 + 1000], "a damaged tar archive"),
    "a cut stream": (lambda: gzip.compress(RANDOM)[:3000], "a damaged tar archive in a gzip file"),
    "a cut zip": (lambda: _zip(("m.py", b"x"))[:-10], "a damaged zip archive"),
    "a damaged header": (
        lambda: _tar(("a", b"", {}), ("b", b"", {})).replace(b"b\0", b"c\0", 1),
        "what follows its last member is neither a member nor the end",
    ),
    "another format": (
        lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50),
        "a container (7-Zip archive), which",
    ),
    "no format": (lambda: b"hello", "not an archive"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(PycInspectError) as caught:
        _read(make())
    assert message in caught.value.message
    assert "\n" not in str(caught.value)


def test_what_is_within_the_limits_is_read() -> None:
    assert len(list(_read(_directory_of(999)).files())) == 999


def test_a_refused_bomb_takes_little_memory() -> None:
    data = gzip.compress(BIG)
    tracemalloc.start()
    try:
        with pytest.raises(PycInspectError):
            _read(data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


# --- Members ----------------------------------------------------------------------------------

ODD = {
    "../evil.py": "leads out of it",
    "a/../../evil.py": "leads out of it",
    "twice.py": "is in it twice",
    "file/below.py": "lies in what is not a directory",
}
ODD_ONLY_TAR = {
    "hard.py": "is a hard link to nowhere, which is not in it",
    "outside.py": "is a hard link to ../../etc/passwd, which is not in it",
    "directory": "is a hard link to the directory pkg",
    "loop/m.py": "lies in what is not a directory",
}
_NAMES = ("file", "twice.py", "pkg/m.py", *ODD)


def _odd_tar() -> bytes:
    members: list[tuple[str, bytes, dict[str, object]]] = [(name, b"x", {}) for name in _NAMES]
    links = {"hard.py": "nowhere", "outside.py": "../../etc/passwd", "directory": "pkg"}
    members += [(n, b"", {"type": tarfile.LNKTYPE, "linkname": to}) for n, to in links.items()]
    members += [
        ("loop", b"", {"type": tarfile.SYMTYPE, "linkname": "loop"}),
        ("loop/m.py", b"", {}),
    ]
    return _tar(*members)


def _odd_zip() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return _zip(*((name, b"x") for name in _NAMES))


@pytest.mark.parametrize(
    ("make", "expected"), [(_odd_zip, ODD), (_odd_tar, {**ODD, **ODD_ONLY_TAR})]
)
def test_what_is_odd_about_members_is_said(
    tmp_path: Path, make: Callable[[], bytes], expected: dict[str, str]
) -> None:
    odd = dict(_read(make()).oddities)
    assert odd.keys() == expected.keys()
    for name, reason in expected.items():
        assert odd[name].startswith(reason)
    (tmp_path / "a").write_bytes(make())
    told = {f.data["member"] for f in found(tmp_path / "a") if f.rule == "PYC707"}
    assert told == expected.keys()


def test_many_odd_members_are_counted(tmp_path: Path) -> None:
    archive = members_zip(
        tmp_path / "a.zip", [("m.py", b""), *((f"../{n}", b"") for n in range(150))]
    )
    findings = [f for f in found(archive) if f.rule == "PYC707"]
    assert len(findings) == 101
    assert findings[-1].message == "50 more members of the archive are like these"


def test_of_two_with_one_name_the_last_counts() -> None:
    archive = _read(_tar(("m.py", b"first", {}), ("m.py", b"last", {})))
    with archive.open(archive.find("m.py")) as stream:
        assert stream.read() == b"last"


def test_absolute_names_lie_below() -> None:
    assert [path for path, _ in _read(_tar(("//etc/m.py", b"", {}))).files()] == ["etc/m.py"]


def test_nothing_is_written_or_followed_on_disk(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_bytes(b"secret = 1\n")
    link = {"type": tarfile.SYMTYPE, "linkname": str(tmp_path / "secret.py")}
    (tmp_path / "a.tar").write_bytes(_tar(("m.py", b"", link), ("../n.py", b"", {})))
    before = sorted(tmp_path.rglob("*"))
    view = ArchiveView()
    assert not view.exists(f"{tmp_path}/a.tar!/m.py")
    found(tmp_path / "a.tar")
    assert sorted(tmp_path.rglob("*")) == before


# --- Content ----------------------------------------------------------------------------------


def _content(data: bytes, name: str = "m.py") -> bytes:
    archive = _read(data)
    with archive.open(archive.find(name)) as stream:
        return stream.read()


def test_a_bomb_among_the_members_of_a_zip() -> None:
    with pytest.raises(PycInspectError, match="it unpacks to more than 50 times its "):
        _content(_zip(("m.py", bytes(500_000))))


def test_members_that_share_their_bytes_are_counted_together() -> None:
    archive = _read(_zip(*((f"m{n}.py", RANDOM[:90_000] + bytes(n)) for n in range(3))))
    node = archive.find("m1.py")

    def read(times: int) -> None:
        for _ in range(times):
            with archive.open(node) as stream:
                stream.read()

    with pytest.raises(PycInspectError, match="had to be unpacked"):
        read(100)


@pytest.mark.parametrize("size", [0, 5, 2**31])
def test_a_member_that_lies_about_its_size(size: int) -> None:
    data = bytearray(_zip(("m.py", b"x = 1\n" * 50)))
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, size)
    if size == 2**31:  # what is there is what is read
        assert _content(bytes(data)) == b"x = 1\n" * 50
    else:
        assert _damage(bytes(data)) is not None or size == 0


def _damage(data: bytes) -> str | None:
    try:
        _content(data)
    except PycInspectError as error:
        return error.message
    return None


def test_a_member_that_is_not_what_its_sum_says() -> None:
    data = bytearray(_zip(("m.py", b"x = 1\n")))
    data[data.index(b"m.py") + 5] ^= 1
    message = _damage(bytes(data))
    assert message is not None
    assert message.startswith("a damaged zip archive: ")


def test_what_cannot_be_unpacked_is_found_by_the_audit(tmp_path: Path) -> None:
    data = bytearray(
        _zip(("m.py", b"x = 1\n"), ("__pycache__/m.cpython-312.pyc", bytes(100) + b"x"))
    )
    data[data.index(b"m.cpython-312.pyc") + 20] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    (finding,) = (f for f in found(tmp_path / "a.zip") if f.rule == "PYC606")
    assert "a damaged zip archive" in finding.message


def test_what_is_not_kept_is_unpacked_again() -> None:
    """The last of many members does not fit into what is held."""
    members = [(f"m{n}.py", RANDOM[n * 900 : n * 900 + 900], {}) for n in range(100)]
    archive = _read(gzip.compress(_tar(*members)))
    for name, content, _ in members:
        with archive.open(archive.find(name)) as stream:
            assert stream.read() == content


def _nested(depth: int) -> bytes:
    data, name = b"x = 1\n", "m.py"
    for _ in range(depth):
        data, name = _zip((name, data)), "n.zip"
    return data


def test_containers_are_not_followed_without_end(tmp_path: Path) -> None:
    (tmp_path / "n.zip").write_bytes(_nested(50))
    view = ArchiveView(limits=SMALL)
    inner = f"{tmp_path}/n.zip!/n.zip!/n.zip!"
    assert view.listdir(inner) == ["n.zip"]
    with pytest.raises(PycInspectError, match="containers nested more than 3 deep"):
        view.listdir(f"{inner}/n.zip!")
    with pytest.raises(PycInspectError, match="nested more than 8 deep"):
        ArchiveView().listdir(f"{tmp_path}/n.zip" + "!/n.zip" * 49 + "!")


def test_a_container_in_a_container(tmp_path: Path) -> None:
    (tmp_path / "n.zip").write_bytes(_nested(2))
    view = ArchiveView(limits=SMALL)
    assert view.read_all(f"{tmp_path}/n.zip!/n.zip!/m.py", 100) == b"x = 1\n"
    (tmp_path / "b.tar").write_bytes(_tar(("n.zip", _zip(("m.py", RANDOM[:200_000])), {})))
    with pytest.raises(PycInspectError, match="in a container, and larger than 100,000 bytes"):
        view.listdir(f"{tmp_path}/b.tar!/n.zip!")


def test_archives_that_were_not_looked_into_are_said(tmp_path: Path) -> None:
    inner = (_zip(("m.py", b"")), {})
    (tmp_path / "a.tar").write_bytes(
        _tar(("m.py", b"", {}), ("b.whl", *inner), ("c/d.zip", *inner))
    )
    (finding,) = (one for one in found(tmp_path / "a.tar") if one.rule == "PYC901")
    assert "2 archives in it, such as b.whl, to be audited by name" in finding.message
    assert "PYC901" not in {one.rule for one in found(f"{tmp_path}/a.tar!/b.whl")}


def test_no_more_memory_is_taken_than_a_member_has(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(_zip(("m.txt", b"x")))
    (tmp_path / "b.tar").write_bytes(_tar(("n.tar", _tar(("m.py", b"", {})), {})))
    view = ArchiveView()
    tracemalloc.start()
    try:
        view.open(f"{tmp_path}/a.zip!/m.txt").close()
        assert view.listdir(f"{tmp_path}/b.tar!/n.tar!") == ["m.py"]
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


# --- Damage by chance -------------------------------------------------------------------------


def _damaged(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged[: chance.randrange(len(data)) if chance.random() < 0.2 else None])


def _everything(data: bytes) -> Iterator[bytes]:
    archive = _read(data)
    for _, node in archive.files():
        with archive.open(node) as stream:
            yield stream.read()


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_damage_is_an_error_or_an_answer(form: str) -> None:
    plain = _tar(*((f"d/m{n}.py", b"x = 1\n" * n, {}) for n in range(5)), ("l" * 120, b"", {}))
    members = ((f"d/m{n}.py", b"x = 1\n" * n) for n in range(5))
    data = {"zip": _zip(*members), "tar": plain, "tar.gz": gzip.compress(plain)}[form]
    refused = 0
    for seed in range(300):
        try:
            list(_everything(_damaged(data, random.Random(seed))))
        except PycInspectError:
            refused += 1
    assert refused > 0
    assert zlib.crc32(b"".join(_everything(data)))
