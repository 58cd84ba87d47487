"""What hostile programs do: every event is true, or says that it was not observed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_pycinspect import Pycache

from .hostile import PROGRAMS, Program, prepare
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


def test_there_are_enough_of_them() -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) >= 60
