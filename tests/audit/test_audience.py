"""For which Pythons a tree is judged: never for the one that runs us, unless it is its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Finding, Policy, Reason, Selection, audience, place
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.dialects import Dialect
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, row, timestamp

OLD = row("cpython-3.9")
OTHER = row("pypy-3.9")
ANCIENT = row("cpython-2.7")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree without the cache of the Python that runs us."""
    tree = Tree(tmp_path / "tree")
    for path in (tree.root / "__pycache__").iterdir():
        path.unlink()
    (tree.root / "__pycache__").rmdir()
    (tree.root / "clean.py").unlink()
    return tree


def _audit(tree: Tree, policy: Policy | None = None) -> tuple[Audit, list[Finding]]:
    audit = Audit([tree.root], BUILT_IN, policy or Policy(lists=("PYC205",)))
    return audit, list(audit)


def _assumed(tree: Tree, policy: Policy | None = None) -> tuple[tuple[str, ...], Reason]:
    audit, _ = _audit(tree, policy)
    (assumed,) = audit.summary.assumed
    return assumed.pythons, assumed.reason


def _missing(tree: Tree, policy: Policy | None = None) -> set[tuple[str, str]]:
    """Return the sources without a cache, and of whom."""
    _, findings = _audit(tree, policy)
    missing = [finding for finding in findings if finding.rule == "PYC205"]
    return {(tree.relative(finding.path), str(finding.dialect)) for finding in missing}


def test_the_caches_tell(tree: Tree) -> None:
    tree.module("a.py", dialect=OLD)
    tree.source("pkg/b.py")
    assert _assumed(tree) == ((OLD.name,), Reason.CACHES)
    assert _missing(tree) == {("pkg/b.py", OLD.name)}


def test_a_tree_of_two_pythons_is_for_both(tree: Tree) -> None:
    for dialect in (OLD, OTHER):
        tree.module("a.py", dialect=dialect)
    tree.module("pkg/b.py", dialect=OTHER)
    assert _assumed(tree) == ((OLD.name, OTHER.name), Reason.CACHES)
    assert _missing(tree) == {("pkg/b.py", OLD.name)}
    headers = Policy(deep=False, selection=Selection(("PYC1", "PYC2", "PYC310")))
    _, findings = _audit(tree, headers)
    assert {finding.rule for finding in findings} == {"PYC205"}


def test_old_pythons_tell_by_their_magic_numbers(tree: Tree) -> None:
    tree.source("a.py")
    tree.cache("a.py", timestamp(ANCIENT, MTIME, len(SOURCE)), dialect=ANCIENT)
    tree.source("b.py")
    assert _assumed(tree) == ((ANCIENT.name,), Reason.CACHES)
    assert _missing(tree) == {("b.py", ANCIENT.name)}


def test_bytecode_that_tells_nothing_is_for_those_of_the_other_caches(tree: Tree) -> None:
    tree.file("a.pyc", b"no magic number")
    tree.module("pkg/b.py", dialect=OLD)
    _, findings = _audit(tree)
    (sourceless,) = [finding for finding in findings if finding.rule == "PYC202"]
    assert sourceless.dialect == OLD.name


def test_sources_alone_are_for_nobody(tree: Tree) -> None:
    tree.source("a.py")
    tree.source("not_python.py", b"print 'hello'\n")
    assert _assumed(tree) == ((), Reason.NOTHING)
    assert _audit(tree)[1] == []
    named = Policy(dialect=OLD, lists=("PYC205",))
    assert _assumed(tree, named) == ((OLD.name,), Reason.NAMED)
    assert _missing(tree, named) == {("a.py", OLD.name)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".python-version", b"3.9.18\n"),
        ("pyvenv.cfg", b"home = /usr/bin\nversion = 3.9.18\n"),
        ("pyproject.toml", b"[project]\nname = 'a'\nrequires-python = '==3.9.*'\n"),
        ("pyproject.toml", b'[project]\nrequires-python = "~=3.9.2"\n'),
        ("pyvenv.cfg", b"home = /usr/bin\nimplementation = CPython\nversion_info = 3.9.18\n"),
    ],
)
def test_a_pin_tells(tree: Tree, name: str, content: bytes) -> None:
    tree.source("a.py")
    tree.file(name, content)
    assert _assumed(tree) == ((OLD.name,), Reason.PIN)
    assert _missing(tree) == {("a.py", OLD.name)}
    audit, _ = _audit(tree)
    assert audit.summary.assumed[0].detail == str(tree.root / name)


def test_a_version_of_thousands_of_digits_is_no_pin(tree: Tree) -> None:
    """Python refuses to read them."""
    many = b"9" * 5000
    for name, text in (
        (".python-version", b"3." + many),
        ("pyvenv.cfg", b"version = 3." + many),
        ("pyproject.toml", b'[project]\nrequires-python = "==3.' + many + b'.*"\n'),
    ):
        tree.file(name, text)
        assert place.pinned_python(str(tree.root)) is None
        (tree.root / name).unlink()


@pytest.mark.parametrize("versions", [">=3.9", "~=3.9", "==3.*", ">=3.9,<3.10", "!=3.9.*"])
def test_many_pythons_are_no_pin(tree: Tree, versions: str) -> None:
    tree.source("a.py")
    tree.file("pyproject.toml", f"[project]\nrequires-python = '{versions}'\n".encode())
    assert _assumed(tree) == ((), Reason.NOTHING)


def test_a_library_tells_of_itself_only(tree: Tree) -> None:
    site = "py39/lib/python3.9/site-packages"
    tree.module(f"{site}/a.py", dialect=OLD)
    tree.source(f"{site}/b.py")
    tree.source("app.py")
    assert _missing(tree) == {(f"{site}/b.py", OLD.name)}
    assert _assumed(tree) == ((), Reason.LIBRARIES)
    below = Tree(tree.root / site)
    (below.root / "clean.py").unlink()
    assert _assumed(below)[1] is Reason.LIBRARY


def test_a_large_tree_tells_more_and_more(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "_ENOUGH_CACHES", 2)
    for number in range(4):
        tree.module(f"a/m{number}.py", dialect=OLD)
    tree.module("b/m.py", dialect=OTHER)
    assert _assumed(tree) == ((OLD.name, OTHER.name), Reason.CACHES)


@pytest.mark.parametrize("dialect", [OLD, ANCIENT, RUNNING], ids=lambda row: row.name)
def test_namespace_packages_are_those_of_the_tree(tree: Tree, dialect: Dialect) -> None:
    tree.source("a.py")
    tree.cache("a.py", timestamp(dialect, MTIME, len(SOURCE)), dialect=dialect)
    tree.cache("gone/m.py", dialect=RUNNING if dialect is ANCIENT else dialect)
    _, findings = _audit(tree, Policy(dialect=dialect))
    namespaces = [finding.rule for finding in findings if finding.rule == "PYC204"]
    assert len(namespaces) == (dialect is not ANCIENT)


# --- What is never imported ----------------------------------------------------------------


SCRIPT = b"#!/usr/bin/env python3\n" + SOURCE


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("bin/activate_this.py", SOURCE),
        ("Scripts/pywin32_postinstall.py", SOURCE),
        ("share/jupyter/kernel.py", SOURCE),
        ("etc/app/conf.py", SOURCE),
        ("sub/bin/tool.py", SCRIPT),
        ("sub/scripts/tool.py", SCRIPT),
    ],
)
def test_scripts_and_data_of_an_environment_miss_no_cache(
    tree: Tree, path: str, content: bytes
) -> None:
    tree.file("pyvenv.cfg", b"version = 3.9.18\n")
    tree.source(path, content)
    assert _missing(tree) == set()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("src/tool.py", SCRIPT),  # as pdb of the standard library
        ("bin/tool.py", SOURCE),
        ("share/tool.py", SCRIPT),
        ("bin/pkg/tool.py", SCRIPT),
    ],
)
def test_what_may_be_imported_does(tree: Tree, path: str, content: bytes) -> None:
    tree.file(".python-version", b"3.9\n")
    tree.source(path, content)
    assert _missing(tree) == {(path, OLD.name)}


def test_a_package_is_imported_whatever_its_name(tree: Tree) -> None:
    tree.file("pyvenv.cfg", b"version = 3.9.18\n")
    tree.source("bin/__init__.py", SCRIPT)
    assert _missing(tree) == {("bin/__init__.py", OLD.name)}


def test_pins_are_read_in_time_that_grows_with_the_file() -> None:
    """White space that spans lines was tried from each of them: 14 s for 64 KiB of empty lines."""
    assert [name for name, pattern in place._PINS if r"\s" in pattern.pattern] == []
