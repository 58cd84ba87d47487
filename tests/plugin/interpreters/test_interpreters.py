"""Tests that run once for each Python they name."""

from __future__ import annotations

import sys

import pytest

from tests.oracles import find_oracle

MARKED = """
    import pytest, subprocess

    @pytest.mark.interpreters({versions})
    def test_version(interpreter):
        command = [interpreter, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        assert said == interpreter.dialect.version and interpreter.version.startswith(said)
        assert interpreter.name == f"cpython-{{said}}"
"""


def test_one_run_for_each_that_is_found_and_a_reason_for_the_missing(
    pytester: pytest.Pytester,
) -> None:
    here = "{}.{}".format(*sys.version_info)
    pytester.makepyfile(MARKED.format(versions=f"'{here}', '3.99'"))
    result = pytester.runpytest("-v", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [f"*::test_version?{here}? PASSED*", "*no interpreter 3.99 is installed here*"]
    )


def test_another_python(pytester: pytest.Pytester) -> None:
    if find_oracle("cpython-3.9") is None:
        pytest.skip("Python 3.9 is not installed")
    pytester.makepyfile(MARKED.format(versions="'3.9'"))
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_missing_one_fails_where_it_is_required(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED.format(versions="'3.99'"))
    result = pytester.runpytest("--pycinspect-require-interpreters")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs an interpreter: no interpreter 3.99*"])


def test_without_versions_it_is_those_of_the_settings(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED.format(versions=""))
    pytester.makeini(f"[pytest]\npycinspect_pythons = {sys.executable}\n")
    result = pytester.runpytest("-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*::test_version?{sys.executable}? PASSED*"])


def test_a_given_path_is_preferred_to_what_a_search_would_find(
    pytester: pytest.Pytester,
) -> None:
    here = "{}.{}".format(*sys.version_info)
    pytester.makepyfile(f"""
        def test_path(interpreters):
            assert interpreters["{here}"].path == {sys.executable!r}
            assert [python.path for python in interpreters] == [{sys.executable!r}]
            assert "3.99" not in interpreters and "{here}" in interpreters
    """)
    pytester.runpytest(f"--pycinspect-python={sys.executable}").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            "@pytest.mark.interpreters(3.10)\ndef test_a(interpreter): pass",
            "*interpreters(3.1): write the version as text, '3.10'",
        ),
        (
            "@pytest.mark.interpreters('3.10')\ndef test_a(): pass",
            "*test_a: marked interpreters, but without the fixture interpreter",
        ),
        ("def test_a(interpreter): pass", "*the fixture interpreter needs the mark*"),
        (
            "def test_a(interpreters): interpreters['3.9']",
            "*--pycinspect-python, pycinspect_pythons: there is no executable 'no-such'",
        ),
    ],
    ids=["no text", "no fixture", "no mark", "no executable"],
)
def test_mistakes_are_named(pytester: pytest.Pytester, test: str, message: str) -> None:
    pytester.makepyfile(f"import pytest\n{test}\n")
    result = pytester.runpytest("--pycinspect-python=no-such")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines([message])


def test_workers_agree_on_the_names_of_tests(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    here = "{}.{}".format(*sys.version_info)
    pytester.makepyfile(MARKED.format(versions=f"'{here}', '3.99'"))
    pytester.runpytest("-n", "2").assert_outcomes(passed=1, skipped=1)
