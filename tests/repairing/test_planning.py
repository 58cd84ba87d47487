"""What is done about which finding, and what is left to people."""

from __future__ import annotations

import marshal
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect.auditing import Policy, Selection
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import source_hash
from pycinspect.repairing import (
    LEFT_TO_PEOPLE,
    OF_OTHERS,
    REMEDIES,
    Asked,
    Repair,
    RepairKind,
    RepairPlan,
)
from pycinspect.values import InvalidationMode
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, checked, row, timestamp, unchecked

from .kit import COMPILED, Fixer

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
TAG = RUNNING.cache_tag
LONG_AGO = 1_000_000_000
#: A Python that is nowhere installed.
OLD = row("cpython-3.2")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def planned(
    tree: Tree,
    asked: Asked = Asked(),  # noqa: B008 - a frozen value
    *,
    mode: InvalidationMode | None = None,
    select: tuple[str, ...] = ("ALL",),
    policy: Policy | None = None,
) -> RepairPlan:
    policy = policy or Policy(deep=True)
    policy = replace(policy, selection=Selection(select), invalidation_mode=mode)
    with Fixer.of(tree, mode, asked) as fixer:
        return fixer.plan(policy)


def told(tree: Tree, plan: RepairPlan) -> dict[str, list[str]]:
    """Return the kinds of repairs by path."""
    by_path: dict[str, list[str]] = {}
    for repair in plan.repairs:
        by_path.setdefault(tree.relative(repair.path), []).append(repair.kind.value)
    return by_path


def reasons(tree: Tree, plan: RepairPlan) -> dict[tuple[str, str], str]:
    return {(one.rule, tree.relative(one.path)): one.reason for one in plan.unmended}


def _cache(name: str, tag: str = TAG or "") -> str:
    return f"__pycache__/{name}.{tag}.pyc"


# --- Each remedy -----------------------------------------------------------------------------


def _module(header: bytes, payload: bytes = COMPILED) -> Callable[[Tree], object]:
    def make(tree: Tree) -> None:
        tree.source("m.py")
        tree.cache("m.py", header, payload=payload)

    return make


FRESH = timestamp(RUNNING, MTIME, len(SOURCE))
COMPILED_AGAIN = {
    "PYC001": _module(FRESH[:9], b""),
    "PYC002": _module(b"\x01\x02\r\n" + FRESH[4:]),
    "PYC003": _module(FRESH[:4] + b"\x08\0\0\0" + FRESH[8:]),
    "PYC004": _module(FRESH, COMPILED[:-9]),
    "PYC005": _module(FRESH, b"N"),
    "PYC006": _module(FRESH, COMPILED + b"more"),
    "PYC009": _module(bytes(16), bytes(100)),
    "PYC101": _module(timestamp(RUNNING, MTIME - 1, len(SOURCE))),
    "PYC102": _module(timestamp(RUNNING, MTIME, len(SOURCE) + 1)),
    "PYC103": _module(checked(RUNNING, bytes(8))),
    "PYC104": _module(unchecked(RUNNING, bytes(8))),
    "PYC301": _module(row("cpython-3.8").magic + FRESH[4:]),
}


@pytest.mark.parametrize("rule", COMPILED_AGAIN)
def test_compiled_again(rule: str, tree: Tree) -> None:
    COMPILED_AGAIN[rule](tree)
    plan = planned(tree, select=(rule,))
    assert told(tree, plan) == {_cache("m"): ["recompile"]}
    (repair,) = plan.repairs
    assert repair.rules == (rule,)
    assert repair.after is not None
    assert repair.after.digest != repair.before.digest


@pytest.mark.parametrize(
    ("rule", "source", "level"),
    [("PYC501", b"answer = 43\n", 0), ("PYC306", b"x = 1\nassert x\n", 1)],
)
def test_what_is_not_what_its_source_says_is_compiled_again(
    rule: str, source: bytes, level: int, tree: Tree
) -> None:
    """Another program under the header, or one without the asserts that its name promises."""
    tree.source("m.py", source)
    text = SOURCE if level == 0 else source
    code = compile(text, "m.py", "exec", dont_inherit=True, optimize=level)
    tree.cache("m.py", timestamp(RUNNING, MTIME, len(source)), payload=marshal.dumps(code))
    plan = planned(tree, select=(rule,), policy=Policy(deep=True, verify=True))
    assert told(tree, plan)[_cache("m")] == ["recompile"]


def _orphan(tree: Tree) -> str:
    return tree.relative(os.fspath(tree.cache("gone.py")))


def _interrupted(tree: Tree) -> str:
    path = f"{_cache('clean')}.139872034862080"
    tree.file(path, b"half", LONG_AGO)
    return path


def _shadowed(tree: Tree) -> str:
    tree.file("clean.pyc", FRESH + COMPILED)
    return "clean.pyc"


def _bad_level(tree: Tree) -> str:
    tree.source("m.py")
    return tree.relative(os.fspath(tree.cache("m.py", FRESH, level="0")))


def _absent(tree: Tree) -> str:
    (tree.root / ".python-version").write_text("{}.{}\n".format(*RUNNING.python))
    tree.source("m.py")
    header = timestamp(OLD, MTIME, len(SOURCE))
    return tree.relative(os.fspath(tree.cache("m.py", header, dialect=OLD)))


DELETED = {
    "PYC201": _orphan,
    "PYC203": _shadowed,
    "PYC207": _bad_level,
    "PYC211": _interrupted,
    "PYC302": _absent,
}


@pytest.mark.parametrize("rule", DELETED)
def test_deleted(rule: str, tree: Tree) -> None:
    path = DELETED[rule](tree)
    plan = planned(tree, select=(rule,))
    assert told(tree, plan) == {path: ["delete"]}
    assert plan.repairs[0].after is None


def test_what_no_interpreter_can_compile_again_is_deleted_if_no_import_takes_it(tree: Tree) -> None:
    tree.source("m.py")
    stale = tree.cache("m.py", timestamp(OLD, MTIME - 1, len(SOURCE)), dialect=OLD)
    plan = planned(tree, select=("PYC101",), policy=Policy(dialect=OLD))
    assert told(tree, plan) == {tree.relative(os.fspath(stale)): ["delete"]}
    assert "cpython-3.2" in plan.repairs[0].why


def test_what_an_import_takes_is_not_deleted_where_nothing_can_come_in_its_place(
    tree: Tree,
) -> None:
    """Its source does not compile: the old code is all that runs."""
    tree.source("m.py", b"def (\n")
    tree.cache("m.py", unchecked(RUNNING, bytes(8)))
    plan = planned(tree, select=("PYC104",))
    assert not plan.repairs
    assert "SyntaxError" in reasons(tree, plan)["PYC104", _cache("m")]


def test_a_stale_cache_of_a_source_that_does_not_compile_is_deleted(tree: Tree) -> None:
    tree.source("m.py", b"def (\n")
    tree.cache("m.py", timestamp(RUNNING, MTIME - 1, 6))
    plan = planned(tree, select=("PYC101",))
    assert told(tree, plan) == {_cache("m"): ["delete"]}


def test_an_empty_directory_goes_with_its_last_cache(tree: Tree) -> None:
    tree.source("pkg/__init__.py")
    tree.cache("pkg/gone.py")
    plan = planned(tree)
    assert told(tree, plan) == {
        f"pkg/{_cache('gone')}": ["delete"],
        "pkg/__pycache__": ["remove-directory"],
    }
    assert plan.repairs[-1].kind is RepairKind.REMOVE_DIRECTORY


def test_a_directory_stays_that_has_something_else_in_it(tree: Tree) -> None:
    tree.source("pkg/__init__.py")
    tree.cache("pkg/gone.py")
    tree.file("pkg/__pycache__/notes.txt", b"mine")
    assert told(tree, planned(tree)) == {f"pkg/{_cache('gone')}": ["delete"]}


def _bare(tree: Tree) -> None:
    for place in ("old", "old/sub"):
        tree.cache(f"{place}/gone.py")
    tree.file(f"old/{_cache('gone')}.139872034862080", b"half", LONG_AGO)


def test_a_directory_that_caches_keep_alive_goes_as_a_whole_if_asked(tree: Tree) -> None:
    _bare(tree)
    plan = planned(tree, select=("PYC201", "PYC204"))
    assert not plan.repairs
    assert "namespace package" in reasons(tree, plan)["PYC204", "old"]
    plan = planned(tree, Asked(sourceless=True), select=("PYC201", "PYC204"))
    assert not plan.unmended
    assert [tree.relative(repair.path) for repair in plan.repairs] == [
        f"old/{_cache('gone')}",
        f"old/{_cache('gone')}.139872034862080",
        f"old/sub/{_cache('gone')}",
        "old/sub/__pycache__",
        "old/__pycache__",
        "old/sub",
        "old",
    ]


def test_a_directory_in_which_something_stays_stays(tree: Tree) -> None:
    _bare(tree)
    tree.file(f"old/sub/__pycache__/notes.{TAG}.pyc", b"not a cache")
    plan = planned(tree, Asked(sourceless=True), select=("PYC204",))
    assert {tree.relative(one.path): one.reason for one in plan.unmended} == {
        f"old/sub/__pycache__/notes.{TAG}.pyc": "nobody here knows what it is",
        "old/sub/__pycache__": "something in it stays",
        "old/sub": "something in it stays",
        "old": "something in it stays",
    }


@POSIX
def test_permissions_are_taken_away_at_once(tree: Tree) -> None:
    (tree.root / _cache("clean")).chmod(0o777)
    (repair,) = planned(tree).repairs
    assert (repair.kind, repair.rules) == (RepairKind.CHMOD, ("PYC601", "PYC607"))
    assert (repair.before.mode, repair.after.mode if repair.after else 0) == (0o777, 0o644)


@POSIX
def test_new_content_comes_with_the_right_permissions(tree: Tree, tmp_path: Path) -> None:
    """It may have more names: the new file has one."""
    _module(timestamp(RUNNING, MTIME - 1, len(SOURCE)))(tree)
    (tree.root / _cache("m")).chmod(0o777)
    os.link(tree.root / _cache("m"), tmp_path / "store")
    (repair,) = planned(tree).repairs
    assert (repair.kind, repair.rules) == (RepairKind.RECOMPILE, ("PYC101", "PYC601", "PYC607"))
    assert (repair.before.mode, repair.after.mode if repair.after else 0) == (0o777, 0o644)


@POSIX
def test_a_directory_that_goes_keeps_its_permissions_until_then(tree: Tree) -> None:
    tree.source("pkg/__init__.py")
    tree.cache("pkg/gone.py")
    (tree.root / "pkg" / "__pycache__").chmod(0o777)
    delete, directory = planned(tree).repairs
    assert delete.kind is RepairKind.DELETE
    assert directory.kind is RepairKind.REMOVE_DIRECTORY
    assert directory.rules == ("PYC210", "PYC601")


@POSIX
def test_the_mode_of_a_file_with_more_names_is_left(tree: Tree, tmp_path: Path) -> None:
    (tree.root / _cache("clean")).chmod(0o666)
    os.link(tree.root / _cache("clean"), tmp_path / "store")
    plan = planned(tree, select=("PYC601",))
    assert not plan.repairs
    assert "1 more names" in reasons(tree, plan)["PYC601", _cache("clean")]


def test_a_header_is_converted_if_the_code_is_what_the_source_says(tree: Tree) -> None:
    _module(FRESH)(tree)
    plan = planned(tree, mode=InvalidationMode.CHECKED_HASH, select=("PYC110",))
    assert told(tree, plan)[_cache("m")] == ["convert"]
    # The code of the other one has this test suite's __future__ in it.
    assert "not verified" in reasons(tree, plan)["PYC110", _cache("clean")]


def test_which_mode_is_wanted_has_to_be_said(tree: Tree) -> None:
    _module(checked(RUNNING, source_hash(SOURCE, RUNNING)))(tree)
    plan = planned(tree, select=("PYC110",))
    assert not plan.repairs
    assert "--invalidation-mode" in reasons(tree, plan)["PYC110", "."]


@pytest.mark.parametrize("flags", [1, 3])
def test_a_cache_keeps_its_own_mode(flags: int, tree: Tree) -> None:
    """``SourceLoader.get_code``: hash-based caches become hash-based ones."""
    make = {1: unchecked, 3: checked}[flags]
    _module(make(RUNNING, bytes(8)))(tree)
    with Fixer.of(tree) as fixer:
        (repair,) = fixer.plan(Policy(selection=Selection(("PYC103", "PYC104")))).repairs
        assert repair.content is not None
        content = fixer._maker.kept(repair.content)
    assert content[:16] == make(RUNNING, source_hash(SOURCE, RUNNING))


# --- What is left ------------------------------------------------------------------------------


def test_what_an_import_takes_without_source_is_deleted_only_if_asked(tree: Tree) -> None:
    tree.file("bare.pyc", FRESH + COMPILED)
    plan = planned(tree, select=("PYC202",))
    assert not plan.repairs
    assert "--delete-sourceless" in reasons(tree, plan)["PYC202", "bare.pyc"]
    assert told(tree, planned(tree, Asked(sourceless=True), select=("PYC202",))) == {
        "bare.pyc": ["delete"]
    }


def test_an_orphan_is_not_deleted_for_good_unless_asked(tree: Tree) -> None:
    tree.cache("gone.py")
    plan = planned(tree, Asked(undo=False), select=("PYC201",))
    assert not plan.repairs
    assert "--no-undo" in reasons(tree, plan)["PYC201", _cache("gone")]
    assert planned(tree, Asked(undo=False, sourceless=True), select=("PYC201",)).repairs


def test_what_hides_behind_an_extension_module_has_no_source(tree: Tree) -> None:
    tree.file("ext.abi3.so", b"")
    tree.file("ext.pyc", FRESH + COMPILED)
    plan = planned(tree, select=("PYC203",))
    assert not plan.repairs
    assert "its source is not there" in reasons(tree, plan)["PYC203", "ext.pyc"]


def test_a_temporary_file_of_a_program_that_may_be_running_is_left(tree: Tree) -> None:
    path = f"{_cache('clean')}.139872034862080"
    tree.file(path, b"half", int(time.time()))
    plan = planned(tree, Asked(sourceless=True), select=("PYC211",))
    assert not plan.repairs
    assert "less than a minute" in reasons(tree, plan)["PYC211", path]


@pytest.mark.parametrize("name", ["notes.txt", f"m.{TAG}.opt-0.pyc"])
def test_what_nobody_knows_is_left(name: str, tree: Tree) -> None:
    tree.file(f"__pycache__/{name}", b"not a cache")
    plan = planned(tree, Asked(sourceless=True), select=("PYC207",))
    assert not plan.repairs
    assert "nobody here knows" in reasons(tree, plan)["PYC207", f"__pycache__/{name}"]


def test_only_the_tool_that_wrote_it_can_make_it_again(tree: Tree) -> None:
    tree.source("m.py")
    tree.file(f"__pycache__/m.{TAG}.opt-typeguard42.pyc", FRESH + COMPILED + b"more")
    plan = planned(tree, select=("PYC006",))
    assert not plan.repairs
    assert "only the tool" in next(iter(reasons(tree, plan).values()))


def test_nothing_is_compiled_if_not_asked(tree: Tree) -> None:
    _module(timestamp(RUNNING, MTIME - 1, len(SOURCE)), COMPILED + b"more")(tree)
    plan = planned(tree, Asked(recompile=False))
    assert told(tree, plan) == {_cache("m"): ["delete"]}


@POSIX
def test_a_directory_in_the_place_of_a_cache_is_left(tree: Tree) -> None:
    tree.source("m.py")
    (tree.root / f"m.{TAG}.opt-0.pyc").mkdir()
    (tree.root / _cache("m", f"{TAG}.opt-0")).mkdir()
    plan = planned(tree)
    assert not plan.repairs
    assert any("directory" in reason for reason in reasons(tree, plan).values())


@POSIX
def test_a_source_that_not_everybody_may_read_is_not_copied_for_everybody(tree: Tree) -> None:
    _module(timestamp(RUNNING, MTIME - 1, len(SOURCE)))(tree)
    (tree.root / "m.py").chmod(0o600)
    plan = planned(tree, select=("PYC101",))
    assert not plan.repairs
    assert "cannot read its source" in reasons(tree, plan)["PYC101", _cache("m")]
    (tree.root / _cache("m")).chmod(0o600)
    assert told(tree, planned(tree, select=("PYC101",))) == {_cache("m"): ["recompile"]}


# --- Links -------------------------------------------------------------------------------------


@POSIX
def test_links_are_left_alone(tree: Tree, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / f"gone.{TAG}.pyc"
    target.write_bytes(FRESH + COMPILED)
    (tree.root / "__pycache__" / target.name).symlink_to(target)
    (tree.root / "linked").mkdir()
    (tree.root / "linked" / "other.py").touch()
    (tree.root / "linked" / "__pycache__").symlink_to(elsewhere)
    plan = planned(tree, select=("PYC201",))
    assert not plan.repairs
    found = reasons(tree, plan)
    assert "symbolic link" in found["PYC201", _cache("gone")]
    assert "link or not a directory" in found["PYC201", f"linked/{_cache('gone')}"]


def test_of_every_rule_it_is_said_what_becomes_of_its_findings() -> None:
    said = [*REMEDIES, *LEFT_TO_PEOPLE, *OF_OTHERS]
    assert sorted(said) == sorted(rule.id for rule in BUILT_IN)


def test_what_has_no_remedy_is_left_with_a_reason(tree: Tree) -> None:
    (tree.root / "__pycache__" / "sub").mkdir()
    plan = planned(tree)
    assert reasons(tree, plan) == {
        ("PYC208", "__pycache__/sub"): "nobody has looked at what is in it"
    }


def test_a_plan_says_what_it_is(tree: Tree) -> None:
    tree.cache("gone.py")
    (repair,) = planned(tree, select=("PYC201",)).repairs
    assert isinstance(repair, Repair)
    assert repr(repair).startswith("Repair(")
