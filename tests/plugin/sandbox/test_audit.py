"""What becomes of a project's own caches: ``pycache_audit`` and the session's report."""

from __future__ import annotations

import marshal
import os
import py_compile
import sys
from pathlib import Path

import pytest

from pytest_pycinspect.sandbox import PycacheAudit
from pytest_pycinspect.sandbox.audit import Caches

T = 1_700_000_000


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two modules that have caches."""
    for name in ("one", "two"):
        _write(tmp_path / f"{name}.py", "x = 1")
        py_compile.compile(str(tmp_path / f"{name}.py"))
    return tmp_path


def _write(path: Path, text: str, mtime: int = T) -> None:
    path.write_text(text)
    os.utime(path, (mtime, mtime))


def _cache(project: Path, name: str) -> Path:
    (found,) = (project / "__pycache__").glob(f"{name}.*")
    return found


def _audit(project: Path, prefix: str | None = None) -> PycacheAudit:
    return PycacheAudit(Caches(os.path.realpath(project), ["skipped*", ".*"], prefix))


def test_nothing_happens(project: Path) -> None:
    audit = _audit(project)
    assert repr(audit) == (
        "<PycacheAudit created [], rewritten [], removed [], stale [], orphaned []>"
    )


def test_everything_happens(project: Path) -> None:
    audit = _audit(project)
    one, two = _cache(project, "one"), _cache(project, "two")
    _write(project / "three.py", "x = 3")
    py_compile.compile(str(project / "three.py"))
    assert audit.created == [f"__pycache__/{_cache(project, 'three').name}"]
    py_compile.compile(str(project / "one.py"))
    assert audit.rewritten == [f"__pycache__/{one.name}"]
    _write(project / "one.py", "x = 22")
    assert audit.stale == [f"__pycache__/{one.name}"]
    (project / "two.py").unlink()
    assert audit.orphaned == [f"__pycache__/{two.name}"]
    two.unlink()
    assert audit.removed == [f"__pycache__/{two.name}"]


def test_a_cache_that_is_not_what_its_source_says(project: Path) -> None:
    audit = _audit(project)
    assert audit.unverified == []
    cache = _cache(project, "one")
    forged = cache.read_bytes().replace(b"\xe9\x01\0\0\0", b"\xe9\x02\0\0\0")
    if forged == cache.read_bytes():  # small numbers are in the instructions (3.14)
        forged = forged[:16] + marshal.dumps(compile("x = 2", str(project / "one.py"), "exec"))
    cache.write_bytes(forged)
    assert audit.stale == []
    assert audit.unverified == [f"__pycache__/{cache.name}"]
    _write(project / "one.py", "x = 33")  # now it is stale, and says nothing of its source
    assert audit.unverified == []


def test_what_was_so_before_is_not_counted(project: Path) -> None:
    _write(project / "one.py", "x = 22")
    (project / "two.py").unlink()
    audit = _audit(project)
    assert (audit.stale, audit.orphaned) == ([], [])
    assert (audit.already("stale"), audit.already("orphan")) == (1, 1)


def test_caches_of_pytest_and_of_other_pythons_are_judged_by_their_own_rules(project: Path) -> None:
    directory = project / "__pycache__"
    fresh = _cache(project, "one").read_bytes()
    tag = _cache(project, "one").name.split(".")[1]
    (directory / f"one.{tag}-pytest-9.2.0.pyc").write_bytes(fresh)
    (directory / f"gone.{tag}-pytest-9.2.0.pyc").write_bytes(fresh)
    (directory / "one.cpython-38.opt-1.pyc").write_bytes(fresh)
    (directory / "one.strange.name.pyc").write_bytes(fresh)
    caches = Caches(os.path.realpath(project), [], None)
    states = {os.path.basename(path): caches.state(path) for path in caches.paths()}
    assert states[f"one.{tag}-pytest-9.2.0.pyc"] == "fresh"
    assert states[f"gone.{tag}-pytest-9.2.0.pyc"] == "orphan"
    assert states["one.cpython-38.opt-1.pyc"] == "invalid"
    assert states["one.strange.name.pyc"] == "unknown"


def test_directories_that_are_not_the_projects(project: Path) -> None:
    for name in ("skipped", ".hidden", "environment", "package"):
        directory = project / name / "__pycache__"
        directory.mkdir(parents=True)
        (directory / "gone.cpython-312.pyc").write_bytes(b"")
    (project / "environment" / "pyvenv.cfg").write_text("")
    assert _audit(project).already("orphan") == 1


def test_caches_below_a_prefix(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    prefix = os.path.realpath(tmp_path_factory.mktemp("prefix"))
    cache = Path(prefix + os.path.realpath(project), "one.cpython-312.pyc")
    cache.parent.mkdir(parents=True)
    audit = _audit(project, prefix)
    cache.write_bytes(b"")
    assert len(audit.created) == 1
    (project / "one.py").unlink()
    assert len(audit.orphaned) == 2


# --- The session's report -------------------------------------------------------------------

SESSION = """
    import os

    def test_it():
        import helper
        for name in ("stale", "gone"):
            __import__(name)
        with open("stale.py", "a") as stream:
            stream.write("x = 22")
        os.remove("gone.py")
"""


def _let_caches_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """By this process and by workers, whatever the shell says."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose test leaves one cache stale and one orphaned."""
    _let_caches_be_written(monkeypatch)
    pytester.makepyfile(test_it=SESSION, helper="", stale="", gone="")
    py_compile.compile(str(pytester.path / "helper.py"))
    return pytester


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "workers"])
def test_report_of_a_session(workers: list[str], session: pytest.Pytester) -> None:
    result = session.runpytest("--pycinspect-cache-report", "-p", "no:randomly", *workers)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*= pycinspect: caches =*",
            "read 1, created 3, rewritten 0, removed 0, stale 1, orphan 1",
            "stale     __pycache__/stale.*.pyc",
            "orphan    __pycache__/gone.*.pyc",
        ]
    )


def test_what_pytest_rewrites_is_read_too(session: pytest.Pytester) -> None:
    session.makepyfile(test_it="import helper\ndef test_it(): assert helper")
    session.makeconftest("import helper")
    report = ("--pycinspect-cache-report", "-p", "no:randomly")
    first = session.runpytest_subprocess(*report)
    first.stdout.fnmatch_lines(["read 1, created 2, *"])
    second = session.runpytest_subprocess(*report)
    second.stdout.fnmatch_lines(["read 3, created 0, *"])
    third = session.runpytest_subprocess(*report, "-n", "1")
    third.stdout.fnmatch_lines(["read 3, created 0, *"])


def test_what_is_stale_and_may_not_be_written_is_not_read(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.makepyfile(test_it="import helper\ndef test_it(): assert helper.x")
    session.makepyfile(helper="x = 1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    result = session.runpytest_subprocess("--pycinspect-cache-report", "-p", "no:randomly")
    result.stdout.fnmatch_lines(["read 0, created 0, *"])


@pytest.mark.parametrize(
    "options",
    [
        ["--pycinspect-cache-report=fail-on=stale,orphan", "-n", "1"],
        ["-o", "pycinspect_cache_fail_on=stale orphan"],
    ],
    ids=["option", "setting"],
)
def test_session_that_fails(options: list[str], session: pytest.Pytester) -> None:
    result = session.runpytest("-p", "no:randomly", *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "failed: the session left caches stale (fail-on)",
            "failed: the session left caches orphan (fail-on)",
        ]
    )


def test_session_that_leaves_nothing_does_not_fail(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_caches_be_written(monkeypatch)
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest("--pycinspect-cache-report=fail-on=stale,orphan,removed")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["read 0, created 1, rewritten 0, removed 0, stale 0, orphan 0"])


@pytest.mark.parametrize("option", ["stale", "fail-on=old"])
def test_nonsense_is_refused(option: str, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest(f"--pycinspect-cache-report={option}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_report_without_a_terminal_and_without_xdist(session: pytest.Pytester) -> None:
    options = ["-p", "no:terminal", "-p", "no:xdist", "--pycinspect-cache-report=fail-on=stale"]
    assert session.runpytest_subprocess(*options).ret == pytest.ExitCode.TESTS_FAILED


def test_audit_as_a_fixture(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    _let_caches_be_written(monkeypatch)
    pytester.makepyfile(
        helper="",
        test_it="""
        def test_it(pycache_audit):
            import helper
            (created,) = pycache_audit.created
            assert created.startswith("__pycache__/helper.")
            assert not pycache_audit.removed
        """,
    )
    pytester.runpytest().assert_outcomes(passed=1)
