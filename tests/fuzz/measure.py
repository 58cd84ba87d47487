"""What one file costs at one entry point, and how it failed there."""

from __future__ import annotations

import io
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
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
    failure: Failure | None = None
    reached = False
    with memory.limited():
        began = time.process_time()
        try:
            with _stopped_after(_STOP_SECONDS), redirect_stdout(out), redirect_stderr(err):
                reached = entry.run(work)
            if out.getvalue() or err.getvalue():
                raise UnwantedOutputError(out.getvalue() + err.getvalue())
        except PycInspectError:
            pass
        except _StoppedError as error:
            failure = _failure("slow", error)
        except UnwantedOutputError as error:
            failure = _failure("output", error)._replace(place=f"{entry.name}: {str(error)[:80]!r}")
        except Exception as error:  # noqa: BLE001 - any other exception is what this looks for
            failure = _failure(type(error).__name__, error)
        seconds = time.process_time() - began
    peak = memory.peak()
    if failure is None and seconds > MOST_SECONDS:
        failure = Failure("slow", entry.name, f"{seconds:.1f} s")
    if failure is None and peak > MOST_MEBIBYTES:
        failure = Failure("large", entry.name, f"{peak:.0f} MiB")
    return Run(reached, seconds, peak, failure)


def _failure(kind: str, error: BaseException) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "pycinspect" in Path(frame.filename).parts] or frames[-1:]
    place = "?"
    if ours:
        last = ours[-1]
        place = f"{'/'.join(Path(last.filename).parts[-2:])}: {last.name}:{last.lineno}"
    return Failure(kind, place, "".join(traceback.format_exception(error)))


# --- Time -----------------------------------------------------------------------------------


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    """Stop what takes longer, where the platform can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise _StoppedError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# --- Memory -----------------------------------------------------------------------------------

_SELF = Path("/proc/self")


class Memory:
    """The memory of the process: measured and limited on Linux, elsewhere neither.

    What it has when this is made does not count; what it keeps from one file to the next does.
    """

    def __init__(self) -> None:
        self._known = (_SELF / "clear_refs").exists()
        self._before = _status("VmRSS") if self._known else 0.0

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

    def peak(self) -> float:
        """Return the most that the process had under the limit."""
        return max(0.0, _status("VmHWM") - self._before) if self._known else 0.0


def _status(key: str) -> float:
    text = (_SELF / "status").read_text()
    return int(text.partition(f"{key}:")[2].split(maxsplit=1)[0]) / 1024
