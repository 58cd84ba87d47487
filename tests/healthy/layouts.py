"""Trees as the tools that make them leave them, made of what is on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

__all__ = [
    "Places",
    "audit",
    "compile_with",
    "copy_package",
    "library_of",
    "program_of",
    "run",
    "venv",
    "write_package",
]

#: Findings above the summary begin so, in the text for people.
_HEADING = "PYC"
_QUIET = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("PYTHON") and name not in {"COLUMNS", "VIRTUAL_ENV"}
}

Places = Sequence[str | os.PathLike[str]]


def run(command: Places, *, cwd: Path | None = None, **variables: str) -> str:
    """Run a program in an environment that tells no Python anything, and return its output."""
    done = subprocess.run(
        list(map(os.fspath, command)),
        cwd=cwd,
        env={**_QUIET, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def audit(*arguments: str | os.PathLike[str], cwd: Path | None = None, own: bool = False) -> str:
    """Audit a tree that is well, without settings or with its own; return the answer.

    That is: exit code 0, no finding.
    """
    repository = os.fspath(Path(__file__).parents[2])
    command = [sys.executable, "-m", "pycinspect", "audit", *arguments]
    command += [] if own else ["--no-config"]
    lines = run(command, cwd=cwd, PYTHONPATH=repository).splitlines()
    headings = [line for line in lines if line.startswith(_HEADING)]
    assert headings == [], "\n".join(lines)
    return lines[0]


def venv(python: str | os.PathLike[str], path: Path, *options: str) -> Path:
    """Make a virtual environment, and return its interpreter."""
    run([python, "-m", "venv", *options, path])
    return program_of(path)


def program_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def write_package(place: Path, name: str = "plain") -> None:
    """Write a package that every Python 3 can compile."""
    for path in ("__init__", "module", "sub/__init__", "sub/other", "sub/data/keep"):
        target = place / name / f"{path}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"NAME = {path!r}\n\n\ndef name():\n    return NAME\n")


def library_of(python: Path) -> Path:
    """Return where an environment's packages are installed."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(run([python, "-c", code]).strip())


def copy_package(name: str, place: Path, *, link: bool = False) -> list[Path]:
    """Copy the files of an installed distribution, but no caches; return the sources.

    Args:
        name: of the distribution.
        place: what becomes the directory of packages.
        link: make links to the files instead, as uv can.
    """
    copied = []
    for file in distribution(name).files or ():
        source = Path(os.fspath(file.locate()))
        if file.suffix == ".pyc" or ".." in file.parts or not source.is_file():
            continue
        target = place / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if link:
            target.symlink_to(source)
        else:
            shutil.copy2(source, target)
        if file.suffix == ".py":
            copied.append(target)
    assert copied
    return copied


def compile_with(python: str | os.PathLike[str], *paths: Path, options: Sequence[str] = ()) -> None:
    """Compile trees as installers do."""
    run([python, "-m", "compileall", "-q", *options, *paths])
