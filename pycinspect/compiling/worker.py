"""A process that compiles one source after another, and may be killed for any of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from binascii import hexlify, unhexlify
from contextlib import suppress
from typing import IO

from pycinspect.cache import Refusal
from pycinspect.compiling.child import COMPILED, NO_MEMORY, REFUSED
from pycinspect.compiling.interpreter import SAFE_PATH, Interpreter
from pycinspect.compiling.limits import MIB, Answer, CompileLimits
from pycinspect.compiling.watchdog import Watchdog
from pycinspect.errors import PycInspectError
from pycinspect.shipped import shipped_text

__all__ = ["Worker"]

#: The answer's line; a shell script in the interpreter's place may write anything.
_ANSWER = re.compile(rb"([a-z-]+) ([0-9a-f]*)\r?\n")
_REFUSAL = re.compile(rb"([0-9]{1,10}) (\w+): ?(.*)", re.DOTALL)
#: What is read of a process's last words, in bytes.
_LAST_WORDS = 4096
#: How CPython and PyPy (rpython/memory/gc) die of it.
_MEMORY = re.compile(r"\bMemoryError\b|\bout of memory\b")


class Worker:
    """An interpreter in a process of its own.

    Args:
        interpreter: who compiles.
        level: how often ``-O`` is given: by option and not by argument, because
            ``compile()`` has had one only since 3.2.
        limits: what one source may take.

    Raises:
        PycInspectError: ``no-interpreter`` where it cannot be started.
    """

    def __init__(self, interpreter: Interpreter, level: int, limits: CompileLimits) -> None:
        self._path = interpreter.path
        self._limits = limits
        options = [*interpreter.isolation, "-W", "ignore", *["-O"] * level]
        numbers = [str(int(limits.seconds) + 1), str(limits.memory)]
        # Not a pipe: nobody reads along, and a full one would stop the process.
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - close() does
        try:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves, or whom the user asked for
                [self._path, *options, "-c", _script(), *numbers],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._words,
            )
        except (OSError, ValueError) as error:
            self._words.close()
            reason = getattr(error, "strerror", None) or str(error)
            message = f"{self._path} cannot be started: {reason}"
            raise PycInspectError("no-interpreter", message) from error
        self._watchdog = Watchdog(self._process, limits.seconds)

    def ask(self, source: bytes, name: bytes) -> Answer:
        """Compile a source.

        Args:
            source: the bytes of the file.
            name: what code objects say that they come from.

        Raises:
            PycInspectError: ``compile-timeout``, ``compile-memory``, ``interpreter-failed``,
                or ``too-large`` for the answer. The process is gone then.
        """
        try:
            return self._exchanged(hexlify(name) + b" " + hexlify(source) + b"\n")
        except BaseException:  # an interrupt, too: the answer would be taken for the next one's
            self.close()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked again: an answer may come just as the time is up."""
        return not self._watchdog.has_killed

    def close(self) -> None:
        """End the process."""
        self._watchdog.close()
        self._process.kill()
        with suppress(OSError), self._process:  # closes the pipes, and waits
            pass
        self._words.close()

    def _exchanged(self, request: bytes) -> Answer:
        self._watchdog.begin()
        line = self._asked(request)
        self._watchdog.end()
        answer = _ANSWER.fullmatch(line)
        if answer is None or len(answer[2]) % 2:
            raise self._failure(line)
        return self._understood(answer[1].decode("ascii"), unhexlify(answer[2]))

    def _asked(self, request: bytes) -> bytes:
        """Return the line that the process answers, or what there is of it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(request)
            stdin.flush()
        except OSError:  # it is gone, and has said why
            pass
        return stdout.readline(2 * self._limits.answer + _LAST_WORDS)

    def _understood(self, word: str, answer: bytes) -> Answer:
        if word == COMPILED:
            return answer
        if word == NO_MEMORY:
            raise self._out_of_memory()
        refusal = _REFUSAL.fullmatch(answer) if word == REFUSED else None
        if refusal is None:
            raise self._failed("it answers what makes no sense")
        message = refusal[3].decode("utf-8", "replace")
        return Refusal(refusal[2].decode("ascii"), message, int(refusal[1]) or None)

    # --- What went wrong ------------------------------------------------------------------

    def _failure(self, line: bytes) -> PycInspectError:
        """Say why there is no answer."""
        if len(line) > 2 * self._limits.answer:
            return PycInspectError(
                "too-large", f"its bytecode has more than {self._limits.answer} bytes"
            )
        if line.endswith(b"\n"):
            return self._failed("it answers what makes no sense")
        status = self._ended()
        if self._watchdog.has_killed or status == -getattr(signal, "SIGXCPU", 0) != 0:
            message = f"{self._path} took more than {self._limits.seconds:g} seconds"
            return PycInspectError("compile-timeout", message)
        said = _last_line(self._words)
        if _MEMORY.search(said):
            return self._out_of_memory()
        return self._failed(f"it {_how(status)}{': ' + said if said else ''}")

    def _ended(self) -> int:
        """Return the exit status; what has closed its output and lives on is killed."""
        try:
            return self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _failed(self, why: str) -> PycInspectError:
        return PycInspectError("interpreter-failed", f"{self._path} failed on this source: {why}")

    def _out_of_memory(self) -> PycInspectError:
        amount = f"{self._limits.memory / MIB:g} MiB"
        message = f"{self._path} needs more than {amount} of memory to compile this source"
        return PycInspectError("compile-memory", message)


def _script() -> str:
    return SAFE_PATH + shipped_text(__package__, "child.py")


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _last_line(stream: IO[bytes]) -> str:
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - _LAST_WORDS))
    said = stream.read().decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else ""
