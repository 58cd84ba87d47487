"""PYC2xx: caches and sources that are not where, or not what, they should be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Policy, Selection, Severity
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import cache_from_source, running_platform
from pycinspect.dialects import Dialect
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, row, timestamp

TAG = RUNNING.cache_tag
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def _orphan(tree: Tree) -> None:
    tree.cache("gone.py")


def _legacy(tree: Tree) -> None:
    tree.file("legacy.pyc", FRESH + b"payload")


def _damaged_legacy(tree: Tree) -> None:
    tree.file("legacy.pyc", b"damaged")


def _old_optimized(tree: Tree) -> None:
    tree.file("legacy.pyo", row("cpython-2.7").magic + bytes(4) + b"payload")


def _hidden_by_source(tree: Tree) -> None:
    tree.file("clean.pyc", FRESH + b"payload")


def _hidden_by_extension(tree: Tree) -> None:
    suffix = running_platform().extension_suffixes(RUNNING.extensions)[-1]
    tree.file(f"fast{suffix}", b"")
    tree.file("fast.pyc", FRESH + b"payload")


def _missing(tree: Tree) -> None:
    tree.source("new.py")
    tree.source("not-a-module.py")


def _too_many_dots(tree: Tree) -> None:
    tree.file("__pycache__/a.b.c.d.pyc", FRESH)


def _no_tag(tree: Tree) -> None:
    tree.file("__pycache__/clean.pyc", FRESH)


def _unknown_tag(tree: Tree) -> None:
    tree.file("__pycache__/clean.parrot-1.pyc", FRESH)


def _unknown_extension(tree: Tree) -> None:
    tree.file("__pycache__/notes.txt", b"")
    tree.file("__pycache__/clean.numba-1.py311.nbi", b"")  # Numba's own


def _nested(tree: Tree) -> None:
    tree.file("__pycache__/__pycache__/any.pyc", b"")


def _empty(tree: Tree) -> None:
    tree.source("pkg/__init__.py")
    (tree.root / "pkg/__pycache__").mkdir()


def _interrupted(tree: Tree) -> None:
    tree.file(f"__pycache__/clean.{TAG}.pyc.139872034862080", b"")


def _interrupted_beside(tree: Tree) -> None:
    tree.file("clean.pyc.139872034862080", b"")
    tree.file("clean.py.1", b"")  # of an editor or logrotate: no cache


@pytest.mark.parametrize(
    ("rule", "severity", "make", "path", "data"),
    [
        (
            "PYC201",
            Severity.WARNING,
            _orphan,
            f"__pycache__/gone.{TAG}.pyc",
            {"source_name": "gone.py"},
        ),
        (
            "PYC202",
            Severity.ERROR,
            _legacy,
            "legacy.pyc",
            {"source_name": "legacy.py", "outcome": "load", "reader": RUNNING.name},
        ),
        ("PYC202", Severity.ERROR, _damaged_legacy, "legacy.pyc", {"outcome": "raise"}),
        ("PYC202", Severity.ERROR, _old_optimized, "legacy.pyo", {"reader": "cpython-2.7"}),
        ("PYC203", Severity.INFO, _hidden_by_source, "clean.pyc", {"winner": "clean.py"}),
        ("PYC203", Severity.INFO, _hidden_by_extension, "fast.pyc", {}),
        ("PYC205", Severity.INFO, _missing, "new.py", {"level": 0, "dialect": RUNNING.name}),
        ("PYC207", Severity.WARNING, _too_many_dots, "__pycache__/a.b.c.d.pyc", {}),
        ("PYC207", Severity.WARNING, _no_tag, "__pycache__/clean.pyc", {}),
        (
            "PYC207",
            Severity.WARNING,
            _unknown_tag,
            "__pycache__/clean.parrot-1.pyc",
            {"why": "the tag 'parrot-1' is of no known Python"},
        ),
        (
            "PYC207",
            Severity.WARNING,
            _unknown_extension,
            "__pycache__/notes.txt",
            {"why": "it does not end in .pyc"},
        ),
        ("PYC208", Severity.INFO, _nested, "__pycache__/__pycache__", {}),
        ("PYC210", Severity.INFO, _empty, "pkg/__pycache__", {}),
        (
            "PYC211",
            Severity.WARNING,
            _interrupted,
            f"__pycache__/clean.{TAG}.pyc.139872034862080",
            {"cache": f"clean.{TAG}.pyc"},
        ),
        (
            "PYC211",
            Severity.WARNING,
            _interrupted_beside,
            "clean.pyc.139872034862080",
            {"cache": "clean.pyc"},
        ),
    ],
)
def test_misplaced_file(
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


@pytest.mark.parametrize("level", ["", 1])
def test_cache_of_a_source_with_a_dot_in_its_name(tree: Tree, level: int | str) -> None:
    tree.source("b.c.py")
    tree.cache("b.c.py", level=level)
    assert tree.findings("PYC207") == {}
    tree.cache("d.e.py", level=level)  # but this has no source
    assert len(tree.findings("PYC207")) == 1


def test_only_pycache_keeps_a_directory_alive(tree: Tree) -> None:
    tree.cache("removed/gone.py")
    tree.module("kept/here.py")
    assert list(tree.findings("PYC204")) == ["removed"]


def test_optimized_bytecode_that_no_finder_looks_for(tree: Tree) -> None:
    tree.file("legacy.pyo", FRESH + b"payload")
    assert tree.findings("PYC202") == {}


# --- PYC205: missing -----------------------------------------------------------


def test_every_wanted_level(tree: Tree) -> None:
    tree.cache("clean.py", level=2)
    (finding,) = tree.audit(_missing_policy(levels=(0, 1, 2)))
    assert finding.data["level"] == 1
    assert finding.data["cache"] == cache_from_source(
        os.fspath(tree.root / "clean.py"), RUNNING, optimization=1
    )
    assert tree.relative(finding.path) == "clean.py"


@pytest.mark.parametrize(
    ("dialect", "missing"),
    [
        (row("cpython-3.4"), [0, 1]),  # -O and -OO share .pyo
        (row("cpython-2.7"), [0, 1]),  # beside the source
        (row("pypy-2.7"), [0]),  # one for all levels
        (row("ironpython-2.7"), []),  # keeps no caches
        (row("jython-2.7"), []),  # its caches are not pyc files
    ],
)
def test_missing_in_the_eyes_of_another_python(
    tree: Tree, dialect: Dialect, missing: list[int]
) -> None:
    findings = tree.audit(_missing_policy(levels=(0, 1, 2), dialect=dialect))
    assert [finding.data["level"] for finding in findings] == missing
    for finding in findings:
        Path(str(finding.data["cache"])).write_bytes(b"any")
    assert tree.audit(_missing_policy(levels=(0, 1, 2), dialect=dialect)) == []


def test_library_wants_the_caches_of_its_own_python(tree: Tree) -> None:
    tree.module("lib/python3.8/good.py", dialect=row("cpython-3.8"))
    tree.module("lib/python3.8/bad.py")
    findings = tree.findings("PYC205")
    assert list(findings) == ["lib/python3.8/bad.py"]
    assert findings["lib/python3.8/bad.py"].data["dialect"] == "cpython-3.8"
    asked = tree.findings("PYC205", Policy(dialect=RUNNING))
    assert list(asked) == ["lib/python3.8/good.py"]


def test_source_hidden_by_an_extension_module_needs_no_cache(tree: Tree) -> None:
    suffix = running_platform().extension_suffixes(RUNNING.extensions)[-1]
    tree.source("fast.py")
    tree.file(f"fast{suffix}", b"")
    assert tree.findings("PYC205") == {}


def _missing_policy(levels: tuple[int, ...], dialect: Dialect | None = None) -> Policy:
    return Policy(selection=Selection(select=("PYC205",)), levels=levels, dialect=dialect)


# --- PYC206: sources that do not compile -----------------------------------------


BROKEN = {
    "template.py": b"{{ x }} = 1 1\n",
    "nul.py": b"x = 1\0\n",
    "cookie.py": b"# coding: nope\n",
}
BOTH = Selection(select=("PYC205", "PYC206"))


def _broken(tree: Tree) -> None:
    tree.source("new.py")
    for name, source in BROKEN.items():
        tree.source(name, source)


def test_source_that_does_not_compile_is_not_one_without_a_cache(tree: Tree) -> None:
    _broken(tree)
    found = tree.audit(Policy(selection=BOTH, levels=(0, 1)))
    by_rule = {
        rule: [tree.relative(f.path) for f in found if f.rule == rule] for rule in BOTH.select
    }
    assert by_rule["PYC206"] == sorted(BROKEN)
    assert by_rule["PYC205"] == ["clean.py", "new.py", "new.py"]
    assert {finding.data["exception"] for finding in found if finding.rule == "PYC206"} == {
        "SyntaxError"
    }


def test_what_no_interpreter_is_needed_for_is_found_without_one(tree: Tree) -> None:
    _broken(tree)
    policy = Policy(selection=BOTH, deep=False)
    audit = Audit([tree.root], BUILT_IN, policy)
    found = [tree.relative(finding.path) for finding in audit if finding.rule == "PYC206"]
    assert found == ["cookie.py", "nul.py"]
    assert audit.summary.compiled == 0


@pytest.mark.parametrize(("deep", "compiled"), [(None, 2), (True, 5)])
def test_few_sources_are_compiled_unless_more_is_asked_for(
    tree: Tree, deep: bool | None, compiled: int
) -> None:
    for number in range(5):
        tree.source(f"m{number}.py")
    audit = Audit([tree.root], BUILT_IN, Policy(deep=deep))
    audit._source_budget.files = 2
    assert list(audit) == []
    assert (audit.summary.statistics["PYC205"], audit.summary.compiled) == (5, compiled)


def test_healthy_tree_compiles_nothing(tree: Tree) -> None:
    audit = Audit([tree.root], BUILT_IN, Policy(deep=True))
    list(audit)
    assert audit.summary.compiled == 0


# --- Below a cache prefix --------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="drive letters are not mirrored")
def test_cache_prefix_has_its_own_orphans(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    sources = Tree(tmp_path / "sources")
    for name in ("clean", "gone"):
        cache = cache_from_source(
            os.fspath(sources.root / f"{name}.py"), RUNNING, pycache_prefix=os.fspath(prefix)
        )
        sources.file(cache, FRESH + b"payload")
    mirror = Tree.__new__(Tree)
    mirror.root = prefix
    policy = Policy(pycache_prefix=os.fspath(prefix))
    assert mirror.findings("PYC201", policy) == {}
    (finding,) = mirror.findings("PYC209", policy).values()
    assert finding.severity is Severity.WARNING
    assert finding.data == {"source": os.fspath(sources.root / "gone.py")}
    for rule in ("PYC204", "PYC205", "PYC207", "PYC208", "PYC210"):
        assert mirror.findings(rule, policy) == {}
        if rule != "PYC204":  # the __pycache__ beside the sources is not looked at
            assert sources.findings(rule, policy) == {}
