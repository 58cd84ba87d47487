"""PYC108: what stale caches cost, with a clock that is not the machine's."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Policy, Selection, Severity
from pycinspect.auditing.cost import Rate, Sample, measured_rate
from pycinspect.auditing.policy import PROFILES
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import View
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from tests.audit.kit import RUNNING, SOURCE, Tree, row, timestamp

STALE = timestamp(RUNNING, 1, 1)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def ticking(step: float = 0.5) -> Callable[[], float]:
    """Return a clock that goes on by so many seconds at each look."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += step
        return now

    return clock


def _policy(**more: object) -> Policy:
    return Policy(clock=ticking(), **more)  # type: ignore[arg-type]


def test_the_cost_is_that_of_all_bytes(tree: Tree) -> None:
    for number in range(4):
        tree.module(f"m{number}.py", STALE)
    (finding,) = tree.findings("PYC108", _policy()).values()
    # Two sources, then the second of compiling is over; the others cost as much.
    assert (finding.severity, tree.relative(finding.path)) == (Severity.INFO, ".")
    assert finding.data["seconds"] == 2.0
    assert finding.data["seconds_at_every_start"] == 0.0
    assert (finding.data["sampled"], finding.data["sampled_bytes"]) == (2, 2 * len(SOURCE))
    assert finding.message == (
        f"a start of {RUNNING.name} that imports everything takes about 2.0 s longer, until the"
        f" caches are written: it compiles 4 sources; estimated from 2 of them, of which"
        f" {RUNNING.name} compiled 0 kB a second here"
    )


def test_a_tree_that_is_well_costs_nothing(tree: Tree) -> None:
    def clock() -> float:
        raise AssertionError("measured")

    tree.source("without.py")  # written at the first start
    tree.cache("gone.py", STALE)
    assert tree.findings("PYC108", Policy(clock=clock)) == {}


def test_nothing_is_measured_where_it_is_only_counted(tree: Tree) -> None:
    def clock() -> float:
        raise AssertionError("measured")

    tree.module("m.py", STALE)
    audit = Audit([tree.root], BUILT_IN, Policy(clock=clock, deep=False))
    assert "PYC108" not in {finding.rule for finding in audit}
    assert audit.summary.statistics["PYC108"] == 1
    assert "PYC108" in PROFILES["deploy"].lists


def test_what_cannot_be_written_costs_every_start(tree: Tree) -> None:
    tree.module("m.py", STALE)
    tree.source("without.py")
    (finding,) = tree.findings("PYC108", _policy(view=View(read_only=True))).values()
    assert (finding.data["files"], finding.data["unwritable"]) == (2, 2)
    assert finding.data["seconds"] == finding.data["seconds_at_every_start"] == 1.0
    assert "each time, as the caches cannot be written" in finding.message


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_cannot_be_written_in_part(tree: Tree) -> None:
    from pycinspect.cache import User

    for place in (tree.root, *tree.root.parents[:4]):
        os.chmod(place, place.stat().st_mode | 0o055)
    for name in ("open", "closed"):
        tree.module(f"{name}/m.py", STALE)
        tree.source(f"{name}/without.py")
    (tree.root / "open/__pycache__").chmod(0o777)
    view = View(user=User(4711, frozenset({4711})))
    (finding,) = tree.findings("PYC108", _policy(view=view)).values()
    assert (finding.data["files"], finding.data["unwritable"]) == (3, 2)
    assert finding.data["seconds"] == 1.5
    assert finding.data["seconds_at_every_start"] == 1.0
    assert "2 of the caches cannot be written" in finding.message


def test_each_python_and_level_by_itself(tree: Tree) -> None:
    old = row("cpython-2.4")  # of which nobody has an interpreter
    tree.module("m.py", STALE)
    tree.cache("m.py", STALE, level=1)
    tree.source("n.py")
    tree.cache("n.py", timestamp(row("cpython-3.3"), 1, 1), dialect=row("cpython-3.3"))
    found = list(Audit([tree.root], BUILT_IN, _policy(selection=Selection(("PYC108",)))))
    told = [(f.data["dialect"], f.data["files"], f.data["compiler"]) for f in found]
    assert old.name not in {name for name, *_ in told}
    assert told == [
        (RUNNING.name, 1, RUNNING.name),
        (f"{RUNNING.name} -O", 1, RUNNING.name),
        ("cpython-3.3", 1, RUNNING.name),
    ]


def test_why_there_is_no_measure(tree: Tree) -> None:
    tree.source("m.py", b"no python")
    tree.cache("m.py", STALE)
    (finding,) = tree.findings("PYC108", _policy()).values()
    assert "could not be measured (none of them compiles)" in finding.message
    (finding,) = tree.findings("PYC108", _policy(deep=False)).values()
    assert "could not be measured (--no-deep: nothing is compiled)" in finding.message


# --- The measure ---------------------------------------------------------------------------------


def _rate(sources: dict[str, bytes], step: float = 0.1) -> Rate | None:
    def read(path: str) -> bytes:
        if path == "gone":
            raise FileNotFoundError
        return sources[path]

    def compile_(source: bytes, path: str) -> object:
        if path == "slow":
            raise PycInspectError("compile-timeout", "")
        return "refused" if source == b"bad" else None

    return measured_rate(list(sources), RUNNING, read, compile_, ticking(step))


def test_only_what_compiles_is_measured() -> None:
    sources = {
        "a": b"x" * 10,
        "bad": b"bad",
        "gone": b"",
        "slow": b"",
        "empty": b"",
        "b": b"y" * 30,
    }
    rate = _rate(sources)
    assert rate is not None
    assert (rate.files, rate.size, rate.compiler) == (2, 40, RUNNING.name)
    assert rate.seconds == pytest.approx(0.2)
    assert rate.seconds_for(400) == pytest.approx(2)
    assert rate.bytes_per_second == pytest.approx(200)
    assert _rate({"bad": b"bad"}) is None


def test_a_measure_is_bounded() -> None:
    twice = [path for path, _ in zip(map(str, range(63)), range(63), strict=True)]
    asked: list[str] = []
    measured_rate(twice, RUNNING, lambda _: b"x", lambda _, path: asked.append(path), ticking(0.0))
    assert asked == ["empty.py", *twice[::2]]  # from the whole of them
    many = {str(number): b"x" for number in range(1000)}
    large = {str(number): b"x" * 400_000 for number in range(10)}
    assert [
        _rate(sources, step)[0] for sources, step in ((many, 0.0), (many, 0.3), (large, 0.0))
    ] == [
        32,
        4,
        2,
    ]  # type: ignore[index]
    assert _rate({"a": b"x"}, 0.0).bytes_per_second > 0  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000, 12345])
def test_a_sample_is_of_the_whole_tree(count: int) -> None:
    sample = Sample()
    for number in range(count):
        sample.add(str(number))
    taken = [int(path) for path in sample.paths]
    assert min(count, 32) <= len(taken) < 64 or len(taken) == count
    steps = {b - a for a, b in itertools.pairwise(taken)}
    assert len(steps) <= 1
    assert not taken or (taken[0] == 0 and taken[-1] + max(steps, default=1) >= count)


def test_the_real_clock_tells_a_time_of_this_machine(tree: Tree) -> None:
    source = b"".join(b"def f%d(x):\n    return [x, x * %d]\n" % (n, n) for n in range(200))
    for number in range(3):
        tree.source(f"m{number}.py", source)
        tree.cache(f"m{number}.py", STALE)
    (finding,) = tree.findings("PYC108", Policy()).values()
    seconds = finding.data["seconds"]
    assert isinstance(seconds, float)
    assert 0 < seconds < 60
    assert DIALECTS.running().name == finding.data["compiler"]
