"""Compiling a source without running it.

A source is a stranger's, and a compiler is no better guarded than any other program of its
age: four megabytes of nested tuples take a gigabyte, deep nesting takes exponential time or
crashes. So a source is compiled in a process of its own, with limits, whoever compiles it;
the running interpreter is one like the others.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
import warnings
from contextlib import ExitStack
from platform import python_version
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pycinspect.cache import Refusal
from pycinspect.compiling.interpreter import Interpreter
from pycinspect.compiling.limits import DEFAULT_COMPILE_LIMITS, Answer, CompileLimits
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile, read_marshalled

if TYPE_CHECKING:
    from pycinspect.compiling.worker import Worker

__all__ = ["UNGUARDED_SIZE", "Compilers", "compile_source"]

#: Largest source, in bytes, that this process compiles itself where it cannot start another.
UNGUARDED_SIZE = 64 * 1024

#: What compile() raises on bad source.
_REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
_HIGHEST_LEVEL = 2

#: Where Python is embedded or frozen, ``sys.executable`` is the whole application.
_PYTHON = re.compile(r"(python|pypy)[\w.]*", re.IGNORECASE | re.ASCII)
_ISOLATION = ("-I", "-S", "-E")


class Compilers:
    """Interpreters that compile sources, each in a process that serves many of them.

    Used as a context manager: processes are started when they are needed, replaced when they
    die, and gone at the end of the block.

    Args:
        limits: what one source may take.
        trusted: the sources are the user's own program, which this very process runs anyway;
            the running interpreter compiles them here, in no time and without limits.
    """

    def __init__(
        self, limits: CompileLimits = DEFAULT_COMPILE_LIMITS, *, trusted: bool = False
    ) -> None:
        self._limits = limits
        self._trusted = trusted
        self._running = None if trusted else _running_interpreter()
        self._workers: dict[tuple[str, int], Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        with ExitStack() as stack:  # all of them, even if one cannot be
            while self._workers:
                stack.callback(self._workers.popitem()[1].close)

    def compile(
        self,
        source: bytes,
        filename: str,
        *,
        interpreter: Interpreter | None = None,
        optimize: int = 0,
    ) -> CodeFile:
        """Compile a source, and read what the compiler made of it.

        Args and errors are those of :func:`compile_source`.
        """
        dialect = DIALECTS.running() if interpreter is None else interpreter.dialect
        made = self.marshalled(source, filename, interpreter=interpreter, optimize=optimize)
        return read_marshalled(made, dialect)

    def marshalled(
        self,
        source: bytes,
        filename: str,
        *,
        interpreter: Interpreter | None = None,
        optimize: int = 0,
    ) -> bytes:
        """Compile a source; return what follows the header of its cache.

        Args and errors are those of :func:`compile_source`, but nothing is read.
        """
        answer = self._answer(source, filename, interpreter, optimize)
        if isinstance(answer, Refusal):
            message = f"{answer.exception}: {answer.message}"
            raise PycInspectError("does-not-compile", message, path=filename, line=answer.line)
        return answer

    def refusal(
        self,
        source: bytes,
        filename: str,
        *,
        interpreter: Interpreter | None = None,
        optimize: int = 0,
    ) -> Refusal | None:
        """Return what compiling a source raises, None where it compiles.

        Raises:
            PycInspectError: as :func:`compile_source`, but for ``does-not-compile``.
        """
        answer = self._answer(source, filename, interpreter, optimize)
        return answer if isinstance(answer, Refusal) else None

    def _answer(
        self, source: bytes, filename: str, interpreter: Interpreter | None, optimize: int
    ) -> Answer:
        level = min(optimize, _HIGHEST_LEVEL)
        try:
            name = filename.encode("utf-8", "surrogateescape")
            if interpreter is not None:
                return self._asked(source, name, interpreter, level)
            return self._answer_here(source, filename, name, level)
        except UnicodeEncodeError as error:  # compile() refuses it, too
            return Refusal(type(error).__name__, str(error), None)
        except PycInspectError as error:
            raise error.at(filename) from error.__cause__

    def _answer_here(self, source: bytes, filename: str, name: bytes, level: int) -> Answer:
        """Ask the running interpreter: in another process, if there can be one."""
        if self._trusted:
            return _compiled_here(source, filename, level)
        if self._running is not None:
            try:
                return self._asked(source, name, self._running, level)
            except PycInspectError as error:
                if error.slug != "no-interpreter":
                    raise
        if len(source) > UNGUARDED_SIZE:
            message = f"no process can be started here, and it has more than {UNGUARDED_SIZE} bytes"
            raise PycInspectError("compile-unguarded", message)
        return _compiled_here(source, filename, level)

    def _asked(self, source: bytes, name: bytes, interpreter: Interpreter, level: int) -> Answer:
        """Ask the process of an interpreter; what an earlier source left behind is no reason."""
        from pycinspect.compiling.worker import Worker  # which imports subprocess, and so on

        key = (interpreter.path, level)
        worker = self._workers.pop(key, None)
        if worker is not None:
            try:
                return self._kept(key, worker, source, name)
            except PycInspectError as error:
                if error.slug == "compile-timeout":
                    raise
        return self._kept(key, Worker(interpreter, level, self._limits), source, name)

    def _kept(self, key: tuple[str, int], worker: Worker, source: bytes, name: bytes) -> Answer:
        """Ask a process, and keep it if it lives on."""
        answer = worker.ask(source, name)
        if worker.is_usable:
            self._workers[key] = worker
        else:
            worker.close()
        return answer


def compile_source(
    source: bytes,
    filename: str,
    *,
    interpreter: Interpreter | None = None,
    optimize: int = 0,
    limits: CompileLimits = DEFAULT_COMPILE_LIMITS,
) -> CodeFile:
    """Compile one source, and read what the compiler made of it.

    Args:
        source: the bytes of the file; the compiler decodes them.
        filename: what code objects say that they come from.
        interpreter: who compiles; None is the running one.
        optimize: how often ``-O`` is given.
        limits: what it may take.

    Returns:
        The code after a header without time and size. Nothing of the source is run.

    Raises:
        PycInspectError: ``does-not-compile`` with the line; ``compile-timeout`` or
            ``compile-memory`` at a limit; ``no-interpreter`` where the other one cannot be
            started, ``interpreter-failed`` where it dies; ``compile-unguarded`` where no
            process can be started and the source is larger than :data:`UNGUARDED_SIZE`; or
            what ``read_marshalled`` raises where the bytecode cannot be read.
    """
    with Compilers(limits) as compilers:
        return compilers.compile(source, filename, interpreter=interpreter, optimize=optimize)


def _running_interpreter() -> Interpreter | None:
    """Return the running interpreter as one that can be started, None if it cannot."""
    path = sys.executable or ""
    if not _PYTHON.fullmatch(os.path.basename(path)):
        return None
    return Interpreter(path, DIALECTS.running(), python_version(), _ISOLATION)


def _compiled_here(source: bytes, filename: str, level: int) -> Answer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(source, filename, "exec", dont_inherit=True, optimize=level)
            return marshal.dumps(code)
    except _REFUSALS as error:
        message = getattr(error, "msg", None) or str(error)
        return Refusal(type(error).__name__, message, getattr(error, "lineno", None) or None)
