"""An audit of a tree with assemblies of IronPython, and others."""

from __future__ import annotations

from pathlib import Path

from tests.audit.kit import Tree
from tests.ironpython.test_assemblies import SAMPLES


def test_compiled_modules_are_found_by_their_content(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    tree.file("ours.dll", SAMPLES["3.4"].read_bytes())
    tree.file("older.DLL", SAMPLES["2.7"].read_bytes())
    tree.file("library.dll", b"MZ\x90\0" + bytes(500))
    tree.file("cut.dll", SAMPLES["3.4"].read_bytes()[:3000])
    findings = tree.findings("PYC309")
    assert {path: finding.dialect for path, finding in findings.items()} == {
        "ours.dll": "ironpython-3.4",
        "older.DLL": "ironpython-2.7",
    }
