"""What nothing tests is said at the end of a full run, and what moved when it is missed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = """
    def area(r):
        return 3 * r

    def test_area(bytecode_of, bytecode_golden):
        assert bytecode_of(area) == bytecode_golden

    def test_more(bytecode_of, bytecode_golden):
        assert bytecode_of(area) == bytecode_golden("more")
"""
GONE = "\n[test_gone]\n    LOAD_FAST x\n"
OLD = "[test_a]\n    LOAD_FAST x\n[test_b]\n    LOAD_FAST x\n"
SUMMARY = "pycinspect: goldens: "
TRIM = "--pycinspect-update=trim"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test module in a folder, with its goldens."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.mkdir("tests")
    write(pytester, "tests/test_shapes.py", TESTS)
    run(pytester, "--pycinspect-update").assert_outcomes(passed=2)
    return pytester


def write(pytester: pytest.Pytester, name: str, text: str) -> Path:
    path = pytester.path / name
    lines = text.splitlines()
    path.write_text("\n".join(line.removeprefix("    ") for line in lines) + "\n", "utf-8")
    return path


def add(pytester: pytest.Pytester, name: str, text: str) -> Path:
    path = pytester.path / name
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(before + text, "utf-8")
    return path


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", *options)


def summary(result: pytest.RunResult) -> list[str]:
    """Return what is said about what is unused."""
    lines = result.stdout.lines
    starts = [index for index, line in enumerate(lines) if line.startswith(SUMMARY)]
    if not starts:
        return []
    (start,) = starts
    found = [lines[start].removeprefix(SUMMARY)]
    for line in lines[start + 1 :]:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return found


WORDS = "unused (--pycinspect-update=trim removes them)"


def test_a_full_run_says_which_sections_and_files_nothing_tests(project: pytest.Pytester) -> None:
    add(project, "tests/test_shapes.bytecode", GONE)
    add(project, "tests/test_old.bytecode", OLD)
    add(project, "tests/test_empty.bytecode", "# nothing\n")
    result = run(project)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == [
        f"4 {WORDS}",
        "tests/test_empty.bytecode, the file of no test",
        "tests/test_old.bytecode, the file of no test: [test_a] [test_b]",
        "[test_gone] of tests/test_shapes.bytecode",
    ]


def test_nothing_is_said_where_all_is_used(project: pytest.Pytester) -> None:
    add(
        project,
        "tests/own.bytecode",
        "# source: test_shapes.py\n[area]\n    ...\n    RETURN_VALUE\n",
    )
    result = run(project)
    result.assert_outcomes(passed=3)
    assert summary(result) == []


def test_workers_of_xdist(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    add(project, "tests/test_shapes.bytecode", GONE)
    add(project, "tests/test_old.bytecode", OLD)
    result = run(project, "-n", "2")
    result.assert_outcomes(passed=2)
    assert summary(result)[0] == f"3 {WORDS}"
    result = run(project, "-n", "2", TRIM)
    result.stdout.fnmatch_lines(["pycinspect: 3 goldens trimmed"])


@pytest.mark.parametrize(
    "part",
    [["-k", "area"], ["-k", "nothing"], ["tests/test_shapes.py"], ["--collect-only"],
     ["tests/test_shapes.py::test_area"], ["--deselect", "tests/test_shapes.py::test_area"],
     ["tests/test_shapes.bytecode"], ["-x", "--ignore", "tests/test_shapes.py"]],
    ids=" ".join,
)  # fmt: skip
def test_a_part_of_the_tests_says_nothing_of_the_others(
    project: pytest.Pytester, part: list[str]
) -> None:
    add(project, "tests/test_shapes.bytecode", GONE)
    assert summary(run(project, *part)) == []
    run(project, TRIM, *part)
    kept = (project.path / "tests/test_shapes.bytecode").read_text("utf-8")
    assert ("[test_gone]" in kept) is (part != ["tests/test_shapes.py"])


def test_a_plugin_that_drops_tests_without_a_word(project: pytest.Pytester) -> None:
    add(project, "conftest.py", "def pytest_collection_modifyitems(items):\n    del items[0]\n")
    result = run(project)
    result.assert_outcomes(passed=1)
    assert summary(result) == []


@pytest.mark.parametrize(
    "end", ["import pytest; pytest.skip('not here')", "assert False", "raise KeyError"]
)
def test_a_test_that_did_not_come_to_its_end_has_its_section(
    project: pytest.Pytester, end: str
) -> None:
    body = "assert bytecode_of(area) == bytecode_golden\n"
    write(project, "tests/test_shapes.py", TESTS.replace(body, f"{end}\n"))
    assert summary(run(project)) == []
    write(project, "tests/test_shapes.py", TESTS.replace(body, "return\n"))
    assert summary(run(project)) == [f"1 {WORDS}", "[test_area] of tests/test_shapes.bytecode"]


def test_a_module_that_is_skipped_as_a_whole_has_its_sections(project: pytest.Pytester) -> None:
    add(project, "tests/test_old.bytecode", OLD)
    skip = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
    add(project, "tests/test_old.py", skip)
    assert summary(run(project)) == []
    result = run(project, TRIM)
    assert "trimmed" not in result.stdout.str()


def test_a_module_that_cannot_be_imported(project: pytest.Pytester) -> None:
    add(project, "tests/test_shapes.bytecode", GONE)
    add(project, "tests/test_bad.py", "1 / 0\n")
    assert summary(run(project, "--continue-on-collection-errors")) == []


def test_goldens_in_a_folder_of_their_own(project: pytest.Pytester) -> None:
    """Those that were left beside the tests are those of no test."""
    folder = ("-o", "pycinspect_golden_dir=goldens")
    run(project, "--pycinspect-update", *folder).assert_outcomes(passed=2)
    add(project, "tests/goldens/test_shapes.bytecode", GONE)
    add(project, "tests/goldens/test_old.bytecode", OLD)
    assert summary(run(project, *folder)) == [
        f"5 {WORDS}",
        "tests/goldens/test_old.bytecode, the file of no test: [test_a] [test_b]",
        "[test_gone] of tests/goldens/test_shapes.bytecode",
        "tests/test_shapes.bytecode, the file of no test: [test_area] [test_more/more]",
    ]


def test_trimming_removes_what_was_said_to_be_unused(project: pytest.Pytester) -> None:
    before = (project.path / "tests/test_shapes.bytecode").read_text("utf-8")
    path = add(project, "tests/test_shapes.bytecode", GONE)
    old = add(project, "tests/test_old.bytecode", f"# mine\n{OLD}")
    result = run(project, TRIM)
    result.stdout.fnmatch_lines(["pycinspect: 3 goldens trimmed"])
    assert summary(result) == []
    assert path.read_text("utf-8") == before
    assert not old.exists()


# --- What moved ----------------------------------------------------------------------------


def test_a_golden_of_a_test_that_was_renamed_is_found(project: pytest.Pytester) -> None:
    write(project, "tests/test_shapes.py", TESTS.replace("test_area", "test_surface"))
    result = run(project)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([
        "E *no golden ?test_surface? of tests/test_shapes.bytecode",
        "E *no test has ?test_area? of *, which is the same: rename it ?test_surface?, or run with*",
    ])  # fmt: skip
    assert summary(result)[1:] == [
        "[test_area] of tests/test_shapes.bytecode; [test_surface] has the same code"
    ]
    run(project, "--pycinspect-update=create,trim").assert_outcomes(passed=2)
    recorded = (project.path / "tests/test_shapes.bytecode").read_text("utf-8")
    assert "[test_surface]" in recorded
    assert "[test_area]" not in recorded
    assert summary(run(project)) == []


def test_a_golden_of_a_test_that_moved_to_another_file_is_found(project: pytest.Pytester) -> None:
    (project.path / "tests/test_shapes.py").rename(project.path / "tests/test_forms.py")
    result = run(project)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([
        "E *no golden ?test_area? of tests/test_forms.bytecode",
        "E *no test has ?test_area? of tests/test_shapes.bytecode, which is the same*",
    ])  # fmt: skip


OTHER = """

def test_other(bytecode_of, bytecode_golden):
    assert bytecode_of(area) == bytecode_golden
"""


@pytest.mark.parametrize("options", [(), ("-k", "other")])
def test_what_is_another_tests_did_not_move(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    add(project, "tests/test_shapes.py", OTHER)
    result = run(project, *options)
    assert result.parseoutcomes()["failed"] == 1
    assert "which is the same" not in result.stdout.str()
