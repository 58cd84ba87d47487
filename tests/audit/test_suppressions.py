"""What a pattern ignores and a baseline accepts, and that nothing else is."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.auditing import (
    Audit,
    Finding,
    PathIgnore,
    Policy,
    Rule,
    Selection,
    Severity,
    suppressions,
)
from pycinspect.auditing.baseline import Accepted, Baseline
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import View
from tests.audit.kit import RUNNING, Tree, timestamp

TAG = RUNNING.cache_tag
STALE = timestamp(RUNNING, 1, 1)
#: What the tests count.
ASKED = Selection(select=("PYC101", "PYC201", "PYC903"))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A tree with two stale caches and an orphan; the user stands above it."""
    tree = Tree(tmp_path / "project" / "src")
    tree.module("pkg/stale.py", STALE)
    tree.module("tests/stale.py", STALE)
    tree.cache("pkg/gone.py")
    monkeypatch.chdir(tmp_path / "project")
    return tree


PKG, TESTS = (f"{place}/__pycache__/stale.{TAG}.pyc" for place in ("pkg", "tests"))
GONE = f"pkg/__pycache__/gone.{TAG}.pyc"


def _audit(
    roots: Sequence[str | os.PathLike[str]], policy: Policy, rules: Iterable[type[Rule]] = BUILT_IN
) -> tuple[list[str], list[str], int]:
    """Return the files that count, what is unused, and how much was suppressed."""
    audit = Audit(roots, rules, policy)
    found = list(audit)
    unused = [str(finding.data["suppression"]) for finding in found if finding.rule == "PYC903"]
    counting = [finding for finding in found if finding.rule != "PYC903"]
    paths = [os.path.relpath(f.path, "src").replace(os.sep, "/") for f in counting]
    return paths, unused, audit.summary.suppressed


# --- Patterns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "base", "root", "left"),
    [
        ("src/pkg/*", "", "src", [TESTS]),
        ("src/pkg/", "", "src", [TESTS]),
        ("./src/pkg/*", "", "src", [TESTS]),
        ("src/tests/../pkg/*", "", "src", [TESTS]),
        ("pkg/*", "", "src", [GONE, PKG, TESTS]),
        ("pkg/*", "src", "src", [TESTS]),
        ("pkg/*", "src", ".", [TESTS]),
        ("pkg/*", "src", "src/pkg", []),
        ("../pkg/*", "src/tests", "src", [TESTS]),
        ("../../src/pkg/*", "src/tests", "src", [TESTS]),
        ("{here}/src/pkg/*", "elsewhere", "src", [TESTS]),
        ("{here}/src/pkg/*", "", "../project/src", [TESTS]),
        ("src/pkg/*", "", "{here}/src", [TESTS]),
        ("src/pkg/*", "", "./src/../src", [TESTS]),
        ("**/pkg/**", "", "src", [TESTS]),
        ("src/**/__pycache__/*", "", "src", []),
        ("src/**/pkg/__pycache__/*", "", "src", [TESTS]),
        ("stale.*", "", "src", [GONE]),
        ("stale.*", "anywhere", "src", [GONE]),
        ("stale", "", "src", [GONE, PKG, TESTS]),
        ("*", "", "src", []),
        ("src/pkg/__pycache__/[gs]*", "", "src", [TESTS]),
    ],
)
def test_patterns_match_what_reports_print(
    tree: Tree, pattern: str, base: str, root: str, left: list[str]
) -> None:
    here = os.getcwd()
    row = PathIgnore(pattern.format(here=here), ("PYC",), os.path.abspath(base) if base else "")
    paths, unused, suppressed = _audit(
        [root.format(here=here)], Policy(selection=ASKED, path_ignores=(row,))
    )
    everything = [GONE, PKG] if root == "src/pkg" else [GONE, PKG, TESTS]
    assert paths == left
    assert suppressed == len(everything) - len(left)
    assert bool(unused) == (left == everything)


@pytest.mark.skipif(os.name != "posix", reason="anybody may make links")
@pytest.mark.parametrize("base", ["project", "link"])
@pytest.mark.parametrize("root", ["../project/src", "../link/src", "linked", "src"])
def test_a_tree_is_the_same_by_whatever_name(
    tree: Tree, tmp_path: Path, base: str, root: str
) -> None:
    (tmp_path / "link").symlink_to("project")
    (tmp_path / "project/linked").symlink_to("src")
    row = PathIgnore("src/pkg/*", ("PYC",), os.fspath(tmp_path / base))
    paths, unused, _ = _audit([root], Policy(selection=ASKED, path_ignores=(row,)))
    assert [os.path.basename(path) for path in paths] == [os.path.basename(TESTS)]
    assert unused == []
    if root == "linked":  # as it is printed
        row = PathIgnore("linked/pkg/*", ("PYC",))
        assert _audit([root], Policy(selection=ASKED, path_ignores=(row,)))[2] == 2


def test_several_roots(tree: Tree) -> None:
    row = PathIgnore("src/pkg/*", ("PYC2",))
    policy = Policy(selection=ASKED, path_ignores=(row,))
    assert _audit(["src/pkg", "src/tests"], policy) == ([PKG, TESTS], [], 1)
    assert _audit(["src/tests", "src/pkg/__pycache__"], policy) == ([TESTS, PKG], [], 1)


UNUSED = ["src/tests/*.txt: PYC101", "tests/*: PYC101"]


def test_what_was_not_looked_at_is_not_unused(tree: Tree) -> None:
    (tree.root.parent / "other").mkdir()
    rows = (
        PathIgnore("src/pkg/*", ("PYC3",)),  # no such rule was asked
        PathIgnore("src/pkg/*", ("PYC202", "PYC101")),
        PathIgnore("other/*", ("PYC101",)),  # nor was that place
        PathIgnore("src/tests/*.txt", ("PYC101",)),
        PathIgnore("tests/*", ("PYC101",)),  # a mistake: there is no such place
    )
    policy = Policy(selection=ASKED, path_ignores=rows)
    assert _audit(["src/tests"], policy)[1] == UNUSED
    assert _audit(["src"], policy)[1] == UNUSED
    assert _audit(["."], policy)[1] == ["other/*: PYC101", *UNUSED]


def test_an_unused_suppression_is_information(tree: Tree) -> None:
    policy = Policy(selection=ASKED, path_ignores=(PathIgnore("none.*", ("PYC101",)),))
    *_, unused = Audit(["src"], BUILT_IN, policy)
    assert (unused.rule, unused.severity) == ("PYC903", Severity.INFO)


def test_patterns_may_be_spelled_as_on_windows(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    row = PathIgnore("src\\pkg\\*", ("PYC",))
    policy = Policy(selection=ASKED, path_ignores=(row,))
    assert _audit(["src"], policy)[2] == 0  # a name with backslashes
    monkeypatch.setattr(suppressions.os, "sep", "\\")
    assert _audit(["src"], policy)[2] == 2


NAMES = st.sampled_from(["a", "b", "ab", "a.b", "A", "[a]", "x y", "*"])
PARTS = st.sampled_from(["a", "b", "?", "*", "a*", "[ab]", "[!a]", "**"])


@settings(max_examples=300, deadline=None)
@given(
    names=st.lists(st.lists(NAMES, min_size=1, max_size=4), min_size=1, max_size=4),
    parts=st.lists(PARTS, min_size=1, max_size=4),
    ups=st.integers(0, 2),
)
def test_patterns_against_a_simple_model(
    names: list[list[str]], parts: list[str], ups: int
) -> None:
    """The model: fnmatch of the path from the root on with the pattern from the root on."""
    from pycinspect.auditing.suppressions import Suppressions

    base = "/".join(["/r", "s", "t"][: 3 - ups])
    pattern = "/".join([".."] * ups + parts)
    row = PathIgnore(pattern, ("PYC",), "/r/s/t")
    suppressions = Suppressions(Policy(path_ignores=(row,)), ["/r"])
    for name in names:
        path = "/".join(["/r", *name])
        assert suppressions.ignores(_at(path)) == _model(path, base, parts, is_name=not ups)


def _model(path: str, base: str, parts: list[str], *, is_name: bool) -> bool:
    if len(parts) == 1 and is_name:
        return fnmatch.fnmatchcase(path.rpartition("/")[2], parts[0])
    variants = [base + "/" + "/".join(parts)]
    while any("**/" in variant for variant in variants):  # none, or some, directories
        variants = [
            new
            for variant in variants
            for new in (
                (variant.replace("**/", "", 1), variant.replace("**/", "*/", 1))
                if "**/" in variant
                else (variant,)
            )
        ]
    return any(fnmatch.fnmatchcase(path, variant) for variant in variants)


def _at(path: str, rule: str = "PYC101") -> Finding:
    return Finding(rule, Severity.WARNING, path, "", {})


# --- Baselines -------------------------------------------------------------------------------


def _digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _accepting(tree: Tree, *rows: Accepted, base: str = "") -> Policy:
    here = os.path.join(os.fspath(tree.root.parent), base)
    return Policy(selection=ASKED, baseline=Baseline(here, rows))


def _row(tree: Tree, path: str = PKG, rule: str = "PYC101", **more: object) -> Accepted:
    row = Accepted(rule, f"src/{path}", _digest(tree.root / path))
    return row._replace(**more)


@pytest.mark.parametrize("root", ["src", ".", "../project/src", "src/pkg"])
def test_a_file_is_accepted(tree: Tree, root: str) -> None:
    paths, unused, suppressed = _audit([root], _accepting(tree, _row(tree)))
    assert paths == ([GONE] if root == "src/pkg" else [GONE, TESTS])
    assert (unused, suppressed) == ([], 1)


def test_paths_are_relative_to_the_base(tree: Tree) -> None:
    row = _row(tree, path=PKG)._replace(path=f"../{PKG}")
    assert _audit(["src"], _accepting(tree, row, base="src/tests"))[0] == [GONE, TESTS]


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "PYC102"},
        {"rule": "PYC10"},
        {"path": f"pkg/{PKG}"},
        {"path": f"src/{TESTS}"},
        {"digest": None},
        {"digest": "sha256:" + "0" * 64},
    ],
)
def test_anything_else_is_not(tree: Tree, change: dict[str, str | None]) -> None:
    (tree.root / TESTS).write_bytes((tree.root / TESTS).read_bytes() + b"\0")
    paths, *_ = _audit(["src"], _accepting(tree, _row(tree)._replace(**change)))  # type: ignore[arg-type]
    assert PKG in paths


def test_a_file_that_was_changed_counts_again(tree: Tree) -> None:
    policy = _accepting(tree, _row(tree))
    tree.cache("pkg/stale.py", STALE, payload=b"N")
    paths, unused, suppressed = _audit(["src"], policy)
    assert (PKG in paths, suppressed) == (True, 0)
    assert unused == ["baseline PYC101, for other content of the file"]


def test_what_was_mended_is_told(tree: Tree) -> None:
    policy = _accepting(tree, _row(tree))
    tree.module("pkg/stale.py")
    assert _audit(["src"], policy)[1] == ["baseline PYC101, for other content of the file"]
    (tree.root / PKG).unlink()
    assert _audit(["src"], policy)[1] == ["baseline PYC101"]
    assert _audit(["src/tests"], policy)[1] == []


def _today(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


@pytest.mark.parametrize(("days", "is_accepted"), [(2, True), (0, False), (-1, False)])
def test_an_entry_expires(tree: Tree, days: int, is_accepted: bool) -> None:
    row = _row(tree, expires=_today(days))
    found = list(Audit(["src"], BUILT_IN, _accepting(tree, row)))
    told = [finding for finding in found if finding.path.endswith(PKG)]
    assert bool(told) != is_accepted
    assert not any(finding.rule == "PYC903" for finding in found)
    for finding in told:
        assert finding.message.endswith(f"; it was accepted until {_today(days).isoformat()}")
        assert finding.data["accepted_until"] == _today(days).isoformat()


def test_a_directory_has_no_digest(tree: Tree) -> None:
    (tree.root / "empty/__pycache__").mkdir(parents=True)
    row = Accepted("PYC210", "src/empty/__pycache__")
    policy = _accepting(tree, row)
    selection = Selection(select=("PYC210", "PYC903"))
    audit = Audit(["src"], BUILT_IN, Policy(selection=selection, baseline=policy.baseline))
    assert list(audit) == []
    assert audit.summary.suppressed == 1


def test_accepted_findings_are_handed_on(tree: Tree) -> None:
    row = _row(tree, reason="vendored")
    audit = Audit(["src"], BUILT_IN, _accepting(tree, row))
    shown: list[tuple[str, Accepted]] = []
    audit.on_accepted(lambda finding, entry: shown.append((finding.rule, entry)))
    assert len(list(audit)) == 2
    assert shown == [("PYC101", row)]


def test_what_an_audit_says_to_accept_is_accepted(tree: Tree) -> None:
    first = Audit(["src"], BUILT_IN, _accepting(tree))
    rows = [first.acceptance(finding) for finding in first]
    assert _audit(["src"], _accepting(tree, *rows)) == ([], [], 3)


def test_paths_of_an_image_are_absolute(tree: Tree, tmp_path: Path) -> None:
    view = View(os.fspath(tmp_path))
    policy = Policy(selection=ASKED, view=view, baseline=Baseline("/nowhere"))
    first = Audit(["/project/src"], BUILT_IN, policy)
    rows = [first.acceptance(finding) for finding in first]
    assert rows[0].path == f"/project/src/{GONE}"
    again = Policy(selection=ASKED, view=view, baseline=Baseline("/else", tuple(rows)))
    assert list(Audit(["project"], BUILT_IN, again)) == []
    ignoring = Policy(
        selection=ASKED, view=view, path_ignores=(PathIgnore("project/src/*", ("PYC",), "/x"),)
    )
    assert list(Audit(["/"], BUILT_IN, ignoring)) == []
