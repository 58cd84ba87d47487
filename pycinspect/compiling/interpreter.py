"""An installed interpreter, by its version or by its path.

Nothing is asked for its version but what has it in its name: asking every interpreter that is
installed takes seconds (``findpython.find`` does that, and cannot ask Python 2.7 at all).
"""

from __future__ import annotations

import os
import re
from binascii import unhexlify
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.installed import find_executable, find_executables, python_providers

__all__ = ["SAFE_PATH", "Interpreter", "find_interpreter"]

#: The first line of every script for another interpreter: up to 3.3 no option keeps the
#: current directory, a stranger's, out of the path.
SAFE_PATH = "import sys; sys.path = [entry for entry in sys.path if entry]\n"

_PROBE_SECONDS = 20
#: Prints magic number, cache tag and version, under any Python from 2.6 on.
_PROBE = (
    SAFE_PATH
    + """\
try:
    from importlib.util import MAGIC_NUMBER as magic
except ImportError:
    import imp
    magic = imp.get_magic()
from binascii import hexlify
tag = getattr(getattr(sys, "implementation", None), "cache_tag", None)
print(" ".join([hexlify(magic).decode("ascii"), tag or "-", "%d.%d.%d" % sys.version_info[:3]]))
"""
)
_ANSWER = re.compile(r"([0-9a-f]{8}) (\S+) ([0-9.]+)")
#: Options that keep the environment, the user's packages and the current directory away. The
#: first set that an interpreter knows is used: ``-I`` came with 3.4.
_ISOLATION = (("-I", "-S", "-E"), ("-s", "-S", "-E"))

_VERSION = re.compile(r"(?:(python|cpython|pypy)-?)?(\d+(?:\.\d+)*)", re.IGNORECASE)
#: Implementation to the commands that it can be installed as, the most exact first.
_COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"python": ("python{minor}",), "pypy": ("pypy{minor}", "pypy{major}", "pypy")}
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter that compiles for us.

    Args:
        path: its executable.
        dialect: whose caches it writes.
        version: such as ``"3.9.18"``.
        isolation: its options that keep it from running anything but what it is told to.
    """

    path: str
    dialect: Dialect
    version: str
    isolation: tuple[str, ...]


def find_interpreter(wanted: str, *, dialects: DialectTable = DIALECTS) -> Interpreter:
    """Find an installed interpreter.

    Args:
        wanted: a version (``3.9``, ``3.9.18``, ``pypy3.9``, ``cpython-2.7``), a command or
            the path of an executable.
        dialects: the rows to look in.

    Raises:
        PycInspectError: ``no-interpreter`` where none is found, or what is found does not
            run; ``unknown-dialect`` for one that pycinspect does not know.
    """
    version = _VERSION.fullmatch(wanted)
    if version is None:
        return _named(wanted, dialects)
    implementation, number = version[1] or "python", version[2]
    commands = _commands(implementation.lower().removeprefix("c"), number)
    for path in dict.fromkeys(_candidates(commands)):
        found = _probed(path, dialects)
        if found is not None and f"{found.version}.".startswith(f"{number}."):
            return found
    raise PycInspectError(
        "no-interpreter", f"no interpreter {wanted} is installed here; a path can be given, too"
    )


def _named(command: str, dialects: DialectTable) -> Interpreter:
    path = find_executable(os.path.expanduser(command))
    if path is None:
        raise PycInspectError("no-interpreter", f"there is no executable {command!r}")
    found = _probed(path, dialects)
    if found is None:
        raise PycInspectError("no-interpreter", f"{path} does not run as a Python")
    return found


# --- Where they are ----------------------------------------------------------------------


def _commands(implementation: str, number: str) -> tuple[str, ...]:
    major, *rest = number.split(".")
    minor = ".".join([major, *rest[:1]])
    return tuple(name.format(major=major, minor=minor) for name in _COMMANDS[implementation])


def _candidates(commands: tuple[str, ...]) -> Iterator[str]:
    """Yield executables that are called like one of the commands, without running any."""
    for command in commands:
        yield from find_executables(command)
    yield from _known_to_findpython(commands)


def _known_to_findpython(commands: tuple[str, ...]) -> Iterator[str]:
    """Look where pyenv, uv, asdf and others keep what is not on PATH.

    On Windows executables have no version in their names, and are all worth a question.
    """
    names = {*commands, *(("python",) if os.name == "nt" else ())}
    for provider in python_providers():
        try:
            found = list(provider.find_pythons())
        except OSError:  # a folder of somebody else's that cannot be read
            continue
        for python in found:
            if python.executable.name.removesuffix(".exe") in names:
                yield os.fspath(python.executable)


# --- What they are -----------------------------------------------------------------------


def _probed(path: str, dialects: DialectTable) -> Interpreter | None:
    """Ask an executable who it is; None if it does not run, as a shim of pyenv may."""
    for isolation in _ISOLATION:
        answer = _answer(path, isolation)
        if answer is not None:
            magic, tag, version = answer
            row = dialects.find(unhexlify(magic), tag)
            if row is None:
                message = f"{path} (version {version}, magic {magic}) has no dialect"
                raise PycInspectError("unknown-dialect", message)
            return Interpreter(path, row, version, isolation)
    return None


def _answer(path: str, isolation: tuple[str, ...]) -> tuple[str, str, str] | None:
    import subprocess

    try:
        child = subprocess.run(  # noqa: S603 - the executable that the user asked for
            [path, *isolation, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # not executable, or no Python
        return None
    answer = _ANSWER.fullmatch(child.stdout.decode("ascii", "replace").strip())
    if child.returncode or answer is None:
        return None
    return answer[1], answer[2], answer[3]
