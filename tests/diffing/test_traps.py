"""Nothing that a repository names is run, whatever is asked of it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from pycinspect import PycInspectError
from pycinspect.cli import main
from pycinspect.diffing import FileTree, RevisionTree, diff_module, paired_modules
from pycinspect.values import Level
from tests.diffing.traps import PROMISOR, SETTINGS, URLS, Field, all_keys

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="the traps are scripts"),
]

#: Whatever ``pycinspect diff`` takes; FILE and DIR are in the repository.
FORMS = [
    ("FILE", "--rev", "first", "--rev", "third"),
    ("FILE", "--rev", "main"),
    ("FILE", "--rev", "HEAD~1", "--json"),
    ("FILE", "--rev", "main@{1}", "--raw"),
    ("FILE", "--rev", ":/second", "--level", "exact"),
    ("FILE", "--rev", "HEAD^{}", "--rev", "HEAD~2", "--side-by-side"),
    ("FILE", "--rev", "@{-1}", "--rev", "@{u}", "--rev", "HEAD"),
    ("FILE", "--rev", "first", "--optimize", "0", "--optimize", "2"),
    ("FILE", "--rev", "third", "--python", sys.executable),
    ("FILE", "--rev", "origin/main"),
    ("FILE", "--rev", "--upload-pack=touch x"),
    ("DIR", "--rev", "first", "--rev", "third"),
    ("DIR", "--rev", "HEAD", "--json"),
    ("ROOT", "--rev", "second", "--level", "structural"),
    ("GONE", "--rev", "first", "--rev", "second"),
    ("FILE", "--rev", "nowhere"),
    ("FILE", "--rev", "promisor/main"),
]


class Ready(NamedTuple):
    """A repository, the traps to be laid in it, and what is said while there are none."""

    field: Field
    honest: list[tuple[int, str]]


def git(directory: Path, *arguments: str) -> str:
    options = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "gc.auto=0")
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *options, *arguments],
        cwd=directory,
        env={**os.environ, **isolated},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def field(tmp_path: Path) -> Field:
    root = tmp_path / "r"
    (root / "pkg").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "pkg" / "gone.py").write_text("y = 1\n")
    for number, name in enumerate(("first", "second", "third"), 1001):
        (root / "pkg" / "mod.py").write_text(f"x = {number}\n\n\ndef f(a):\n    return a, x\n")
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", f"{name} change")
        git(root, "tag", name)
    (root / "pkg" / "gone.py").unlink()
    git(root, "checkout", "-q", "-b", "other", "first")
    git(root, "checkout", "-q", "main")
    git(root, "update-ref", "refs/remotes/origin/main", "second")
    for key, value in (
        ("branch.main.remote", "origin"),
        ("branch.main.merge", "refs/heads/main"),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
    ):
        git(root, "config", key, value)
    return Field(root, tmp_path / "outside")


def said(field: Field, form: tuple[str, ...]) -> tuple[int, str]:
    """Return the exit code and all output of a form of the command."""
    places = {
        "FILE": field.root / "pkg" / "mod.py",
        "DIR": field.root / "pkg",
        "ROOT": field.root,
        "GONE": field.root / "pkg" / "gone.py",
    }
    first, *rest = form
    result = CliRunner().invoke(main, ["diff", os.fspath(places[first]), *rest])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, result.output


def answers(field: Field, forms: list[tuple[str, ...]] = FORMS) -> list[tuple[int, str]]:
    return [said(field, form) for form in forms]


@pytest.fixture
def ready(field: Field) -> Ready:
    honest = answers(field)
    codes = [code for code, _ in honest]
    assert codes.count(0) >= 3
    assert codes.count(1) >= 6
    assert codes[-1] == codes[-2] == 2
    return Ready(field, honest)


def lay_all(field: Field) -> None:
    field.set(SETTINGS)
    field.set(PROMISOR)
    field.set({"remote.promisor.url": URLS["ssh"], "remote.origin.url": URLS["ext"]})
    field.set_files()


def test_all_traps_at_once(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    field, honest = ready
    lay_all(field)
    for name, value in field.variables().items():
        monkeypatch.setenv(name, value)
    for cwd in (field.root, field.root / "pkg", field.git_directory, field.outside / "programs"):
        monkeypatch.chdir(cwd)
        assert answers(field) == honest
    assert field.fired() == set()


def test_every_setting_that_git_knows(ready: Ready) -> None:
    """Whatever is made of them: all are given a command."""
    field, honest = ready
    keys = list(all_keys())
    assert len(keys) > 500
    assert {"core.sshCommand", "filter.trap.clean", "core.fsmonitor"} <= set(keys)
    # git itself takes no such refspec, and then knows no upstream.
    refspecs = [key for key in keys if key.startswith("remote.trap.") and key.endswith("h")]
    assert refspecs == ["remote.trap.fetch", "remote.trap.push"]
    field.set({key: "{}" for key in keys if key not in refspecs})
    assert answers(field) == honest
    field.set(dict.fromkeys(refspecs, "{}"))
    changed = [now for now, then in zip(answers(field), honest, strict=True) if now != then]
    assert changed == [(2, "pycinspect: there is no revision '@{u}'\n")]
    assert field.fired() == set()


def test_the_program_interface(field: Field) -> None:
    lay_all(field)
    path = os.fspath(field.root / "pkg")
    old, new = RevisionTree("first", path), RevisionTree("third", path)
    found = {}
    for ours, theirs in paired_modules(old, new):
        assert ours is not None
        assert theirs is not None
        before, after = old.read(ours).file, new.read(theirs).file
        found[os.path.basename(ours)] = (before.code.consts[0], after.code.consts[0])
        diff_module((ours, before), (theirs, after), Level.SEMANTIC, ())
    assert found == {"gone.py": (1, 1), "mod.py": (1001, 1003)}
    assert paired_modules(new, FileTree(path))
    assert field.fired() == set()


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("missing", ["second:pkg/mod.py", "second:pkg", "second^{tree}", "second"])
def test_what_is_missing_is_not_fetched(
    field: Field, url: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = git(field.root, "rev-parse", missing)
    lay_all(field)
    field.set({"remote.promisor.url": URLS[url]})
    field.remove(number)
    for name, value in field.variables().items():
        monkeypatch.setenv(name, value)
    for form in (
        ("FILE", "--rev", "second"),
        ("FILE", "--rev", "third", "--rev", "second", "--json"),
        ("DIR", "--rev", "second", "--rev", "third"),
    ):
        code, output = said(field, form)
        assert code == 2
        assert "it is not fetched" in output
        assert "Traceback" not in output
    assert said(field, ("FILE", "--rev", "third"))[0] == 0
    assert field.fired() == set()


@pytest.mark.parametrize("seed", range(6))
def test_some_traps_and_some_forms(
    ready: Ready, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting may hide another: subsets of them, in any order, with parts that are missing."""
    field, honest = ready
    chance = random.Random(seed)
    gone = chance.choice([None, "second:pkg/mod.py", "second:pkg", "second", "first^{tree}"])
    number = git(field.root, "rev-parse", gone) if gone else ""
    keys = chance.sample(sorted(SETTINGS), chance.randint(1, len(SETTINGS)))
    field.set({key: SETTINGS[key] for key in keys})
    if chance.random() < 0.7:
        field.set(PROMISOR)
        field.set({"remote.promisor.url": URLS[chance.choice(sorted(URLS))]})
    if chance.random() < 0.7:
        field.set_files()
    if number:
        field.remove(number)
    for name, value in field.variables().items():
        if chance.random() < 0.5 and not name.startswith("GIT_CONFIG_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(chance.choice([field.root, field.root / "pkg", field.outside / "programs"]))
    for form, expected in chance.sample(list(zip(FORMS, honest, strict=True)), 6):
        code, output = said(field, form)
        partly = number and code == 2 and ("not fetched" in output or "no revision" in output)
        assert partly or (code, output) == expected, (seed, form)
    assert field.fired() == set()


# --- The traps do fire ----------------------------------------------------------------------


FIRING = {
    "core.sshCommand": (
        {**PROMISOR, "remote.promisor.url": URLS["ssh"], "core.sshCommand": "{}"},
        "cat-file -p first:pkg/mod.py",
    ),
    "remote.promisor.url": (
        {**PROMISOR, "remote.promisor.url": "ext::{}", "protocol.ext.allow": "always"},
        "cat-file -p first:pkg/mod.py",
    ),
    "remote.promisor.uploadpack": (
        {**PROMISOR, "remote.promisor.url": "{elsewhere}", "remote.promisor.uploadpack": "{}"},
        "cat-file -p first:pkg/mod.py",
    ),
    "core.fsmonitor": ({"core.fsmonitor": "{}"}, "status"),
    "diff.trap.textconv": ({"diff.trap.textconv": "{}"}, "diff second"),
    "diff.trap.command": ({"diff.trap.command": "{}"}, "diff second"),
    "diff.external": ({"diff.external": "{}"}, "diff second"),
    "filter.trap.clean": ({"filter.trap.clean": "{}"}, "add pkg/mod.py"),
    "filter.trap.smudge": ({"filter.trap.smudge": "{}"}, "checkout second -- pkg/mod.py"),
    "core.editor": ({"core.editor": "{}"}, "commit --allow-empty --no-verify"),
    "gpg.program": ({"gpg.program": "{}"}, "commit --allow-empty --no-verify -S -m x"),
    "hook_pre-commit": ({}, "commit --allow-empty -m x"),
    "alias.trap": ({"alias.trap": "!{}"}, "trap"),
    "include.path": ({"include.path": "{include}"}, "status"),
}


@pytest.mark.parametrize("name", FIRING)
def test_a_trap_fires_for_git_and_not_for_us(field: Field, name: str) -> None:
    settings, command = FIRING[name]
    number = git(field.root, "rev-parse", "first:pkg/mod.py")
    field.set(settings)
    if name.startswith(("hook", "diff.trap", "filter")):
        field.set_files()
    if name.startswith(("diff.trap", "filter")):
        (field.root / ".gitattributes").write_text("* filter=trap diff=trap\n")
        (field.git_directory / "info" / "attributes").unlink()
        (field.root / "pkg" / "mod.py").write_text("x = 1004\n")
    if "promisor" in " ".join(settings):
        field.remove(number)
    for form in (("FILE", "--rev", "first"), ("DIR", "--rev", "third", "--rev", "second")):
        assert said(field, form)[0] > 0
    with pytest.raises(PycInspectError):
        RevisionTree("--all", os.fspath(field.root / "pkg"))
    assert field.fired() == set()
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(
        ["git", *who, *command.split()],
        cwd=field.root,
        env={**environment, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": "ext:ssh:file"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    expected = {"include.path": "core.fsmonitor"}.get(name, name.replace("hook_", "hook:"))
    assert expected in field.fired()
