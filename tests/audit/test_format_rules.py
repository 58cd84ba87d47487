"""PYC0xx: what is wrong with a header or with what follows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.auditing import Severity
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, row, timestamp

FRESH = timestamp(RUNNING, MTIME, len(SOURCE))
FLAGS_OF_2 = timestamp(RUNNING, MTIME, len(SOURCE), flags=2)
FLAGS_OF_8 = timestamp(RUNNING, MTIME, len(SOURCE), flags=8)
STRANGE = b"\x01\x02\r\n" + FRESH[4:]
AS_TEXT = FRESH[:2] + b"\n\0" + FRESH[4:]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


@pytest.mark.parametrize(
    ("rule", "content", "data"),
    [
        ("PYC001", b"", {"size": 0, "needed": 16}),
        ("PYC001", FRESH[:3], {"size": 3, "needed": 16}),
        ("PYC001", FRESH[:15], {"size": 15, "needed": 16}),
        ("PYC001", row("cpython-3.4").magic, {"size": 4, "needed": 12}),
        ("PYC002", STRANGE, {"magic": "01 02 0d 0a", "word": 0x201, "crlf": True, "owner": None}),
        ("PYC002", STRANGE[:4], {"magic": "01 02 0d 0a", "crlf": True, "owner": None}),
        ("PYC002", AS_TEXT, {"crlf": False, "owner": RUNNING.name}),
        ("PYC003", FLAGS_OF_8 + b"payload", {"flags": "0x8"}),
        ("PYC003", FLAGS_OF_2 + PAYLOAD, {"flags": "0x2"}),
        ("PYC004", FRESH, {"header": 16, "exception": "EOFError"}),
        ("PYC009", bytes(1), {"zeros": 1, "size": 1}),
        ("PYC009", bytes(5000), {"zeros": 16, "size": 5000}),
    ],
)
def test_damage_is_named_by_one_rule(
    tree: Tree, rule: str, content: bytes, data: dict[str, object]
) -> None:
    tree.source("bad.py")
    damaged = tree.relative(str(tree.cache("bad.py", content, payload=b"")))
    for each in ("PYC001", "PYC002", "PYC003", "PYC004", "PYC009"):
        findings = tree.findings(each)
        if each != rule:
            assert findings == {}
            continue
        assert list(findings) == [damaged]
        assert findings[damaged].severity is Severity.ERROR
        assert data.items() <= findings[damaged].data.items()


def test_an_orphan_is_no_damage(tree: Tree) -> None:
    tree.cache("gone.py", b"", payload=b"")
    assert tree.findings("PYC0") == {}


def test_flags_of_2_have_a_meaning_where_they_are_a_time(tree: Tree) -> None:
    before_pep_552 = row("cpython-3.6")
    tree.source("old.py", mtime=2)
    tree.cache("old.py", timestamp(before_pep_552, 2, len(SOURCE)), dialect=before_pep_552)
    assert tree.findings("PYC003") == {}


def test_copied_as_text_says_so(tree: Tree) -> None:
    tree.module("bad.py", AS_TEXT)
    (finding,) = tree.findings("PYC002").values()
    assert "copied as text" in finding.message


def test_damage_beside_a_missing_source(tree: Tree) -> None:
    tree.file("legacy.pyc", b"")
    assert list(tree.findings("PYC001")) == ["legacy.pyc"]
