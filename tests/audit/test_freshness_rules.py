"""PYC1xx: caches that are stale, that should be, or that might be."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Policy, Selection, Severity
from pycinspect.cache import source_hash
from pycinspect.dialects import Dialect
from pycinspect.values import HashCheckMode, InvalidationMode
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, checked, row, timestamp, unchecked

TAG = RUNNING.cache_tag
HASH = source_hash(SOURCE, RUNNING)
OTHER_HASH = bytes(8)
BAD = f"__pycache__/bad.{TAG}.pyc"

NEVER = Policy(check_hash_based_pycs=HashCheckMode.NEVER)
ALWAYS = Policy(check_hash_based_pycs=HashCheckMode.ALWAYS)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "tree")
    tree.module("clean_hash.py", checked(RUNNING, HASH))
    return tree


@pytest.mark.parametrize(
    ("rule", "severity", "header", "policy", "data"),
    [
        (
            "PYC101",
            Severity.WARNING,
            timestamp(RUNNING, MTIME + 1, len(SOURCE)),
            Policy(),
            {"header_mtime": MTIME + 1, "source_mtime": MTIME, "permanent": False},
        ),
        (
            "PYC102",
            Severity.WARNING,
            timestamp(RUNNING, MTIME, 99),
            Policy(),
            {"header_size": 99, "source_size": len(SOURCE)},
        ),
        (
            "PYC103",
            Severity.WARNING,
            checked(RUNNING, OTHER_HASH),
            Policy(),
            {"header_hash": OTHER_HASH.hex(), "source_hash": HASH.hex()},
        ),
        ("PYC103", Severity.WARNING, unchecked(RUNNING, OTHER_HASH), ALWAYS, {}),
        (
            "PYC104",
            Severity.ERROR,
            unchecked(RUNNING, OTHER_HASH),
            Policy(),
            {"header_hash": OTHER_HASH.hex(), "source_hash": HASH.hex()},
        ),
        ("PYC104", Severity.ERROR, checked(RUNNING, OTHER_HASH), NEVER, {}),
    ],
)
def test_difference_from_the_source_is_named_by_one_rule(
    tree: Tree,
    rule: str,
    severity: Severity,
    header: bytes,
    policy: Policy,
    data: dict[str, object],
) -> None:
    tree.module("bad.py", header)
    for each in ("PYC101", "PYC102", "PYC103", "PYC104"):
        findings = tree.findings(each, policy)
        assert list(findings) == ([BAD] if each == rule else [])
        for finding in findings.values():
            assert finding.severity is severity
            assert data.items() <= finding.data.items()


def test_unchecked_cache_of_the_same_source_is_clean(tree: Tree) -> None:
    tree.module("good.py", unchecked(RUNNING, HASH))
    assert tree.findings("PYC104") == {}


@pytest.fixture
def unhashable(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A tree with an unchecked cache, where source hashes cannot be computed."""
    (tree.root / "clean_hash.py").unlink()
    tree.module("bad.py", unchecked(RUNNING, OTHER_HASH))
    monkeypatch.setitem(sys.modules, "siphash24", None)
    return tree


def test_what_cannot_be_hashed_is_not_silently_clean(unhashable: Tree) -> None:
    (finding,) = unhashable.audit(Policy(selection=Selection(select=("PYC104", "PYC901"))))
    assert (finding.rule, unhashable.relative(finding.path)) == ("PYC901", BAD)
    assert "siphash24" in finding.message


def test_what_cannot_be_hashed_is_left_alone_where_nobody_asks(unhashable: Tree) -> None:
    assert unhashable.findings("PYC104") == {}


# --- PYC106 and PYC111: the source's time ------------------------------------


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_source_changed_when_the_cache_was_written(tree: Tree, offset: int) -> None:
    cache = tree.module("bad.py")
    os.utime(cache, (MTIME + offset, MTIME + offset))
    findings = tree.findings("PYC106")
    assert list(findings) == [BAD]
    assert findings[BAD].severity is Severity.INFO
    assert findings[BAD].data["distance"] == abs(offset)


def test_source_from_the_future(tree: Tree) -> None:
    tomorrow = int(time.time()) + 86_400
    tree.source("bad.py", mtime=tomorrow)
    tree.cache("bad.py", timestamp(RUNNING, tomorrow, len(SOURCE)))
    findings = tree.findings("PYC106")
    assert list(findings) == [BAD]
    assert "in the future" in findings[BAD].message


@pytest.mark.parametrize(
    ("mtime", "dialect", "permanent"),
    [
        (-1, RUNNING, False),
        (2**32, RUNNING, False),
        (-1, row("cpython-3.6"), True),
        (2**32, row("cpython-3.6"), True),
    ],
)
def test_source_time_that_wraps(tree: Tree, mtime: int, dialect: Dialect, permanent: bool) -> None:
    source = tree.source("bad.py")
    try:
        os.utime(source, (mtime, mtime))
    except (OSError, OverflowError):
        pytest.skip("this file system cannot store the time")
    if int(source.stat().st_mtime) != mtime:
        pytest.skip("this file system cannot store the time")
    cache = tree.cache("bad.py", timestamp(dialect, mtime % 2**32, len(SOURCE)), dialect=dialect)
    findings = tree.findings("PYC111")
    path = tree.relative(str(cache))
    assert list(findings) == [path]
    assert findings[path].data == {"source_mtime": mtime, "permanent": permanent}


def test_hash_based_cache_does_not_mind_the_time(tree: Tree) -> None:
    source = tree.source("bad.py", mtime=1)
    tree.cache("bad.py", checked(RUNNING, HASH))
    try:
        os.utime(source, (-1, -1))
    except (OSError, OverflowError):
        pytest.skip("this file system cannot store the time")
    assert tree.findings("PYC111") == {}


# --- PYC109: never rewritten ---------------------------------------------------

_STALE = timestamp(RUNNING, 1, 1)


def _no_bytecode(tree: Tree) -> Policy:
    tree.module("bad.py", _STALE)
    return Policy(dont_write_bytecode=True)


def _directory_in_its_place(tree: Tree) -> Policy:
    tree.source("bad.py")
    (tree.root / BAD).mkdir()
    return Policy()


@pytest.mark.parametrize(
    ("make", "reason", "hindrance"),
    [
        (_no_bytecode, "mtime-differs", "writing bytecode is switched off"),
        (_directory_in_its_place, "cache-not-regular", "a directory stands in its place"),
    ],
)
def test_stale_for_ever(
    tree: Tree, make: Callable[[Tree], Policy], reason: str, hindrance: str
) -> None:
    findings = tree.findings("PYC109", make(tree))
    assert list(findings) == [BAD]
    assert findings[BAD].severity is Severity.WARNING
    assert findings[BAD].data == {"reason": reason, "hindrance": hindrance}


def test_stale_in_a_directory_that_is_not_writable(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.module("bad.py", _STALE)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root may write everywhere
    assert list(tree.findings("PYC109")) == [BAD]


def test_stale_and_rewritable_is_another_rules_business(tree: Tree) -> None:
    tree.module("bad.py", _STALE)
    assert tree.findings("PYC109") == {}


def test_orphans_are_not_rewritten_anyway(tree: Tree) -> None:
    tree.cache("gone.py", _STALE)
    assert tree.findings("PYC109", Policy(dont_write_bytecode=True)) == {}


# --- PYC110: modes -------------------------------------------------------------


def test_modes_of_a_tree_are_counted(tree: Tree) -> None:
    tree.module("stale.py", _STALE)
    tree.module("fixed.py", unchecked(RUNNING, HASH))
    findings = tree.findings("PYC110")
    assert list(findings) == ["."]
    assert findings["."].severity is Severity.WARNING
    assert findings["."].data["counts"] == {
        "checked-hash": 1,
        "timestamp": 2,
        "unchecked-hash": 1,
    }


def test_one_mode_is_not_mixed(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.module("stale.py", _STALE)
    tree.module("damaged.py", b"")  # has no mode
    assert tree.findings("PYC110") == {}


def test_each_cache_with_another_mode_than_wanted(tree: Tree) -> None:
    policy = Policy(invalidation_mode=InvalidationMode.TIMESTAMP)
    findings = tree.findings("PYC110", policy)
    path = f"__pycache__/clean_hash.{TAG}.pyc"
    assert set(findings) == {path, "."}
    assert findings[path].data == {"mode": "checked-hash", "wanted": "timestamp"}
    assert findings[path].message == "is a checked-hash cache, but timestamp is wanted"
