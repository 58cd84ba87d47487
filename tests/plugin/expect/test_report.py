"""What pytest shows, however it is called."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

import pytest_pycinspect.marks
import pytest_pycinspect.reporting.report  # here, so that pytester does not load it anew each time  # noqa: F401
from tests.plugin.expect.goldens import check_golden

SOURCE = """
    def price(x):
        return x

    def render(x, total):
        total += price(x)
        total += price(x, 2)
        return total
"""
EXPECTED = """\
    LOAD_FAST total
    LOAD_GLOBAL price
    LOAD_FAST x
    CALL 1
    ...
    CALL 3
    BINARY_OP +=
    ...
"""
TESTS = f"""
    from app import price, render
    from pytest_pycinspect import op, pattern

    EXPECTED = {EXPECTED!r}

    def test_equal(bytecode_of):
        assert bytecode_of(render) == pattern(EXPECTED)

    def test_text(bytecode_of):
        assert EXPECTED == bytecode_of(render)

    def test_matches(bytecode_of):
        assert bytecode_of(render).matches(EXPECTED)

    def test_not_matches(bytecode_of):
        assert not bytecode_of(render).matches("...; CALL 2; ...")

    def test_check(bytecode_of):
        bytecode_of(render).check(EXPECTED)

    def test_in(bytecode_of):
        assert "LOAD_GLOBAL cost" in bytecode_of(render)

    def test_not_in(bytecode_of):
        assert op.LOAD_GLOBAL("price") not in bytecode_of(render)

    def test_unequal(bytecode_of):
        assert bytecode_of(price) != [op.LOAD_FAST("x"), op.RETURN_VALUE]

    def test_mistake(bytecode_of):
        assert bytecode_of(price) == "LOAD_FAST x; return"

    def test_good(bytecode_of):
        assert bytecode_of(price) == [op.LOAD_FAST("x"), op.RETURN_VALUE]
        assert "LOAD_GLOBAL" not in bytecode_of(price)
        assert not bytecode_of(price).matches("RETURN_VALUE")
"""
_PLUGIN = ("-p", "pytest_pycinspect.plugin", "-p", "no:cacheprovider", "-p", "no:randomly")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A module and tests of its bytecode, all but one of which fail."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(app=dedent(SOURCE), test_app=dedent(TESTS))
    pytester.syspathinsert()
    return pytester


def run(project: pytest.Pytester, *args: str) -> str:
    """Run the tests with the plugin; return what is shown, without what changes."""
    loaded = project_has_plugin(project)
    result = project.runpytest_inprocess(*(_PLUGIN[2:] if loaded else _PLUGIN), *args)
    return same_everywhere(result.stdout.str())


def project_has_plugin(project: pytest.Pytester) -> bool:
    """Return whether the plugin is installed, and so loaded anyway."""
    from importlib.metadata import entry_points

    return any(point.name == "pycinspect" for point in entry_points(group="pytest11"))


def same_everywhere(text: str) -> str:
    """Leave out what is not the same on every Python and at every run."""
    text = re.sub(r"Python 3\.\d+\.\d+\w*", "Python 3.X", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"in \d+\.\d\ds", "in 0.00s", text)
    text = re.sub(r"   \(raw: [A-Z_, ]+\)", "", text)
    lines = text.splitlines()
    return "\n".join(line for line in lines if not re.match("platform|rootdir|plugins", line))


def messages(output: str) -> str:
    """Return the names of tests that fail, and what is said about them."""
    wanted = re.compile(r"E |_{5}")
    return "\n".join(line for line in output.splitlines() if wanted.match(line))


# --- The messages --------------------------------------------------------------------------


def test_messages(project: pytest.Pytester) -> None:
    check_golden("pytest", messages(run(project, "--pycinspect-dump=never")))


def test_nothing_is_cut_without_vv_that_is_there_with_it(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("--pycinspect-dump=never", "-k", "equal or in or text")
    plain = messages(run(project, *args))
    assert messages(run(project, *args, "-vv")) == plain
    monkeypatch.setenv("CI", "true")
    assert messages(run(project, *args)) == plain
    assert "5 of 8 lines met" in plain
    assert "truncated" not in plain


def test_lines_fit_a_terminal_of_80_columns(project: pytest.Pytester) -> None:
    output = run(project, "-k", "equal or in or text or check", "--pycinspect-dump=never")
    assert max(len(line) for line in output.splitlines() if line.startswith("E ")) <= 80


# --- The section ---------------------------------------------------------------------------


def sections(output: str) -> list[str]:
    return re.findall(r"^-+ (bytecode [^-]+) -+$", output, re.MULTILINE)


_ALL = [*["bytecode mismatch: render"] * 3, "bytecode match: render"]
_ALL += [*["bytecode mismatch: render"] * 3, "bytecode match: price"]


def test_each_failure_has_a_section(project: pytest.Pytester) -> None:
    output = run(project)
    assert sections(output) == _ALL
    assert "1 passed" in output


def test_sections_without_rewritten_assertions(project: pytest.Pytester) -> None:
    """There, nobody is told of ``in``."""
    loaded = () if project_has_plugin(project) else _PLUGIN[:2]
    result = project.runpytest_subprocess(*loaded, *_PLUGIN[2:], "--assert=plain")
    assert sections(result.stdout.str()) == [*_ALL[:5], "bytecode match: price"]


def test_sections_survive_xdist(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    loaded = () if project_has_plugin(project) else _PLUGIN[:2]
    result = project.runpytest_subprocess(*loaded, *_PLUGIN[2:], "-n", "2")
    output = same_everywhere(result.stdout.str())
    assert sorted(sections(output)) == sorted(_ALL)
    assert "To paste:" in output


def test_options_say_when_there_is_a_section(project: pytest.Pytester) -> None:
    assert sections(run(project, "--pycinspect-dump=never")) == []
    always = run(project, "--pycinspect-dump=always", "-k", "good", "-rA")
    assert sections(always) == ["bytecode mismatch: price"]


def test_options_say_what_is_in_it(project: pytest.Pytester) -> None:
    plain = run(project, "-k", "test_equal")
    both = run(project, "-k", "test_equal", "--pycinspect-view=both")
    raw = run(project, "-k", "test_equal", "--pycinspect-view=raw")
    assert "RESUME" not in plain
    assert "RESUME" in raw
    assert "RESUME" in both
    assert plain.count("STORE_FAST") == raw.count("STORE_FAST") < both.count("STORE_FAST")


def test_a_later_failure_for_another_reason_has_no_section(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_other="""
        from app import price

        def test_other(bytecode_of):
            assert not bytecode_of(price).matches("RETURN_VALUE")
            assert 1 == 2
        """
    )
    assert sections(run(project, "test_other.py")) == []


@pytest.mark.parametrize("color", ["yes", "no"])
def test_colours_are_those_of_pytest(project: pytest.Pytester, color: str) -> None:
    loaded = () if project_has_plugin(project) else _PLUGIN[:2]
    args = (*loaded, *_PLUGIN[2:], f"--color={color}", "-k", "test_equal")
    output = project.runpytest_inprocess(*args).stdout.str()
    assert ("\x1b[31m!  " in output) is (color == "yes")


# --- Other ways to run ---------------------------------------------------------------------


def test_without_a_terminal(project: pytest.Pytester) -> None:
    loaded = () if project_has_plugin(project) else _PLUGIN[:2]
    result = project.runpytest_inprocess(*loaded, *_PLUGIN[2:], "-p", "no:terminal")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_passing_assertions_are_told_without_effect(project: pytest.Pytester) -> None:
    """With such a hook, pytest explains assertions that hold, too (pytest#12062)."""
    project.makeconftest(
        """
        def pytest_assertion_pass(item, lineno, orig, expl):
            print("passed", orig)
        """
    )
    project.makeini("[pytest]\nenable_assertion_pass_hook = true\n")
    output = run(project, "-k", "good", "-rA")
    assert output.count("passed ") == 3
    assert sections(output) == []


def test_plugins_are_told_of_mismatches(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        def pytest_pycinspect_mismatch(item, failure):
            print("told:", item.name, failure.section_title)
        """
    )
    output = run(project, "-s")
    assert output.count("told: ") == 8
    assert "told: test_in bytecode mismatch: render" in output


def test_guards_are_about_the_versions_that_the_project_supports(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        test_guards="""
        from app import price

        def test_guard(bytecode_of):
            assert bytecode_of(price).matches("@3.9 NOP; ...; RETURN_VALUE")
        """
    )
    assert "1 passed" in run(project, "test_guards.py")
    project.makeini("[pytest]\npycinspect_supported = 3.11-3.15\n")
    output = run(project, "test_guards.py")
    assert "active on none of the versions that pycinspect_supported names" in output


# --- The mark ------------------------------------------------------------------------------


def test_the_mark(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_marks="""
        import pytest

        @pytest.mark.bytecode(min_python="3.11", max_python="3.99", implementation="CPython")
        def test_here(): pass

        @pytest.mark.bytecode(min_python="3.99")
        def test_newer(): pass

        @pytest.mark.bytecode(max_python="3.9", implementation="pypy")
        def test_older(): pass

        @pytest.mark.bytecode(optimize=2)
        def test_without_docstrings(): pass

        @pytest.mark.bytecode(requires=["LOAD_GLOBAL", "BINARY_OP", "RESUME"])
        def test_has(): return

        @pytest.mark.bytecode(requires=["BINARY_OP"])
        def test_has_nested():
            def f(x, y): return x + y

        @pytest.mark.bytecode(requires=["RESUME", "BINARY_OP"])
        def test_has_not(): pass

        @pytest.mark.bytecode(python="3.12")
        def test_unknown(): pass
        """
    )
    output = run(project, "test_marks.py", "-rs", "-p", "no:doctest")
    assert "bytecode: this Python is not >=3.99" in output
    assert "bytecode: this Python is not <=3.9 and pypy" in output
    assert "bytecode: this Python is not opt2" in output
    assert "test_has_not has no BINARY_OP, which its mark requires" in output
    assert "test_has has no LOAD_GLOBAL, BINARY_OP, which its mark requires" in output
    assert "the mark bytecode does not know python" in output
    assert "2 failed, 2 passed, 3 skipped, 1 error" in output


def test_the_mark_is_registered(project: pytest.Pytester) -> None:
    assert "@pytest.mark.bytecode(min_python=" in run(project, "--markers")


# --- Foreign objects -----------------------------------------------------------------------


def test_nothing_is_loaded_for_other_comparisons(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_foreign="""
        import sys

        def test_foreign():
            try:
                assert {1: 2} == {1: 3}
            except AssertionError as error:
                assert "{1: 3}" in str(error)
            loaded = [name for name in sys.modules if name.startswith("pycinspect")]
            assert not loaded
        """
    )
    loaded = () if project_has_plugin(project) else _PLUGIN[:2]
    result = project.runpytest_subprocess(*loaded, *_PLUGIN[2:], "test_foreign.py")
    result.assert_outcomes(passed=1)
