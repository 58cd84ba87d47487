"""PYC3xx: whose cache is it, and does it belong here?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycinspect.auditing import Policy, Severity, audience, interpreters
from pycinspect.auditing.place import Places, dialect_of_place
from pycinspect.auditing.rules import pyc302_other_interpreter
from pycinspect.auditing.walk import Directory
from pycinspect.cache import View, transformer_of
from pycinspect.dialects import DIALECTS, Dialect
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, row, timestamp

TAG = RUNNING.cache_tag
LIBRARY = f"lib/python{RUNNING.version}/site-packages"
OLD = row("cpython-3.8")
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))


def _of(dialect: Dialect, word: int | None = None) -> bytes:
    magic = None if word is None else word.to_bytes(2, "little") + dialect.magic_tail
    return timestamp(dialect, MTIME, len(SOURCE), magic=magic)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "tree")
    tree.file(".python-version", RUNNING.version.encode())
    tree.module(f"{LIBRARY}/clean.py")
    return tree


def _wrong_magic(tree: Tree) -> None:
    tree.module("bad.py", _of(OLD))


def _wrong_magic_without_source(tree: Tree) -> None:
    tree.cache("bad.py", _of(OLD))


def _not_pinned(tree: Tree) -> None:
    tree.module("bad.py", dialect=OLD)


def _several(tree: Tree) -> None:
    tree.module("one/a/first.py", dialect=OLD)
    tree.module("one/b/second.py")
    tree.module("two/second.py")
    tree.module("two/third.py", dialect=row("pypy-3.8"))  # another version, too
    tree.module("three/third.py", dialect=OLD)
    tree.module("three/fourth.py", dialect=row("pypy-3.8"))  # the same version


def _wrong_library(tree: Tree) -> None:
    tree.module(f"{LIBRARY}/pkg/bad.py", dialect=OLD)


def _wrong_implementation(tree: Tree) -> None:
    tree.module("lib/python3.9/bad.py", dialect=row("pypy-3.9"))
    tree.module("lib/pypy3.9/good.py", dialect=row("pypy-3.9"))


def _prerelease(tree: Tree) -> None:
    tree.module("bad.py", _of(RUNNING, min(RUNNING.prereleases)))


def _pytest(tree: Tree) -> None:
    tree.file(f"__pycache__/clean.{TAG}-pytest-9.2.0.pyc", FRESH)


def _typeguard(tree: Tree) -> None:
    tree.cache("clean.py", level="typeguard441")


def _pypy(tree: Tree) -> None:
    tree.module("bad.py", dialect=row("pypy-3.9"))


BAD = f"__pycache__/bad.{TAG}.pyc"


@pytest.mark.parametrize(
    ("rule", "severity", "make", "expected"),
    [
        (
            "PYC301",
            Severity.ERROR,
            _wrong_magic,
            {BAD: {"tag": TAG, "writer": OLD.name, "magic": OLD.magic.hex(" ")}},
        ),
        ("PYC301", Severity.ERROR, _wrong_magic_without_source, {BAD: {"writer": OLD.name}}),
        (
            "PYC302",
            Severity.INFO,
            _not_pinned,
            {"__pycache__/bad.cpython-38.pyc": {"dialect": OLD.name, "pin": RUNNING.version}},
        ),
        (
            "PYC303",
            Severity.WARNING,
            _several,
            {
                "one": {"versions": ["3.8", RUNNING.version], "count": 2},
                "two": {"versions": ["3.8", RUNNING.version]},
            },
        ),
        (
            "PYC304",
            Severity.ERROR,
            _wrong_library,
            {
                f"{LIBRARY}/pkg/__pycache__/bad.cpython-38.pyc": {
                    "place": RUNNING.name,
                    "writer": OLD.name,
                }
            },
        ),
        (
            "PYC304",
            Severity.ERROR,
            _wrong_implementation,
            {"lib/python3.9/__pycache__/bad.pypy39.pyc": {"writer": "pypy-3.9"}},
        ),
        (
            "PYC305",
            Severity.WARNING,
            _prerelease,
            {BAD: {"word": min(RUNNING.prereleases), "released": RUNNING.magic_word}},
        ),
        (
            "PYC308",
            Severity.INFO,
            _pytest,
            {
                f"__pycache__/clean.{TAG}-pytest-9.2.0.pyc": {
                    "transformer": "pytest",
                    "version": "9.2.0",
                }
            },
        ),
        (
            "PYC308",
            Severity.INFO,
            _typeguard,
            {
                f"__pycache__/clean.{TAG}.opt-typeguard441.pyc": {
                    "transformer": "typeguard",
                    "version": "441",
                }
            },
        ),
        (
            "PYC310",
            Severity.INFO,
            _pypy,
            {"__pycache__/bad.pypy39.pyc": {"implementation": "pypy", "dialect": "pypy-3.9"}},
        ),
    ],
)
def test_cache_of_somebody_else(
    tree: Tree,
    rule: str,
    severity: Severity,
    make: Callable[[Tree], None],
    expected: dict[str, dict[str, object]],
) -> None:
    assert tree.findings(rule) == {}
    make(tree)
    findings = tree.findings(rule)
    assert set(findings) == set(expected)
    for path, data in expected.items():
        assert findings[path].severity is severity
        assert data.items() <= findings[path].data.items()


@pytest.mark.parametrize(
    ("dialect", "magic"),
    [
        (row("cpython-3.5"), row("cpython-3.5.2").magic),  # two releases with one tag
        (row("pypy-3.9"), row("pypy-3.9-v7.3.8").magic),
        (RUNNING, _of(RUNNING, min(RUNNING.prereleases))[:4]),  # PYC305
    ],
)
def test_tag_and_magic_of_one_series_agree(tree: Tree, dialect: Dialect, magic: bytes) -> None:
    tree.module("good.py", timestamp(dialect, MTIME, len(SOURCE), magic=magic), dialect=dialect)
    assert tree.findings("PYC301") == {}


def test_name_of_a_tool_is_no_bad_name(tree: Tree) -> None:
    _pytest(tree)
    assert tree.findings("PYC207") == {}


def test_implementation_that_the_tree_is_for(tree: Tree) -> None:
    _pypy(tree)
    assert tree.findings("PYC310", Policy(dialect=row("pypy-3.10"))) == {}


def test_implementation_in_its_own_library(tree: Tree) -> None:
    tree.module("lib/pypy3.9/good.py", dialect=row("pypy-3.9"))
    assert tree.findings("PYC310") == {}


# --- PYC302: installed, or pinned ------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with 3.8 only, and the dialects that were looked for on it."""
    names: list[str] = []

    def is_installed(dialect: Dialect, view: View, _: object) -> bool:
        assert view.is_ours
        names.append(dialect.name)
        return dialect is OLD

    monkeypatch.setattr(pyc302_other_interpreter, "is_installed", is_installed)
    monkeypatch.setattr(audience, "pinned_python", lambda *_: None)
    return names


def test_interpreters_are_looked_for_once(tree: Tree, asked: list[str]) -> None:
    for stem in ("a", "b"):
        for dialect in (OLD, row("cpython-3.6"), row("pypy-3.9")):
            tree.module(f"{stem}.py", dialect=dialect)
    findings = tree.findings("PYC302")
    assert sorted(findings) == [
        f"__pycache__/{stem}.{tag}.pyc" for stem in "ab" for tag in ("cpython-36", "pypy39")
    ]
    assert sorted(asked) == ["cpython-3.6", "cpython-3.8", "pypy-3.9"]
    assert "not found on this machine" in findings["__pycache__/a.pypy39.pyc"].message


def test_own_interpreter_is_not_looked_for(tree: Tree, asked: list[str]) -> None:
    assert tree.findings("PYC302") == {}
    assert asked == []


def test_library_is_not_asked_about(tree: Tree, asked: list[str]) -> None:
    _wrong_library(tree)
    assert tree.findings("PYC302") == {}  # PYC304
    assert asked == []


def test_policy_is_a_pin(tree: Tree, asked: list[str]) -> None:
    findings = tree.findings("PYC302", Policy(dialect=OLD))
    assert list(findings) == [f"__pycache__/clean.{TAG}.pyc"]
    assert asked == []


def test_search_for_an_interpreter_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    interpreters.is_installed(row("cpython-3.0"))  # absent nearly everywhere
    assert capfd.readouterr() == ("", "")


def test_broken_search_counts_as_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "find_executable", lambda _: None)
    monkeypatch.setitem(sys.modules, "findpython.providers", None)
    assert interpreters.is_installed(OLD)


# --- Names and places --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m.cpython-311-pytest-9.2.0.pyc", ("pytest", "9.2.0")),
        ("m.cpython-36-PYTEST.pyc", ("pytest", None)),
        ("m.cpython-311-pytest-8.0.0.pyo", ("pytest", "8.0.0")),
        ("m.cpython-311.opt-typeguard441.pyc", ("typeguard", "441")),
        ("m.cpython-311.opt-1typeguard.pyc", ("typeguard", None)),
        ("m.cpython-311.opt-jaxtyping0cd.pyc", ("jaxtyping", "0cd")),
        ("m.cpython-311.opt-beartype0v18v0.pyc", ("beartype", "0v18v0")),
        ("m.cpython-311-beartype-0.18.0.pyc", ("beartype", "0.18.0")),
        ("typeguard.cpython-311.pyc", None),
        ("my-pytest-9.cpython-311.pyc", None),
        ("m.cpython-311.opt-2.pyc", None),
    ],
)
def test_transformer_of(name: str, expected: tuple[str, str | None] | None) -> None:
    assert transformer_of(name) == expected


def _paths(root: str, depth: int) -> Iterator[str]:
    yield root
    if depth:
        for name in ("lib", "lib64", "pkg", "pypy3.9", "python3.1", "python3.13", "python3.13t"):
            yield from _paths(f"{root.rstrip('/')}/{name}", depth - 1)


@pytest.mark.parametrize(
    "root", ["/", "/x/lib", "/x/lib/", "/x/lib/python3.12", "/python3.11", "."]
)
def test_places_agree_with_the_path_alone(root: str) -> None:
    places = Places(DIALECTS)
    for path in _paths(root, 4):
        found = places.dialect_of(Directory(path, root, path))
        assert found is dialect_of_place(path, DIALECTS), path
