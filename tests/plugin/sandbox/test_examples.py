"""The examples of the documentation, as a new user would run them, in every environment."""

from __future__ import annotations

import os
import sys

import pytest

from tests.privileges import NOBODY

EXAMPLES = """
    import pytest

    def run_my_tool():
        pass

    def test_second_import_hits(pycache):
        pycache.write("m", "x = 1")
        assert pycache.import_("m").written == "created"
        assert pycache.import_("m").hit

    def test_same_second_edit_is_missed(pycache):
        pycache.write("m", "x = 1", mtime=1_700_000_000)
        pycache.import_("m")
        pycache.edit("m", "x = 2", keep_mtime=True)              # same size
        event = pycache.run("import m; print(m.x)")
        assert event["m"].outcome == "stale_hit" and event.stdout == "1\\n"

    def test_checked_hash_survives_checkout(pycache):
        pycache.write("m", "x = 1"); pycache.compile("m", mode="checked-hash")
        pycache.touch("m", "+1h")
        assert pycache.import_("m").hit and not pycache.changes()

    @pytest.mark.parametrize("python", ["3.9", "3.13"])
    def test_python_recompiles_nothing(pycache, python):
        pycache.write("m", "x = 1"); pycache.run("import m", python=python)
        assert pycache.run("import m", python=python)["m"].hit

    def test_dash_B_reads_but_never_writes(pycache):
        pycache.write("m", "x = 1")
        e = pycache.run("import m", flags=["-B"])["m"]
        assert e.miss and not e.written and e.why.code == "write_disabled"

    def test_readonly_dir(pycache):
        pycache.write("m", "x = 1"); pycache.readonly(".")
        assert pycache.import_("m").why.code == "dir_not_writable"

    def test_my_tool_leaves_caches_alone(pycache_audit):
        run_my_tool()
        assert pycache_audit.rewritten == []
"""
OTHER_PYTHON = """
    import pytest

    @pytest.mark.interpreters("3.9", "3.13")
    def test_other_python_recompiles_nothing(pycache, interpreter):
        pycache.write("m", "x = 1"); pycache.run("import m", python=interpreter)
        assert pycache.run("import m", python=interpreter)["m"].hit
"""
#: Root is told that chmod is void for it.
IS_ROOT = NOBODY is not None
OUTCOMES = {"passed": 7 if IS_ROOT else 8, "skipped": 1 if IS_ROOT else 0}

ENVIRONMENTS = {
    "plain": {},
    "no caches": {"PYTHONDONTWRITEBYTECODE": "1"},
    "prefix": {"PYTHONPYCACHEPREFIX": "elsewhere", "SOURCE_DATE_EPOCH": "1"},
    "level 2": {"PYTHONOPTIMIZE": "2"},
}
OPTIONS = {
    "plain asserts": ["--assert=plain"],
    "no rewriting": ["-p", "no:assertion"],
    "no cache of pytest's, no xdist": ["-p", "no:cacheprovider", "-p", "no:xdist"],
    "workers": ["-n", "4", "--pycinspect-cache-report"],
}


@pytest.fixture(autouse=True)
def _like_any_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PYTHOND", "PYTHONO", "COV"))]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_examples_whatever_the_shell_says(
    environment: dict[str, str], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(EXAMPLES)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    pytester.runpytest_subprocess("-W", "ignore").assert_outcomes(**OUTCOMES)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_examples_whatever_pytest_is_told(options: list[str], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(EXAMPLES)
    pytester.runpytest_subprocess(*options).assert_outcomes(**OUTCOMES)


@pytest.mark.parametrize("tracer", ["ctrace", "sysmon"])
def test_examples_under_coverage(
    tracer: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox observes with a profiler, coverage with a tracer or a monitoring tool."""
    pytest.importorskip("pytest_cov")
    if tracer == "sysmon" and not hasattr(sys, "monitoring"):
        pytest.skip("this Python has no sys.monitoring")
    pytester.makepyfile(EXAMPLES)
    monkeypatch.setenv("COVERAGE_CORE", tracer)
    result = pytester.runpytest_subprocess("--cov=.", "--cov-report=term")
    result.assert_outcomes(**OUTCOMES)
    result.stdout.fnmatch_lines(["TOTAL*"])


def test_example_with_interpreters(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER_PYTHON)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
