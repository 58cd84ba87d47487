"""What the sandbox's calls do, each by what an import makes of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from pycinspect.cache import REASONS
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pytest_pycinspect.sandbox import CacheEvent, Pycache, SandboxDisagreement, judging
from pytest_pycinspect.sandbox.children import NamedInterpreter
from pytest_pycinspect.sandbox.reasons import OUTCOME_OF
from tests.differential.trees import ordinary_user, workspace

T = 1_700_000_000


@pytest.fixture
def sandbox(tmp_path: Path) -> Pycache:
    return Pycache(tmp_path)


# --- Files ----------------------------------------------------------------------------------


def test_packages_above_a_module_are_made(sandbox: Pycache) -> None:
    sandbox.write("a.b.c", "x = 1")
    assert [*sandbox.run("import a.b.c")] == ["a", "a.b", "a.b.c"]


def test_a_directory_without_init_is_bypassed(sandbox: Pycache) -> None:
    sandbox.write("a.b", "x = 1")
    sandbox.delete("a.__init__")
    run = sandbox.run("import a.b")
    assert (run["a"].outcome, run["a"].why.code) == ("bypassed", "namespace_package")
    assert run["a.b"].miss


@pytest.mark.parametrize(
    ("mtime", "expected"),
    [(5, 5), (2.5, 2.5), ("same", T), ("+1s", T + 1), ("-2h", T - 7200), ("+500ms", T + 0.5)],
)
def test_times(sandbox: Pycache, mtime: float | str, expected: float) -> None:
    path = sandbox.write("m", "x = 1", mtime=T)
    sandbox.touch("m", mtime)
    assert os.stat(path).st_mtime == expected


def test_what_is_no_time_is_refused(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    with pytest.raises(PycInspectError, match="'tomorrow' is not a time"):
        sandbox.touch("m", "tomorrow")


def test_an_edit_is_seen_however_fast_it_comes(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.import_("m")
    sandbox.edit("m", "x = 2")
    assert sandbox.import_("m").stale


def test_size_can_be_kept(sandbox: Pycache) -> None:
    sandbox.write("m", "value = 1", mtime=T, pad_to=20)
    sandbox.import_("m")
    sandbox.edit("m", "x = 2", keep_mtime=True, keep_size=True)
    assert sandbox.import_("m").stale_hit
    with pytest.raises(PycInspectError, match="more than 20"):
        sandbox.edit("m", "x" * 21, keep_size=True)


def test_what_is_not_there_is_named_with_what_is(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    with pytest.raises(PycInspectError, match=r"no n.py; its modules: m"):
        sandbox.edit("n", "x = 1")
    with pytest.raises(PycInspectError, match=r"no n.py; its modules: m"):
        sandbox.import_("n")


def test_a_moved_source_leaves_its_cache_behind(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    ran = sandbox.import_("m").code_ran
    sandbox.move("m", "pkg.n")
    assert sandbox.import_("m").orphan
    assert sandbox.run("import pkg.n")["pkg.n"].code_ran == ran


def test_a_cache_in_the_place_of_its_source(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.compile("m", legacy=True)
    assert sandbox.import_("m").miss  # beside the source it is not looked at
    sandbox.delete("m")
    event = sandbox.import_("m")
    assert event.sourceless
    assert event.pyc == os.path.join(sandbox.root, "m.pyc")


# --- Outcomes -------------------------------------------------------------------------------


def _corrupt(**fields: object) -> Callable[[Pycache], object]:
    return lambda sandbox: sandbox.corrupt("m", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("damage", "outcome", "why"),
    [
        (_corrupt(magic="3.8"), "invalid", "magic_other: cpython-3.8"),
        (_corrupt(magic=b"abcd"), "invalid", "magic_unknown"),
        (_corrupt(flags=4), "invalid", "flags_unknown"),
        (_corrupt(truncate=7), "invalid", "header_short"),
        (_corrupt(mtime=5), "stale", f"mtime_differs: header 5, source {T}"),
        (_corrupt(size=5), "stale", "size_differs: header 5, source 6"),
        (_corrupt(truncate=20), "invalid", "payload_truncated"),
        (_corrupt(payload=b""), "invalid", "empty_payload"),
        (_corrupt(payload=b"N"), "invalid", "payload_not_code"),
        (lambda sandbox: sandbox.touch("m", "+1s"), "stale", f"mtime_differs: header {T}, source {T + 1}"),
        (lambda sandbox: sandbox.write("m", "x = 2\n", mtime=T), "stale_hit", "source_differs"),
        (lambda sandbox: sandbox.write("m", "(    \n", mtime=T), "stale_hit", "source_differs"),
        (lambda sandbox: sandbox.delete("m"), "orphan", "cache_without_source"),
        (lambda sandbox: sandbox.optimize(1), "miss", "wrong_opt_level"),
    ],
)  # fmt: skip
def test_every_damage_has_its_outcome(
    sandbox: Pycache, damage: Callable[[Pycache], object], outcome: str, why: str
) -> None:
    sandbox.write("m", "x = 1\n", mtime=T)
    sandbox.compile("m")
    damage(sandbox)
    event = sandbox.import_("m")
    assert event.outcome == outcome
    assert str(event.why).startswith(why)
    assert getattr(event, outcome)


def test_hashes(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.compile("m", "checked-hash")
    sandbox.corrupt("m", hash=bytes(8))
    event = sandbox.import_("m")
    assert (event.stale, event.written, event.why.code) == (True, "rewritten", "hash_differs")
    sandbox.compile("m", "unchecked-hash")
    sandbox.edit("m", "x = 2")
    assert sandbox.import_("m").stale_hit
    run = sandbox.run("import m", flags=["--check-hash-based-pycs", "always"])
    assert run["m"].stale


def test_a_source_that_does_not_compile(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1", mtime=T)
    sandbox.compile("m")
    sandbox.edit("m", "(")
    for event in (sandbox.import_("m"), sandbox.run("import m")["m"]):
        assert (event.outcome, event.written, event.code_ran) == ("stale", False, None)
        assert event.raised is not None
        assert event.raised.startswith("SyntaxError")


def test_a_module_that_raises_has_its_cache(sandbox: Pycache) -> None:
    sandbox.write("m", "raise ValueError('no')")
    event = sandbox.import_("m")
    assert (event.written, event.raised) == ("created", "ValueError: no")
    assert "m" not in sys.modules


def test_a_package_that_cannot_be_imported(sandbox: Pycache) -> None:
    sandbox.write("a.b", "x = 1")
    sandbox.edit("a", "(")
    with pytest.raises(PycInspectError, match=r"a\.b was not imported.*SyntaxError"):
        sandbox.import_("a.b")


def test_every_reason_has_an_outcome() -> None:
    assert set(REASONS) == set(OUTCOME_OF)


def test_disagreement_is_loud(sandbox: Pycache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict for other options stands for a verdict that is wrong."""
    sandbox.write("m", "x = 1")
    sandbox.import_("m")
    sandbox.edit("m", "x = 2")
    real = judging.judge

    def wrong(path: str, *rest: object, **options: object) -> object:
        sandbox._project.set_mtime(path, "-1s", os.stat(path).st_mtime_ns)
        verdict = real(path, *rest, **options)  # type: ignore[arg-type]
        sandbox._project.set_mtime(path, T, 0)
        return verdict

    sandbox.touch("m", T)
    sandbox.compile("m")
    monkeypatch.setattr(judging, "judge", wrong)
    with pytest.raises(SandboxDisagreement) as caught:
        sandbox.import_("m")
    assert "pycinspect says: cpython-" in str(caught.value)
    assert "compiles the source" in str(caught.value)
    assert "the cache was not written" in str(caught.value)


def test_what_the_program_changes_before_an_import_counts(sandbox: Pycache) -> None:
    sandbox.write("a", "open(__file__.replace('a.py', 'm.py'), 'w').write('x = 2')\nimport m")
    sandbox.write("m", "x = 1", mtime=T)
    sandbox.compile("m")
    event = sandbox.run("import a")["m"]
    assert (event.outcome, event.written, event.why.code) == ("stale", "rewritten", "mtime_differs")


# --- Environment ----------------------------------------------------------------------------


def test_settings_end_with_their_block(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    with sandbox.no_write():
        event = sandbox.import_("m")
        assert (event.miss, event.written, event.why.code) == (True, False, "write_disabled")
    with sandbox.prefix():
        event = sandbox.import_("m")
        assert event.pyc is not None
        assert event.pyc.startswith(os.path.join(os.path.dirname(sandbox.root), "caches"))
        assert sandbox.import_("m").hit
    with sandbox.optimize(2):
        assert str(sandbox.import_("m").pyc).endswith(".opt-2.pyc")
    assert sandbox.import_("m").miss


def test_a_file_in_the_place_of_the_directory(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.import_("m")
    with sandbox.pycache_is_file():
        event = sandbox.import_("m")
        assert (event.outcome, event.written, event.why.code) == (
            "miss",
            "failed",
            "not_a_directory",
        )
    assert sandbox.import_("m").hit
    assert not sandbox.changes().removed


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the permissions of POSIX")
def test_a_directory_that_cannot_be_written_to(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    sandbox.import_("m")  # loads what this user may not be able to read
    with workspace() as directory, ordinary_user(directory), Pycache(directory) as ours:
        ours.write("m", "x = 1")
        with ours.readonly():
            event = ours.import_("m")
            assert (event.miss, event.written) == (True, "failed")
            assert event.why.code == "dir_not_writable"
        assert ours.import_("m").written == "created"


def test_variables_and_options_of_a_run(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    code = "import m"
    assert not sandbox.run(code, env={"PYTHONDONTWRITEBYTECODE": "1"})["m"].written
    assert not sandbox.run(code, flags=["-B"])["m"].written
    assert str(sandbox.run(code, env={"PYTHONOPTIMIZE": "1"})["m"].pyc).endswith(".opt-1.pyc")
    assert str(sandbox.run(code, flags=["-OO"])["m"].pyc).endswith(".opt-2.pyc")
    isolated = sandbox.run(code, flags=["-I"], env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert isolated["m"].written == "created"
    with pytest.raises(PycInspectError, match="no option of Python"):
        sandbox.run(code, flags=["--nonsense"])


def test_a_prefix_that_is_relative(sandbox: Pycache) -> None:
    """To the directory of the run, which is the project."""
    sandbox.write("m", "x = 1")
    event = sandbox.run("import m", env={"PYTHONPYCACHEPREFIX": "caches"})["m"]
    assert event.written == "created"
    assert str(event.pyc).startswith(os.path.join(sandbox.root, "caches"))
    blank = ["-X", "pycache_prefix="]
    event = sandbox.run("import m", flags=blank, env={"PYTHONPYCACHEPREFIX": "caches"})["m"]
    assert os.path.dirname(str(event.pyc)) == os.path.join(sandbox.root, "__pycache__")


def test_an_interpreter_by_path_and_by_value(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    by_path = sandbox.run("import m", python=Path(sys.executable))["m"]
    value = NamedInterpreter(sys.executable, "of somebody", DIALECTS.running())
    by_value = sandbox.run("import m", python=value)["m"]
    assert (by_path.written, by_value.hit) == ("created", True)
    assert by_value.python == "of somebody"


# --- Runs -----------------------------------------------------------------------------------


def test_what_a_run_tells(sandbox: Pycache) -> None:
    sandbox.write("m", "import colorsys\nx = 1")
    run = sandbox.run("import m, sys; print(m.x); sys.stderr.write('e'); sys.exit(3)")
    assert (run.stdout, run.stderr, run.returncode) == ("1\n", "e", 3)
    assert run.imported == ("colorsys", "m")
    assert 0 < run.duration < 60
    assert [*run] == ["m"]


@pytest.mark.parametrize(
    ("code", "raised", "returncode"),
    [
        ("import m", None, 0),
        ("raise ValueError('here')", "ValueError: here", 1),
        ("raise KeyError", "KeyError", 1),
        ("import n", "ModuleNotFoundError: No module named 'n'", 1),
        ("import bad", "ZeroDivisionError: division by zero", 1),
        ("1 +", "SyntaxError: invalid syntax (<run>, line 1)", 1),
        ("import sys; sys.exit(3)", "SystemExit: 3", 3),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("import os; os._exit(7)", None, 7),
        ("try: import bad\nexcept ZeroDivisionError: pass", None, 0),
    ],
)
def test_what_a_run_ends_with(
    sandbox: Pycache, code: str, raised: str | None, returncode: int
) -> None:
    sandbox.write("m", "x = 1")
    sandbox.write("bad", "1 / 0")
    run = sandbox.run(code)
    assert (run.raised, run.returncode) == (raised, returncode)


def test_pytest_ends_with_no_exception(sandbox: Pycache) -> None:
    sandbox.write("test_m", "def test_it(): assert 0")
    run = sandbox.run_pytest()
    assert (run.raised, run.returncode) == (None, 1)


def test_what_was_not_imported_says_what_was(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    run = sandbox.run("import m\nraise ValueError('here')")
    assert run.returncode == 1
    assert "child.py" not in run.stderr
    with pytest.raises(
        KeyError, match=r"n is not in <Run m: miss; exit status 1>: ValueError: here"
    ):
        run["n"]


def test_a_run_that_dies_has_no_events(sandbox: Pycache) -> None:
    run = sandbox.run("import os; os._exit(7)")
    assert (run.returncode, [*run], run.imported) == (7, [], ())


def test_only_looking_for_a_module_is_no_import(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    assert [*sandbox.run("import importlib.util as u; u.find_spec('m')")] == []


def test_a_run_that_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(PycInspectError, match=r"more than 0\.2 seconds"):
        Pycache(tmp_path, seconds=0.2).run("while True: pass")


# --- Isolation ------------------------------------------------------------------------------


def test_this_process_is_as_it_was(sandbox: Pycache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "m", sys)  # somebody's module of the same name
    monkeypatch.setattr(sys, "pycache_prefix", "elsewhere")
    names = ("path", "meta_path", "path_hooks", "path_importer_cache")
    before = {name: getattr(sys, name).copy() for name in names}
    flags = sys.dont_write_bytecode, sys.pycache_prefix, sys.getprofile()
    sandbox.write("m", "import m2\nx = 1")
    sandbox.write("m2", "import sys\nsys.path.append('nowhere')\nsys.meta_path.clear()")
    assert sandbox.import_("m").written == "created"
    assert sys.modules["m"] is sys
    assert "m2" not in sys.modules
    assert {name: getattr(sys, name) for name in names} == before
    assert (sys.dont_write_bytecode, sys.pycache_prefix, sys.getprofile()) == flags


def test_import_hooks_do_not_get_in_between(sandbox: Pycache) -> None:
    """pytest rewrites what is called like a test; the project's modules it never sees."""
    assert sys.meta_path[0] is not PathFinder
    sandbox.write("test_m", "assert True")
    event = sandbox.import_("test_m")
    assert event.written == "created"
    assert "pytest" not in os.path.basename(str(event.pyc))


def test_a_profiler_keeps_its_place(sandbox: Pycache) -> None:
    """Then a child process imports."""
    sandbox.write("m", "x = 1")
    calls: list[str] = []
    sys.setprofile(lambda _frame, event, _arg: calls.append(event))
    try:
        event = sandbox.import_("m")
        assert sys.getprofile() is not None
    finally:
        sys.setprofile(None)
    assert event.written == "created"


# --- Changes --------------------------------------------------------------------------------


def test_changes_are_those_of_imports(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    assert not sandbox.changes()
    sandbox.import_("m")
    assert len(sandbox.changes().created) == 1
    sandbox.snapshot()
    sandbox.edit("m", "x = 2")
    sandbox.import_("m")
    pyc = sandbox.changes().rewritten
    assert len(pyc) == 1
    os.remove(os.path.join(sandbox.root, *pyc))
    assert sandbox.changes().removed == pyc
    assert str(sandbox.changes()) == f"removed {pyc[0]}"


def test_a_cache_that_is_replaced_by_its_like_is_rewritten(sandbox: Pycache) -> None:
    sandbox.write("m", "x = 1")
    path = sandbox.compile("m")
    content = Path(path).read_bytes()
    status = os.stat(path)
    os.remove(path)
    Path(f"{path}.other").write_bytes(b"takes the inode")
    Path(path).write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert sandbox.changes().rewritten


def test_events_are_told(tmp_path: Path) -> None:
    told: list[CacheEvent] = []
    sandbox = Pycache(tmp_path, observer=told.append)
    sandbox.write("a.b", "x = 1")
    event = sandbox.import_("a.b")
    assert [one.module for one in told] == ["a", "a.b"]
    assert told[-1] is event
    assert sandbox.events == tuple(told)


def test_a_codec_that_the_program_could_not_import_is_there_afterwards(sandbox: Pycache) -> None:
    """``encodings`` remembers for ever which codecs were not found."""
    sandbox.write(
        "m",
        "import sys\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        raise ImportError(name)\n"
        "sys.meta_path.insert(0, Nothing())\n"
        "try:\n    'a'.encode('cp1006')\nexcept LookupError:\n    missing = True\n",
    )
    sandbox.import_("m")
    assert "a".encode("cp1006") == b"a"
