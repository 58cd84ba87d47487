"""What an audit says of an import is what the finder, and the importer, say of it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Policy, Selection, Summary
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import (
    cache_from_source,
    judge_module,
    judge_target,
    running_platform,
    source_hash,
)
from pycinspect.dialects import Dialect
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, row, timestamp, unchecked

TAG = RUNNING.cache_tag
FRESH = timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD
OLD = row("cpython-2.7")
FUZZ = Path(__file__).parents[2] / "fixtures" / "fuzz"
EXTENSION = running_platform().extension_suffixes(RUNNING.extensions)[0]

posix = pytest.mark.skipif(os.name == "nt", reason="links need rights, drives are not mirrored")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def rules_at(tree: Tree, path: str, policy: Policy | None = None) -> set[str]:
    """Return which rules find something at a path, statistics included."""
    everything = Policy(selection=Selection(("PYC", "PYC106", "PYC205")))
    findings = tree.audit(policy or everything)
    return {finding.rule for finding in findings if tree.relative(finding.path) == path}


def summary_of(*roots: Path, policy: Policy | None = None) -> Summary:
    audit = Audit(roots, BUILT_IN, policy)
    list(audit)
    return audit.summary


# --- Names that nobody looks for --------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        f"m.{TAG}.pyc",
        "m.n.pyc",
        ".hidden.pyc",
        ".pyc",
        "old.pyo",
        f"__pycache__/clean.{TAG}.opt-0.pyc",
        f"__pycache__/clean.{TAG}.opt-01.pyc",
        f"__pycache__/clean.{TAG}.opt-abc.pyc",
        f"__pycache__/clean.{TAG}.opt-\N{SUPERSCRIPT TWO}.pyc",
        f"__pycache__/clean.{TAG}.opt-99999999999.pyc",
        f"__pycache__/clean.{TAG}.pyo",
    ],
)
@pytest.mark.parametrize("content", [FRESH, FRESH[:-20], FRESH[:16] + b"N"])
def test_name_that_no_import_reaches(tree: Tree, name: str, content: bytes) -> None:
    path = tree.file(name, content)
    assert rules_at(tree, name) == {"PYC207"}
    assert summary_of(tree.root).states == {"fresh": 1, "unused": 1}
    verdict = judge_target(str(path), RUNNING)
    assert (verdict.outcome.value, verdict.reason) == ("no-cache", "not-a-cache-path")


def test_source_with_a_dot_is_cached_for_loaders_that_are_given_its_path(tree: Tree) -> None:
    tree.source("conf.d.py")
    for level in ("", 1):
        path = tree.cache("conf.d.py", level=level)
        assert judge_target(str(path), RUNNING).reason == "header-matches"
        assert judge_target(str(path)).reason == "header-matches"
    assert summary_of(tree.root).states == {"fresh": 3}


# --- Another file is found first -----------------------------------------------------------


def _package(tree: Tree) -> None:
    tree.source("m/__init__.py")


def _bytecode_package(tree: Tree) -> None:
    tree.file("m/__init__.pyc", FRESH)


def _extension(tree: Tree) -> None:
    tree.file(f"m{EXTENSION}", b"")


def _linked_package(tree: Tree) -> None:
    tree.source("elsewhere/__init__.py")
    (tree.root / "m").symlink_to("elsewhere", target_is_directory=True)


HIDING = [
    _package,
    _bytecode_package,
    _extension,
    pytest.param(_linked_package, marks=posix),
]


@pytest.mark.parametrize("hide", HIDING)
def test_bytecode_that_is_hidden(tree: Tree, hide: Callable[[Tree], None]) -> None:
    hide(tree)
    path = tree.file("m.pyc", FRESH)
    assert rules_at(tree, "m.pyc") == {"PYC203"}
    verdict = judge_target(str(path))
    assert verdict.reason == "shadowed"
    assert verdict.actual in verdict.message


@pytest.mark.parametrize("hide", HIDING)
@pytest.mark.parametrize(
    "content",
    [
        FRESH,
        FRESH[:16],
        FRESH[:-20],
        FRESH[:16] + b"N",
        FRESH[:3],
        unchecked(RUNNING, bytes(8)) + PAYLOAD,
    ],
)
def test_cache_of_a_source_that_is_hidden(
    tree: Tree, hide: Callable[[Tree], None], content: bytes
) -> None:
    hide(tree)
    source = tree.source("m.py")
    cache = cache_from_source("m.py", RUNNING)
    tree.file(cache, content)
    assert rules_at(tree, cache.replace(os.sep, "/")) == set()
    assert rules_at(tree, "m.py") == set()
    assert summary_of(tree.root).states["hidden"] == 1
    assert judge_target(str(source), RUNNING).reason == "shadowed"


@posix
def test_bytecode_beside_a_source_that_leads_nowhere_is_imported(tree: Tree) -> None:
    (tree.root / "m.py").symlink_to("nowhere")
    tree.file("m.pyc", FRESH)
    assert rules_at(tree, "m.pyc") == {"PYC202"}
    assert summary_of(tree.root).states["sourceless"] == 1


def test_directory_with_the_name_of_a_source(tree: Tree) -> None:
    (tree.root / "m.py").mkdir()
    tree.file("m.pyc", OLD.magic + bytes(4) + b"N")
    (cache,) = (f for f in tree.findings("PYC606", Policy(dialect=OLD)).values())
    assert "SyntaxError" in cache.message  # 2.7 opens the directory
    assert tree.findings("PYC202", Policy(dialect=OLD)) == {}
    tree.file("m.pyc", FRESH)
    assert rules_at(tree, "m.pyc") == {"PYC202"}  # Python 3 does not


def test_modules_of_the_interpreter_are_never_loaded_from_files(tree: Tree) -> None:
    tree.module("time.py")
    tree.module("pkg/__init__.py")
    tree.module("pkg/time.py")
    assert summary_of(tree.root).states == {"fresh": 3, "hidden": 1}


# --- Payloads ---------------------------------------------------------------------------------


def test_fresh_is_what_the_import_loads(tree: Tree) -> None:
    for number, payload in enumerate((b"", b"N", PAYLOAD[:-9], b"?")):
        tree.source(f"bad{number}.py")
        tree.cache(f"bad{number}.py", payload=payload)
    found = summary_of(tree.root)
    assert found.states == {"fresh": 1, "raises": 4}
    assert found.reclaimable == found.size - len(FRESH)
    assert tree.findings("PYC106", Policy(deep=True)) == {}


def test_code_that_cannot_be_loaded_is_not_old_code_that_runs(tree: Tree) -> None:
    tree.source("bad.py")
    tree.cache("bad.py", unchecked(RUNNING, bytes(8)), payload=PAYLOAD[:-9])
    findings = tree.audit(Policy(selection=Selection(("PYC0", "PYC1"))))
    assert [finding.rule for finding in findings] == ["PYC004"]


def test_check_says_that_old_code_runs(tree: Tree) -> None:
    tree.source("m.py")
    path = tree.cache("m.py", unchecked(RUNNING, bytes(8)))
    assert "Old code runs" in judge_target(str(path)).message
    tree.cache("m.py", unchecked(RUNNING, source_hash(SOURCE, RUNNING)))
    assert "Old code" not in judge_target(str(path)).message


def test_check_says_that_old_code_runs_from_a_zip_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("m.py", SOURCE)
        archive.writestr("m.pyc", unchecked(RUNNING, bytes(8)) + PAYLOAD)
    assert "Old code runs" in judge_module("m", [str(tmp_path / "a.zip")]).message


# --- PYC204 --------------------------------------------------------------------------------------


def test_every_directory_that_caches_keep_alive(tree: Tree) -> None:
    tree.cache("a/b/gone.py")
    tree.cache("a/c/d/gone.py")
    tree.cache("kept/e/gone.py")
    tree.file("kept/data.txt", b"")
    found = list(tree.findings("PYC204"))
    assert sorted(found) == ["a", "a/b", "a/c", "a/c/d", "kept/e"]


@pytest.mark.parametrize("other", ["m.py", "m.pyc", f"m{EXTENSION}"])
def test_module_beside_the_directory_is_found_first(tree: Tree, other: str) -> None:
    tree.cache("m/gone.py")
    tree.file(other, FRESH)
    assert tree.findings("PYC204") == {}


def test_python_2_has_no_namespace_packages(tree: Tree) -> None:
    tree.cache("m/gone.py")
    assert tree.findings("PYC204", Policy(dialect=OLD)) == {}


# --- What is read --------------------------------------------------------------------------------


@posix
def test_linked_cache_directory_is_read(tree: Tree) -> None:
    cache = tree.module("a/m.py")
    tree.source("b/m.py", mtime=MTIME + 1)
    (tree.root / "b/__pycache__").symlink_to(cache.parent, target_is_directory=True)
    assert list(tree.findings("PYC101")) == [f"b/__pycache__/m.{TAG}.pyc"]


def test_one_file_of_a_directory(tree: Tree) -> None:
    cache = tree.module("a.py")
    tree.module("b.py")
    selection = Policy(selection=Selection(("PYC205", "PYC210")))
    for path in (tree.root / "a.py", cache):
        audit = Audit([path], BUILT_IN, selection)
        assert list(audit) == []
        assert audit.summary.files == 1


def test_cache_directory_itself(tree: Tree) -> None:
    tree.cache("gone.py")
    audit = Audit([tree.root / "__pycache__"], BUILT_IN)
    findings = [finding for finding in audit if finding.rule.startswith("PYC2")]
    assert [finding.rule for finding in findings] == ["PYC201"]
    assert audit.summary.states == {"fresh": 1, "orphaned": 1}


def test_overlapping_roots_count_once(tree: Tree) -> None:
    cache = tree.module("a/b/m.py")
    roots = [tree.root / "a/b", tree.root, tree.root / "a", cache, tree.root, cache.parent]
    found = summary_of(*roots)
    assert (found.files, found.states) == (2, {"fresh": 2})
    assert summary_of(cache, cache).files == 1


# --- Cache prefixes ------------------------------------------------------------------------------


def _mirrored(tree: Tree, prefix: Path, source: str, dialect: Dialect = RUNNING) -> str:
    """Write the cache of a source below a prefix, and return its path."""
    path = cache_from_source(str(tree.root / source), dialect, pycache_prefix=str(prefix))
    tree.file(path, FRESH)
    return path


@posix
def test_tree_below_a_cache_prefix_is_recognised(tree: Tree, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    gone = _mirrored(tree, prefix, "gone/away.py")
    _mirrored(tree, prefix, "clean.py")
    for root in (prefix, prefix / str(tree.root).lstrip(os.sep), tmp_path):
        audit = Audit([root], BUILT_IN, Policy(selection=Selection(("PYC2",))))
        findings = [(finding.rule, finding.path) for finding in audit]
        assert findings == [("PYC209", gone)]
        assert audit.summary.states["fresh"] == (2 if root == tmp_path else 1)
        assert str(prefix) in audit.summary.notes[0]


@posix
def test_tagged_names_without_sources_are_names_that_nobody_looks_for(tree: Tree) -> None:
    tree.file(f"somewhere/m.{TAG}.pyc", FRESH)
    assert rules_at(tree, f"somewhere/m.{TAG}.pyc") == {"PYC207"}
    assert summary_of(tree.root).notes == []


@posix
def test_cache_prefix_that_is_told(tree: Tree, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    _mirrored(tree, prefix, "clean.py")
    gone = _mirrored(tree, prefix, "gone/away.py")
    policy = Policy(pycache_prefix=str(prefix), selection=Selection(("PYC2",)))
    old = row("cpython-3.7")  # knows no prefix
    tree.cache("clean.py", timestamp(old, MTIME, len(SOURCE)), dialect=old)
    for roots in ([tree.root], [tree.root, prefix], [prefix, tree.root], [tmp_path]):
        audit = Audit(roots, BUILT_IN, policy)
        assert [(finding.rule, finding.path) for finding in audit] == [("PYC209", gone)]
        # The one below the prefix, that of 3.7, and the one that is not looked for.
        assert audit.summary.states == {"fresh": 2, "unused": 1, "orphaned": 1}
        assert any("__pycache__" in note for note in audit.summary.notes)
    assert any("only where" in note for note in summary_of(tree.root, policy=policy).notes)


def test_source_with_a_dot_is_cached_beside_it_by_old_pythons(tree: Tree) -> None:
    """``__phello__.foo.py`` of the standard library of 2.7, which ``compileall`` compiles."""
    tree.source("a.b.py")
    payload = (FUZZ / "cpython-2.7-print.pyc").read_bytes()[8:]
    path = tree.cache("a.b.py", dialect=OLD, payload=payload)
    policy = Policy(selection=Selection(("PYC1", "PYC2")), dialect=OLD)
    assert tree.audit(policy, [rule for rule in BUILT_IN if rule.id != "PYC205"]) == []
    assert judge_target(str(path), OLD).outcome.value == "load"
    tree.source("a.b.py", mtime=MTIME + 5)
    assert judge_target(str(path), OLD).outcome.value == "recompile"
    assert list(tree.findings("PYC101", policy)) == ["a.b.pyc"]
    (tree.root / "a.b.py").unlink()
    assert list(tree.findings("PYC207", policy)) == ["a.b.pyc"]


def test_rows_without_cache_directories_keep_caches_beside_sources(tree: Tree) -> None:
    """Up to 3.1 ``m.pyc`` beside ``m.py`` is its cache; since 3.2 nobody looks there for it."""
    tree.source("m.py")
    payload = (FUZZ / "cpython-2.7-print.pyc").read_bytes()[8:]
    tree.file("m.pyc", timestamp(OLD, MTIME, len(SOURCE)) + payload)
    old, new = Policy(dialect=OLD), Policy(dialect=RUNNING)
    assert summary_of(tree.root, policy=old).states == {"fresh": 2}  # and that of clean.py
    assert summary_of(tree.root, policy=new).states == {"fresh": 1, "unused": 1}
    tree.file("m.pyc", timestamp(OLD, MTIME - 1, len(SOURCE)) + payload)
    assert summary_of(tree.root, policy=old).states == {"fresh": 1, "stale": 1}
