"""Of environments that real installers make an audit finds nothing; this needs a network.

``python -m tests.healthy [--packages NAME ...]`` installs packages with pip and uv in every way
that they have, unpacks a wheel, and audits what they leave: each must be called well. What is
missing (uv, Debian's packages) is named and left out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.healthy.layouts import audit, library_of, program_of, run, venv

#: With modules that mypyc compiled beside their sources, with scripts, and with C alone.
_PACKAGES = ("requests", "charset-normalizer", "pyyaml", "attrs")
_DEBIAN = Path("/usr/lib/python3/dist-packages")


class _Way(NamedTuple):
    """A way to install packages; ``make`` returns the tree to be audited."""

    name: str
    make: Callable[[Path, list[str]], Path]


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if an audit finds something, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.healthy")
    parser.add_argument("--packages", nargs="+", default=list(_PACKAGES), metavar="NAME")
    options = parser.parse_args(arguments)
    ill = [way.name for way in _ways() if not _is_well(way, options.packages)]
    return int(bool(ill))


def _is_well(way: _Way, packages: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        try:
            answer = audit(way.make(Path(directory), packages))
        except AssertionError as error:
            print(f"{way.name:32} NOT WELL\n{error}", flush=True)
            return False
    print(f"{way.name:32} {answer}", flush=True)
    return True


def _ways() -> Iterator[_Way]:
    yield _Way("pip", _pip)
    yield _Way("pip --target", _pip_target)
    yield _Way("unpacked wheels", _wheels)
    uv = shutil.which("uv")
    if uv is None:
        print("uv is not on PATH: left out")
    else:
        for options in (
            (),
            ("--compile-bytecode",),
            ("--link-mode", "symlink"),
            ("--link-mode", "symlink", "--compile-bytecode"),
            ("--link-mode", "copy", "--compile-bytecode"),
        ):
            yield _Way(" ".join(("uv", *options)), _uv(uv, options))
    if _DEBIAN.is_dir():
        yield _Way("Debian's packages", lambda _, __: _DEBIAN)


def _pip(directory: Path, packages: list[str]) -> Path:
    python = venv(sys.executable, directory / "venv")
    run([python, "-m", "pip", "install", "-q", *packages])
    assert library_of(python).is_dir()
    return directory / "venv"


def _pip_target(directory: Path, packages: list[str]) -> Path:
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", directory / "target"]
    run([*command, *packages])
    return directory / "target"


def _wheels(directory: Path, packages: list[str]) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory / "w"]
    run([*command, *packages])
    for wheel in (directory / "w").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(directory / "unpacked")
    return directory / "unpacked"


def _uv(uv: str, options: tuple[str, ...]) -> Callable[[Path, list[str]], Path]:
    def make(directory: Path, packages: list[str]) -> Path:
        environment = directory / "venv"
        run([uv, "venv", "-q", "--python", sys.executable, environment])
        python = program_of(environment)
        run([uv, "pip", "install", "-q", "--python", python, *options, *packages])
        return environment

    return make


if __name__ == "__main__":
    sys.exit(main())
