"""PYC801: the room that caches take."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.auditing import Severity
from pycinspect.auditing.rules import pyc801_disk_use
from tests.audit.kit import RUNNING, Tree, row, timestamp

OLD = row("cpython-3.8")


def _empty(root: Path) -> Tree:
    tree = Tree(root)
    for path in root.rglob("*.pyc"):
        path.unlink()
    return tree


def test_sums(tmp_path: Path) -> None:
    tree = _empty(tmp_path / "tree")
    for name, dialect, level, size in (
        ("top.py", RUNNING, "", 100),
        ("a/one.py", RUNNING, "", 100),
        ("a/deep/er/two.py", RUNNING, 1, 50),
        ("b/three.py", RUNNING, 2, 1000),
        ("b/four.py", OLD, "", 30),
        ("b/five.py", RUNNING, "typeguard441", 20),
    ):
        tree.source(name)
        header = timestamp(dialect, 1, 1) if name == "b/four.py" else None
        tree.cache(name, header, dialect=dialect, level=level, payload=bytes(size - 16))
    tree.file("b/legacy.pyc", bytes(7))
    (finding,) = tree.findings("PYC801").values()
    assert finding.severity is Severity.INFO
    assert tree.relative(finding.path) == "."
    assert finding.data == {
        "files": 7,
        "bytes": 1307,
        "reclaimable": 37,  # the stale one and the damaged one
        "by_python": {RUNNING.name: 1277, OLD.name: 30},
        "by_level": {"0": 237, "1": 50, "2": 1000, "typeguard441": 20},
        "packages": [["b", 1057], ["a", 150], [".", 100]],
    }


def test_tree_without_caches_is_not_worth_a_word(tmp_path: Path) -> None:
    assert _empty(tmp_path).findings("PYC801") == {}


def test_only_the_largest_packages_are_kept(tmp_path: Path) -> None:
    tree = _empty(tmp_path)
    for number in range(15):
        tree.cache(f"p{number:02}/m.py", b"", payload=bytes(100 + number))
    (finding,) = tree.findings("PYC801").values()
    assert finding.data["packages"] == [[f"p{n:02}", 100 + n] for n in range(14, 4, -1)]


def test_memory_does_not_grow_with_the_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyc801_disk_use, "_KINDS", 3)
    tree = _empty(tmp_path)
    for level in range(10):
        tree.cache("m.py", b"", level=level, payload=bytes(10))
    (finding,) = tree.findings("PYC801").values()
    assert finding.data["by_level"] == {"0": 10, "1": 10, "2": 10, "other": 70}
    assert finding.data["bytes"] == 100
