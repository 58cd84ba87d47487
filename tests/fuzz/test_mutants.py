"""A sample of the damaged files; ``python -m tests.fuzz`` has many more."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context

from pycinspect.cli import main
from pycinspect.errors import PycInspectError
from pycinspect.report.formats import REPORTERS
from tests.fuzz import campaign, measure
from tests.fuzz.campaign import entries_for
from tests.fuzz.entries import ENTRIES, Entry, Workspace, commands
from tests.fuzz.layout import layout_of
from tests.fuzz.measure import Memory, measured
from tests.fuzz.mutants import LARGEST, Mutant, mutant
from tests.fuzz.reduce import reduced
from tests.fuzz.seeds import seed_named, seeds

_SEED = 10
_COUNT = 50
_BY_CHANCE = {
    *("show-as", "show-as-canonical", "show-source", "show-zip", "check-as", "check-as-zip"),
    *("check-damaged-source", "check-damaged-zip", "audit-baseline", "audit-config"),
    *("check-environment", "check-image", "audit-image"),
    *("audit-archive", "show-in-archive", "check-in-archive", "diff-archive"),
    *("diff-source", "diff-optimized", "fix-undo", "audit-digests"),
}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with commands():
        yield Workspace(tmp_path)


def test_each_report_format_is_given_damaged_files() -> None:
    names = {entry.name for entry in ENTRIES}
    assert {f"audit-{name}" for name in REPORTERS} <= names


#: Commands that are given no file: these have tests of their own.
_READ_NOTHING = {"cache", "opcode", "rules"}


def test_each_command_that_reads_files_is_given_damaged_ones() -> None:
    commands = {entry.name.partition("-")[0] for entry in ENTRIES}
    assert set(main.commands) | set(main.list_commands(Context(main))) <= commands | _READ_NOTHING


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 5))]
)
def test_damaged_files_raise_nothing_of_their_own(
    part: int, work: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    memory = Memory()
    failures = []
    reached = []
    for number in range(part * _COUNT, (part + 1) * _COUNT):
        work.load(mutant(_SEED, number))
        for entry in entries_for(number, ()):
            run = measured(entry, work, memory)
            reached.append(run.reached)
            if run.failure is not None and run.failure.kind != "slow":  # no timed asserts
                failures.append(f"{entry.name}, file {number}: {run.failure.report}")
    assert not failures, "\n".join(failures)
    assert set(reached) == {False, True}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
def test_a_good_file_is_read_everywhere(entry: Entry, work: Workspace) -> None:
    name = "cpython-3.12-flow.pyc"
    work.load(Mutant(0, seed_named(name), seed_named(name).data))
    run = measured(entry, work, Memory())
    assert run.failure is None, run.failure.report
    # Which other dialect is asked, and how a file beside it is damaged, depends on the file.
    assert run.reached or entry.name in _BY_CHANCE


def test_every_entry_point_has_its_share() -> None:
    turns = [entry.name for number in range(600) for entry in entries_for(number, ())]
    assert {entry.name for entry in ENTRIES} == set(turns)
    assert min(turns.count(entry.name) for entry in ENTRIES) >= 2


def test_a_number_is_one_file() -> None:
    assert [mutant(1, n) for n in range(30)] == [mutant(1, n) for n in range(30)]
    assert mutant(1, 5) != mutant(2, 5)


def test_no_file_is_too_large() -> None:
    assert all(len(mutant(3, number).data) <= LARGEST for number in range(300))


def test_most_files_are_still_read() -> None:
    """Else nothing but the reader of marshal would be tested."""
    entry = next(entry for entry in ENTRIES if entry.name == "verify")
    with_code = 0
    for number in range(200):
        made = mutant(4, number)
        layout = layout_of(made.data, made.seed.tag)
        with_code += layout is not None and bool(layout.fields("code"))
    assert with_code > 150
    assert entry.every == 1


def test_the_parts_of_every_good_file_are_known() -> None:
    for seed in seeds():
        layout = layout_of(seed.data, seed.tag)
        assert layout is not None, seed.name
        assert layout.objects[-1].end == len(seed.data), seed.name


# --- That the harness sees what it looks for --------------------------------------------------


def _entry(run: object) -> Entry:
    assert callable(run)
    return Entry("made", run, 1)


def _load(work: Workspace) -> None:
    work.load(mutant(1, 1))


def test_an_exception_is_a_failure(work: Workspace) -> None:
    _load(work)
    run = measured(_entry(lambda _: {1: True}[2]), work, Memory())
    assert run.failure is not None
    assert run.failure.kind == "KeyError"


def test_a_word_on_standard_error_is_a_failure(work: Workspace) -> None:
    _load(work)
    run = measured(_entry(lambda _: bool(sys.stderr.write("oh"))), work, Memory())
    assert run.failure is not None
    assert run.failure.kind == "output"


def test_an_exit_code_of_its_own_is_a_failure(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pycinspect.report import verdict

    def fault(*_: object) -> str:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(verdict, "verdict_text", fault)
    _load(work)
    run = measured(next(entry for entry in ENTRIES if entry.name == "check-source"), work, Memory())
    assert run.failure is not None


def test_our_own_exception_is_none(work: Workspace) -> None:
    def refuse(_: Workspace) -> bool:
        raise PycInspectError("truncated", "it ends")

    _load(work)
    run = measured(_entry(refuse), work, Memory())
    assert (run.reached, run.failure) == (False, None)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing can be stopped here")
def test_what_does_not_end_is_stopped(work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_: Workspace) -> bool:
        while True:
            pass

    monkeypatch.setattr(measure, "MOST_SECONDS", 0.05)
    monkeypatch.setattr(measure, "_STOP_SECONDS", 0.1)
    _load(work)
    run = measured(_entry(hang), work, Memory())
    assert run.failure is not None
    assert run.failure.kind == "slow"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux measures memory")
def test_what_takes_too_much_memory_is_a_failure(work: Workspace) -> None:
    _load(work)
    large = measured(_entry(lambda _: bool(bytearray(300 << 20))), work, Memory())
    assert large.failure is not None
    assert large.failure.kind == "large"
    assert large.mebibytes > 256
    refused = measured(_entry(lambda _: bool(bytearray(3000 << 20))), work, Memory())
    assert refused.failure is not None
    assert refused.failure.kind == "MemoryError"


def test_a_failing_file_is_made_shorter() -> None:
    good = seed_named("cpython-3.12-flow.pyc")
    short = reduced(good.data, good.tag, lambda data: b"no thing" in data)
    assert short == b"no thing"


def test_a_failing_file_stays_one_that_can_be_read() -> None:
    good = seed_named("cpython-3.12-flow.pyc")

    def fails(data: bytes) -> bool:
        layout = layout_of(data, good.tag)
        return layout is not None and len(layout.fields("code")) > 3

    short = reduced(good.data, good.tag, fails)
    assert fails(short)
    assert len(short) < len(good.data) / 5


def test_a_worker_that_hangs_is_a_failure_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "_HUNG", -1.0)
    plan = campaign.Plan(1, range(1), ("header",), tmp_path)
    assert campaign.campaign(plan, 1) == 1
    assert "hung in header" in capsys.readouterr().out
    assert [path.suffix for path in tmp_path.iterdir()] == [".pyc"]


def test_a_worker_that_dies_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    worker = campaign._Worker(campaign.Plan(1, range(2), ("header",), tmp_path))
    worker._process.kill()
    died = rest = None
    while died is None:
        died = worker.parcel()
    while rest is None:
        rest = worker.parcel()
    assert [(found.number, found.failure.kind) for found in died.found] == [(0, "died")]
    assert (died.files, died.done) == (1, False)
    assert (rest.files, rest.done, rest.found) == (1, True, [])
