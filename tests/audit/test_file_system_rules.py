"""PYC6xx: permissions, links, and what is not a file at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Severity
from pycinspect.auditing.rules.pyc602_more_writers import more_writers
from tests.audit.kit import RUNNING, Tree

TAG = RUNNING.cache_tag
BAD = f"__pycache__/bad.{TAG}.pyc"

posix = pytest.mark.skipif(os.name != "posix", reason="the rule is about POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
not_as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "tree")
    (tree.root / "__pycache__").chmod(0o755)
    tree.module("bad.py")
    return tree


def _link_within(tree: Tree) -> None:
    cache = tree.root / BAD
    cache.unlink()
    cache.symlink_to(f"clean.{TAG}.pyc")


def _link_out(tree: Tree) -> None:
    cache = tree.root / BAD
    cache.rename(tree.root.parent / "elsewhere.pyc")
    cache.symlink_to(tree.root.parent / "elsewhere.pyc")


def _dangling_link(tree: Tree) -> None:
    (tree.root / BAD).unlink()
    (tree.root / BAD).symlink_to("nowhere.pyc")


def _linked_directory(tree: Tree) -> None:
    (tree.root / "pkg").mkdir()
    (tree.root / "pkg/__pycache__").symlink_to("../__pycache__")


def _hard_link(tree: Tree) -> None:
    (tree.root.parent / "store").mkdir()
    os.link(tree.root / BAD, tree.root.parent / "store/any.pyc")


def _directory(tree: Tree) -> None:
    (tree.root / BAD).unlink()
    (tree.root / BAD).mkdir()


def _link_to_directory(tree: Tree) -> None:
    (tree.root / BAD).unlink()
    (tree.root / BAD).symlink_to("..")


def _fifo(tree: Tree) -> None:
    (tree.root / BAD).unlink()
    os.mkfifo(tree.root / BAD)


def _mode(mode: int, path: str = BAD) -> Callable[[Tree], None]:
    return lambda tree: (tree.root / path).chmod(mode)


@posix
@pytest.mark.parametrize(
    ("rule", "severity", "make", "path", "data"),
    [
        ("PYC601", Severity.SECURITY, _mode(0o646), BAD, {"kind": "cache", "mode": "0646"}),
        (
            "PYC601",
            Severity.SECURITY,
            _mode(0o1777, "__pycache__"),
            "__pycache__",
            {"kind": "directory", "mode": "1777", "sticky": True},
        ),
        (
            "PYC602",
            Severity.SECURITY,
            _mode(0o664),
            BAD,
            {"cache_mode": "0664", "source_mode": "0644"},
        ),
        (
            "PYC603",
            Severity.WARNING,
            _link_within,
            BAD,
            {"target": f"clean.{TAG}.pyc", "outside": False, "dangling": False},
        ),
        ("PYC603", Severity.WARNING, _link_out, BAD, {"outside": True, "dangling": False}),
        (
            "PYC603",
            Severity.WARNING,
            _dangling_link,
            BAD,
            {"target": "nowhere.pyc", "outside": False, "dangling": True},
        ),
        (
            "PYC603",
            Severity.WARNING,
            _linked_directory,
            "pkg/__pycache__",
            {"target": "../__pycache__", "outside": False},
        ),
        ("PYC604", Severity.INFO, _hard_link, BAD, {"elsewhere": 1, "links": 2}),
        ("PYC605", Severity.ERROR, _directory, BAD, {"kind": "directory"}),
        ("PYC605", Severity.ERROR, _link_to_directory, BAD, {"kind": "directory"}),
        ("PYC605", Severity.ERROR, _fifo, BAD, {"kind": "fifo"}),
        ("PYC607", Severity.INFO, _mode(0o755), BAD, {"mode": "0755", "bits": "executable"}),
        ("PYC607", Severity.INFO, _mode(0o4644), BAD, {"bits": "setuid"}),
    ],
)
def test_odd_file(
    tree: Tree,
    rule: str,
    severity: Severity,
    make: Callable[[Tree], None],
    path: str,
    data: dict[str, object],
) -> None:
    assert tree.findings(rule) == {}
    make(tree)
    findings = tree.findings(rule)
    assert list(findings) == [path]
    assert findings[path].severity is severity
    assert data.items() <= findings[path].data.items()


@posix
@pytest.mark.parametrize("rule", ["PYC601", "PYC602", "PYC606", "PYC607"])
def test_dangling_link_is_nothing_but_a_link(tree: Tree, rule: str) -> None:
    _dangling_link(tree)
    assert tree.findings(rule) == {}


@posix
def test_linked_directory_is_read_as_importers_read_it(tree: Tree) -> None:
    _linked_directory(tree)
    assert [finding.path for finding in tree.findings("PYC603").values()] == [
        os.fspath(tree.root / "pkg/__pycache__")
    ]
    tree.source("pkg/new.py")
    tree.source("pkg/clean.py")  # as fresh as the one whose cache it shares
    assert list(tree.findings("PYC205")) == ["pkg/new.py"]


def test_hard_links_among_the_levels_stay_in_the_directory(tree: Tree) -> None:
    os.link(tree.root / BAD, tree.root / f"__pycache__/bad.{TAG}.opt-1.pyc")
    assert tree.findings("PYC604") == {}


# --- PYC602: owners and groups ---------------------------------------------------

ALICE, BOB, ROOT = 1000, 1001, 0
STAFF, GUESTS = 50, 51


def _status(uid: int, gid: int, mode: int) -> os.stat_result:
    return os.stat_result((stat.S_IFREG | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("source", "cache", "writers"),
    [
        # The same owner, the same group.
        ((ALICE, STAFF, 0o644), (ALICE, STAFF, 0o644), []),
        ((ALICE, STAFF, 0o664), (ALICE, STAFF, 0o664), []),
        ((ALICE, STAFF, 0o664), (ALICE, STAFF, 0o644), []),
        ((ALICE, STAFF, 0o444), (ALICE, STAFF, 0o644), []),  # an owner may change the bits
        ((ALICE, STAFF, 0o644), (ALICE, STAFF, 0o664), ["group 50"]),
        # Another group.
        ((ALICE, STAFF, 0o644), (ALICE, GUESTS, 0o644), []),
        ((ALICE, STAFF, 0o664), (ALICE, GUESTS, 0o664), ["group 51"]),
        ((ALICE, STAFF, 0o666), (ALICE, GUESTS, 0o664), []),  # everybody writes the source
        # Another owner.
        ((ALICE, STAFF, 0o644), (BOB, STAFF, 0o644), ["user 1001"]),
        ((ALICE, STAFF, 0o644), (BOB, STAFF, 0o444), ["user 1001"]),
        ((ALICE, STAFF, 0o664), (BOB, STAFF, 0o644), []),  # as a member of the group
        ((ALICE, STAFF, 0o664), (BOB, GUESTS, 0o644), ["user 1001"]),
        ((ALICE, STAFF, 0o646), (BOB, GUESTS, 0o644), []),
        ((ALICE, STAFF, 0o644), (BOB, GUESTS, 0o664), ["user 1001", "group 51"]),
        # Root writes everything anyway; what belongs to root, others cannot write.
        ((ALICE, STAFF, 0o644), (ROOT, ROOT, 0o644), []),
        ((ROOT, ROOT, 0o644), (ALICE, STAFF, 0o644), ["user 1000"]),
        ((ROOT, ROOT, 0o644), (ROOT, STAFF, 0o664), ["group 50"]),
        # Everybody is PYC601.
        ((ALICE, STAFF, 0o644), (ALICE, STAFF, 0o646), []),
    ],
)
def test_more_writers(
    source: tuple[int, int, int], cache: tuple[int, int, int], writers: list[str]
) -> None:
    assert more_writers(_status(*cache), _status(*source)) == writers


@posix
@as_root
def test_cache_of_another_user(tree: Tree) -> None:
    os.chown(tree.root / BAD, ALICE, STAFF)
    os.chown(tree.root / f"__pycache__/clean.{TAG}.pyc", ALICE, STAFF)
    os.chown(tree.root / "clean.py", ALICE, STAFF)
    findings = tree.findings("PYC602")
    assert list(findings) == [BAD]
    assert findings[BAD].data["cache_owner"] == "1000:50"
    assert "user 1000 may write this cache" in findings[BAD].message


# --- PYC606: unreadable ------------------------------------------------------------


@posix
@not_as_root
def test_unreadable_cache(tree: Tree) -> None:
    (tree.root / BAD).chmod(0)
    findings = tree.findings("PYC606")
    assert list(findings) == [BAD]
    assert findings[BAD].severity is Severity.WARNING
    assert findings[BAD].data == {"reason": "Permission denied"}


def test_link_in_a_circle_leads_nowhere(tree: Tree) -> None:
    (tree.root / BAD).unlink()
    try:
        (tree.root / BAD).symlink_to(f"bad.{TAG}.pyc")
    except OSError:
        pytest.skip("no symbolic links")
    findings = tree.findings("PYC603")
    assert list(findings) == [BAD]
    assert findings[BAD].data["dangling"] is True
    assert tree.findings("PYC606") == {}


def test_directories_that_cannot_be_listed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.module("pkg/mod.py")
    tree.module("secret/mod.py")
    closed = {tree.root / "pkg/__pycache__", tree.root / "secret"}
    scandir = os.scandir

    def guarded(path: str) -> object:
        if Path(path) in closed:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)  # root may list everything
    findings = tree.findings("PYC606")
    assert list(findings) == ["pkg/__pycache__", "secret"]
    assert findings["secret"].data == {"reason": "Permission denied"}
