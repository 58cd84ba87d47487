"""Every kind of repository and of name, and what git itself says of them."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pycinspect import PycInspectError
from pycinspect.diffing import RevisionTree, cleanroom, revisions
from pycinspect.diffing.repository import find_repository

ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
SETTINGS = {
    "user.name": "t",
    "user.email": "t@example.org",
    "core.autocrlf": "false",
    "init.defaultBranch": "main",
    "protocol.file.allow": "always",
}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def ran(directory: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    options = [option for pair in SETTINGS.items() for option in ("-c", "=".join(pair))]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *options, *arguments],
        cwd=directory,
        env={**environment, **ISOLATED},
        capture_output=True,
        encoding="utf-8",
    )


def git(directory: Path, *arguments: str | Path) -> str:
    done = ran(directory, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def filled(root: Path, *options: str) -> Path:
    """Make a repository of three commits, whose ``pkg/mod.py`` says ``x = 1001`` to ``1003``."""
    (root / "pkg").mkdir(parents=True)
    git(root, "init", "-q", *options)
    for number, name in enumerate(("first", "second", "third"), 1001):
        (root / "pkg" / "mod.py").write_text(f"x = {number}\n")
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", f"{name} change")
        git(root, "tag", "-a", "-m", name, name)
    git(root, "branch", "feature/ünïcode", "HEAD~2")
    git(root, "checkout", "-q", "feature/ünïcode")
    git(root, "checkout", "-q", "main")
    git(root, "update-ref", "ORIG_HEAD", "HEAD~1")
    return root


class Place(NamedTuple):
    """Where a file of a repository is, or would be, and where git is asked for it."""

    path: Path
    directory: Path


def plain(root: Path) -> Place:
    filled(root)
    return Place(root / "pkg" / "mod.py", root)


def packed(root: Path) -> Place:
    filled(root)
    git(root, "gc", "-q")
    assert (root / ".git" / "packed-refs").stat().st_size > 100
    return Place(root / "pkg" / "mod.py", root)


def sha256(root: Path) -> Place:
    filled(root, "--object-format=sha256")
    return Place(root / "pkg" / "mod.py", root)


def bare(root: Path) -> Place:
    git(filled(root / "origin"), "clone", "-q", "--bare", ".", root / "bare.git")
    return Place(root / "bare.git" / "pkg" / "mod.py", root / "bare.git")


def mirrored_worktree(root: Path) -> Place:
    """A linked worktree of a bare repository, on a branch of its own."""
    place = bare(root)
    git(place.directory, "worktree", "add", "-q", "-b", "other", root / "work", "second")
    return Place(root / "work" / "pkg" / "mod.py", root / "work")


def worktree(root: Path) -> Place:
    filled(root / "main")
    git(root / "main", "config", "extensions.worktreeConfig", "true")
    git(root / "main", "worktree", "add", "-q", "-b", "other", root / "work", "second")
    git(root / "work", "config", "--worktree", "core.fsmonitor", "false")
    git(root / "work", "update-ref", "refs/worktree/mine", "first")
    return Place(root / "work" / "pkg" / "mod.py", root / "work")


def submodule(root: Path) -> Place:
    filled(root / "part")
    filled(root / "whole")
    git(root / "whole", "submodule", "--quiet", "add", os.fspath(root / "part"), "sub")
    git(root / "whole" / "sub", "checkout", "-q", "second")
    assert (root / "whole" / "sub" / ".git").is_file()
    return Place(root / "whole" / "sub" / "pkg" / "mod.py", root / "whole" / "sub")


def shallow(root: Path) -> Place:
    filled(root / "origin")
    url = (root / "origin").as_uri()
    git(root, "clone", "-q", "--depth", "2", url, root / "clone")
    return Place(root / "clone" / "pkg" / "mod.py", root / "clone")


def borrowing(root: Path) -> Place:
    """A clone that has its objects in another repository, which borrows, too."""
    filled(root / "origin")
    git(root, "clone", "-q", "--shared", root / "origin", root / "middle")
    git(root, "clone", "-q", "--shared", root / "middle", root / "clone")
    assert (root / "clone" / ".git" / "objects" / "info" / "alternates").exists()
    return Place(root / "clone" / "pkg" / "mod.py", root / "clone")


def no_longer_checked_out(root: Path) -> Place:
    filled(root)
    shutil.rmtree(root / "pkg")
    return Place(root / "pkg" / "mod.py", root)


def detached(root: Path) -> Place:
    filled(root)
    git(root, "checkout", "-q", "--detach", "second")
    return Place(root / "pkg" / "mod.py", root)


def head_is_a_link(root: Path) -> Place:
    filled(root)
    (root / ".git" / "HEAD").unlink()
    (root / ".git" / "HEAD").symlink_to("refs/heads/main")
    return Place(root / "pkg" / "mod.py", root)


def through_a_link(root: Path) -> Place:
    filled(root / "real")
    (root / "link").symlink_to(root / "real" / "pkg")
    return Place(root / "link" / "mod.py", root / "real")


KINDS: tuple[Callable[[Path], Place], ...] = (
    plain,
    packed,
    sha256,
    bare,
    mirrored_worktree,
    worktree,
    submodule,
    shallow,
    borrowing,
    no_longer_checked_out,
    detached,
)
if os.name != "nt":
    KINDS += (head_is_a_link, through_a_link)

NAMES = [
    "main",
    "heads/main",
    "refs/heads/main",
    "other",
    "first",
    "tags/second",
    "second^{commit}",
    "third~2",
    "HEAD",
    "@",
    "HEAD~1",
    "HEAD^",
    "HEAD~3",
    "HEAD^{}",
    "HEAD^0",
    "HEAD^2",
    "main@{0}",
    "main@{1}",
    "@{1}",
    "@{0}",
    "HEAD@{1}",
    "HEAD@{now}",
    "main@{2001-01-01}",
    "@{-1}",
    ":/second",
    ":/second change",
    ":/nobody wrote this",
    "HEAD^{/first}",
    "feature/ünïcode",
    "first-0-g{short}",
    "{short}",
    "{long}",
    "{long}^{tree}",
    "{tree}",
    "{blob}",
    "0000000",
    "ORIG_HEAD",
    "FETCH_HEAD",
    "main@{upstream}",
    "@{u}",
    "@{push}",
    "origin/main",
    "origin",
    "remotes/origin/HEAD",
    "refs/worktree/mine",
    "main-worktree/HEAD",
    "main..first",
    "^main",
    "main first",
    "HEAD^@",
    "HEAD:pkg/mod.py",
    "--all",
    "-h",
    "",
    " ",
    "\n",
    "main\n",
    "$(false)",
    "café",
]


def said_by_git(place: Place, name: str) -> str | None:
    """Return the content that git has for a name that it takes for one object."""
    found = ran(place.directory, "rev-parse", "--verify", "--quiet", name)
    number = found.stdout.strip()
    if name.startswith("-") or found.returncode or not number.isalnum():
        return None
    shown = ran(place.directory, "cat-file", "blob", f"{number}:pkg/mod.py")
    return None if shown.returncode else shown.stdout


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no links from now on, as on Windows and on some file systems."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links")

    monkeypatch.setattr(os, "symlink", refuse)


@pytest.fixture(params=["linked", "copied"])
def linking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "copied":
        refuse_links(monkeypatch)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory that rooms are made in, which must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(folder))
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (plain, "linked"),
        (worktree, "copied"),
        *(
            pytest.param(kind, how, marks=pytest.mark.slow)
            for kind, how in [
                *((kind, "linked") for kind in KINDS if kind is not plain),
                (packed, "copied"),
            ]
        ),
    ],
)
def test_names_mean_what_they_mean_to_git(
    tmp_path: Path, kind: Callable[[Path], Place], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = kind(tmp_path / "made")
    if how == "copied":
        refuse_links(monkeypatch)
    known = {
        "short": git(place.directory, "rev-parse", "--short=6", "HEAD~1"),
        "long": git(place.directory, "rev-parse", "HEAD"),
        "tree": git(place.directory, "rev-parse", "HEAD^{tree}"),
        "blob": git(place.directory, "rev-parse", "HEAD:pkg/mod.py"),
    }
    wrong = {}
    answered = 0
    for pattern in NAMES:
        name = pattern
        for key, number in known.items():
            name = name.replace(f"{{{key}}}", number)
        expected = said_by_git(place, name)
        answer = asked(name, place.path)
        answered += expected is not None
        if answer != expected:
            wrong[name] = (answer, expected)
    assert wrong == {}
    assert answered > 15


def asked(name: str, path: Path) -> str | None:
    try:
        tree = RevisionTree(name, os.fspath(path))
        (number,) = (c for c in tree.read(tree.name).file.code.consts if isinstance(c, int))
    except PycInspectError as error:
        if error.slug not in {"unknown-revision", "missing-object", "not-in-revision"}:
            raise
        return None
    return f"x = {number}\n"


def test_rooms_are_removed(tmp_path: Path, temporary: Path, linking: None) -> None:
    filled(tmp_path / "r")
    path = os.fspath(tmp_path / "r" / "pkg" / "mod.py")
    tree = RevisionTree("main", path)
    (room,) = temporary.iterdir()
    with pytest.raises(PycInspectError):
        RevisionTree("nothing", path)
    gc.collect()
    assert list(temporary.iterdir()) == [room]
    assert tree.read(tree.name)
    del tree


def test_the_repository_is_left_as_it_was(tmp_path: Path, linking: None) -> None:
    root = filled(tmp_path / "r")

    def everything() -> dict[Path, tuple[int, bytes]]:
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in root.rglob("*")
            if path.is_file()
        }

    before = everything()
    for name in NAMES[:20]:
        asked(name, root / "pkg" / "mod.py")
    assert everything() == before


# --- Paths -----------------------------------------------------------------------------------

ODD = ["a b.py", "ü.py", "*.py", "[x].py", "'q'.py", "-v.py", ":(glob)x.py", "#.py", "$HOME.py"]
if os.name != "nt":
    ODD += ["new\nline.py", 'quo"te.py', "back\\slash.py", "tab\t.py", os.fsdecode(b"\xff.py")]


@pytest.mark.parametrize("name", ODD)
def test_odd_paths(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "r"
    (root / "odd").mkdir(parents=True)
    git(root, "init", "-q")
    try:
        (root / "odd" / name).write_text("x = 1001\n")
    except (OSError, ValueError):
        pytest.skip("the file system does not take that name")
    (root / "odd" / "other.py").write_text("x = 1002\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "odd")
    assert asked("HEAD", root / "odd" / name) == "x = 1001\n"
    modules = RevisionTree("HEAD", os.fspath(root / "odd")).modules() or {}
    assert modules[name.removesuffix(".py")] == f"HEAD:{root / 'odd' / name}"
    monkeypatch.chdir(root / "odd")
    assert asked("HEAD", Path(os.curdir, name)) == "x = 1001\n"
    assert asked("HEAD", Path(os.pardir, "odd", name)) == "x = 1001\n"


def test_a_nested_repository_is_its_own(tmp_path: Path) -> None:
    filled(tmp_path / "outer")
    inner = tmp_path / "outer" / "inner"
    filled(inner)
    git(inner, "branch", "only-here")
    assert asked("only-here", inner / "pkg" / "mod.py") == "x = 1003\n"
    assert asked("only-here", tmp_path / "outer" / "pkg" / "mod.py") is None


def test_a_directory_that_is_called_git_is_passed_by(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    (root / "pkg" / ".git").mkdir()
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"


def test_upstream_names_with_odd_characters(tmp_path: Path) -> None:
    origin = filled(tmp_path / "origin")
    odd = "we\"ird;#'x"
    git(origin, "branch", odd, "first")
    git(tmp_path, "clone", "-q", origin, tmp_path / "clone")
    git(tmp_path / "clone", "checkout", "-q", odd)
    place = Place(tmp_path / "clone" / "pkg" / "mod.py", tmp_path / "clone")
    for name in ("@{u}", f"{odd}@{{upstream}}", f"origin/{odd}"):
        assert asked(name, place.path) == said_by_git(place, name) == "x = 1001\n"


def test_variables_of_the_user_s_git_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a hook, which has GIT_DIR and GIT_INDEX_FILE of its own repository."""
    root, other = filled(tmp_path / "r"), tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_OBJECT_DIRECTORY": other / ".git" / "objects",
        "GIT_CEILING_DIRECTORIES": root,
        "GIT_NAMESPACE": "elsewhere",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_ICASE_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, os.fspath(value))
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"
    assert asked("main", root / "PKG" / "MOD.py") is None


def test_replaced_objects_are_replaced(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    git(root, "replace", git(root, "rev-parse", "third^{}"), git(root, "rev-parse", "first^{}"))
    place = Place(root / "pkg" / "mod.py", root)
    assert asked("third", place.path) == said_by_git(place, "third") == "x = 1001\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root")
def test_a_repository_of_another_user(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    for path in (root, *root.rglob("*")):
        os.chown(path, 4321, 4321)
    refused = ran(root, "rev-parse", "HEAD")
    assert "dubious ownership" in refused.stderr
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"


# --- What is not read ------------------------------------------------------------------------


def refusal(root: Path, name: str = "main") -> PycInspectError:
    path = os.fspath(root / "pkg" / "mod.py")
    with pytest.raises(PycInspectError) as caught:
        RevisionTree(name, path).read(f"{name}:{path}")
    assert "\n" not in str(caught.value)
    assert "pycinspect-" not in str(caught.value), "our directory is nobody's business"
    return caught.value


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[core]\nrepositoryformatversion = 2\n", "repositoryformatversion = '2'"),
        ("[extensions]\nfutureThing = yes\n", "futurething = 'yes'"),
        ("[extensions]\nobjectFormat = md5\n", "objectformat = 'md5'"),
        ("[extensions]\nobjectFormat\n", "objectformat = ''"),
        ("[extensions]\nrefStorage = ext::touch\n", "refstorage = 'ext::touch'"),
    ],
)
def test_formats_that_nobody_knows(tmp_path: Path, settings: str, said: str) -> None:
    root = filled(tmp_path / "r")
    (root / ".git" / "config").write_text(settings)
    error = refusal(root)
    assert error.slug == "unsupported"
    assert said in str(error)


@pytest.mark.parametrize("settings", ["[core\n", "= x\n", "\0", "[a]\nb = \\x\n"])
def test_a_broken_configuration(tmp_path: Path, settings: str) -> None:
    root = filled(tmp_path / "r")
    (root / ".git" / "config").write_text(settings)
    assert refusal(root).slug == "not-a-repository"


def test_no_configuration_at_all(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    (root / ".git" / "config").unlink()
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"


@pytest.mark.parametrize("content", ["", "main\n", "ref: HEAD\n", "ref: ../../x\n", "1234\n"])
def test_a_head_that_is_none(tmp_path: Path, content: str) -> None:
    root = filled(tmp_path / "r")
    (root / ".git" / "HEAD").write_text(content)
    assert refusal(root).slug == "not-a-repository"


@pytest.mark.parametrize("content", ["", "nonsense", "gitdir:x", "\0", "gitdir: a\0b\n"])
def test_a_git_file_that_is_none(tmp_path: Path, content: str) -> None:
    root = filled(tmp_path / "r")
    (root / "pkg" / ".git").write_text(content)
    assert refusal(root).slug in {"not-a-repository", "unknown-revision"}


SHARES = [r"\\host\share\x", "//host/share/x", r"\/host\share", r"\\?\UNC\host\share", "//host"]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(
    ("file", "line"),
    [
        (".git/objects/info/alternates", "{}\n"),
        (".git/objects/info/alternates", "# comment\n\n../objects\n{}\n"),
        (".git/objects/info/alternates", '"{}"\n'),
        (".git/commondir", "{}\n"),
        ("pkg/.git", "gitdir: {}\n"),
    ],
)
def test_places_on_other_machines(tmp_path: Path, share: str, file: str, line: str) -> None:
    root = filled(tmp_path / "r")
    quoted = share.replace("\\", "\\\\") if '"' in line else share
    (root / file).write_text(line.format(quoted))
    error = refusal(root)
    assert error.slug == "other-machine"
    assert os.path.basename(file) in str(error)


def test_alternates_of_alternates_on_other_machines(tmp_path: Path) -> None:
    place = borrowing(tmp_path)
    (tmp_path / "origin/.git/objects/info/alternates").write_text("//host/share\n")
    assert refusal(place.directory).slug == "other-machine"


def test_alternates_without_end(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    alternates = root / ".git" / "objects" / "info" / "alternates"
    alternates.write_text("../objects/../objects\n../objects\n")
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"
    alternates.write_text("".join(f"{tmp_path}/{number}\n" for number in range(100)))
    assert refusal(root).slug == "too-large"
    alternates.write_text("#" * (2 << 20))
    assert refusal(root).slug == "too-large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs fifos")
@pytest.mark.parametrize(
    "file",
    [
        ".git/HEAD",
        ".git/config",
        ".git/packed-refs",
        ".git/shallow",
        ".git/commondir",
        ".git/objects/info/alternates",
        ".git/ORIG_HEAD",
    ],
)
def test_fifos_are_not_waited_for(tmp_path: Path, file: str) -> None:
    root = filled(tmp_path / "r")
    (root / file).unlink(missing_ok=True)
    os.mkfifo(root / file)
    error = refusal(root)
    assert error.slug == "not-a-file"
    assert "fifo" in str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs fifos")
def test_git_that_waits_is_ended(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = filled(tmp_path / "r")
    (root / ".git/refs/heads/main").unlink()
    os.mkfifo(root / ".git/refs/heads/main")
    monkeypatch.setattr(cleanroom, "_SECONDS", 2.0)
    error = refusal(root)
    assert error.slug == "git-failed"
    assert "timed out after 2" in str(error)


@pytest.mark.skipif(os.name == "nt", reason="scripts are not executables on Windows")
def test_what_git_started_is_ended_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = filled(tmp_path / "r")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    pids = tmp_path / "pids"
    fake.write_text(f"#!/bin/sh\nsleep 600 & echo $! > '{pids}'; wait\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(cleanroom, "_SECONDS", 2.0)
    assert refusal(root).slug == "git-failed"
    with pytest.raises(ProcessLookupError):
        # The group is gone; its leader was waited for, and init may still hold the sleeper.
        os.kill(living(int(pids.read_text())), signal.SIGTERM)


def living(pid: int) -> int:
    """Return a process that still runs; a dead one may wait for its new parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        if sys.platform == "linux":
            raise ProcessLookupError from None
        return pid
    if state == "Z":
        raise ProcessLookupError
    return pid


# --- Bounds ----------------------------------------------------------------------------------


def written(root: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(command, input=data, cwd=root, capture_output=True, check=True)
    return done.stdout.decode().strip()


def tree_of(root: Path, *entries: tuple[str, str, str]) -> str:
    data = b"".join(
        mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(number)
        for mode, name, number in entries
    )
    return written(root, "tree", data)


def test_trees_within_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten objects that are ten thousand million files."""
    root = filled(tmp_path / "r")
    tree = tree_of(root, ("100644", "a.py", written(root, "blob", b"x = 1\n")))
    for _ in range(9):
        tree = tree_of(root, *(("40000", f"d{n}", tree) for n in range(10)))
    monkeypatch.setattr(revisions, "_LISTING", 1 << 20)
    with pytest.raises(PycInspectError) as caught:
        RevisionTree(tree, os.fspath(root))
    assert caught.value.slug == "too-large"
    deep = RevisionTree(tree, os.fspath(root.joinpath(*["d3"] * 9)))
    assert len(deep.modules() or {}) == 1


def test_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = filled(tmp_path / "r")
    monkeypatch.setattr(revisions, "_FILES", 3)
    blob = written(root, "blob", b"x = 1\n")
    for count in (3, 4):
        tree = tree_of(root, *(("100644", f"{n}.py", blob) for n in range(count)))
        if count == 3:
            assert len(RevisionTree(tree, os.fspath(root)).modules() or {}) == 3
        else:
            with pytest.raises(PycInspectError, match="more than 3 files"):
                RevisionTree(tree, os.fspath(root))


def test_a_tree_that_takes_all_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = filled(tmp_path / "r")
    monkeypatch.setattr(
        cleanroom, "_ENVIRONMENT", {**cleanroom._ENVIRONMENT, "GIT_ALLOC_LIMIT": "100k"}
    )
    blob = written(root, "blob", b"x = 1\n")
    tree = tree_of(root, *(("100644", f"{n:06}.py", blob) for n in range(10_000)))
    with pytest.raises(PycInspectError, match="over limit"):
        RevisionTree(tree, os.fspath(root))


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = filled(tmp_path / "r")
    tree = RevisionTree("main", os.fspath(root / "pkg" / "mod.py"))
    monkeypatch.setattr(revisions, "DEFAULT_LIMITS", revisions.DEFAULT_LIMITS.__class__(size=8))
    monkeypatch.setattr(cleanroom, "find_executable", lambda _: pytest.fail("read"))
    monkeypatch.setattr(cleanroom.CleanRoom, "ask", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(PycInspectError) as caught:
        tree.read(tree.name)
    assert caught.value.slug == "too-large"


@pytest.mark.parametrize(
    "names",
    [[".."], ["."], ["a/b"], ["/etc"], ["mod.py", "mod.py"], [""], ["x/../mod.py"]],
    ids=repr,
)
def test_trees_that_show_one_file_as_another(tmp_path: Path, names: list[str]) -> None:
    root = filled(tmp_path / "r")
    blob = written(root, "blob", b"x = 1\n")
    within = tree_of(root, ("100644", "mod.py", blob))
    tree = tree_of(
        root,
        *(
            ("100644", name, blob) if name.endswith(".py") else ("40000", name, within)
            for name in names
        ),
    )
    try:
        found = RevisionTree(tree, os.fspath(root)).modules() or {}
    except PycInspectError as error:
        assert error.slug in {"bad-tree", "missing-object"}  # noqa: PT017
    else:
        assert set(found) == {os.path.join("a", "b", "mod")}
        assert names == ["a/b"]


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize(("most", "size"), [(5, 1 << 20), (1000, 100)])
def test_copying_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, size: int
) -> None:
    root = filled(tmp_path / "r")
    refuse_links(monkeypatch)
    monkeypatch.setattr(cleanroom, "_MOST_COPIED", most)
    monkeypatch.setattr(cleanroom, "_COPIED", size)
    assert refusal(root).slug == "too-large"


def test_no_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = filled(tmp_path / "r")
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path / "missing"))
    assert refusal(root).slug == "git-failed"


def test_objects_that_are_missing(tmp_path: Path) -> None:
    """Each object in turn, of a clone that was to be fetched in parts."""
    root = filled(tmp_path / "r")
    wanted = {
        "HEAD:pkg/mod.py": "git cat-file blob",
        "HEAD:pkg": "git ls-tree -r",
        "HEAD^{tree}": "git ls-tree -r",
        "HEAD^{commit}": "git ls-tree -r",
    }
    for name, advice in wanted.items():
        number = git(root, "rev-parse", name)
        file = root / ".git" / "objects" / number[:2] / number[2:]
        kept = file.rename(tmp_path / "kept")
        error = refusal(root)
        assert error.slug == "missing-object"
        assert advice in str(error)
        assert "not fetched" in str(error)
        kept.rename(file)
    assert asked("main", root / "pkg" / "mod.py") == "x = 1003\n"


def test_an_object_that_is_damaged(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    number = git(root, "rev-parse", "HEAD:pkg/mod.py")
    file = root / ".git" / "objects" / number[:2] / number[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\0")
    assert refusal(root).slug in {"git-failed", "missing-object"}


def test_where_a_repository_is(tmp_path: Path) -> None:
    place = worktree(tmp_path)
    found = find_repository(os.path.realpath(place.path.parent))
    main = os.path.realpath(tmp_path / "main" / ".git")
    assert found == (
        os.path.realpath(place.directory),
        os.path.join(main, "worktrees", "work"),
        main,
    )
    assert found.objects == os.path.join(main, "objects")
