"""``*.bytecode`` files that name their sources are tests themselves."""

from __future__ import annotations

import re
import sys

import pytest

HERE = "{}.{}".format(*sys.version_info)
UPDATE = "--pycinspect-update"

SOURCE = """\
import must_not_be_imported

def area(r):
    return 3 * r

class Circle:
    def grow(self):
        self.r += 1
"""
GOLDEN = f"""\
# source: ../src/shapes.py

[area]
# python: {HERE}
    LOAD_CONST         3
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 3

[Circle.grow]
    LOAD_FAST self
    ...
    STORE_ATTR r
    ...
"""


@pytest.fixture
def golden(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("CI", raising=False)
    for name, text in (("src/shapes.py", SOURCE), ("goldens/shapes.bytecode", GOLDEN)):
        path = pytester.path / name
        path.parent.mkdir()
        path.write_text(text, "utf-8")
    return pytester


def text_of(pytester: pytest.Pytester) -> str:
    return (pytester.path / "goldens/shapes.bytecode").read_text("utf-8")


def edit(pytester: pytest.Pytester, name: str, old: str, new: str) -> None:
    path = pytester.path / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_sections_are_tests_and_sources_are_not_imported(golden: pytest.Pytester) -> None:
    result = golden.runpytest("-v", "-p", "no:randomly")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["goldens/shapes.bytecode::area PASSED*", "goldens/shapes.bytecode::Circle.grow PASSED*"]
    )
    golden.runpytest("goldens/shapes.bytecode::Circle.grow").assert_outcomes(passed=1)


def test_a_mismatch(golden: pytest.Pytester) -> None:
    edit(golden, "src/shapes.py", "3 * r", "3 / r")
    result = golden.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([
        "*_ ?area? _*",
        "area == golden: stopped at line 3 of 4",
        "*expected   BINARY_OP  ?",
        "*found      BINARY_OP  /*",
        "run with --pycinspect-update=fix to accept",
        "The expectation:",
        "FAILED goldens/shapes.bytecode::area - area == golden: stopped at line 3 of 4",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*golden?goldens.py*")
    golden.runpytest(f"{UPDATE}=fix").assert_outcomes(passed=2)
    assert text_of(golden) == GOLDEN.replace("BINARY_OP          *", "BINARY_OP          /")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("consts: 3", "consts: 4, 'a, b'", "*consts expected  4, 'a, b'"),
        ("consts: 3", "consts: True", "*consts found     3"),
        ("consts: 3", "handlers: ValueError", "*handlers found     none"),
        ("BINARY_OP          *", "BINARY_OPP", "*no Python has an opcode BINARY_OPP; did you mean*"),
        ("BINARY_OP          *", "ROT_TWO", "*ROT_TWO*"),
        ("[area]", "[arena]", "*has no nested code 'arena'; there is area*"),
        ("[area]", "# view: raw\n[area]", "*RESUME*"),
        ("../src/shapes.py", "nowhere.py", "*nowhere.py: No such file or directory"),
        ("../src/shapes.py", "shapes.bytecode", "*shapes.bytecode:5: IndentationError: *"),
    ],
)  # fmt: skip
def test_what_differs_is_said(golden: pytest.Pytester, old: str, new: str, message: str) -> None:
    edit(golden, "goldens/shapes.bytecode", old, new)
    result = golden.runpytest("goldens/shapes.bytecode")
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*golden?goldens.py*")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[area]", "[area] x", "*shapes.bytecode:3, column 1: this line is in no section*"),
        ("[area]", "# view: raww\n[area]", "*shapes.bytecode:3, column 1: there is no such view*"),
        ("[area]", "[area]\n\udcff", "*shapes.bytecode is not encoded in UTF-8*"),
    ],
)
def test_a_file_that_is_not_well_formed(
    golden: pytest.Pytester, old: str, new: str, message: str
) -> None:
    path = golden.path / "goldens/shapes.bytecode"
    path.write_bytes(GOLDEN.replace(old, new).encode("utf-8", "surrogateescape"))
    result = golden.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*golden?file.py*")


def test_an_empty_section_is_filled_in(golden: pytest.Pytester) -> None:
    text = """\
# source: ../src/shapes.py
[area]  # mine
[Circle]

# view: raw
# source: ../src/shapes.py::Circle.grow
[the raw one]

# source: ../src/shapes.py
"""
    (golden.path / "goldens/shapes.bytecode").write_text(text, "utf-8")
    golden.runpytest(UPDATE).assert_outcomes(passed=3)
    created = text_of(golden)
    assert created.startswith(
        GOLDEN.partition("[Circle.grow]")[0]
        .replace("\n\n[area]", "\n[area]  # mine", 1)
        .replace("\n\n", "\n\n[Circle]\n")
    )
    assert (
        f"# source: ../src/shapes.py::Circle.grow\n[the raw one]\n@{HERE}:\n    RESUME" in created
    )
    golden.runpytest().assert_outcomes(passed=3)


def test_a_source_directly_below_a_title_is_that_of_this_section(golden: pytest.Pytester) -> None:
    """And not that of the next one, as it was."""
    (golden.path / "src/other.py").write_text(SOURCE.replace("3 * r", "7 * r"), "utf-8")
    text = """\
[area]
# source: ../src/other.py

[one more area]
# source: ../src/shapes.py::area
"""
    (golden.path / "goldens/shapes.bytecode").write_text(text, "utf-8")
    golden.runpytest(UPDATE).assert_outcomes(passed=2)
    created = text_of(golden)
    assert re.findall("source: .*|LOAD_CONST +.*", created) == [
        "source: ../src/other.py",
        "LOAD_CONST         7",
        "source: ../src/shapes.py::area",
        "LOAD_CONST         3",
    ]
    golden.runpytest(UPDATE).assert_outcomes(passed=2)
    assert text_of(golden) == created


def test_a_section_whose_code_is_gone_is_trimmed(golden: pytest.Pytester) -> None:
    edit(golden, "src/shapes.py", "def area", "def surface")
    golden.runpytest(f"{UPDATE}=trim", "goldens/shapes.bytecode::area").assert_outcomes(passed=1)
    assert text_of(golden) == GOLDEN
    result = golden.runpytest(f"{UPDATE}=trim")
    result.stdout.fnmatch_lines(["pycinspect: 1 golden trimmed"])
    assert (
        text_of(golden) == GOLDEN.partition("[area]")[0] + GOLDEN[GOLDEN.index("[Circle.grow]") :]
    )


def test_directives_of_a_trimmed_section_still_hold_for_those_below(
    golden: pytest.Pytester,
) -> None:
    edit(golden, "goldens/shapes.bytecode", "# source: ../src/shapes.py\n\n", "")
    edit(golden, "goldens/shapes.bytecode", "[area]", "# old\n# source: ../src/shapes.py\n[area]")
    edit(golden, "src/shapes.py", "def area", "def surface")
    golden.runpytest(f"{UPDATE}=trim")
    golden.runpytest().assert_outcomes(passed=1)
    assert text_of(golden).startswith("# source: ../src/shapes.py\n[Circle.grow]")
