"""pytest's test_assertrewrite about its caches, said with the plugin.

All modules are of one project: one run of pytest writes their caches, each is damaged in its own way,
and the next run shows what becomes of them. What is true of a damaged one fails on the whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_pycinspect import CacheEvent, Pycache
from tests.plugin.ports.kit import NotSaid

__all__ = ["CASES", "NOT_SAID", "ONE_RUN"]

T = 1_700_000_000
TEST = "def test_it():\n    assert 1 == 1\n"
QUIET = ("-p", "no:cacheprovider", "-q")


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to one module or its cache, between two runs.

    Args:
        ported: the name of the test.
        check: what is true of its event in the second run.
        damage: of the cache; see ``Pycache.corrupt``.
        text: what the source becomes, as long as it was.
    """

    ported: str
    check: Callable[[CacheEvent], object]
    damage: dict[str, Any] = field(default_factory=dict)
    text: str | None = None


def made_anew(event: CacheEvent) -> bool:
    return event.invalid and event.written == "rewritten"


_READ = "TestAssertionRewriteHookDetails.test_read_pyc"
CASES = (
    *(Damage(_READ, made_anew, {"truncate": size}) for size in (0, 3, 15, 16, 30)),
    Damage(_READ + "_more_invalid", made_anew, {"magic": b"\0\0\0\0"}),
    Damage(_READ + "_more_invalid", made_anew, {"magic": "3.8"}),
    Damage(_READ + "_more_invalid", made_anew, {"flags": 0x100}),
    Damage(_READ + "_success", lambda event: event.invalid, {"payload": b"N"}),
    Damage(
        "TestAssertionRewriteHookDetails.test_reload_is_same_and_reloads",
        lambda event: event.stale and event.written == "rewritten",
        text=TEST + "\n\nx = 2\n",
    ),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What two runs of pytest did with the modules of a project."""

    first: Any
    second: Any


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with Pycache(tmp_path_factory.mktemp("rewritten"), seconds=60) as project:
        for name in ("whole", *range(len(CASES))):
            project.write(f"test_{name}", TEST, mtime=T)
        first = project.run_pytest(*QUIET)
        for number, case in enumerate(CASES):
            if case.damage:
                project.corrupt(str(first[f"test_{number}"].pyc), **case.damage)
            if case.text is not None:
                project.write(f"test_{number}", case.text)
        yield Seen(first, project.run_pytest(*QUIET))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_check_is_true_of_the_damaged_cache(number: int, seen: Seen) -> None:
    assert CASES[number].check(seen.second[f"test_{number}"])


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_check_fails_on_the_whole_cache(number: int, seen: Seen) -> None:
    event = seen.second["test_whole"]
    with pytest.raises(AssertionError):
        assert CASES[number].check(event)


# --- What one run does, in a project of its own -------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneRun:
    """What a run of pytest shows in a project that is set so.

    Args:
        ported: the name of the test.
        prepare: what is done to the project before.
        check: what is true of the event then, and false where nothing was done.
    """

    ported: str
    prepare: Callable[[Pycache], object]
    check: Callable[[CacheEvent], object]


ONE_RUN = (
    OneRun(
        "TestRewriteOnImport.test_pycache_is_a_file",
        lambda project: project.pycache_is_file(),
        lambda event: event.raised is None and event.written in {False, "failed"},
    ),
    OneRun(
        "TestRewriteOnImport.test_pycache_is_readonly",
        lambda project: project.readonly(),
        lambda event: event.raised is None and event.written in {False, "failed"},
    ),
    OneRun(
        "TestRewriteOnImport.test_dont_write_bytecode",
        lambda project: project.no_write(),
        lambda event: (event.written, event.why.code) == (False, "write_disabled"),
    ),
    OneRun(
        "TestRewriteOnImport.test_pyc_vs_pyo",
        lambda project: project.optimize(2),
        lambda event: str(event.pyc).endswith("o"),
    ),
    OneRun(
        "TestPyCacheDir.test_sys_pycache_prefix_integration",
        lambda project: project.prefix("elsewhere"),
        lambda event: "elsewhere" in str(event.pyc) and event.written == "created",
    ),
)


def of_one_run(project: Pycache, case: OneRun | None) -> CacheEvent:
    project.write("test_m", TEST, mtime=T)
    if case is not None:
        case.prepare(project)
    return project.run_pytest(*QUIET)["test_m"]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> CacheEvent:
    with Pycache(tmp_path_factory.mktemp("usual"), seconds=60) as project:
        return of_one_run(project, None)


@pytest.mark.parametrize("case", ONE_RUN, ids=lambda case: str(case.ported))
def test_a_run_does(case: OneRun, tmp_path: Path, usual: CacheEvent) -> None:
    with Pycache(tmp_path, seconds=60) as project:
        assert case.check(of_one_run(project, case))
    with pytest.raises(AssertionError):
        assert case.check(usual)


def test_cached_pyc_includes_pytest_version(usual: CacheEvent) -> None:
    assert f"-pytest-{pytest.__version__}" in str(usual.pyc)


NOT_SAID = (
    NotSaid(
        "TestRewriteOnImport.test_zipfile",
        "that a module in a zip file is not rewritten: its event says only how it was imported",
    ),
    NotSaid(
        "TestAssertionRewriteHookDetails.test_write_pyc",
        "what the hook's own function returns where a system call fails: it is called with a mock",
    ),
)
