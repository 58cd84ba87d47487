"""Trees by chance, mended, judged by the real import, and taken back.

What a module does after ``fix --apply`` is either what it did before, or what its source does:
that is asked of an interpreter that imports it from the tree before, from the tree after, and from
a tree without caches. Then a second run has nothing to do, and ``--undo`` leaves every file as it
was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, chdir
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from pycinspect.auditing import Audit, Finding, Policy
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import running_platform
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.installed import python_providers
from pycinspect.pyc import PYCACHE
from pycinspect.repairing import (
    Asked,
    Grounds,
    JournalWriter,
    Looker,
    Maker,
    Planner,
    RepairPlan,
    RepairResult,
    RepairStatus,
    apply_repairs,
    take_back,
)
from tests.differential.agreement import Plan, Question, _ask, _Case, plans
from tests.differential.kit import Kit
from tests.differential.situations import Directory, File, Node
from tests.differential.trees import Entry, build, ordinary_user, remove, snapshot, workspace

__all__ = ["Objection", "Outcomes", "objections", "plans"]

_LEVELS = (0, 1, 2)
#: How many of the files that could be worsened are not.
_SPARED = 0.7


@dataclass
class Outcomes:
    """What was seen in all, so that it shows whether anything was tested."""

    trees: int = 0
    repairs: int = 0
    questions: int = 0
    fresher: int = 0


@dataclass(frozen=True)
class Objection:
    """Something that should not be."""

    oracle: str
    plan: Plan
    text: str

    def __str__(self) -> str:
        nodes = "\n".join(f"    {str(node)[:160]}" for node in self.plan.nodes)
        return f"{self.oracle}, {self.plan.name}: {self.text}\n{nodes}"


@dataclass
class _Tree:
    """One tree and its neighbour without caches."""

    plan: Plan
    root: Path
    before: _Case
    fresh: _Case
    after: _Case
    is_ours: bool
    verify: bool
    texts: list[str]


def objections(kit: Kit, some: Iterable[Plan], outcomes: Outcomes) -> Iterator[Objection]:
    """Build trees, mend them, ask the oracle, take it back, and yield what should not be."""
    row = DIALECTS[kit.oracle.dialect]
    list(python_providers())  # an ordinary user may not read what this needs,
    running_platform()  # nor this
    with workspace() as directory, Maker() as maker:
        trees = [_tree(directory, number, plan) for number, plan in enumerate(some)]
        _asked(kit, [case for tree in trees for case in (tree.before, tree.fresh)], directory)
        marks = [_mended(tree, row, maker, outcomes) for tree in trees]
        _asked(kit, [tree.after for tree in trees], directory)
        for tree, mark in zip(trees, marks, strict=True):
            tree.texts += _changed_imports(tree, outcomes)
            tree.texts += _not_taken_back(tree, mark)
            yield from (Objection(kit.oracle.name, tree.plan, text) for text in tree.texts)
            remove(tree.root)


def _tree(directory: Path, number: int, plan: Plan) -> _Tree:
    root, twin = directory / str(number), directory / f"{number}-fresh"
    build(root, plan.nodes)
    _worsen(root, Random(plan.name))
    build(twin, _without_caches(plan.nodes))
    in_tree = [question for question in plan.questions if question.path == ("d",)]
    plan = replace(plan, archive=None, questions=in_tree)
    cases = [_Case(plan, place, [], [], {}) for place in (root, twin, root)]
    return _Tree(plan, root, *cases, is_ours=number % 2 == 0, verify=number % 4 == 0, texts=[])


def _worsen(root: Path, random: Random) -> None:
    """Give caches what no import notices: permissions, more names, neighbours that are no caches."""
    for path in sorted((root / "d").rglob("*")):
        if path.is_symlink() or random.random() < _SPARED:
            continue
        if path.name == PYCACHE and path.is_dir():
            path.chmod(random.choice((0o777, 0o1777, 0o775)))
            if random.random() < _SPARED:
                (path / "notes.txt").write_bytes(b"no cache")
        elif path.suffix == ".pyc" and path.is_file():
            _worsen_cache(path, random)


def _worsen_cache(path: Path, random: Random) -> None:
    if path.stat().st_mode & 0o777:  # what is locked stays so: the import notices
        path.chmod(random.choice((0o666, 0o664, 0o755, 0o4755, 0o777)))
    if random.random() < _SPARED:
        leftover = path.with_name(f"{path.name}.{random.randrange(2**47)}")
        leftover.write_bytes(b"half")
        os.utime(leftover, (1_000_000_000, 1_000_000_000))
        os.chown(leftover, path.stat().st_uid, path.stat().st_gid)
    if random.random() < 1 - _SPARED:
        os.link(path, path.parents[1] / f"{path.name}.name")


def _without_caches(nodes: Sequence[Node]) -> list[Node]:
    """Return a tree in which every import compiles its source, where it has one."""
    sources = {node.path for node in nodes if not isinstance(node, Directory)}
    kept: list[Node] = []
    for node in nodes:
        parts = node.path.split("/")
        is_beside = node.path.endswith((".pyc", ".pyo")) and node.path[:-1] in sources
        if PYCACHE in parts or parts[0].startswith("prefix"):
            continue
        if not is_beside or not isinstance(node, File):
            kept.append(node)
    if not any(node.path.startswith("d/") for node in kept):
        kept.append(Directory("d"))
    return kept


def _asked(kit: Kit, cases: Sequence[_Case], directory: Path) -> None:
    for level in _LEVELS:
        _ask(kit, cases, level, directory)


def _standing(tree: _Tree) -> AbstractContextManager[None]:
    """Work in a tree, as root or as the ordinary user to whom it belongs."""
    return chdir(tree.root) if tree.is_ours else ordinary_user(tree.root)


def _mended(tree: _Tree, row: Dialect, maker: Maker, outcomes: Outcomes) -> Mapping[str, Entry]:
    """Mend a tree; return what was there before."""
    before = snapshot(tree.root)
    with _standing(tree):
        plan, _ = _planned(tree, row, maker)
        results = _applied(tree, plan, maker)
        again, found = _planned(tree, row, maker)
    outcomes.trees += 1
    outcomes.repairs += len(results)
    undone = [one for one in results if one.status is not RepairStatus.DONE]
    if undone:
        tree.texts.append(f"not done: {undone[:3]}")
    if again.repairs:
        left = f"the first one left {plan.unmended[:3]}"
        tree.texts.append(f"a second run has something to do: {again.repairs[:3]}; {left}")
    mended = {(rule, repair.path) for repair in plan.repairs for rule in repair.rules}
    still = [one for one in found if (one.rule, one.path) in mended]
    if still:
        tree.texts.append(f"mended and still found: {still[:3]}")
    return before


def _planned(tree: _Tree, row: Dialect, maker: Maker) -> tuple[RepairPlan, list[Finding]]:
    prefix = None if tree.plan.prefix is None else tree.plan.prefix.format(root=tree.root)
    policy = Policy(dialect=row, pycache_prefix=prefix, deep=True, verify=tree.verify)
    grounds = Grounds(["d", *([prefix] if prefix else [])], PYCACHE)
    try:
        found = list(Audit(["d"], BUILT_IN, policy))
    except PycInspectError as error:
        if error.slug != "nothing-to-audit":
            raise
        found = []
    return Planner(Looker(grounds, prefix), maker, Asked()).plan(found), found


def _applied(tree: _Tree, plan: RepairPlan, maker: Maker) -> list[RepairResult]:
    prefix = None if tree.plan.prefix is None else tree.plan.prefix.format(root=tree.root)
    grounds = Grounds(["d", *([prefix] if prefix else [])], PYCACHE)
    with JournalWriter("journal", grounds.tops) as notes:
        return list(apply_repairs(plan.repairs, maker.kept, notes))


def _changed_imports(tree: _Tree, outcomes: Outcomes) -> Iterator[str]:
    """Say which imports do what they did neither before nor do without caches."""
    for question, before in tree.before.answers.items():
        after, fresh = tree.after.answers.get(question), tree.fresh.answers.get(question)
        if after is None or fresh is None:
            continue
        outcomes.questions += 1
        outcomes.fresher += before != after
        is_known = after.raised in {before.raised, fresh.raised}
        is_known = is_known and {*after.ran} <= {*before.ran, *fresh.ran}  # of package and module
        if not is_known and not _is_masked(tree, question):
            yield f"{question}: before {before}, after {after}, of its source {fresh}"


def _is_masked(tree: _Tree, question: Question) -> bool:
    """Return whether a module was not reached before, for its package failed then and does not now."""
    package = question.module.rpartition(".")[0]
    above = question._replace(module=package)
    before, after = tree.before.answers.get(above), tree.after.answers.get(above)
    return bool(package) and before is not None and before.raised is not None and before != after


def _not_taken_back(tree: _Tree, before: Mapping[str, Entry]) -> Iterator[str]:
    with _standing(tree):
        results = list(take_back("journal"))
        again = list(take_back("journal"))
    undone = [one for one in results if one.status is not RepairStatus.DONE]
    if undone or again:
        yield f"not taken back: {undone[:3]}; again: {again[:3]}"
    after = {
        path: entry
        for path, entry in snapshot(tree.root).items()
        if path.split("/")[0] != "journal"
    }
    differing = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    if differing:
        told = [(path, before.get(path), after.get(path)) for path in differing[:2]]
        yield f"not as it was: {told}"
