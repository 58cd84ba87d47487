"""Each import is judged at its moment: settings, zip files, threads, in this process and in others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect.sandbox import CacheEvent, Pycache, Run
from pytest_pycinspect.sandbox.inquiry import Inquiry

T = 1_700_000_000


@pytest.fixture
def sandbox(tmp_path: Path) -> Pycache:
    return Pycache(tmp_path)


def _told(event: CacheEvent) -> tuple[object, ...]:
    return event.outcome, event.written, event.why.code


# --- In this process ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("sys.dont_write_bytecode = True", ("miss", False, "write_disabled")),
        ("sys.pycache_prefix = sys.path[0] + '/elsewhere'", ("miss", "created", "absent")),
        ("sys.implementation.cache_tag = None", ("bypassed", False, "no_cache_tag")),
        ("os.chdir('/')", ("miss", "created", "absent")),
        ("sys.path.insert(0, 'no such place')", ("miss", "created", "absent")),
        ("sys.setprofile(lambda *_: None)", ("not_observed", "created", "profiler")),
        ("sys.setprofile(None)", ("miss", "created", "absent")),
    ],
)
def test_what_a_module_sets_counts_for_the_next(
    sandbox: Pycache, setting: str, told: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.implementation, "cache_tag", sys.implementation.cache_tag)
    sandbox.write("first", f"import os, sys\n{setting}\nimport m")
    sandbox.write("m", "x = 1")
    before = os.getcwd(), sys.dont_write_bytecode, sys.pycache_prefix, sys.getprofile()
    assert sandbox.import_("first").written == "created"
    assert _told(sandbox.events[-1]) == told
    assert (os.getcwd(), sys.dont_write_bytecode, sys.pycache_prefix, sys.getprofile()) == before


def test_the_path_of_the_test_itself_may_lead_to_the_project(
    sandbox: Pycache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend("")
    monkeypatch.syspath_prepend(sandbox.root)
    sandbox.write("m", "x = 1")
    sandbox.compile("m")
    sandbox.delete("m")
    sandbox.write("space.inner", "x = 1")
    sandbox.delete("space.__init__")
    assert sandbox.import_("m").orphan
    assert _told(sandbox.import_("space")) == ("bypassed", False, "namespace_package")


def test_a_thread_is_seen(sandbox: Pycache) -> None:
    sandbox.write(
        "first",
        "import threading\nt = threading.Thread(target=__import__, args=('m',))\n"
        "t.start(); t.join()",
    )
    sandbox.write("m", "x = 1")
    sandbox.import_("first")
    assert [(event.module, event.outcome) for event in sandbox.events] == [
        ("first", "miss"),
        ("m", "miss"),
    ]


def test_a_zip_file_that_is_made_anew_is_read_anew(sandbox: Pycache) -> None:
    sandbox.write("first", "import sys\nsys.path.insert(0, sys.path[0] + '/lib.zip')\nimport m")
    for text in ("x = 1", "x = 'other'"):
        sandbox.write("m", text)
        sandbox.compile("m", legacy=True)
        sandbox.pack("lib.zip", "m")
        sandbox.import_("first")
        assert _told(sandbox.events[-1]) == ("hit", False, "header_matches")
    first, second = (event for event in sandbox.events if event.module == "m")
    assert first.code_ran != second.code_ran


# --- What is told ---------------------------------------------------------------------------


def test_what_is_imported_again_is_in_the_history(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    run = sandbox.run("import importlib, m; importlib.reload(m)")
    assert [event.outcome for event in run.history] == ["miss", "hit"]
    assert run["m"] is run.history[0]
    assert sandbox.events == run.history


def test_what_is_not_observed_is_no_answer(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    event = sandbox.run("import sys; sys.setprofile(lambda *_: None); import m")["m"]
    assert event.not_observed
    assert _told(event) == ("not_observed", "created", "profiler")
    for outcome in (
        "hit",
        "miss",
        "stale",
        "stale_hit",
        "invalid",
        "sourceless",
        "orphan",
        "bypassed",
    ):
        with pytest.raises(PycInspectError, match="m was not observed: profiler"):
            getattr(event, outcome)


def test_an_event_that_was_observed_comes_first(sandbox: Pycache) -> None:
    """Its cache is written by somebody else afterwards."""
    sandbox.write("m", "x = 1")
    run = sandbox.run(
        "import m, py_compile, os; os.remove(m.__cached__); py_compile.compile('m.py')"
    )
    assert [event.outcome for event in run.history] == ["miss", "not_observed"]
    assert run["m"].miss
    assert run.history[1].written == "rewritten"


def test_code_that_runs_without_an_importer_is_bypassed(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    run = sandbox.run("import runpy; runpy.run_path('m.py')")
    assert _told(run["<run_path>"]) == ("bypassed", False, "not_imported")


def test_an_error_of_ours_is_raised_where_the_run_was_asked_for(
    sandbox: Pycache, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.write("m", "import sys\nsys.stdout.write('ran')")

    def hear(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Inquiry, "hear", hear)
    with pytest.raises(ZeroDivisionError, match="ours"):
        sandbox.run("import m")
    with pytest.raises(ZeroDivisionError, match="ours"):
        sandbox.import_("m")


def test_a_process_that_dies_has_told_before(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    run = sandbox.run("import m, os; os._exit(7)")
    assert (run.returncode, run["m"].written, run.imported) == (7, "created", ())


# --- python -m ------------------------------------------------------------------------------


def _program(sandbox: Pycache) -> None:
    sandbox.write("core", "x = 1")
    sandbox.write(
        "tool", "import sys, core\nprint(__name__, sys.argv[1:], sys.path[0])\nsys.exit(3)"
    )
    sandbox.write("pkg.__main__", "import core\nprint(__package__)")


@pytest.mark.parametrize("python", [None, "3.8", "pypy3.9"])
def test_a_module_as_a_program(sandbox: Pycache, python: str | None) -> None:
    _program(sandbox)
    run = sandbox.run_module("tool", "-x", "y", python=python)
    assert run.stdout == f"__main__ ['-x', 'y'] {sandbox.root}\n"
    assert (run.returncode, run.raised) == (3, "SystemExit: 3")
    assert [_told(run[name]) for name in ("tool", "core")] == [("miss", "created", "absent")] * 2
    assert sandbox.run_module("tool", python=python)["tool"].hit


def test_a_package_as_a_program(sandbox: Pycache) -> None:
    _program(sandbox)
    run = sandbox.run_module("pkg", flags=["-B"])
    assert run.stdout == "pkg\n"
    assert [(name, run[name].written) for name in run] == [
        ("pkg", False),
        ("pkg.__main__", False),
        ("core", False),
    ]


def test_a_program_that_is_not_there(sandbox: Pycache) -> None:
    run = sandbox.run_module("nothing")
    assert (run.returncode, [*run]) == (1, [])
    assert "No module named nothing" in run.stderr


# --- What a cache is ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["timestamp", "checked-hash", "unchecked-hash"])
def test_how_a_cache_is_tied_to_its_source(sandbox: Pycache, mode: str) -> None:
    sandbox.write("m", "x = 1")
    path = sandbox.compile("m", mode)  # type: ignore[arg-type]
    facts = sandbox.cache("m")
    assert (facts.path, facts.invalidation, facts.optimize) == (path, mode, 0)
    assert sandbox.import_("m").cache == facts
    sandbox.edit("m", "x = 22")
    event = sandbox.run("import m", flags=["--check-hash-based-pycs", "always"])["m"]
    assert event.cache == sandbox.cache("m")
    assert (
        event.cache.invalidation == mode
    )  # which the importer keeps, where it looks at the source


@pytest.mark.skipif(os.name != "posix", reason="the permissions of POSIX")
@pytest.mark.parametrize(
    ("source", "umask", "mode"),
    [(0o644, 0o022, 0o644), (0o600, 0o022, 0o600), (0o444, 0, 0o644), (0o666, 0o027, 0o640)],
)
def test_the_mode_of_a_written_cache(sandbox: Pycache, source: int, umask: int, mode: int) -> None:
    os.chmod(sandbox.write("m", "x = 1"), source)
    event = sandbox.run(f"import os; os.umask({umask}); import m")["m"]
    assert event.cache is not None
    assert event.cache.mode == mode == os.stat(event.cache.path).st_mode & 0o777


def test_the_level_of_a_cache(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.optimize(2)
    event = sandbox.import_("m")
    assert event.cache is not None
    assert event.cache.optimize == 2
    assert sandbox.cache("m", optimize=2) == event.cache
    with pytest.raises(PycInspectError, match=r"no __pycache__/m\.cpython-\d+\.pyc"):
        sandbox.cache("m", optimize=0)


def test_a_cache_whose_header_says_nothing(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.compile("m")
    sandbox.corrupt("m", flags=2)
    assert sandbox.cache("m").invalidation is None
    sandbox.corrupt("m", truncate=3)
    assert sandbox.cache("m").invalidation is None


def test_the_cache_of_a_python_that_has_one_mode(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    event = sandbox.run("import m", python="3.6", flags=["-O"])["m"]
    assert event.cache is not None
    assert (event.cache.invalidation, event.cache.optimize) == ("timestamp", 1)


# --- Zip files ------------------------------------------------------------------------------


def _from_zip(sandbox: Pycache, python: str | None) -> Run:
    return sandbox.run("import m", env={"PYTHONPATH": "lib.zip"}, python=python)


@pytest.mark.parametrize("python", ["2.7", "3.6", "3.8", "3.10", "pypy3.9", None])
def test_zip_files_on_every_python(sandbox: Pycache, python: str | None) -> None:
    sandbox.write("m", "x = 1", mtime=T)
    cache = sandbox.compile("m", legacy=True, python=python)
    sandbox.pack("lib.zip", "m")
    event = _from_zip(sandbox, python)["m"]
    # Up to 3.7 the importer is C: what is in the source cannot be asked.
    expected = ("hit", False) if python not in {"2.7", "3.6"} else ("not_observed", "unknown")
    assert (event.outcome, event.written) == expected
    assert event.pyc == os.path.join(sandbox.root, "lib.zip", os.path.basename(cache))


def test_what_is_not_there_is_not_packed(sandbox: Pycache) -> None:
    with pytest.raises(PycInspectError, match=r"no m\.py"):
        sandbox.pack("lib.zip", "m")
    assert not sandbox.changes()
