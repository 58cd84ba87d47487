"""Files that vanish, change or cannot be read from some call of the system on.

Every command is run once for every call that it makes on the tree, and something else is there
from that call on. Nothing but answers and one-line errors may come of it.
"""

from __future__ import annotations

import errno
import os
import py_compile
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycinspect import compiling, plugins
from pycinspect.auditing import sources
from pycinspect.cli import main
from pycinspect.repairing import making

from .changing import Change, FileSystem

POSIX = pytest.mark.skipif(os.name != "posix", reason="fifos and errors of POSIX")

ERRORS = ("ENOENT", "EACCES", "ENOTDIR", "ESTALE", "EIO")


def _directory(path: str) -> None:
    os.makedirs(path)


def _shorter(path: str) -> None:
    Path(path).write_bytes(b"\x00" * 3)


#: What comes in the place of a file.
REPLACEMENTS: dict[str, Callable[[str], None]] = {
    "nothing": lambda _: None,
    "directory": _directory,
    "fifo": os.mkfifo,
    "shorter file": _shorter,
}

COMMANDS = {
    "audit": ("audit", "tree", "--deep", "--no-config", "--format", "json"),
    "audit with settings": ("audit", ".", "--profile", "dev", "--format", "text"),
    "fix": ("fix", "tree", "--no-config", "--deep"),
    "audit a file": ("audit", os.path.join("tree", "stale.py"), "--no-config"),
    "check": ("check", *(os.path.join("tree", name) for name in ("fresh.py", "stale.py", "pkg"))),
    "check modules": (
        "check",
        "-m",
        "pkg.mod",
        "-m",
        "zipped",
        "--path",
        "tree",
        "--path",
        "z.zip",
    ),
    "show": ("show", os.path.join("tree", "fresh.py"), "CACHE"),
    "show headers": ("show", "--header", "--json", "CACHE"),
    "diff files": ("diff", os.path.join("tree", "fresh.py"), os.path.join("tree", "stale.py")),
    "diff trees": ("diff", "tree", "tree"),
}
#: Commands with so many calls that each run takes a minute.
_LONG = frozenset({"diff trees"})


def _build(root: Path) -> None:
    tree = root / "tree"
    (tree / "pkg").mkdir(parents=True)
    for name in ("fresh", "stale", "pkg/__init__", "pkg/mod"):
        source = tree / f"{name}.py"
        source.write_text(f"name = {name!r}\n")
        os.utime(source, (1_500_000_000, 1_500_000_000))
        py_compile.compile(os.fspath(source))
    (tree / "lone.py").write_text("name = 'of a source without a cache'\n")
    for name in ("stale", "pkg/mod"):
        os.utime(tree / f"{name}.py", (1_500_000_100, 1_500_000_100))
    (tree / "pkg" / "__pycache__" / "linked.cpython-311.pyc").symlink_to("nowhere")
    (tree / "pkg" / "__pycache__" / "stranger").write_text("")
    # Another Python would be looked for, and asked, in every run.
    (tree / ".python-version").write_text("{}.{}\n".format(*sys.version_info))
    (root / "pyproject.toml").write_text("[tool.pycinspect.audit]\nignore = ['PYC8']\n")
    py_compile.compile(os.fspath(tree / "fresh.py"), os.fspath(tree / "bare.pyc"))
    with zipfile.ZipFile(root / "z.zip", "w") as archive:
        archive.writestr("zipped.py", "x = 1\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    _build(root)
    return root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    registry = plugins.load_registry()
    monkeypatch.setattr(plugins, "load_registry", lambda: registry)  # it takes most of the time
    # So does a process for every run; none of its calls fails here anyway.
    trusted = partial(compiling.Compilers, trusted=True)
    monkeypatch.setattr(compiling, "Compilers", trusted)
    monkeypatch.setattr(sources, "Compilers", trusted)
    monkeypatch.setattr(making, "Compilers", trusted)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _copy(made: Path, root: Path) -> None:
    for name in os.listdir(root):
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.copytree(made, root, symlinks=True, dirs_exist_ok=True)


def _run(command: str, root: Path, at: int = 0, change: Change | None = None) -> tuple[Result, int]:
    (cache,) = (root / "tree" / "__pycache__").glob("fresh.*.pyc")
    named = {"CACHE": os.path.relpath(cache, root)}
    arguments = [named.get(word, word) for word in COMMANDS[command]]
    system = FileSystem(os.fspath(root), at, change)
    with pytest.MonkeyPatch.context() as patch:
        system.install(patch)
        result = CliRunner().invoke(main, arguments)
    assert system.waits == [], at
    return result, system.calls


def _assert_answered(result: Result, at: int) -> None:
    said = f"call {at}: {result.output}"
    assert result.exception is None or isinstance(result.exception, SystemExit), said
    assert result.exit_code in {0, 1, 2}, said
    assert "Traceback" not in result.stderr, said
    assert "PYC902" not in result.stdout, said
    if result.exit_code == 2:
        assert result.stderr.startswith("pycinspect: ") or '"error": {' in result.stdout, said


def _calls(command: str, made: Path, root: Path) -> range:
    _copy(made, root)
    result, calls = _run(command, root)
    _assert_answered(result, 0)
    assert calls > 3
    return range(1, calls + 1)


def _cases(command: str, whats: Iterable[str]) -> Iterator[object]:
    """Yield what happens to a command: in a run that is not to be slow, one thing in turn."""
    names = list(whats)
    usual = names[list(COMMANDS).index(command) % len(names)]
    for what in names:
        is_slow = what != usual or command in _LONG
        yield pytest.param(command, what, marks=pytest.mark.slow if is_slow else ())


def _all_cases(whats: Iterable[str]) -> list[object]:
    return [case for command in COMMANDS for case in _cases(command, whats)]


@POSIX
@pytest.mark.parametrize(("command", "name"), _all_cases(ERRORS))
def test_any_call_may_fail(made: Path, root: Path, command: str, name: str) -> None:
    number = getattr(errno, name)

    def fail(path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    for at in _calls(command, made, root):
        result, _ = _run(command, root, at, fail)
        _assert_answered(result, at)


@POSIX
@pytest.mark.parametrize(("command", "replacement"), _all_cases(REPLACEMENTS))
def test_anything_may_be_replaced_at_any_call(
    made: Path, root: Path, command: str, replacement: str
) -> None:
    def exchange(path: str) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        REPLACEMENTS[replacement](path)

    for at in _calls(command, made, root):
        _copy(made, root)
        result, _ = _run(command, root, at, exchange)
        _assert_answered(result, at)
