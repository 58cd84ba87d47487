"""Child processes: any installed interpreter, with an environment that is the sandbox's own."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import MAGIC_NUMBER
from itertools import count
from pathlib import Path
from platform import python_version
from typing import NamedTuple, Protocol, TypeAlias

from pycinspect.compiling import find_interpreter
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.values import Implementation
from pytest_pycinspect.sandbox.channel import Ends, Hear, listening
from pytest_pycinspect.sandbox.moments import ChildRequest, Report, parse_report

__all__ = [
    "Answer",
    "AnyInterpreter",
    "Children",
    "NamedInterpreter",
    "Python",
    "python_name",
    "script",
]

_PARTS = tuple(
    Path(__file__).with_name(name) for name in ("machinery.py", "witness.py", "child.py")
)


class AnyInterpreter(Protocol):
    """What is asked of an interpreter."""

    @property
    def path(self) -> str | os.PathLike[str]:
        """Its executable."""

    @property
    def version(self) -> str:
        """Such as ``"3.9.18"``."""

    @property
    def dialect(self) -> Dialect:
        """Whose caches it writes."""


#: An interpreter as a test names it: None for the running one, a version, a path, or a value.
Python: TypeAlias = "str | os.PathLike[str] | AnyInterpreter | None"


class NamedInterpreter(NamedTuple):
    """An interpreter by its executable."""

    path: str
    version: str
    dialect: Dialect


class Answer(NamedTuple):
    """What came of a child process.

    Args:
        report: what it observed, None where it ended without a word.
        stdout: what it printed.
        stderr: what it printed there.
        returncode: the exit status.
        duration: in seconds.
    """

    report: Report | None
    stdout: str
    stderr: str
    returncode: int
    duration: float


def python_name(interpreter: AnyInterpreter) -> str:
    """Return an interpreter's name for a person, ``"PyPy 3.9.16"``."""
    is_pypy = interpreter.dialect.implementation is Implementation.PYPY
    return f"{'PyPy ' if is_pypy else ''}{interpreter.version}"


@cache
def script() -> bytes:
    """Return what a child runs: its parts, one after the other.

    Other files would have to be found and imported, before the eyes of the user's code.
    """
    return b"\n\n".join(part.read_bytes() for part in _PARTS)


@cache
def _compiled_script() -> bytes:
    """Return the same as a cache of the running interpreter, which can be run as it is.

    Compiling it in every child would take longer than all that it does there.
    """
    code = compile(script(), str(_PARTS[-1]), "exec", dont_inherit=True, optimize=0)
    return MAGIC_NUMBER + bytes(12) + marshal.dumps(code)  # the rest of the header is not read


def _running() -> NamedInterpreter:
    return NamedInterpreter(sys.executable, python_version(), DIALECTS.running())


@dataclass(frozen=True, slots=True)
class Children:
    """Starts interpreters.

    Args:
        seconds: how long a child may take.
        place: a directory for what is said to children and by them.
    """

    seconds: float
    place: str
    _numbers: Iterator[int] = field(default_factory=count)
    _known: dict[str, AnyInterpreter] = field(default_factory=dict)

    def interpreter(self, python: Python) -> AnyInterpreter:
        """Return the interpreter that a test asks for.

        Args:
            python: None for the running one, a version or path, or what the ``interpreter``
                fixture gives.

        Raises:
            PycInspectError: ``no-interpreter``.
        """
        if python is not None and not isinstance(python, str | os.PathLike):
            return NamedInterpreter(os.fspath(python.path), python.version, python.dialect)
        wanted = "" if python is None else os.fspath(python)
        if wanted not in self._known:
            self._known[wanted] = find_interpreter(wanted) if wanted else _running()
        return self._known[wanted]

    def run(
        self,
        interpreter: AnyInterpreter,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
        ends: Ends | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run an interpreter; ``ends`` are the descriptors that it is given.

        Raises:
            PycInspectError: ``child-timeout``, or ``no-interpreter`` where it does not start.
        """
        path = os.fspath(interpreter.path)
        try:
            return subprocess.run(  # noqa: S603 - the interpreter that the user asked for
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=dict(environment),
                cwd=directory,
                **({} if ends is None else ends.options()),
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = (
                f"{path} took more than {self.seconds:g} seconds (pycinspect_subprocess_timeout)"
            )
            raise PycInspectError("child-timeout", message) from None
        except OSError as error:
            message = f"{path} cannot be started: {error.strerror or error}"
            raise PycInspectError("no-interpreter", message) from error

    def _script(self, interpreter: AnyInterpreter) -> str:
        is_running = interpreter == self.interpreter(None)
        name, content = ("child.pyc", _compiled_script) if is_running else ("child.py", script)
        path = os.path.join(self.place, name)
        if not os.path.exists(path):
            with open(path, "wb") as stream:
                stream.write(content())
        return path

    def observe(
        self,
        code: str,
        directory: str,
        interpreter: AnyInterpreter,
        flags: Sequence[str],
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = ("-c",),
        hear: Hear | None = None,
    ) -> Answer:
        """Run code in a child process, and observe its imports.

        Args:
            code: Python's text.
            directory: the current one of the child, and the first of ``sys.path``.
            interpreter: who runs it.
            flags: its options.
            environment: all its variables.
            arguments: ``sys.argv``.
            hear: is told of each moment of an import, and answers before it goes on.

        Raises:
            PycInspectError: as :meth:`run`.
        """
        number = next(self._numbers)
        asked, answered = (
            os.path.join(self.place, f"{kind}-{number}") for kind in ("request", "report")
        )
        with listening(hear) as ends:
            channel = None if ends is None else ends.names()
            request = ChildRequest(
                code=code, root=directory, arguments=[*arguments], channel=channel
            )
            with open(asked, "wb") as stream:
                stream.write(repr(request).encode("ascii", "backslashreplace"))
            command = [*flags, self._script(interpreter), asked, answered]
            began = time.perf_counter()
            child = self.run(interpreter, command, environment, directory, ends)
            duration = time.perf_counter() - began
        report = read_report(answered)
        return Answer(report, _text(child.stdout), _text(child.stderr), child.returncode, duration)


def read_report(path: str) -> Report | None:
    """Return what a child wrote, None where it died before: its code may do anything."""
    try:
        with open(path, "rb") as stream:
            return parse_report(stream.read().decode("ascii"))
    except (OSError, ValueError, SyntaxError):
        return None


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")
