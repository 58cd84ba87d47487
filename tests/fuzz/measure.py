"""What one file costs at one entry point, and how it failed there."""

from __future__ import annotations

import gc
import io
import signal
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from tests.fuzz.entries import Entry, UnwantedOutputError, Workspace

__all__ = ["MOST_MEBIBYTES", "MOST_SECONDS", "Failure", "Memory", "Run", "measured"]

#: What any file of up to 64 KiB may cost, in seconds of processor time …
MOST_SECONDS = 2.0
#: … and in memory, beyond what the process has before.
MOST_MEBIBYTES = 256.0
#: Then it is stopped; above the limits, so that it can be said by how much they are passed.
_STOP_SECONDS = 3 * MOST_SECONDS
_STOP_MEBIBYTES = MOST_MEBIBYTES + 128
_MEBI = 1 << 20


class Failure(NamedTuple):
    """How an entry point failed.

    Args:
        kind: the type of the exception, ``slow`` or ``large``.
        place: the last function of ours, and its line.
        report: the traceback.
    """

    kind: str
    place: str
    report: str

    @property
    def key(self) -> tuple[str, str]:
        """What is the same for failures with one cause."""
        return self.kind, self.place.rpartition(":")[0]


class Run(NamedTuple):
    """What one file cost at one entry point.

    Args:
        reached: it was read, not refused.
        seconds: of processor time.
        mebibytes: the most that the process had, beyond what it had before the first file.
        failure: None if it did as it should.
    """

    reached: bool
    seconds: float
    mebibytes: float
    failure: Failure | None


class _StoppedError(BaseException):
    """The time is up. Not an Exception: nobody may catch it."""


def measured(entry: Entry, work: Workspace, memory: Memory) -> Run:
    """Give a file to an entry point.

    A file that takes too long is given to it twice, and the shorter time counts: it could
    have been the machine.
    """
    run = _once(entry, work, memory)
    if run.failure is not None and run.failure.kind == "slow" and run.seconds < _STOP_SECONDS:
        run = min(run, _once(entry, work, memory), key=lambda run: run.seconds)
    return run


def _once(entry: Entry, work: Workspace, memory: Memory) -> Run:
    out, err = io.StringIO(), io.StringIO()
    clock = _Clock()
    error: BaseException | None = None
    reached = False
    with memory.limited():
        began = time.process_time()
        try:
            with clock.running(), redirect_stdout(out), redirect_stderr(err):
                reached = entry.run(work)
            if out.getvalue() or err.getvalue():
                raise UnwantedOutputError(out.getvalue() + err.getvalue())
        except PycInspectError:
            pass
        except (Exception, _StoppedError) as caught:  # noqa: BLE001 - that is what this looks for
            error = caught
        seconds = time.process_time() - began
    peak = memory.peak()
    failure = None
    if isinstance(error, UnwantedOutputError):
        failure = Failure("output", f"{entry.name}: {str(error)[:80]!r}", _report(error))
    elif isinstance(error, Exception):
        frames = traceback.extract_tb(error.__traceback__)
        failure = Failure(type(error).__name__, _place(frames), _report(error))
    elif seconds > MOST_SECONDS:
        report = "".join(clock.late.format())
        failure = Failure("slow", _place(clock.late), f"{seconds:.1f} s, in the midst of\n{report}")
    elif peak > MOST_MEBIBYTES:
        failure = Failure("large", f"{entry.name}: ", f"{peak:.0f} MiB")
    if peak > MOST_MEBIBYTES:
        memory.forget()
    return Run(reached, seconds, peak, failure)


def _report(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _place(frames: Iterable[traceback.FrameSummary]) -> str:
    """Return the innermost function of ours and its line."""
    ours = [frame for frame in frames if "pycinspect" in Path(frame.filename).parts]
    if not ours:
        return "?:"
    last = ours[-1]
    return f"{'/'.join(Path(last.filename).parts[-2:])}: {last.name}:{last.lineno}"


# --- Time -----------------------------------------------------------------------------------


class _Clock:
    """Notes where a run is when its time is up, and stops it later, where the platform can."""

    def __init__(self) -> None:
        self.late = traceback.StackSummary()

    @contextmanager
    def running(self) -> Iterator[None]:
        if not hasattr(signal, "setitimer"):
            yield
            return
        before = signal.signal(signal.SIGPROF, self._ring)
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS, _STOP_SECONDS - MOST_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def _ring(self, _: int, frame: FrameType | None) -> None:
        if self.late:
            raise _StoppedError
        self.late = traceback.extract_stack(frame)


# --- Memory -----------------------------------------------------------------------------------

_SELF = Path("/proc/self")


class Memory:
    """The memory of the process: measured and limited on Linux, elsewhere neither.

    What it has when this is made does not count; what it keeps from one file to the next does.
    """

    def __init__(self) -> None:
        self._known = (_SELF / "clear_refs").exists()
        self.forget()

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Let the process have so much more than now, and forget what it had at most."""
        if not self._known:
            yield
            return
        import resource

        (_SELF / "clear_refs").write_text("5")  # man 5 proc
        _, hard = limits = resource.getrlimit(resource.RLIMIT_AS)
        most = int((_status("VmSize") + _STOP_MEBIBYTES) * _MEBI)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)

    def forget(self) -> None:
        """Count from now on: of what one file took, much stays with the process."""
        gc.collect()
        self._before = _status("VmRSS") if self._known else 0.0

    def peak(self) -> float:
        """Return the most that the process had under the limit."""
        return max(0.0, _status("VmHWM") - self._before) if self._known else 0.0


def _status(key: str) -> float:
    text = (_SELF / "status").read_text()
    return int(text.partition(f"{key}:")[2].split(maxsplit=1)[0]) / 1024
