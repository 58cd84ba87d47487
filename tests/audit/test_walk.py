"""Trees that are not what they seem: loops, links, files in the place of directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pycinspect import audit
from pycinspect.auditing import Severity, walk
from pycinspect.auditing.walk import Tree
from pycinspect.errors import PycInspectError
from tests.audit import kit

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One orphaned cache, which must be found whatever stands beside it."""
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "gone.cpython-311.pyc").write_bytes(b"\xa7\r\r\n" + bytes(13))
    return tmp_path


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_directory(path: Path) -> None:
    path.symlink_to(".", target_is_directory=True)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [loop, link_to_directory, dangling, Path.mkdir, fifo])
@pytest.mark.parametrize("name", ["m.py", "m.pyc", "m.txt", "sub"])
def test_odd_neighbours_hide_nothing(tree: Path, make, name: str) -> None:  # type: ignore[no-untyped-def]
    make(tree / name)
    findings = [(finding.rule, finding.path) for finding in audit([tree])]
    assert ("PYC201", str(tree / "__pycache__" / "gone.cpython-311.pyc")) in findings
    assert "PYC606" not in {rule for rule, _ in findings}


@pytest.mark.parametrize("make", [loop, link_to_directory, dangling])
def test_a_cache_directory_that_is_a_link_is_named_and_not_read(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "__pycache__")
    assert [finding.rule for finding in audit([tmp_path])] == ["PYC603"]


def test_a_file_in_the_place_of_the_cache_directory_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").touch()
    with pytest.raises(PycInspectError, match="neither a cache nor a source"):
        list(audit([tmp_path]))


def test_a_source_that_is_no_file_does_not_own_a_cache(tree: Path) -> None:
    (tree / "gone.py").symlink_to(".", target_is_directory=True)
    assert "PYC201" in {finding.rule for finding in audit([tree])}


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    tree = Tree(str(tmp_path))
    assert list(tree) == []
    assert tree.directories == 3


def test_order_is_that_of_names_and_in_depth(tmp_path: Path) -> None:
    for name in ("b/x", "a/y", "a/c", "."):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "m.py").touch()
    found = [os.path.relpath(directory.path, tmp_path) for directory in Tree(str(tmp_path))]
    assert found == [".", "a/c", "a/y", "b/x"]


def test_package_is_the_first_name_below_the_root(tmp_path: Path) -> None:
    for name in ("a/b/c", "a", "d", "."):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "m.py").touch()
    assert [directory.package for directory in Tree(str(tmp_path))] == [".", "a", "a", "d"]


def test_a_finder_prefers_py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_SOURCE_SUFFIXES", (".py", ".pyw"))
    for name in ("both.py", "both.pyw", "only.pyw"):
        (tmp_path / name).touch()
    (directory,) = Tree(str(tmp_path))
    names = {stem: entry.name for stem, entry in directory.sources.items()}
    assert names == {"both": "both.py", "only": "only.pyw"}


@pytest.mark.parametrize(
    ("directory", "spelled"),
    [
        (".", "__pycache__"),
        (".", "__pycache__/"),
        (".", "./__pycache__"),
        (".", "__pycache__/."),
        ("__pycache__", "."),
        ("__pycache__", "./"),
        ("__pycache__", "../__pycache__"),
    ],
)
def test_a_cache_directory_by_any_path(
    directory: str, spelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = kit.Tree(tmp_path / "tree")
    monkeypatch.chdir(tree.root / directory)
    run = audit([spelled])
    assert [finding.rule for finding in run if finding.severity is not Severity.INFO] == []
    assert run.summary.states == {"fresh": 1}
