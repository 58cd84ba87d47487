"""Many damaged files, in processes that may hang or die without the end of it all."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.entries import ENTRIES, Entry, Workspace, commands
from tests.fuzz.measure import MOST_MEBIBYTES, MOST_SECONDS, Failure, Memory, Run, measured
from tests.fuzz.mutants import mutant

__all__ = ["Found", "Plan", "Tally", "campaign", "entries_for"]

#: Seconds of processor time after which a worker is taken to be in one long call of C: it stops
#: itself long before that anywhere else. By the clock it may take long, as others are at work.
_SPINS = 20.0
#: Seconds by the clock, for a worker that waits for something.
_HUNG = 600.0
#: Results are sent in parcels of so many files.
_PARCEL = 50
#: After so many files it is said how far it is.
_TOLD = 5_000
_SPAWN = multiprocessing.get_context("spawn")


class Plan(NamedTuple):
    """What is done.

    Args:
        seed: from which all files are made.
        numbers: of the files.
        names: of the entry points, each of which gets every file; none: all, each its share.
        folder: where files are kept that fail.
    """

    seed: int
    numbers: range
    names: tuple[str, ...]
    folder: Path


class Found(NamedTuple):
    """A failure, and the file that brought it about."""

    entry: str
    number: int
    original: str
    failure: Failure


@dataclass
class Tally:
    """What is known of one entry point."""

    runs: int = 0
    reached: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    mebibytes: float = 0.0
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, run: Run) -> None:
        self.runs += 1
        self.reached += run.reached
        self.seconds += run.seconds
        self.slowest = max(self.slowest, run.seconds)
        self.mebibytes = max(self.mebibytes, run.mebibytes)
        if run.failure is not None:
            self.failures[run.failure.key] += 1

    def merge(self, other: Tally) -> None:
        self.runs += other.runs
        self.reached += other.reached
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.mebibytes = max(self.mebibytes, other.mebibytes)
        self.failures += other.failures


class _Parcel(NamedTuple):
    """What a worker tells of some files."""

    tallies: dict[str, Tally]
    found: list[Found]
    files: int
    done: bool


def entries_for(number: int, names: Sequence[str]) -> list[Entry]:
    """Return what a file is given to: every entry point that is named, or whose turn it is."""
    if names:
        return [entry for entry in ENTRIES if entry.name in names]
    return [entry for i, entry in enumerate(ENTRIES) if (number + i) % entry.every == 0]


# --- In the worker ----------------------------------------------------------------------------


def _work(plan: Plan, place: Any, sender: Connection) -> None:
    """Give files to entry points, and say at ``place`` which, before it is done."""
    warnings.simplefilter("error")
    parcel = _Parcel({}, [], 0, done=False)
    with tempfile.TemporaryDirectory() as folder, commands():
        work, memory = Workspace(Path(folder)), Memory()
        for count, number in enumerate(plan.numbers, 1):
            made = mutant(plan.seed, number)
            work.load(made)
            for entry in entries_for(number, plan.names):
                now = time.monotonic(), time.process_time()
                place[:] = [number, ENTRIES.index(entry), *now]
                run = measured(entry, work, memory)
                parcel.tallies.setdefault(entry.name, Tally()).add(run)
                if run.failure is not None:
                    parcel.found.append(Found(entry.name, number, made.seed.name, run.failure))
            if count % _PARCEL == 0:
                sender.send(parcel._replace(files=_PARCEL))
                parcel = _Parcel({}, [], 0, done=False)
    sender.send(parcel._replace(files=len(plan.numbers) % _PARCEL, done=True))


# --- In the process that was started ------------------------------------------------------------


def _processor_time(pid: int | None) -> float:
    """Return the seconds that a process has had; 0 where nobody says."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime


class _Worker:
    """One process, started again after the file at which it died."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._start(plan)

    def _start(self, plan: Plan) -> None:
        self.left = plan
        self._place = _SPAWN.Array("d", [float(plan.numbers[0]), 0.0, time.monotonic(), 0.0])
        self._receiver, sender = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=_work, args=(plan, self._place, sender))
        self._process.start()
        sender.close()

    def parcel(self) -> _Parcel | None:
        """Return what the worker says next, or what is known of its end; None: nothing yet.

        What it had not sent when it died is not counted.
        """
        if not self._receiver.poll(0.1):
            if not self._hangs():
                return None
            self._process.kill()
            return self._again("hung")
        try:
            parcel: _Parcel = self._receiver.recv()
        except EOFError:
            return self._again("died")
        if parcel.done:
            self._process.join()
        return parcel

    def _hangs(self) -> bool:
        since, spent = map(float, self._place[2:])
        if time.monotonic() - since > _HUNG:
            return True
        return _processor_time(self._process.pid) - spent > _SPINS

    def _again(self, kind: str) -> _Parcel:
        self._process.join()
        number, index = int(self._place[0]), int(self._place[1])
        name, report = ENTRIES[index].name, f"exit code {self._process.exitcode}"
        failure = Failure(kind, f"{name}: ", report)
        tally = Tally(runs=1, failures=Counter([failure.key]))
        original = mutant(self._plan.seed, number).seed.name
        numbers = self.left.numbers
        rest = numbers[numbers.index(number) + 1 :]
        if rest:
            self._start(self.left._replace(numbers=rest))
        return _Parcel({name: tally}, [Found(name, number, original, failure)], 1, done=not rest)


def campaign(plan: Plan, jobs: int) -> int:
    """Give damaged files to entry points and print what they cost; return the exit code."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    workers = [
        _Worker(plan._replace(numbers=plan.numbers[job::jobs]))
        for job in range(min(jobs, len(plan.numbers)))
    ]
    tallies: dict[str, Tally] = {entry.name: Tally() for entry in ENTRIES}
    kept: set[tuple[str, str]] = set()
    files, began = 0, time.monotonic()
    while workers:
        for worker in list(workers):
            parcel = worker.parcel()
            if parcel is None:
                continue
            for name, tally in parcel.tallies.items():
                tallies[name].merge(tally)
            for found in parcel.found:
                if found.failure.key not in kept:
                    kept.add(found.failure.key)
                    _keep(found, plan)
            if (files + parcel.files) // _TOLD > files // _TOLD:
                spent = time.monotonic() - began
                print(
                    f"{files + parcel.files} files, {len(kept)} failures, {spent:.0f} s", flush=True
                )
            files += parcel.files
            if parcel.done:
                workers.remove(worker)
    _print(tallies, plan)
    return int(bool(kept))


def _keep(found: Found, plan: Plan) -> None:
    """Keep a file that fails in a new way, and say how it is looked at."""
    data = mutant(plan.seed, found.number).data
    path = plan.folder / f"{found.entry}-{plan.seed}-{found.number}.pyc"
    path.write_bytes(data)
    print(f"{found.failure.kind} in {found.entry}, at {found.failure.place}")
    print(f"  {path}  ({len(data)} bytes, from {found.original})")
    print(f"{found.failure.report}", flush=True)


def _print(tallies: dict[str, Tally], plan: Plan) -> None:
    asked = {name: tally for name, tally in tallies.items() if tally.runs}
    print(f"{len(plan.numbers)} files, seed {plan.seed}")
    print(f"{'entry point':<28}{'runs':>8}{'read':>8}{'mean ms':>9}{'slowest ms':>12}{'MiB':>6}")
    for name, tally in asked.items():
        mean = 1000 * tally.seconds / tally.runs
        print(
            f"{name:<28}{tally.runs:>8}{tally.reached:>8}{mean:>9.1f}"
            f"{1000 * tally.slowest:>12.0f}{tally.mebibytes:>6.0f}"
        )
        for (kind, place), count in tally.failures.most_common():
            print(f"    {count} times {kind} at {place}")
    runs, wrong = (
        sum(t.runs for t in asked.values()),
        sum(t.failures.total() for t in asked.values()),
    )
    print(
        f"{runs} runs, {wrong} wrong; at most {MOST_SECONDS:.0f} s and {MOST_MEBIBYTES:.0f} MiB are right",
    )
