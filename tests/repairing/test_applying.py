"""Each file is old or new, what somebody else does meanwhile stays, and all of it is taken back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.repairing import (
    Repair,
    RepairKind,
    RepairPlan,
    RepairResult,
    RepairStatus,
    apply_repairs,
    read_journal,
    take_back,
)
from pycinspect.repairing.journal import JOURNAL
from tests.audit.kit import MTIME, RUNNING, Tree

from .kit import Fixer, damaged, left

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions, owners and links of POSIX")
ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
NOBODY = 65534
STALE = f"__pycache__/stale.{RUNNING.cache_tag}.pyc"
OPEN = f"__pycache__/open.{RUNNING.cache_tag}.pyc"
GONE = f"__pycache__/gone.{RUNNING.cache_tag}.pyc"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return damaged(tmp_path / "tree")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


class _Meanwhile:
    """Notes nothing; something happens instead, just before the change of one file."""

    def __init__(self, path: str, happens: Callable[[], object]) -> None:
        self._path, self._happens = path, happens

    def begin(self, repair: Repair, _content: bytes, _temporary: str) -> None:
        if repair.spot.below == self._path:
            self._happens()


def meanwhile(
    tree: Tree, path: str, happens: Callable[[], object], *kinds: RepairKind
) -> list[RepairResult]:
    """Mend one file while something happens to it; return what became of that."""
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        repairs = [r for r in plan.repairs if r.spot.below == path and r.kind in kinds]
        assert repairs
        return list(apply_repairs(repairs, fixer._maker.kept, _Meanwhile(path, happens)))


def mended(tree: Tree, journal: Path) -> RepairPlan:
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        results = fixer.apply(plan, journal)
    assert {one.status for one in results} == {RepairStatus.DONE}
    return plan


def undone(journal: Path) -> list[RepairResult]:
    return list(take_back(os.fspath(journal)))


# --- The whole way ---------------------------------------------------------------------------


def test_a_second_run_has_nothing_to_do_and_undo_leaves_all_as_it_was(
    tree: Tree, journal: Path
) -> None:
    before = left(tree.root)
    plan = mended(tree, journal)
    assert {repair.kind for repair in plan.repairs} == {*RepairKind} - {RepairKind.CONVERT}
    assert left(tree.root) != before
    with Fixer.of(tree) as fixer:
        assert not fixer.plan().repairs
    results = undone(journal)
    assert len(results) == len(plan.repairs)
    assert {one.status for one in results} == {RepairStatus.DONE}
    assert left(tree.root) == before
    assert undone(journal) == []


def test_what_is_compiled_again_is_fresh(tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    content = (tree.root / STALE).read_bytes()
    assert int.from_bytes(content[8:12], "little") == MTIME


@ROOT
def test_root_keeps_owner_and_mode(tree: Tree, journal: Path) -> None:
    for path in (tree.root / STALE, tree.root / GONE, tree.root / "alone" / "__pycache__"):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(0o750)
    os.chown(tree.root / "stale.py", NOBODY, NOBODY)
    with Fixer.of(tree) as fixer:
        repairs = [r for r in fixer.plan().repairs if r.kind is not RepairKind.CHMOD]
        (stale,) = [r for r in repairs if r.spot.below == STALE]
        fixer.apply(RepairPlan(tuple(repairs)), journal)
    status = (tree.root / STALE).stat()
    assert stale.after is not None
    assert (status.st_uid, status.st_gid) == (NOBODY, NOBODY)
    undone(journal)
    for path in (tree.root / GONE, tree.root / "alone" / "__pycache__"):
        status = path.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (NOBODY, NOBODY, 0o750)


# --- Somebody else ---------------------------------------------------------------------------


def _rewritten(path: Path) -> Callable[[], object]:
    return lambda: path.write_bytes(b"somebody else's")


@pytest.mark.parametrize("kind", [RepairKind.DELETE, RepairKind.RECOMPILE, RepairKind.CHMOD])
def test_what_changes_just_before_is_left(kind: RepairKind, tree: Tree) -> None:
    paths = {RepairKind.DELETE: GONE, RepairKind.RECOMPILE: STALE, RepairKind.CHMOD: OPEN}
    path = paths[kind]
    (result,) = meanwhile(tree, path, _rewritten(tree.root / path), kind)
    assert result.status is RepairStatus.CHANGED
    assert "changed" in result.reason
    assert (tree.root / path).read_bytes() == b"somebody else's"


def test_what_changed_since_the_plan_is_left(tree: Tree, journal: Path) -> None:
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        for path in (STALE, GONE):
            (tree.root / path).write_bytes(b"somebody else's")
        results = fixer.apply(plan, journal)
    statuses = {one.path: one.status for one in results}
    for path in (STALE, GONE):
        assert statuses[os.fspath(tree.root / path)] is RepairStatus.CHANGED
        assert (tree.root / path).read_bytes() == b"somebody else's"


def test_a_source_that_changed_since_the_plan_is_not_compiled_into_a_cache(
    tree: Tree, journal: Path
) -> None:
    old = (tree.root / STALE).read_bytes()
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        tree.source("stale.py", b"answer = 43\n", MTIME + 7)
        results = fixer.apply(plan, journal)
    (found,) = [one for one in results if one.kind is RepairKind.RECOMPILE]
    assert (found.status, "source" in found.reason) == (RepairStatus.CHANGED, True)
    assert (tree.root / STALE).read_bytes() == old


def test_an_orphan_whose_source_comes_back_is_none(tree: Tree, journal: Path) -> None:
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        tree.source("gone.py")
        results = fixer.apply(plan, journal)
    (found,) = [one for one in results if one.path == os.fspath(tree.root / GONE)]
    assert (found.status, "source" in found.reason) == (RepairStatus.CHANGED, True)
    assert (tree.root / GONE).exists()


def test_a_directory_into_which_something_comes_stays(tree: Tree) -> None:
    directory = tree.root / "alone" / "__pycache__"
    for path in directory.iterdir():
        path.unlink()

    def comes() -> None:
        (directory / "new.pyc").touch()

    kind = RepairKind.REMOVE_DIRECTORY
    (result,) = meanwhile(tree, os.path.join("alone", "__pycache__"), comes, kind)
    assert result.status in {RepairStatus.CHANGED, RepairStatus.FAILED}
    assert (directory / "new.pyc").exists()


@POSIX
@pytest.mark.parametrize("when", ["after the plan", "just before"])
def test_a_directory_that_becomes_a_link_is_not_followed(
    when: str, tree: Tree, tmp_path: Path, journal: Path
) -> None:
    """What the link leads to has the same names, and content, as what was judged."""
    victim = tmp_path / "victim"
    shutil.copytree(tree.root / "__pycache__", victim)
    before = left(victim)

    def exchanged() -> None:
        (tree.root / "__pycache__").rename(tmp_path / "moved")
        (tree.root / "__pycache__").symlink_to(victim)

    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        if when == "after the plan":
            exchanged()
            results = fixer.apply(plan, journal)
            here = [one for one in results if f"{os.sep}alone{os.sep}" not in one.path]
            assert {one.status for one in here} == {RepairStatus.FAILED}
        else:
            notes = _Meanwhile(GONE, exchanged)
            repairs = [repair for repair in plan.repairs if repair.spot.below == GONE]
            list(apply_repairs(repairs, fixer._maker.kept, notes))
    assert left(victim) == before


@POSIX
def test_a_file_that_becomes_a_link_is_not_followed(
    tree: Tree, tmp_path: Path, journal: Path
) -> None:
    victim = tmp_path / "victim.pyc"
    shutil.copy2(tree.root / STALE, victim)
    before = victim.read_bytes()
    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        (tree.root / STALE).unlink()
        (tree.root / STALE).symlink_to(victim)
        fixer.apply(plan, journal)
    assert victim.read_bytes() == before
    assert (tree.root / STALE).is_symlink()


def test_what_was_changed_since_is_not_taken_back(tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    (tree.root / STALE).write_bytes(b"somebody else's")
    (tree.root / GONE).write_bytes(b"somebody else's")
    results = undone(journal)
    changed = {one.path for one in results if one.status is RepairStatus.CHANGED}
    real = os.path.realpath(tree.root)
    assert changed == {os.path.join(real, STALE), os.path.join(real, GONE)}
    for path in (STALE, GONE):
        assert (tree.root / path).read_bytes() == b"somebody else's"


@POSIX
def test_what_cannot_be_changed_does_not_keep_the_rest_from_being_mended(
    tree: Tree, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def refusing(path: str, **named: int | None) -> None:
        if path == os.path.basename(GONE):
            raise PermissionError(13, "Permission denied")
        unlink(path, **named)

    monkeypatch.setattr(os, "unlink", refusing)
    with Fixer.of(tree) as fixer:
        results = fixer.apply(fixer.plan(), journal)
    failed = [one for one in results if one.status is RepairStatus.FAILED]
    assert {one.reason for one in failed} == {"Permission denied", "Directory not empty"}
    assert (tree.root / GONE).exists()
    assert sum(one.status is RepairStatus.DONE for one in results) == 3


# --- The journal -----------------------------------------------------------------------------


def test_nothing_is_changed_that_cannot_be_noted(
    tree: Tree, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = left(tree.root)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Fixer.of(tree) as fixer:
        plan = fixer.plan()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(PycInspectError, match="No space left") as raised:
            fixer.apply(plan, journal)
    assert raised.value.slug == "unwritable"
    assert left(tree.root) == before


def test_a_folder_that_is_there_is_not_taken_for_a_journal(tree: Tree, journal: Path) -> None:
    journal.mkdir()
    with Fixer.of(tree) as fixer, pytest.raises(PycInspectError, match="File exists"):
        fixer.apply(fixer.plan(), journal)


def test_a_torn_last_line_is_of_a_change_that_was_not_made(tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    file = journal / JOURNAL
    lines = file.read_bytes().splitlines(keepends=True)
    count = len(read_journal(os.fspath(journal)))
    for cut in (1, len(lines[-1]) // 2, len(lines[-1]) - 3):
        file.write_bytes(b"".join(lines[:-1]) + lines[-1][:cut])
        assert len(read_journal(os.fspath(file))) == count - 1
    for cut in (0, 1, 20, len(lines[0]) - 3):
        file.write_bytes(lines[0][:cut])
        assert read_journal(os.fspath(journal)) == []


@pytest.mark.parametrize(
    "content",
    [
        b"not a journal",
        b"{}\n",
        b'{"schema": "pycinspect.journal/2", "trees": []}\n',
        b'{"schema": "pycinspect.journal/1", "trees": ["relative"]}\n',
        b'{"schema": "pycinspect.journal/1", "trees": []}\ntorn\n',
        b'{"schema": "pycinspect.journal/1", "trees": []}\n{}\n{}',
        b"[" * 100_000 + b"\n",
    ],
    ids=range(7),
)
def test_what_is_not_a_journal_is_refused(content: bytes, journal: Path) -> None:
    journal.mkdir(0o700)
    (journal / JOURNAL).write_bytes(content)
    (journal / JOURNAL).chmod(0o600)
    with pytest.raises(PycInspectError) as raised:
        read_journal(os.fspath(journal))
    assert raised.value.slug == "bad-journal"


@pytest.mark.parametrize("path", ["../x.pyc", "/etc/x.pyc", "a//b", "", "a/./b", "a\0b", 7, None])
def test_a_journal_leads_nowhere_but_down(path: object, tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    first, second, *_ = (journal / JOURNAL).read_text().splitlines()
    step = {**json.loads(second), "path": path}
    (journal / JOURNAL).write_text(f"{first}\n{json.dumps(step)}\n")
    with pytest.raises(PycInspectError, match="line 2 is not one") as raised:
        read_journal(os.fspath(journal))
    assert raised.value.slug == "bad-journal"


@pytest.mark.parametrize("name", ["temporary", "kept"])
def test_a_journal_removes_nothing_but_its_own(name: str, tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    first, second, *_ = (journal / JOURNAL).read_text().splitlines()
    step = {**json.loads(second), name: "stale.py"}
    (journal / JOURNAL).write_text(f"{first}\n{json.dumps(step)}\n")
    with pytest.raises(PycInspectError, match="line 2 is not one"):
        undone(journal)


@POSIX
@pytest.mark.parametrize("name", [".", JOURNAL])
def test_a_journal_that_others_can_write_is_not_followed(
    name: str, tree: Tree, journal: Path
) -> None:
    mended(tree, journal)
    (journal / name).chmod(0o777)
    with pytest.raises(PycInspectError, match="others can write it"):
        undone(journal)


def test_content_that_is_not_what_was_kept_is_not_put_back(tree: Tree, journal: Path) -> None:
    mended(tree, journal)
    for kept in (journal / "kept").iterdir():
        kept.write_bytes(b"forged")
    results = undone(journal)
    failed = [one for one in results if one.status is RepairStatus.FAILED]
    assert {one.kind for one in failed} == {RepairKind.DELETE, RepairKind.RECOMPILE}
    assert not (tree.root / GONE).exists()
