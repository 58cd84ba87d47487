"""The real interpreters that our answers are compared with.

An oracle runs one of our scripts in a child process: it hands the script a
request as JSON on standard input and takes an answer as JSON from standard
output. One child answers many questions, because starting one costs from 20 ms
(CPython) to 4 s (Pyodide, which is CPython compiled to WebAssembly, under node).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["WANTED", "Oracle", "OracleError", "find_oracle", "find_oracles"]

#: Oracle's name to its dialect's; these twelve are there in CI.
WANTED: Mapping[str, str] = {
    "cpython-2.7": "cpython-2.7",
    **{f"cpython-3.{minor}": f"cpython-3.{minor}" for minor in range(6, 14)},
    "pypy-3.9": "pypy-3.9",
    "pyodide-3.14": "cpython-3.14",
    "pyodide-3.15": "cpython-3.15",
}

_REPOSITORY = Path(__file__).resolve().parent.parent
_RUN_PYODIDE = Path(__file__).with_name("run_pyodide.mjs")
_TIMEOUT = 300  # seconds; a whole batch takes a few
#: Prints the dialect's name and the full version, under any Python.
_PROBE = (
    "import platform, sys;"
    " name = platform.python_implementation().lower();"
    " print('%s-%d.%d %d.%d.%d' % ((name,) + sys.version_info[:2] + sys.version_info[:3]))"
)


class OracleError(Exception):
    """The child died instead of answering; the message is what it printed."""


@dataclass(frozen=True)
class Oracle:
    """One interpreter that can be asked.

    Args:
        name: a key of :data:`WANTED`.
        dialect: the name of its row in ``pycinspect.dialects``.
        kind: ``"native"`` or ``"pyodide"``.
        version: such as ``"3.12.1"``.
        program: the interpreter, for Pyodide the folder of its npm package.
    """

    name: str
    dialect: str
    kind: str
    version: str
    program: Path

    def run(
        self,
        script: Path,
        request: object,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        directories: Sequence[Path] = (),
    ) -> object:
        """Run a script in a new child and return its answer.

        Args:
            script: reads JSON from ``sys.stdin`` and prints JSON, nothing else.
            request: what it reads.
            arguments: the interpreter's options, such as ``-O``.
            environment: the child's variables; it inherits only PATH.
            directories: what of the file system the script needs, for oracles
                that do not see all of it. The paths are the same inside.

        Raises:
            OracleError: the child failed, or its answer is not JSON.
        """
        child = subprocess.run(
            self._command(script, arguments, environment or {}, directories),
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            env=self._variables(environment or {}),
            timeout=_TIMEOUT,
            check=False,
        )
        try:
            if child.returncode == 0:
                return json.loads(child.stdout)
        except ValueError:
            pass
        raise OracleError(
            f"{self.name} ended with {child.returncode}\n{child.stdout[-2000:]}\n{child.stderr[-4000:]}"
        )

    def _command(
        self,
        script: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directories: Sequence[Path],
    ) -> list[str]:
        if self.kind == "native":
            return [str(self.program), *arguments, str(script)]
        settings = {
            "package": str(self.program),
            "script": str(script),
            "arguments": list(arguments),
            "environment": dict(environment),
            "directories": [str(directory) for directory in directories],
        }
        return ["node", str(_RUN_PYODIDE), json.dumps(settings)]

    def _variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        inherited = {
            name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ
        }
        return {**inherited, **environment} if self.kind == "native" else inherited


def find_oracle(name: str) -> Oracle | None:
    """Return an installed oracle by its name, or None."""
    return find_oracles().get(name)


@cache
def find_oracles() -> Mapping[str, Oracle]:
    """Return the wanted oracles that are installed, by name.

    None with ``PYCINSPECT_NO_ORACLES=1``, to see what a contributor sees who has one Python.
    """
    if os.environ.get("PYCINSPECT_NO_ORACLES", "0") not in {"", "0"}:
        return {}
    found = {oracle.name: oracle for oracle in (*_in_pyenv(), *_pyodides())}
    for name in WANTED:
        for oracle in () if name in found else _in_path(name):
            found.setdefault(oracle.name, oracle)
    return {name: found[name] for name in WANTED if name in found}


def _in_pyenv() -> Iterator[Oracle]:
    if shutil.which("pyenv") is None:
        return
    root = subprocess.run(["pyenv", "root"], capture_output=True, encoding="utf-8", check=True)
    for program in sorted(Path(root.stdout.strip()).glob("versions/*/bin/python")):
        yield from _probed(program)


def _in_path(name: str) -> Iterator[Oracle]:
    """Yield what is installed as ``python3.9``, ``pypy3.9`` or ``pypy3``."""
    implementation, _, version = name.partition("-")
    commands = {"cpython": [f"python{version}"], "pypy": [f"pypy{version}", "pypy3"]}
    for command in commands.get(implementation, []):
        program = shutil.which(command)
        if program is not None:
            yield from _probed(Path(program))


def _probed(program: Path) -> Iterator[Oracle]:
    """Yield a native oracle, unless it does not run: a shim of pyenv may lead nowhere."""
    probe = subprocess.run(
        [str(program), "-c", _PROBE], capture_output=True, encoding="utf-8", check=False
    )
    if probe.returncode == 0:
        name, version = probe.stdout.split()
        yield Oracle(name, name, "native", version, program)


def _pyodides() -> Iterator[Oracle]:
    if shutil.which("node") is None:
        return
    folder = Path(os.environ.get("PYCINSPECT_ORACLES") or _REPOSITORY / ".oracles")
    for name, dialect in WANTED.items():
        implementation, _, version = name.partition("-")
        package = folder / "node_modules" / f"py{version.replace('.', '')}"
        if implementation == "pyodide" and (package / "pyodide.mjs").is_file():
            release = json.loads((package / "package.json").read_text("utf-8"))["version"]
            yield Oracle(name, dialect, "pyodide", release, package)
