"""Processes that take pieces of work from one queue.

Not ``concurrent.futures``: there, one process that dies ends the whole pool, and which piece of work
it died of is not told. Here it is that piece's answer, and another process goes on.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Thread
from typing import NamedTuple, Self

from pycinspect.errors import PycInspectError
from pycinspect.running.child import read_frame, write_frame
from pycinspect.running.cores import LOST

__all__ = ["Pool"]

#: Slug of the error that a piece of work ends with where no process can be started.
_NONE = "no-process"
_SCRIPT = "import sys; sys.path[:] = {path!r}; from {module} import main; main({factory!r})"


class _Piece(NamedTuple):
    """One piece of work, and where its answer goes."""

    item: bytes
    answer: Future[bytes]


class Pool:
    """Does pieces of work in processes; a context manager, which ends them.

    Args:
        jobs: how many processes.
        factory: ``module:function``; given ``argument`` it returns a function from bytes to bytes.
        argument: what it is given.

    Processes are started when there is work. Answers raise :class:`PycInspectError`:
    ``process-lost`` where the process died of this piece of work, ``no-process`` where none can be
    started.
    """

    def __init__(self, jobs: int, factory: str, argument: bytes) -> None:
        self._factory = factory
        self._argument = argument
        self._waiting: deque[_Piece] = deque()
        self._changed = Condition()
        self._is_closed = False
        self._gave_up = False
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = [Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def submit(self, item: bytes) -> Future[bytes]:
        """Return where the answer to one piece of work will be."""
        piece = _Piece(item, Future())
        with self._changed:
            self._waiting.append(piece)
            self._changed.notify()
        return piece.answer

    def close(self) -> None:
        """End the processes, whatever they are at; what was not answered is cancelled."""
        with self._changed:
            self._is_closed = True
            for piece in self._waiting:
                piece.answer.cancel()
            self._waiting.clear()
            processes = list(self._processes)
            self._changed.notify_all()
        for process in processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    # --- In the threads ----------------------------------------------------------------------

    def _serve(self) -> None:
        """Keep one process busy."""
        process: subprocess.Popen[bytes] | None = None
        while (piece := self._next()) is not None:
            if process is None and not self._gave_up:
                process = self._started()
            if process is None:
                self._gave_up = True  # what fails once fails for the next piece, too
                _fail(piece, _NONE, "no process can be started here")
            elif not self._done(process, piece):
                self._end(process)
                process = None
        if process is not None:
            self._end(process)

    def _next(self) -> _Piece | None:
        """Wait for work; there is none when the pool is closed."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting else None

    def _started(self) -> subprocess.Popen[bytes] | None:
        """Return a process that is ready for work, None where there can be none."""
        module = f"{__package__}.child"
        script = _SCRIPT.format(path=sys.path, module=module, factory=self._factory)
        try:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except (OSError, ValueError):
            return None
        with self._changed:
            self._processes.append(process)
            if self._is_closed:
                process.kill()
        if _answer(process, self._argument) is not None:
            return process
        self._end(process)
        return None

    def _done(self, process: subprocess.Popen[bytes], piece: _Piece) -> bool:
        """Have a piece of work done; return whether the process lives."""
        answer = _answer(process, piece.item)
        if answer is None:
            _fail(piece, LOST, f"the process that read it {_how(process.wait())}")
            return False
        piece.answer.set_result(answer)
        return True

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        with suppress(OSError), process:  # closes the pipes, and waits
            pass
        with self._changed:
            self._processes.remove(process)


def _answer(process: subprocess.Popen[bytes], item: bytes) -> bytes | None:
    """Return what a process answers, None where it is gone.

    One thing after the other: with more on their way each side could wait for the other to read.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it is gone, as its answer will show
        write_frame(process.stdin, item)
    return read_frame(process.stdout)


def _fail(piece: _Piece, slug: str, message: str) -> None:
    piece.answer.set_exception(PycInspectError(slug, message))


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with {status}"
    with suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"
