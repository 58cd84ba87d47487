"""A limit of wall time for what a process is asked, with one thread for all questions."""

from __future__ import annotations

import subprocess
import threading
import time

__all__ = ["Watchdog"]


class Watchdog:
    """Kills a process that takes too long to answer.

    A timer for each question would take as long to start as a small source to compile.

    Args:
        process: whom to kill.
        seconds: how long each answer may take.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        #: Whether the process was killed.
        self.has_killed = False
        # A daemon: an interpreter that ends does not wait until the time is up.
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self) -> None:
        """Count the time from now on."""
        self._deadline = time.monotonic() + self._seconds

    def end(self) -> None:
        """Count no longer: there is an answer, or none will come."""
        with self._lock:  # from here on the process lives, or is known to be killed
            self._deadline = None

    def close(self) -> None:
        """End the thread."""
        self._is_over.set()

    def _watch(self) -> None:
        """Sleep until the time is up of a question that began before the sleep or in it."""
        pause = self._seconds
        while not self._is_over.wait(pause) and not self.has_killed:
            with self._lock:
                pause = self._left()
                if pause <= 0:
                    self.has_killed = True
                    self._process.kill()

    def _left(self) -> float:
        """Return the seconds after which a question may be due: none that begins later is so."""
        deadline = self._deadline
        return self._seconds if deadline is None else deadline - time.monotonic()
