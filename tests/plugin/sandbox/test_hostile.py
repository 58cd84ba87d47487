"""What hostile programs do: every event is true, or says that it was not observed."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pycinspect import Pycache
from pytest_pycinspect.sandbox.event import Outcome

from .chance import drawn, errors_of
from .hostile import HARMLESS, PROGRAMS
from .programs import ALL, MODULES, Program, prepare
from .testimony import PRELUDE, deeds, wrong


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: str(program.name))
def test_every_event_is_true(program: Program, tmp_path: Path) -> None:
    if sys.version_info < program.since:
        pytest.skip("this Python has not what the program uses")
    log = str(tmp_path / "log")
    with Pycache(tmp_path / "sandbox", seconds=60) as project:
        prepare(project)
        program.before(project)
        code = f"LOG = {log!r}\n{PRELUDE}\n{program.code}"
        run = project.run(code, flags=program.flags)
        said = deeds(log)
    assert [*wrong(run.history, said, project.root, program.compiled)] == []
    seen = {event.module.rpartition(".")[2]: event.not_observed for event in run.events.values()}
    assert seen.keys() >= program.imported, run.stderr
    unseen = {name for name, is_unseen in seen.items() if is_unseen}
    assert unseen - program.maybe == program.unseen, run.history


@pytest.mark.parametrize("number", range(12))
def test_programs_by_chance(number: int, tmp_path: Path) -> None:
    """``python -m tests.plugin.sandbox.chance --programs 1000`` runs more, with any seed."""
    assert errors_of(drawn(488, number), tmp_path) == []


def _told(project: Pycache, program: Program, *, is_here: bool) -> list[tuple[object, ...]]:
    prepare(project)
    program.before(project)
    project.write("program", f"import os\nos.chdir({project.root!r})\n{program.code}")
    with project:
        _ = project.import_("program") if is_here else project.run("import program")
    events = (event for event in project.events if event.module != "program")
    return sorted((event.module, event.outcome, str(event.written)) for event in events)


@pytest.mark.parametrize("program", HARMLESS, ids=lambda program: str(program.name))
def test_this_process_sees_what_another_does(program: Program, tmp_path: Path) -> None:
    """And is afterwards as it was before."""
    names = ("path", "meta_path", "path_hooks", "path_importer_cache")
    before = {name: getattr(sys, name).copy() for name in names}
    state = os.getcwd(), sys.getprofile(), threading.getprofile(), sys.modules.keys() & {*MODULES}
    here = _told(Pycache(tmp_path / "here"), program, is_here=True)
    assert {name: getattr(sys, name) for name in names} == before
    after = os.getcwd(), sys.getprofile(), threading.getprofile(), sys.modules.keys() & {*MODULES}
    assert after == state
    assert here == _told(Pycache(tmp_path / "there"), program, is_here=False)


@pytest.mark.parametrize("outcome", ["hit", "stale_hit", "miss", "stale", "invalid"])
def test_testimony_contradicts_what_is_not_so(outcome: Outcome, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    with Pycache(tmp_path / "sandbox") as project:
        prepare(project)
        run = project.run(f"LOG = {log!r}\n{PRELUDE}\n{ALL}")
    assert [event.module for event in run.history if event.outcome != outcome]
    for number, event in enumerate(run.history):
        false = [*run.history]
        false[number] = replace(event, outcome=outcome)
        assert bool([*wrong(false, deeds(log), project.root)]) == (event.outcome != outcome)
        false[number] = replace(event, written=False if event.written else "created")
        assert [*wrong(false, deeds(log), project.root)]
        assert [
            *wrong([*run.history[:number], *run.history[number + 1 :]], deeds(log), project.root)
        ]


def test_there_are_enough_of_them() -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) >= 60
