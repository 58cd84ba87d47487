"""Files as they are in revisions of a real git repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pycinspect import PycInspectError
from pycinspect.diffing import FileTree, RevisionTree, paired_modules

#: Whose settings must not count: hooks, signing, the name of the first branch.
ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
WHO = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]


def git(directory: Path, *arguments: str) -> None:
    command = ["git", *WHO, *arguments]
    subprocess.run(command, cwd=directory, check=True, env={**os.environ, **ISOLATED})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two revisions, ``one`` and ``two``: a module changes, one goes, one comes."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "repo"
    (root / "pkg" / "inner").mkdir(parents=True)
    (root / "pkg" / "mod.py").write_text("x = 1\n")
    (root / "pkg" / "gone.py").write_text("gone = 1\n")
    (root / "pkg" / "inner" / "a b.py").write_text("y = 1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "one")
    git(root, "tag", "one")
    (root / "pkg" / "mod.py").write_text("x = 2\n")
    (root / "pkg" / "gone.py").unlink()
    (root / "pkg" / "come.py").write_text("come = 1\n")
    git(root, "add", "-A", ".")
    git(root, "commit", "-q", "-m", "two")
    git(root, "tag", "two")
    return root


def constants(tree: RevisionTree | FileTree, file: str) -> tuple[object, ...]:
    return tree.read(file).file.code.consts


def test_a_file_in_two_revisions(repository: Path) -> None:
    path = os.fspath(repository / "pkg" / "mod.py")
    old, new = RevisionTree("one", path), RevisionTree("two", path)
    assert old.name == f"one:{path}"
    assert paired_modules(old, new) == [(old.name, new.name)]
    assert 1 in constants(old, old.name)
    assert 2 in constants(new, new.name)


def test_a_directory(repository: Path) -> None:
    path = os.fspath(repository / "pkg")
    old, new = RevisionTree("one", path), RevisionTree("two", path)
    names = {
        os.path.basename(pair.old or pair.new or ""): pair for pair in paired_modules(old, new)
    }
    assert set(names) == {"mod.py", "gone.py", "come.py", "a b.py"}
    assert names["gone.py"].new is None
    assert names["come.py"].old is None
    inside = names["a b.py"].old
    assert inside == f"one:{os.path.join(path, 'inner', 'a b.py')}"
    assert 1 in constants(old, inside)


def test_a_relative_path_from_below_the_top(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "pkg" / "inner")
    mod = os.path.join(os.pardir, "mod.py")
    tree = RevisionTree("one", mod)
    assert tree.name == f"one:{mod}"
    assert 1 in constants(tree, tree.name)
    (file,) = (RevisionTree("two", os.curdir).modules() or {}).values()
    assert file == f"two:{os.path.join(os.curdir, 'a b.py')}"


def test_the_whole_repository(repository: Path) -> None:
    modules = RevisionTree("two", os.fspath(repository)).modules()
    assert modules is not None
    assert set(modules) == {
        os.path.join("pkg", "mod"),
        os.path.join("pkg", "come"),
        os.path.join("pkg", "inner", "a b"),
    }


def test_what_is_no_longer_there(repository: Path) -> None:
    shutil.rmtree(repository / "pkg")
    tree = RevisionTree("one", os.fspath(repository / "pkg" / "gone.py"))
    assert tree.modules() is None
    assert 1 in constants(tree, tree.name)


def test_a_revision_and_what_is_there_now(repository: Path) -> None:
    path = repository / "pkg" / "mod.py"
    path.write_text("x = 3\n")
    old, new = RevisionTree("HEAD", os.fspath(path)), FileTree(os.fspath(path))
    ((ours, theirs),) = paired_modules(old, new)
    assert ours is not None
    assert theirs is not None
    assert 2 in constants(old, ours)
    assert 3 in constants(new, theirs)


def test_a_file_and_a_directory_are_not_compared(repository: Path) -> None:
    file = RevisionTree("one", os.fspath(repository / "pkg" / "mod.py"))
    with pytest.raises(PycInspectError, match="with a directory only"):
        paired_modules(file, FileTree(os.fspath(repository)))


@pytest.mark.parametrize(
    ("revision", "name", "slug"),
    [
        ("three", "mod.py", "unknown-revision"),
        ("--help", "mod.py", "unknown-revision"),
        ("", "mod.py", "unknown-revision"),
        ("one\0", "mod.py", "unknown-revision"),
        ("one", "missing.py", "not-in-revision"),
        ("one", "come.py", "not-in-revision"),
        ("one", ":(glob)*.py", "not-in-revision"),
        ("one", "*.py", "not-in-revision"),
    ],
)
def test_what_cannot_be_found(repository: Path, revision: str, name: str, slug: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        RevisionTree(revision, os.fspath(repository / "pkg" / name))
    assert caught.value.slug == slug
    assert "\n" not in str(caught.value)


def test_no_repository(repository: Path) -> None:
    with pytest.raises(PycInspectError, match="not a git repository") as caught:
        RevisionTree("one", os.fspath(repository.parent / "mod.py"))
    assert caught.value.slug == "not-a-repository"


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(repository))
    with pytest.raises(PycInspectError, match="not installed") as caught:
        RevisionTree("one", os.fspath(repository / "pkg"))
    assert caught.value.slug == "no-git"


def test_bad_sources_are_named(repository: Path) -> None:
    path = repository / "pkg" / "mod.py"
    path.write_text("x = = 1\n")
    git(repository, "commit", "-q", "-a", "-m", "bad")
    tree = RevisionTree("HEAD", os.fspath(path))
    with pytest.raises(PycInspectError) as caught:
        tree.read(tree.name)
    assert str(caught.value).startswith(f"HEAD:{path}:1: ")


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs links")
def test_links_are_no_files(repository: Path) -> None:
    (repository / "link.py").symlink_to("/etc/passwd")
    git(repository, "add", "link.py")
    git(repository, "commit", "-q", "-m", "link")
    with pytest.raises(PycInspectError, match="no such file"):
        RevisionTree("HEAD", os.fspath(repository / "link.py"))
