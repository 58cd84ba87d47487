"""``snapshot()``: filled in where it stands, compared, accepted, and never written unasked."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pycinspect.golden.inline import (
    CallEnd,
    TestSource,
    golden_of,
    lines_of,
    literal_of,
    read_source,
)

HERE = "{}.{}".format(*sys.version_info)
UPDATE = "--pycinspect-update"
HEAD = """\
from pytest_pycinspect import snapshot

def area(r):
    return 3 * r

"""
AREA = f'''\
"""
        # python: {HERE}
            LOAD_CONST         3
            LOAD_FAST          r
            BINARY_OP          *
            RETURN_VALUE
        consts: 3
    """'''


class Project:
    """One file of tests."""

    def __init__(self, pytester: pytest.Pytester, tests: str) -> None:
        self._pytester = pytester
        self.file = pytester.path / "test_it.py"
        self.file.write_text(HEAD + tests, encoding="utf-8", newline="")

    @property
    def tests(self) -> str:
        return self.file.read_bytes().decode().removeprefix(HEAD)

    def run(self, *args: str) -> pytest.RunResult:
        return self._pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)


# --- Filled in and compared ----------------------------------------------------------------------

ONE = """\
def test_area(bytecode_of):
    assert bytecode_of(area) == {}  # as before
"""


def test_it_is_filled_in_and_holds(pytester: pytest.Pytester) -> None:
    project = Project(pytester, ONE.format("snapshot( )"))

    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the snapshot says nothing here", "*--pycinspect-update=create*"])
    assert project.tests == ONE.format("snapshot( )")

    result = project.run(UPDATE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["pycinspect: 1 golden created"])
    assert project.tests == ONE.format(f"snapshot({AREA})")

    project.run().assert_outcomes(passed=1)
    project.run(f"{UPDATE}=create,fix,respell,trim").assert_outcomes(passed=1)
    assert project.tests == ONE.format(f"snapshot({AREA})")


def test_what_differs_is_shown_as_of_a_golden_file_and_accepted(
    pytester: pytest.Pytester,
) -> None:
    changed = AREA.replace(" 3\n", " 4\n")
    project = Project(pytester, ONE.format(f"snapshot({changed})"))

    result = project.run(f"{UPDATE}=create")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*area == golden*", "*LOAD_CONST*4*", "*=fix to accept*"])
    assert project.tests == ONE.format(f"snapshot({changed})")

    project.run(f"{UPDATE}=fix").assert_outcomes(passed=1)
    assert project.tests == ONE.format(f"snapshot({AREA})")


def test_what_another_python_recorded_stays(pytester: pytest.Pytester) -> None:
    other = AREA.replace(f"python: {HERE}", "python: 3.99").replace(" 3\n", " 4\n")
    project = Project(pytester, ONE.format(f"snapshot({other})"))

    project.run(UPDATE).assert_outcomes(passed=1)

    assert "# python: 3.99" in project.tests
    assert f"        @{HERE}:\n            LOAD_CONST         3\n" in project.tests
    project.run().assert_outcomes(passed=1)


def test_what_somebody_wrote_by_hand(pytester: pytest.Pytester) -> None:
    for text in ('"...; BINARY *; RETURN"', '"""\n    LOAD_CONST 3\n    ...\n    """'):
        Project(pytester, ONE.format(f"snapshot({text})")).run().assert_outcomes(passed=1)
    project = Project(pytester, ONE.format('snapshot("LOAD_CONST 3; LAOD_FAST r; ...")'))
    project.run().stdout.fnmatch_lines(["*LAOD_FAST*"])
    project = Project(pytester, ONE.format('snapshot("""\n    LOAD_CONST 3\n    LOAD_FAST (\n""")'))
    project.run().stdout.fnmatch_lines(["*test_it.py:9*"])


def test_other_views(pytester: pytest.Pytester) -> None:
    project = Project(pytester, ONE.replace("(area)", "(area).raw").format("snapshot()"))
    project.run(UPDATE).assert_outcomes(passed=1)
    assert "# view: raw" in project.tests
    project.run().assert_outcomes(passed=1)


def test_several_of_a_file_and_all_else_as_it_was(pytester: pytest.Pytester) -> None:
    tests = (
        "def test_it(compiled):\r\n"
        '\tcode, é = compiled("a = \'\\\\\\\\ü\\"\\"\\"\'"), "ü"\r\n'
        "\tassert (code) == (snapshot)(\r\n"
        "\t\t# a comment\r\n"
        "\t), é; assert 'ü' and snapshot() == code\x0c\r\n"
        "\tassert code[:1] == code[:1]\r\n"
        "# the end, without a line end"
    )
    project = Project(pytester, tests)
    project.run(UPDATE).assert_outcomes(passed=1)

    made = project.tests
    project.run().assert_outcomes(passed=1)
    kept = tests.replace("(snapshot)(", "\0").replace("snapshot()", "\0").split("\0")
    for part in kept:
        assert part in made.replace("\x0c\r\n", "\x0c\r\n")
    assert "\n" not in made.replace("\r\n", "")
    ast.parse(made)


# --- Refused ------------------------------------------------------------------------------------

REFUSED = {
    "a loop": (
        """\
def test_it(compiled):
    for n in (1, 2):
        assert compiled(f"x = {n}") == snapshot()
""",
        "*two values*bytecode_golden*",
    ),
    "not a literal": (
        "TEXT = ''\n\ndef test_it(bytecode_of):\n    assert bytecode_of(area) == snapshot(TEXT)\n",
        "*line 9 is not a string literal*",
    ),
    "generated code": (
        "def test_it(bytecode_of):\n    exec('assert bytecode_of(area) == snapshot()')\n",
        "*cannot be read*",
    ),
    "another encoding": (
        "def test_it(bytecode_of):\n    assert bytecode_of(area) == snapshot()\n",
        "*encoded in iso-8859-1*only UTF-8*",
    ),
    "changed while it ran": (
        """\
def test_it(bytecode_of):
    from pathlib import Path
    file = Path(__file__)
    file.write_text(file.read_text().replace("snapshot(" + ")", " snapshot()"))
    assert bytecode_of(area) == snapshot()
""",
        "*was the file changed*",
    ),
}


@pytest.mark.parametrize(("tests", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_placed_is_refused(
    pytester: pytest.Pytester, tests: str, message: str
) -> None:
    project = Project(pytester, tests)
    if "iso" in message:
        text = project.file.read_text(encoding="utf-8")
        project.file.write_text(f"# coding: latin-1\n{text}", encoding="latin-1")

    result = project.run(UPDATE)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([message])
    assert "LOAD_CONST" not in project.tests


PARAMETRISED = """\
import pytest

@pytest.mark.parametrize("n", [{}])
def test_it(compiled, n):
    assert compiled(f"x = {{n}}") == snapshot()
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_parameters(pytester: pytest.Pytester, workers: str) -> None:
    if workers != "0":
        pytest.importorskip("xdist")
    args = (UPDATE, "-n", workers) if workers != "0" else (UPDATE,)
    project = Project(pytester, PARAMETRISED.format("1, 1, 1"))
    project.run(*args).assert_outcomes(passed=3)
    assert "LOAD_CONST         1" in project.tests

    project = Project(pytester, PARAMETRISED.format("1, 2"))
    result = project.run(*args)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*two values*"])
    assert project.tests == PARAMETRISED.format("1, 2")


def test_a_build_server_does_not_fill_it_in(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTEST_ADDOPTS", UPDATE)
    project = Project(pytester, ONE.format("snapshot()"))
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR
    assert project.tests == ONE.format("snapshot()")


# --- Its text ---------------------------------------------------------------------------------

LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
    .map(lambda text: f"    {text}"),
    min_size=1,
)


@given(LINES, st.sampled_from(["", "    ", "\t"]))
def test_a_literal_says_what_is_written(lines: list[str], indent: str) -> None:
    text = ast.literal_eval(literal_of(["# python: 3.13", *lines], indent))
    assert lines_of(golden_of("x.py", 3, text, "ops")) == ["# python: 3.13", *lines]


def test_where_there_are_no_columns_the_line_tells(tmp_path: Path) -> None:
    path = tmp_path / "t.py"
    path.write_text("a = snapshot('x')\nb = snapshot(), snapshot()\n", encoding="utf-8")
    source = read_source(str(path))
    assert source.argument(source.call_in(1)).value == "x"
    for line in (2, 3):
        with pytest.raises(Exception, match="not known which call"):
            source.call_in(line)


def test_a_source_that_does_not_parse() -> None:
    with pytest.raises(Exception, match="cannot be parsed"):
        TestSource("x.py", "def (").argument(CallEnd(1, 1))
