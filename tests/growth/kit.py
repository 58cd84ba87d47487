"""How much work something is, counted and not timed, and how it grows.

A module ``cases_*.py`` beside this one has a ``GROUPS``: tables of readers and of families of
pathological input. The tests and ``tests/benchmarks/bench_growth.py`` go through all of them.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from types import FrameType
from typing import Any, NamedTuple

__all__ = [
    "GROWTH",
    "Family",
    "Group",
    "Reader",
    "assert_near_linear",
    "groups",
    "seconds",
    "work",
]

#: What twice the input may cost: n log n is below it, n ** 1.5 is not.
GROWTH = 2.6
#: Bytes that one unit of work allocates: what C copies, a line of Python does not show.
_BYTES = 64


class Family(NamedTuple):
    """A kind of input that has every size.

    Args:
        name: of the kind, in words that make a test's name.
        make: the input of size n; building it does not count.
        size: the n of the test; at least so large that fixed costs are a small part.
    """

    name: str
    make: Callable[[int], Any]
    size: int


class Reader(NamedTuple):
    """Something that takes an input of a group.

    Args:
        name: of the function, in words that make a test's name.
        run: takes what a family makes.
    """

    name: str
    run: Callable[[Any], object]


class Group(NamedTuple):
    """Readers and families that go together: each reader takes what each family makes.

    Args:
        name: of the group.
        readers: its readers.
        families: its families.
    """

    name: str
    readers: Sequence[Reader]
    families: Sequence[Family]

    def cases(self) -> Iterator[tuple[Reader, Family]]:
        """Return each reader with each family."""
        return product(self.readers, self.families)


def groups() -> list[Group]:
    """Return the groups of all modules beside this one."""
    package = importlib.import_module("tests.growth")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = (
        importlib.import_module(f"tests.growth.{name}")
        for name in names
        if name.startswith("cases_")
    )
    return [group for module in modules for group in module.GROUPS]


class _Meter:
    """Counts the lines that run in a thread, and what is allocated between one and the next."""

    def __init__(self) -> None:
        self.lines = 0
        self.allocated = 0
        self._before = tracemalloc.get_traced_memory()[0]

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        self.lines += event == "line"
        now, peak = tracemalloc.get_traced_memory()
        self.allocated += max(peak - self._before, 0)
        self._before = now
        tracemalloc.reset_peak()
        return self


def work(function: Callable[[], object]) -> int:
    """Return how much work a call is: lines of Python executed, and memory taken on the way.

    Memory that is given back counts, too: copies of lists and strings, which C makes, show in no
    line. What C only looks at (``x in items``, a hash of a long tuple) is not seen; seconds,
    which the benchmark prints, show it. The number is the same in each run of one Python, but
    for the order of sets of strings. The garbage collector does not run; a tracer that does
    (coverage, a debugger) waits.
    """
    tracer, was_collecting = sys.gettrace(), gc.isenabled()
    was_tracing = tracemalloc.is_tracing()
    gc.disable()
    if not was_tracing:
        tracemalloc.start()
    tracemalloc.reset_peak()
    meter = _Meter()
    sys.settrace(meter)
    try:
        function()
    finally:
        sys.settrace(tracer)
        if not was_tracing:
            tracemalloc.stop()
        if was_collecting:
            gc.enable()
    return meter.lines + meter.allocated // _BYTES


def seconds(function: Callable[[], object]) -> float:
    """Return the CPU time of a call, in seconds."""
    began = time.process_time()
    function()
    return time.process_time() - began


def assert_near_linear(make: Callable[[int], Any], run: Callable[[Any], object], n: int) -> None:
    """Fail if twice the input is more than ``GROWTH`` times the work.

    Args:
        make: the input of a size.
        run: what is measured.
        n: the smaller size.
    """
    small, large = make(n), make(2 * n)
    run(make(8))  # what is looked up once and kept
    once, twice = work(lambda: run(small)), work(lambda: run(large))
    ratio = twice / once
    assert ratio < GROWTH, f"{n}: {once:,}, {2 * n}: {twice:,}, {ratio:.2f} times the work"
