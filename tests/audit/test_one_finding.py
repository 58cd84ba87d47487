"""One fact, one finding: a defect made by hand has one above ``info``, wherever it is."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pycinspect.auditing import Audit, Finding, Policy, Severity
from pycinspect.auditing.rules import BUILT_IN
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, checked, row, timestamp

TAG = RUNNING.cache_tag
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))
OTHER = next(r for r in (row("cpython-3.9"), row("cpython-3.10")) if r is not RUNNING)
UNKNOWN = b"\x01\x01\r\n" + FRESH[4:]
INVALID = marshal.dumps(compile(SOURCE, "bad.py", "exec").replace(co_consts=()))
PRERELEASE = min(RUNNING.prereleases).to_bytes(2, "little") + RUNNING.magic_tail
OTHER_PRERELEASE = min(OTHER.prereleases).to_bytes(2, "little") + OTHER.magic_tail

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


class Place(NamedTuple):
    """Where a defect is made, and what the audit is told."""

    directory: str
    policy: Policy = Policy()


PLACES = {
    "project": Place(""),
    "package": Place("pkg/sub/"),
    "library": Place(f"lib/python{RUNNING.version}/site-packages/pkg/"),
    "named": Place("", Policy(dialect=RUNNING)),
    "headers": Place("pkg/", Policy(deep=False)),
}

#: What a file is made of, and which rule tells.
CONTENTS = {
    "empty": (b"", "PYC001"),
    "two bytes": (FRESH[:2], "PYC001"),
    "ten bytes": (FRESH[:10], "PYC001"),
    "unknown": (UNKNOWN + PAYLOAD, "PYC002"),
    "as text": (FRESH[:2] + b"\n\n" + FRESH[4:] + PAYLOAD, "PYC002"),
    "flags": (FRESH[:4] + b"\4\0\0\0" + FRESH[8:] + PAYLOAD, "PYC003"),
    "check without hash": (FRESH[:4] + b"\2\0\0\0" + FRESH[8:] + PAYLOAD, "PYC003"),
    "header only": (FRESH, "PYC004"),
    "zeros": (bytes(100), "PYC009"),
    "three zeros": (bytes(3), "PYC009"),
    "time": (timestamp(RUNNING, MTIME + 5, len(SOURCE)) + PAYLOAD, "PYC101"),
    "size": (timestamp(RUNNING, MTIME, len(SOURCE) + 1) + PAYLOAD, "PYC102"),
    "of another Python": (timestamp(OTHER, MTIME, len(SOURCE)) + PAYLOAD, "PYC301"),
    "short, of another Python": (timestamp(OTHER, MTIME, len(SOURCE))[:6], "PYC001"),
    "of a pre-release": (PRERELEASE + FRESH[4:] + PAYLOAD, "PYC305"),
    "of another pre-release": (OTHER_PRERELEASE + FRESH[4:] + PAYLOAD, "PYC301"),
}
#: Those that only a look after the header shows.
DEEP = {
    "cut": (FRESH + PAYLOAD[:-9], "PYC004"),
    "not code": (FRESH + b"N", "PYC005"),
    "of another Python, not code": (timestamp(OTHER, MTIME, len(SOURCE)) + b"N", "PYC301"),
    "more bytes": (FRESH + PAYLOAD + b"more", "PYC006"),
    "invalid": (FRESH + INVALID, "PYC505"),
}
#: What is told of bytecode without a source whatever else is wrong with it.
STILL_TOLD = {"PYC006", "PYC505"}


def _told(tree: Tree, policy: Policy) -> list[Finding]:
    findings = Audit([tree.root], BUILT_IN, policy)
    return [finding for finding in findings if finding.severity is not Severity.INFO]


def _cases() -> list[object]:
    return [
        pytest.param(place, content, rule, id=f"{name}, {where}")
        for where, place in PLACES.items()
        for name, (content, rule) in {**CONTENTS, **DEEP}.items()
        if name not in DEEP or place.policy.deep is not False
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    before = os.umask(0o022)
    yield Tree(tmp_path / "tree")
    os.umask(before)


@pytest.mark.parametrize(("place", "content", "rule"), _cases())
def test_cache(tree: Tree, place: Place, content: bytes, rule: str) -> None:
    tree.source(f"{place.directory}bad.py")
    tree.file(f"{place.directory}__pycache__/bad.{TAG}.pyc", content)
    (finding,) = _told(tree, place.policy)
    assert finding.rule == rule


@pytest.mark.parametrize(("place", "content", "rule"), _cases())
def test_cache_without_source(tree: Tree, place: Place, content: bytes, rule: str) -> None:
    tree.source(f"{place.directory}other.py")
    tree.cache(f"{place.directory}other.py")
    tree.file(f"{place.directory}__pycache__/bad.{TAG}.pyc", content)
    found = {finding.rule for finding in _told(tree, place.policy)}
    assert found == {"PYC201", *({rule} & STILL_TOLD)}


@pytest.mark.parametrize(("place", "content", "rule"), _cases())
def test_bytecode_in_the_place_of_a_source(
    tree: Tree, place: Place, content: bytes, rule: str
) -> None:
    tree.file(f"{place.directory}bad.pyc", content)
    findings = _told(tree, place.policy)
    assert {finding.rule for finding in findings} == {"PYC202", *({rule} & STILL_TOLD)}
    assert len(findings) == 1 + (rule in STILL_TOLD)


def test_why_the_import_of_bytecode_fails(tree: Tree) -> None:
    tree.file("bad.pyc", FRESH)
    (finding,) = _told(tree, Policy())
    assert "the import fails, for nothing follows the header" in finding.message


def test_a_removed_package(tree: Tree) -> None:
    for name in "abc":
        tree.cache(f"gone/{name}.py")
    (finding,) = _told(tree, Policy())
    assert (finding.rule, tree.relative(finding.path)) == ("PYC204", "gone")
    (tree.root / "empty" / "__pycache__").mkdir(parents=True)
    rules = [finding.rule for finding in Audit([tree.root], BUILT_IN, Policy())]
    assert "PYC210" not in rules


def test_a_package_that_fails_is_told_once(tree: Tree) -> None:
    tree.file("pkg/__init__.pyc", FRESH)
    for path in ("A.pyc", "a.pyc", "sub/__init__.pyc", "sub/b.pyc"):
        tree.file(f"pkg/{path}", FRESH + PAYLOAD)
    tree.source("pkg/c.py")
    tree.cache("pkg/c.py")
    (finding,) = _told(tree, Policy())
    assert tree.relative(finding.path) == "pkg/__init__.pyc"


def test_old_code_of_a_package_that_fails_does_not_run(tree: Tree) -> None:
    tree.source("pkg/__init__.py")
    tree.cache("pkg/__init__.py", payload=PAYLOAD[:-9])
    tree.source("pkg/a.py")
    tree.cache("pkg/a.py", RUNNING.magic + b"\1\0\0\0" + bytes(8))
    rules = {finding.rule for finding in _told(tree, Policy())}
    assert rules == {"PYC004", "PYC110"}


def _directory(tree: Tree, cache: Path) -> None:
    cache.unlink()
    cache.mkdir()


def _link_to_directory(tree: Tree, cache: Path) -> None:
    cache.unlink()
    cache.symlink_to("..", target_is_directory=True)


def _fifo(tree: Tree, cache: Path) -> None:
    cache.unlink()
    os.mkfifo(cache)


def _dangling(tree: Tree, cache: Path) -> None:
    cache.unlink()
    cache.symlink_to("nowhere")


def _link(tree: Tree, cache: Path) -> None:
    cache.rename(tree.root / "elsewhere")
    cache.symlink_to(tree.root / "elsewhere")


def _linked_directory(tree: Tree, cache: Path) -> None:
    cache.parent.rename(tree.root.parent / "caches")
    cache.parent.symlink_to(tree.root.parent / "caches", target_is_directory=True)


def _link_by_a_bad_name(tree: Tree, cache: Path) -> None:
    (cache.parent / "bad.nobody-1.pyc").symlink_to(cache.name)


def _renamed(tree: Tree, cache: Path) -> None:
    cache.rename(cache.with_name("bad.nobody-1.pyc"))


def _other_library(tree: Tree, cache: Path) -> None:
    library = tree.root / "lib" / f"python{OTHER.version}"
    library.mkdir(parents=True)
    cache.parent.rename(library / "__pycache__")
    (tree.root / "bad" / "bad.py").rename(library / "bad.py")


@posix
@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda tree, cache: cache.chmod(0o646), "PYC601"),
        (lambda tree, cache: cache.chmod(0o666), "PYC601"),
        (lambda tree, cache: cache.parent.chmod(0o777), "PYC601"),
        (lambda tree, cache: cache.chmod(0o664), "PYC602"),
        (_link, "PYC603"),
        (_dangling, "PYC603"),
        (_linked_directory, "PYC603"),
        (_directory, "PYC605"),
        (_link_to_directory, "PYC605"),
        (_fifo, "PYC605"),
        (_renamed, "PYC207"),
        (_link_by_a_bad_name, "PYC207"),
        (_other_library, "PYC304"),
        (lambda tree, cache: tree.file("bad/__pycache__/notes.txt", b""), "PYC207"),
        (lambda tree, cache: tree.file(f"bad/__pycache__/bad.{TAG}.pyc.123", b""), "PYC211"),
    ],
)
def test_file_system(tree: Tree, make: Callable[[Tree, Path], object], rule: str) -> None:
    cache = tree.module("bad/bad.py")
    make(tree, cache)
    (finding,) = _told(tree, Policy())
    assert finding.rule == rule


def test_hash_that_differs(tree: Tree) -> None:
    """Among caches of its own kind; that kinds are mixed is another fact."""
    for name in ("clean", "bad"):
        tree.source(f"{name}.py")
        tree.cache(f"{name}.py", checked(RUNNING, bytes(8)))
    found = [finding.rule for finding in _told(tree, Policy())]
    assert found == ["PYC103", "PYC103"]


def test_a_rule_that_is_alone_tells_all(tree: Tree) -> None:
    """What gives way does so only to what is told."""
    tree.file("bad.pyc", b"")
    assert list(tree.findings("PYC001")) == ["bad.pyc"]
    tree.cache("gone/a.py")
    assert list(tree.findings("PYC201")) == [f"gone/__pycache__/a.{TAG}.pyc"]


def test_rules_give_way_to_rules_that_are_there() -> None:
    known = {rule.id for rule in BUILT_IN}
    for rule in BUILT_IN:
        assert rule.yields_to <= known - {rule.id}
