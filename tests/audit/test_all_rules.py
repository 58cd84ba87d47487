"""What all built-in rules have in common, and what they say of a tree that is well."""

from __future__ import annotations

import os
import py_compile
import re
import string
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from pycinspect.auditing import HEADINGS, Audit, Finding, Policy, Rule, Selection, rules
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.values import InvalidationMode
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, row, timestamp, unchecked
from tests.audit.rules_page import PAGE, rules_page

TAG = RUNNING.cache_tag
RULES = Path(next(iter(rules.__path__)))


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.id)
def test_rule_is_documented(rule: type[Rule]) -> None:
    headings = re.findall(r"^(.+)\n=+$", rule.documentation(), re.MULTILINE)
    assert tuple(headings) == HEADINGS
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.message[0].islower() or rule.message[0] == "{"
    assert not rule.message.endswith(".")


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.id)
def test_file_is_named_after_its_rule(rule: type[Rule]) -> None:
    module = rule.__module__.rpartition(".")[2]
    assert module == f"{rule.id.lower()}_{module.partition('_')[2]}"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)


def test_every_file_is_registered_once_in_order() -> None:
    ids = [rule.id for rule in BUILT_IN]
    files = sorted(path.name[:6].upper() for path in RULES.glob("pyc*.py"))
    assert ids == files
    assert len({rule.name for rule in BUILT_IN}) == len(BUILT_IN)


# --- A tree that is well -----------------------------------------------------------


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A package as ``compileall`` leaves it, at three levels."""
    root = tmp_path / "compiled"
    for name in ("__init__", "module", "sub/__init__", "sub/other"):
        source = root / "package" / f"{name}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(SOURCE)
        source.chmod(0o644)
        os.utime(source, (MTIME, MTIME))
        for level in (0, 1, 2):
            py_compile.compile(
                os.fspath(source),
                optimize=level,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
            )
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (root / ".python-version").write_text(RUNNING.version)
    return root


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        Policy(levels=(0, 1, 2)),
        Policy(dialect=RUNNING, invalidation_mode=InvalidationMode.TIMESTAMP),
    ],
)
def test_compiled_tree_is_well(compiled: Path, policy: Policy) -> None:
    audit = Audit([compiled], BUILT_IN, policy)
    assert list(audit) == []
    assert audit.summary.statistics == {"PYC801": 1}
    assert audit.summary.files == 12


@pytest.mark.parametrize(
    ("policy", "listed"),
    [
        (Policy(selection=Selection(("PYC801",))), True),
        (Policy(selection=Selection(("PYC8",))), True),
        (Policy(lists=("PYC801",)), True),
        (Policy(selection=Selection(("PYC",))), False),
        (Policy(selection=Selection(("PYC8",), by_name=False)), False),
    ],
)
def test_what_is_only_counted_is_listed_on_request(
    compiled: Path, policy: Policy, listed: bool
) -> None:
    audit = Audit([compiled], BUILT_IN, policy)
    found = [finding.rule for finding in audit]
    assert found == (["PYC801"] if listed else [])
    assert audit.summary.statistics.total() == (not listed)


# --- A tree that is not --------------------------------------------------------------


def _many_defects(root: Path) -> Tree:
    tree = Tree(root)
    tree.module("a/stale.py", timestamp(RUNNING, 1, 1))
    tree.module("a/zero.py", bytes(16))
    tree.module("a/old.py", dialect=row("cpython-3.8"))
    tree.module("b/unchecked.py", unchecked(RUNNING, bytes(8)))
    tree.module("b/flags.py", timestamp(RUNNING, MTIME, len(SOURCE), flags=2))
    tree.cache("c/gone.py")
    tree.cache("c/d/gone.py", b"")
    tree.file("legacy.pyc", RUNNING.magic)
    tree.file("clean.pyc", RUNNING.magic)
    tree.file("__pycache__/x.y.z.w.pyc", b"")
    tree.file("__pycache__/clean.pyc.77", b"")
    tree.source("missing.py")
    return tree


def _facts(tree: Tree, findings: list[Finding]) -> Iterator[tuple[str, str, str]]:
    for finding in findings:
        message = finding.message.replace(os.fspath(tree.root), "ROOT")
        yield finding.rule, tree.relative(finding.path), message


def test_order_and_content_do_not_change(tmp_path: Path) -> None:
    trees = [_many_defects(tmp_path / name) for name in ("one", "two")]
    first, second = (list(_facts(tree, tree.audit(Policy()))) for tree in trees)
    assert len({rule for rule, _, _ in first}) > 10
    assert first == second == list(_facts(trees[0], trees[0].audit(Policy())))


def test_no_rule_fails_at_a_strange_name(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    parts = (
        "",
        "a",
        "opt-1",
        "opt-",
        "pytest",
        f"{TAG}",
        f"{TAG}-pytest-1",
        "7",
        "\u0661",
        "{x}",
        "%s",
    )
    names = {".".join(chosen) for size in (1, 2, 3) for chosen in permutations(parts, size)}
    for name in names:
        for ending in (".pyc", ".pyo", ".pyc.1", ""):
            if name + ending not in ("", "."):
                tree.file(f"__pycache__/{name}{ending}", b"")
    for name in ("a", "", "..", "opt-1", "{x}"):
        tree.file(f"{name}.pyc", b"")
    findings = tree.audit(Policy(levels=(0, 1, 2)))
    assert [finding for finding in findings if finding.rule == "PYC902"] == []
    assert len({finding.message for finding in findings}) > 10


def test_messages_say_what_data_says(tmp_path: Path) -> None:
    tree = _many_defects(tmp_path / "tree")
    for finding in tree.audit(Policy(levels=(0, 1))):
        fields = {name for _, name, _, _ in string.Formatter().parse(finding.template) if name}
        assert fields <= finding.data.keys(), finding
        assert "\n" not in finding.message
        assert not finding.message.endswith(".")


def test_what_is_counted_and_not_listed_is_what_the_readme_says() -> None:
    text = Path(__file__).parents[2].joinpath("pycinspect", "README.md").read_text("utf-8")
    (said,) = re.findall(
        r"What healthy trees have too \((.*?)\), and what staleness", text, re.DOTALL
    )
    counted = {rule.id for rule in BUILT_IN if rule.is_statistic}
    assert counted == {*re.findall(r"PYC\d+", said), "PYC108"}


def test_the_page_of_the_rules_is_current() -> None:
    assert PAGE.read_text("utf-8") == rules_page()
