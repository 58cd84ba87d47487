"""What is said of an archive is what is said of the directory that it unpacks to."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.cache import HERE, mounted
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, timestamp
from tests.audit.test_one_finding import CONTENTS, DEEP
from tests.containers.kit import PACKERS, TARS, found, pack_zip

TAG = RUNNING.cache_tag
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))


def _defects(tree: Tree) -> None:
    """Add a package for each defect, with a source and without one, and in a source's place."""
    for number, content in enumerate(map(next, map(iter, {**CONTENTS, **DEEP}.values()))):
        for place in (f"with{number}", f"without{number}"):
            tree.source(f"{place}/other.py")
            tree.file(f"{place}/__pycache__/bad.{TAG}.pyc", content)
        tree.source(f"with{number}/bad.py")
        tree.file(f"bare{number}/bad.pyc", content)
    tree.module("modes/open.py").chmod(0o666)
    tree.module("modes/run.py").chmod(0o755)
    tree.file("names/__pycache__/bad.nobody-1.pyc", FRESH + PAYLOAD)
    tree.file(f"names/__pycache__/__pycache__/m.{TAG}.pyc", FRESH + PAYLOAD)
    (tree.root / "empty" / "__pycache__").mkdir(parents=True)


def _links(tree: Tree) -> None:
    """Add what only a tar file keeps."""
    cache = tree.module("links/soft.py")
    cache.rename(tree.root / "links" / "elsewhere")
    cache.symlink_to("../elsewhere")
    tree.module("links/gone.py").unlink()
    (tree.root / f"links/__pycache__/gone.{TAG}.pyc").symlink_to("nowhere")
    tree.source("links/linked.py")
    (tree.root / "links/alias.py").symlink_to("linked.py")
    tree.cache("links/alias.py")
    os.link(tree.module("links/hard.py"), tree.root / "links/other-name")
    (tree.root / "linked").mkdir()
    (tree.root / "linked" / "__pycache__").symlink_to("../with0/__pycache__")
    os.mkfifo(tree.root / f"links/__pycache__/fifo.{TAG}.pyc")


@pytest.mark.skipif(os.name != "posix", reason="links and modes")
@pytest.mark.parametrize("suffix", TARS)
def test_a_tar_is_judged_as_the_directory(tmp_path: Path, suffix: str) -> None:
    tree = Tree(tmp_path / "tree")
    _defects(tree)
    _links(tree)
    expected = found(tree.root)
    assert len({finding.rule for finding in expected}) > 20
    assert found(TARS[suffix](tree.root, tmp_path / f"app.{suffix}")) == expected


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_zip_is_judged_as_the_directory(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    _defects(tree)
    findings = found(pack_zip(tree.root, tmp_path / "app.zip"))
    assert [one for one in findings if one.rule != "PYC704"] == found(tree.root)


def test_what_is_well_is_well(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    tree.module("pkg/__init__.py")
    for suffix, pack in PACKERS.items():
        findings = found(pack(tree.root, tmp_path / f"app.{suffix}"))
        assert [one for one in findings if one.rule != "PYC704"] == []


# --- What an unpacker makes of it -------------------------------------------------------------

NAMES = st.text("ab.é ", min_size=1, max_size=3).filter(lambda name: name.strip(".") != "")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.tuples(st.binary(max_size=40), st.integers(400_000_000, 2**31)))


def _wanted(files: dict[str, tuple[bytes, int]]) -> dict[str, tuple[bytes, int]]:
    """Leave out files that are directories of others."""
    return {
        name: (content, mtime // 2 * 2)
        for name, (content, mtime) in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }


@settings(deadline=None, max_examples=15)
@given(FILES)
def test_every_member_is_as_it_was_packed(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, int]]
) -> None:
    wanted, place = _wanted(files), tmp_path_factory.mktemp("packed")
    (place / "tree").mkdir()
    for name, (content, mtime) in wanted.items():
        path = place / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
    for suffix, pack in PACKERS.items():
        archive = pack(place / "tree", place / f"a.{suffix}")
        view, (root,) = mounted([os.fspath(archive)], HERE)
        for name, (content, mtime) in wanted.items():
            path = os.path.join(root, *name.split("/"))
            assert view.read_all(path, 100) == content
            assert view.stat(path).st_size == len(content)
            assert view.stat(path).st_mtime == mtime
            assert os.path.basename(path) in view.listdir(os.path.dirname(path))
            assert view.is_file(path)
            assert view.is_dir(os.path.dirname(path))


def test_times_are_those_that_unzip_sets(tmp_path: Path) -> None:
    """DOS times are even, and local; what Info-ZIP adds is exact."""
    (tmp_path / "m.py").write_bytes(SOURCE)
    os.utime(tmp_path / "m.py", (MTIME + 1, MTIME + 1))
    with zipfile.ZipFile(tmp_path / "dos.zip", "w") as archive:
        archive.write(tmp_path / "m.py", "m.py")
        info = zipfile.ZipInfo("exact.py", (1980, 1, 1, 0, 0, 0))
        info.extra = b"UT\x05\x00\x01" + (MTIME + 1).to_bytes(4, "little")
        archive.writestr(info, SOURCE)
    view, (root,) = mounted([os.fspath(tmp_path / "dos.zip")], HERE)
    assert view.stat(f"{root}/m.py").st_mtime == MTIME
    assert view.stat(f"{root}/exact.py").st_mtime == MTIME + 1


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_lead_where_they_lead_once_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, target in (
            ("up", "../../../d"),
            ("root", "/d/m.py"),
            ("d/back", ".."),
            ("loop", "loop"),
            ("chain", "up"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        tar.addfile(tarfile.TarInfo("d/m.py"))
    view, (root,) = mounted([os.fspath(tmp_path / "a.tar")], HERE)
    real = view.real(f"{root}/d/m.py")
    for path in ("root", "up/m.py", "d/back/d/m.py", "chain/back/d/../d/m.py"):
        assert view.real(f"{root}/{path}") == real, path
    assert view.readlink(f"{root}/root") == "/d/m.py"
    assert view.is_link(f"{root}/loop")
    with pytest.raises(OSError, match="symbolic links"):
        view.stat(f"{root}/loop")
    with pytest.raises(NotADirectoryError):
        view.listdir(f"{root}/d/m.py")
    with pytest.raises(FileNotFoundError):
        view.stat(f"{root}/d/n.py")


@pytest.mark.skipif(not os.path.exists("/usr/bin/unzip"), reason="unzip is not installed")
def test_unzip_sets_these_times(tmp_path: Path) -> None:
    """The oracle itself, in a time zone with summer time."""
    (tmp_path / "m.py").write_bytes(SOURCE)
    os.utime(tmp_path / "m.py", (MTIME, MTIME))
    pack_zip(tmp_path, tmp_path.parent / "u.zip")
    subprocess.run(["unzip", "-q", tmp_path.parent / "u.zip", "-d", tmp_path / "out"], check=True)
    view, (root,) = mounted([os.fspath(tmp_path.parent / "u.zip")], HERE)
    assert view.stat(f"{root}/m.py").st_mtime == (tmp_path / "out" / "m.py").stat().st_mtime
