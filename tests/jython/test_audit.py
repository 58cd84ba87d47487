"""An audit of a tree with Jython's class files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.kit import MTIME, Tree
from tests.jython.situations import CLASS, T, with_api

assert MTIME * 1000 == T


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a tree in which each class file has another fate."""
    tree = Tree(tmp_path / "tree")
    for name in ("fresh", "stale", "cut", "bare"):
        tree.source(f"{name}.py")
    tree.file("fresh$py.class", CLASS, MTIME)
    tree.file("stale$py.class", CLASS, MTIME - 1)
    tree.file("cut$py.class", CLASS[:-1], MTIME)
    tree.file("alone$py.class", CLASS, MTIME)
    tree.file("old$py.class", with_api(38), MTIME)
    return tree


def test_stale_class_files_are_found(tree: Tree) -> None:
    (finding,) = tree.findings("PYC112").values()
    assert finding.path.endswith("stale$py.class")
    assert "is before the source's" in finding.message


def test_class_files_that_make_an_import_fail_are_found(tree: Tree) -> None:
    findings = tree.findings("PYC010")
    assert {path.rpartition("/")[2] for path in findings} == {"cut$py.class", "old$py.class"}
    assert {finding.data["exception"] for finding in findings.values()} == {
        "java.lang.ArrayIndexOutOfBoundsException",
        "ImportError",
    }


def test_a_class_file_without_source_is_a_module(tree: Tree) -> None:
    assert any(path.endswith("alone$py.class") for path in tree.findings("PYC202"))


def test_a_source_with_a_class_file_is_not_without_cache(tree: Tree) -> None:
    missing = set(tree.findings("PYC205"))
    assert "bare.py" in missing
    assert "fresh.py" not in missing


def test_another_java_class_is_not_taken_for_jythons(tree: Tree) -> None:
    other = CLASS.replace(b"Lorg/python/compiler/APIVersion;", b"Lorg/python/compiler/ApiVersion;")
    tree.file("fresh$py.class", other, MTIME)
    assert any(path.endswith("fresh$py.class") for path in tree.findings("PYC112"))
