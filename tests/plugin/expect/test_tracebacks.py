"""No frame of the plugin is in a traceback, whatever a check raises."""

from __future__ import annotations

import re

import pytest

MISTAKES = {
    "no_such_line": "bytecode_of(f).at(99)",
    "no_such_name": "bytecode_of(f).at('name')",
    "no_such_code": "bytecode_of(f)['g']",
    "no_bytecode": "bytecode_of(3)",
    "builtin": "bytecode_of(int)",
    "not_compiled": "bytecode_of('def')",
    "not_there": "bytecode_of('nowhere/at_all.py')",
    "no_python": "bytecode_of(f, python='3.0')",
    "no_view": "bytecode_of(f, view='none')",
    "vacuous": "assert 'LOAD_METHOD' not in bytecode_of(f)",
    "unknown": "assert 'LOAD_FASST' in bytecode_of(f)",
    "impossible": "assert 'COMPARE_OP in' not in bytecode_of(f)",
    "pattern": "assert bytecode_of(f).matches('LOAD_FAST x; return')",
    "operand": "assert bytecode_of(f) == op.LOAD_FAST(1, 2)",
    "nothing": "assert 'CALL' not in bytecode_of(f)[99:]",
    "snippet": "assert bytecode_of(f).contains_code('1 +')",
    "not_met": "assert bytecode_of(f).matches('RETURN_VALUE')",
    "check": "bytecode_of(f).check('RETURN_VALUE')",
    "compare": "assert bytecode_of(f) == 'RETURN_VALUE'",
    "adaptive": "compiled('x').adaptive",
    "specialized": "specialized(len, [])",
    "raises": "specialized(f, None)",
    "unpicklable": "specialized(f, lambda: 1)",
    "golden": "assert bytecode_of(f) == bytecode_golden",
    "sandbox": "pycache.import_('nowhere')",
    "sandbox_compile": "pycache.compile('nowhere')",
    "sandbox_field": "pycache.write('m', 'x = 1'); pycache.corrupt('m', colour=1)",
    "interpreter": "interpreters['3.0']",
}  # fmt: skip
FIXTURES = "bytecode_of, compiled, specialized, bytecode_golden, pycache, interpreters"


@pytest.mark.parametrize("style", ["long", "short", "auto"])
def test_no_frame_is_ours(pytester: pytest.Pytester, style: str) -> None:
    tests = "".join(f"""
        def test_{name}({FIXTURES}):
            {check}
    """ for name, check in MISTAKES.items())  # fmt: skip
    pytester.makepyfile(f"""
        from pytest_pycinspect import op

        def f(x):
            return x + 1
        {tests}
    """)
    result = pytester.runpytest_inprocess(
        f"--tb={style}", "--pycinspect-require-interpreters", "-p", "no:randomly"
    )
    output = result.stdout.str()
    result.assert_outcomes(failed=len(MISTAKES))
    frames = set(re.findall(r"^(\S+?):\d+: ", output, re.MULTILINE))
    assert frames == {"test_no_frame_is_ours.py"}
    assert "direct cause" not in output
    assert "During handling" not in output


def test_a_fixture_that_fails_shows_what_it_says_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.pycache(mode="nonsense")
        def test_it(pycache):
            pass
    """)
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(errors=1)
    assert not re.findall(r"^\S+\.py:\d+: ", result.stdout.str(), re.MULTILINE)
    result.stdout.fnmatch_lines(["*nonsense*"])


def test_frames_of_others_stay(pytester: pytest.Pytester) -> None:
    """What a conftest does with a constant is its own mistake."""
    pytester.makeconftest("""
        def pytest_pycinspect_normalize_operand(value):
            return value.no_such_attribute
    """)
    pytester.makepyfile("""
        def f():
            return 2.5

        def test_it(bytecode_of):
            assert "LOAD_CONST 2" not in bytecode_of(f)
    """)
    output = pytester.runpytest_inprocess("-p", "no:randomly").stdout.str()
    frames = set(re.findall(r"^(\S+?):\d+: ", output, re.MULTILINE))
    assert {"conftest.py", "test_frames_of_others_stay.py"} <= frames
    assert not any("pytest_pycinspect" in frame for frame in frames)


def test_a_mistake_of_our_own_is_shown_in_full(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_pycinspect.subjects.subject.code_in", lambda _, wrapped: object())
    pytester.makepyfile("def test_it(bytecode_of): bytecode_of(print)")
    output = pytester.runpytest_inprocess("-p", "no:randomly").stdout.str()
    assert "AttributeError" in output
    assert "subject.py" in output


def test_all_frames_are_there_where_they_are_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(bytecode_of): bytecode_of(3)")
    output = pytester.runpytest_inprocess("-p", "no:randomly", "--full-trace").stdout.str()
    assert "subject.py" in output
