"""Programs are found where PATH says so by an absolute entry, never in the current directory."""

from __future__ import annotations

import ntpath
import os
import posixpath
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pycinspect import PycInspectError, installed
from pycinspect.auditing.interpreters import is_installed
from pycinspect.compiling import find_interpreter
from pycinspect.dialects import DIALECTS
from pycinspect.diffing import RevisionTree
from pycinspect.installed import find_executable, find_executables, python_providers

posix = pytest.mark.skipif(os.name == "nt", reason="scripts are not executables on Windows")

#: Entries of PATH that mean the current directory, or depend on it.
RELATIVE = ["", ".", "planted", os.path.join(".", "planted"), os.path.join("x", "..")]


def program(path: Path, text: str = "#!/bin/sh\nexit 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with programs that leave a trace; the trace."""
    trace, here = tmp_path / "trace", tmp_path / "here"
    for folder in (here, here / "planted"):
        for name in ("git", "python3.9", "python9.9", "pypy3.9"):
            program(folder / name, f"#!/bin/sh\n: > '{trace}'\nexit 1\n")
    (here / "x").mkdir()
    monkeypatch.chdir(here)
    return trace


def on_path(monkeypatch: pytest.MonkeyPatch, *entries: str | Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(map(os.fspath, entries)))


@posix
@pytest.mark.parametrize("entry", RELATIVE)
def test_the_trap_would_be_found(
    planted: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    on_path(monkeypatch, entry, "/nowhere")
    found = shutil.which("git")
    assert found is not None
    subprocess.run([found])
    assert planted.exists()


@posix
@pytest.mark.parametrize("entry", RELATIVE)
def test_relative_entries_are_skipped(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    on_path(monkeypatch, entry, "/nowhere")
    assert find_executable("git") is None
    real = program(tmp_path / "bin" / "git")
    on_path(monkeypatch, entry, real.parent, entry)
    assert list(find_executables("git")) == [os.fspath(real)]


@posix
def test_an_absolute_entry_may_be_the_current_directory(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, os.getcwd())
    assert find_executable("git") == os.path.join(os.getcwd(), "git")


@posix
def test_a_path_is_taken_as_it_is(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch, "/nowhere")
    assert find_executable("./git") == "./git"
    assert find_executable(os.path.abspath("git")) == os.path.abspath("git")
    assert find_executable("./missing") is None


@posix
def test_all_of_them_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (program(tmp_path / folder / "tool") for folder in ("a", "b"))
    (tmp_path / "c" / "tool").mkdir(parents=True)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "tool").write_text("no program")
    folders = [tmp_path / name for name in ("c", "d", "b", "a", "b", "missing")]
    on_path(monkeypatch, *folders)
    assert list(find_executables("tool")) == [os.fspath(second), os.fspath(first)]


@posix
def test_without_a_path(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_executable("git") is None
    monkeypatch.delenv("PATH")
    assert find_executable("sh") in {os.path.join(p, "sh") for p in os.defpath.split(os.pathsep)}


@posix
def test_windows_spellings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = program(tmp_path / "git")
    wanted = program(tmp_path / "git.EXE")
    program(tmp_path / "git.CMD")
    on_path(monkeypatch, tmp_path)
    assert find_executable("git") == os.fspath(bare)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("PATHEXT", ".COM;.EXE;;.CMD")
    assert find_executable("git") == os.fspath(wanted)
    assert find_executable("git.EXE") == os.fspath(wanted)
    assert find_executable(os.fspath(tmp_path / "git")) == os.fspath(wanted)
    monkeypatch.delenv("PATHEXT")
    assert [os.path.basename(path) for path in find_executables("git")] == ["git.EXE", "git.CMD"]


@posix
def test_windows_looks_not_in_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "git.EXE")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "platform", "win32")
    for entries in ([""], ["."], ["/nowhere"], ["", "/nowhere", "."]):
        on_path(monkeypatch, *entries)
        assert find_executable("git") is None


@pytest.mark.parametrize(
    ("system", "entry", "expected"),
    [
        (posixpath, "/usr/bin", True),
        (posixpath, "usr/bin", False),
        (posixpath, "~/bin", False),
        (posixpath, "", False),
        (ntpath, r"C:\tools", True),
        (ntpath, "C:/tools", True),
        (ntpath, r"\\server\share\tools", True),
        (ntpath, r"\tools", False),
        (ntpath, "/tools", False),
        (ntpath, "C:tools", False),
        (ntpath, "C:", False),
        (ntpath, ".", False),
        (ntpath, "", False),
    ],
)
def test_what_is_anchored(system: ModuleType, entry: str, expected: bool) -> None:
    assert installed._is_anchored(entry, system) is expected


# --- Who uses it ---------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("entry", RELATIVE)
def test_no_planted_program_is_run(
    planted: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    on_path(monkeypatch, entry, "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    for variable in ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(variable, raising=False)
    for wanted in ("3.9", "9.9", "pypy3.9", "python9.9"):
        with pytest.raises(PycInspectError) as caught:
            find_interpreter(wanted)
        assert caught.value.slug == "no-interpreter"
    for name in ("objects", "refs"):
        Path(".git", name).mkdir(parents=True)
    Path(".git", "HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(PycInspectError) as caught:
        RevisionTree("HEAD", "a.py")
    assert caught.value.slug == "no-git"
    assert not is_installed(DIALECTS["pypy-3.9"])
    assert not is_installed(DIALECTS["cpython-3.9"])
    assert not planted.exists()


@posix
def test_a_planted_program_is_run_where_the_user_says_so(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch, "/bin", "/usr/bin")
    with pytest.raises(PycInspectError, match="does not run as a Python"):
        find_interpreter("./python3.9")
    assert planted.exists()


def test_relative_places_of_findpython(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable that names a place is obeyed where it is absolute."""
    variables = {
        "ASDF_DATA_DIR": ("installs", "python", "9.9.1", "bin"),
        "PYENV_ROOT": ("versions", "9.9.1", "bin"),
        "RYE_PY_ROOT": ("9.9.1", "bin"),
        "UV_PYTHON_INSTALL_DIR": ("9.9.1", "bin"),
        "PATH": (),
    }
    monkeypatch.chdir(tmp_path)
    for variable, below in variables.items():
        folder = tmp_path.joinpath(variable, *below)
        for name in ("python3", "python9.9", "python.exe"):
            program(folder / name)
        monkeypatch.setenv(variable, variable)

    def found() -> set[str]:
        paths = [os.fspath(p.executable) for one in python_providers() for p in one.find_pythons()]
        inside = [os.path.relpath(path, tmp_path) for path in map(os.path.abspath, paths)]
        return {path.split(os.sep)[0] for path in inside} & set(variables)

    assert found() == set()
    for variable in variables:
        monkeypatch.setenv(variable, os.fspath(tmp_path / variable))
    if os.name != "nt":
        assert found() == set(variables)
