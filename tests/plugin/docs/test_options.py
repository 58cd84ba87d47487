"""An option whose value can be left out leaves the path behind it alone."""

from __future__ import annotations

import pytest

OPTIONS = ("--pycinspect-update", "--pycinspect-cache-report")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Two folders of tests; one of them adds an option, as only a first conftest.py can."""
    monkeypatch.delenv("CI", raising=False)
    for folder in ("tests", "others"):
        (pytester.path / folder).mkdir()
        test = f"def test_{folder}(): pass\n"
        (pytester.path / folder / f"test_{folder}.py").write_text(test, "utf-8")
    conftest = "def pytest_addoption(parser): parser.addoption('--mine')\n"
    (pytester.path / "tests" / "conftest.py").write_text(conftest, "utf-8")
    return pytester


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("args", [("{}", "tests"), ("tests", "{}"), ("-q", "{}", "--", "tests")])
def test_a_path_behind_it(project: pytest.Pytester, option: str, args: tuple[str, ...]) -> None:
    result = project.runpytest(*(arg.format(option) for arg in args))
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("option", OPTIONS)
def test_the_conftest_of_a_path_behind_it_is_loaded_first(
    project: pytest.Pytester, option: str
) -> None:
    project.runpytest(option, "tests", "--mine=1").assert_outcomes(passed=1)


@pytest.mark.parametrize("option", OPTIONS)
def test_in_addopts(project: pytest.Pytester, option: str) -> None:
    project.makeini(f"[pytest]\naddopts = {option}\n")
    project.runpytest("tests").assert_outcomes(passed=1)


def test_values_are_in_the_same_word(project: pytest.Pytester) -> None:
    result = project.runpytest("--pycinspect-update", "create", "tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*file or directory not found: create"])
    result = project.runpytest("--pycinspect-update=create", "tests")
    result.assert_outcomes(passed=1)
    result = project.runpytest("--pycinspect-cache-report=fail-on=removed", "tests")
    result.stdout.fnmatch_lines(["*pycinspect: caches*"])
