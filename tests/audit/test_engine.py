"""The run itself: selection, suppressions, limits, rules that fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from pycinspect.auditing import (
    Alike,
    Audit,
    CacheFile,
    Directory,
    Finding,
    PathIgnore,
    Policy,
    Rule,
    Selection,
    Severity,
)
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.errors import PycInspectError
from tests.audit.kit import RUNNING, Tree, timestamp

TAG = RUNNING.cache_tag
STALE = timestamp(RUNNING, 1, 1)
STALE_PATH = f"pkg/__pycache__/stale.{TAG}.pyc"
ORPHAN_PATH = f"pkg/__pycache__/gone.{TAG}.pyc"

#: The rules whose findings the tests count.
ASKED = Selection(select=("PYC101", "PYC201", "PYC9"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "tree")
    tree.module("pkg/stale.py", STALE)
    tree.cache("pkg/gone.py")
    return tree


def _told(tree: Tree, findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.rule, tree.relative(finding.path)) for finding in findings]


ALL = [("PYC201", ORPHAN_PATH), ("PYC101", STALE_PATH)]


# --- Selection -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (("PYC101", "PYC201"), (), ALL),
        (("PYC1",), ("PYC106", "PYC107", "PYC108"), [("PYC101", STALE_PATH)]),
        (("PYC101", "PYC201"), ("PYC1",), ALL),  # the longer prefix wins
        (("PYC",), ("PYC",), []),  # a draw
        ((), (), []),
        (("PYC",), ("PYC1", "PYC3", "PYC6", "PYC8"), [("PYC201", ORPHAN_PATH)]),
    ],
)
def test_selection_by_prefix(
    tree: Tree, select: tuple[str, ...], ignore: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    policy = Policy(selection=Selection(select, ignore))
    assert _told(tree, tree.audit(policy)) == expected


# --- Suppressions ------------------------------------------------------------------------


def test_incomplete_audit_does_not_call_suppressions_unused(tree: Tree) -> None:
    policy = Policy(
        selection=ASKED, path_ignores=(PathIgnore("nothing.*", ("PYC101",)),), max_files=1
    )
    assert [finding.rule for finding in tree.audit(policy)] == ["PYC901"]


# --- Limits --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(selection=ASKED, max_files=1), "the limit of 1 caches"),
        (Policy(selection=ASKED, max_seconds=0), "the limit of 0 seconds"),
    ],
)
def test_limit_is_told(tree: Tree, policy: Policy, reason: str) -> None:
    audit = Audit([tree.root], BUILT_IN, policy)
    (finding,) = audit
    assert (finding.rule, finding.severity) == ("PYC901", Severity.INFO)
    assert finding.message == f"not everything was looked at: {reason}"
    assert not audit.summary.complete


def test_limit_that_is_not_reached(tree: Tree) -> None:
    audit = Audit([tree.root], BUILT_IN, Policy(selection=ASKED, max_files=100, max_seconds=600))
    assert _told(tree, audit) == ALL
    assert audit.summary.complete


def test_directories_are_audited_alike_in_a_row_and_one_by_one(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    for number in range(30):  # more than go through a step together
        tree.module(f"p{number:02}/fresh.py")
        tree.module(f"p{number:02}/stale.py", STALE)
        tree.source(f"p{number:02}/missing.py")
        tree.cache(f"p{number:02}/gone.py")
        tree.file(f"p{number:02}/__pycache__/stranger.txt", b"")
    in_a_row = Audit([tree.root], BUILT_IN)
    one_by_one = Audit([tree.root], BUILT_IN, Policy(max_files=1000))
    assert list(in_a_row) == list(one_by_one)
    assert in_a_row.summary.states == one_by_one.summary.states
    assert len({finding.path for finding in in_a_row}) > 30


def test_what_is_alike_is_added_up_together(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    size = tree.module("a.py").stat().st_size
    tree.module("b.py")
    tree.cache("gone.py")
    for name in ("legacy.pyc", "other.pyc"):
        tree.file(name, b"")
    told: list[tuple[str, int, int]] = []

    class Listener(BrokenAtCaches):
        """A rule that adds up."""

        check_cache = Rule.check_cache

        def check_groups(self, groups: Sequence[Alike]) -> Iterable[Finding]:
            told.extend((Path(group.first.path).name, group.files, group.size) for group in groups)
            return ()

    assert tree.audit(Policy(selection=Selection(("XYZ",))), [Listener]) == []
    assert told == [
        (f"a.{TAG}.pyc", 3, 3 * size),  # and b, and the tree's own
        (f"gone.{TAG}.pyc", 1, size),
        ("legacy.pyc", 1, 0),
        ("other.pyc", 1, 0),
    ]


def test_negative_limit_is_refused() -> None:
    with pytest.raises(PycInspectError, match="max-files is negative"):
        Policy(max_files=-1)


# --- Rules that fail -------------------------------------------------------------------------


class BrokenAtCaches(Rule):
    """A plugin's rule."""

    id = "XYZ001"
    severity = Severity.INFO
    message = ""

    def check_cache(self, cache: CacheFile) -> Finding | None:
        raise ZeroDivisionError("at a cache")


class BrokenAtDirectories(BrokenAtCaches):
    """Another."""

    id = "XYZ002"
    check_cache = Rule.check_cache

    def check_directory(self, directory: Directory) -> Iterator[Finding]:
        yield self.of_path(directory.path, {})
        raise ZeroDivisionError("at a directory")


class BrokenAtTheEnd(BrokenAtCaches):
    """A third."""

    id = "XYZ003"
    check_cache = Rule.check_cache

    def finish(self) -> Iterator[Finding]:
        raise ZeroDivisionError("at the end")
        yield


@pytest.mark.parametrize(
    ("rule", "paths", "error"),
    [
        (
            BrokenAtCaches,
            [f"__pycache__/clean.{TAG}.pyc", ORPHAN_PATH, STALE_PATH],
            "at a cache",
        ),
        (BrokenAtDirectories, [".", "pkg"], "at a directory"),
        (BrokenAtTheEnd, ["."], "at the end"),
    ],
)
def test_broken_rule_is_a_finding_and_stops_nobody(
    tree: Tree, rule: type[Rule], paths: list[str], error: str
) -> None:
    policy = Policy(selection=Selection(select=("XYZ", *ASKED.select)))
    findings = tree.audit(policy, [rule, *BUILT_IN])
    broken = [finding for finding in findings if finding.rule == "PYC902"]
    assert [tree.relative(finding.path) for finding in broken] == paths
    assert {finding.message for finding in broken} == {
        f"{rule.id} failed: ZeroDivisionError: {error}"
    }
    assert {finding.severity for finding in broken} == {Severity.ERROR}
    assert set(ALL) <= set(_told(tree, findings))


class LooksAgain(BrokenAtCaches):
    """Opens what has gone since the listing."""

    def check_cache(self, cache: CacheFile) -> Finding | None:
        raise FileNotFoundError(2, "No such file or directory", cache.path)


def test_what_has_gone_is_nobodys_fault_and_makes_the_audit_incomplete(tree: Tree) -> None:
    policy = Policy(selection=Selection(select=("XYZ", "PYC901")))
    audit = Audit([tree.root], [LooksAgain, *BUILT_IN], policy)
    assert {(f.rule, f.message) for f in audit} == {
        ("PYC901", "not everything was looked at: No such file or directory")
    }
    assert (audit.summary.unread, audit.summary.faults, audit.summary.complete) == (3, 0, False)


def test_it_is_said_even_where_the_rule_for_it_is_not_selected(tree: Tree) -> None:
    audit = Audit([tree.root], [LooksAgain], Policy(selection=Selection(select=("XYZ",))))
    assert list(audit) == []
    assert (audit.summary.unread, audit.summary.complete) == (3, False)


# --- Paths -------------------------------------------------------------------------------------


def test_what_is_not_there_cannot_be_audited(tmp_path: Path) -> None:
    with pytest.raises(PycInspectError) as error:
        list(Audit([tmp_path / "nowhere"], BUILT_IN))
    assert error.value.slug == "not-found"


def test_single_file(tree: Tree) -> None:
    audit = Audit([tree.root / STALE_PATH], BUILT_IN, Policy(selection=ASKED))
    assert _told(tree, audit) == [("PYC101", STALE_PATH)]
    assert audit.summary.files == 1


def test_figures(tree: Tree) -> None:
    audit = Audit([tree.root], BUILT_IN, Policy(selection=ASKED))
    list(audit)
    assert audit.summary.files == 3
    assert dict(audit.summary.states) == {"fresh": 1, "stale": 1, "orphaned": 1}
    assert audit.summary.worst() is Severity.WARNING
