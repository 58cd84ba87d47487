"""``bytecode_golden``: recorded, compared, accepted, and never written unasked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = "{}.{}".format(*sys.version_info)
UPDATE = "--pycinspect-update"

SOURCE = """
    def area(r):
        return 3 * r

    def volume(r):
        return 4 * r
"""
TESTS = """
    from shapes import area, volume

    def test_area(bytecode_of, bytecode_golden):
        assert bytecode_of(area) == bytecode_golden

    class TestVolume:
        def test_volume(self, bytecode_of, bytecode_golden):
            assert bytecode_of(volume) == bytecode_golden
            assert bytecode_of(area) == bytecode_golden("area")
"""
RECORDED = f"""\
[test_area]
# python: {HERE}
    LOAD_CONST         3
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 3

[TestVolume.test_volume]
# python: {HERE}
    LOAD_CONST         4
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 4

[TestVolume.test_volume/area]
# python: {HERE}
    LOAD_CONST         3
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 3
"""


class Project:
    """Tests, what they test, and what is recorded of it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.golden = pytester.path / "test_shapes.bytecode"
        pytester.makepyfile(shapes=SOURCE, test_shapes=TESTS)

    def run(self, *options: str) -> pytest.RunResult:
        sys.modules.pop("shapes", None)
        return self.pytester.runpytest("-p", "no:randomly", *options)

    @property
    def recorded(self) -> str:
        return self.golden.read_text("utf-8")

    @recorded.setter
    def recorded(self, text: str) -> None:
        self.golden.write_text(text, "utf-8")

    def replace(self, old: str, new: str) -> None:
        """Edit the source under test."""
        path = self.pytester.path / "shapes.py"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits of one second
    return Project(pytester)


# --- Created and compared ------------------------------------------------------------------


def test_nothing_is_written_unasked(project: Project) -> None:
    result = project.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["E *no golden ?test_area? of *.bytecode", "E *run with --pycinspect-update=create to*"]
    )
    assert not project.golden.exists()


def test_created_then_compared(project: Project) -> None:
    result = project.run(UPDATE)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["pycinspect: 3 goldens created"])
    assert project.recorded == RECORDED
    project.run().assert_outcomes(passed=2)


def test_a_mismatch_says_how_to_accept_it(project: Project) -> None:
    project.recorded = RECORDED
    project.replace("3 * r", "r * 3")
    result = project.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([
        "E *area == golden: stopped at line 1 of 4",
        "E *expected   LOAD_CONST  3",
        "E *found      LOAD_FAST   r*",
        "E *run with --pycinspect-update=fix to accept",
        "*- bytecode mismatch: area -*",
    ])  # fmt: skip
    assert project.recorded == RECORDED


def test_golden_folder(project: Project) -> None:
    result = project.run(UPDATE, "-o", "pycinspect_golden_dir=goldens/of")
    result.assert_outcomes(passed=2)
    moved = project.pytester.path / "goldens" / "of" / "test_shapes.bytecode"
    assert moved.read_text("utf-8") == RECORDED


def test_two_values_for_one_golden_are_refused(project: Project) -> None:
    project.pytester.makepyfile(
        test_shapes="""
        from shapes import area, volume

        def test_area(bytecode_of, bytecode_golden):
            assert bytecode_of(area) == bytecode_golden
            assert bytecode_of(volume) == bytecode_golden
    """
    )
    result = project.run(UPDATE)
    result.stdout.fnmatch_lines(['*has two values; bytecode_golden("name") is another golden'])


# --- Fixed, in place or beside what other Pythons have --------------------------------------


def test_what_this_python_wrote_is_replaced(project: Project) -> None:
    project.recorded = RECORDED
    project.replace("3 * r", "5 * r")
    result = project.run(f"{UPDATE}=fix")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["pycinspect: 2 goldens fixed"])
    assert project.recorded == RECORDED.replace(
        "LOAD_CONST         3", "LOAD_CONST         5"
    ).replace("consts: 3", "consts: 5")


@pytest.mark.parametrize("signature", ["# python: 3.6\n", ""])
def test_what_another_python_wrote_stays(project: Project, signature: str) -> None:
    project.recorded = RECORDED.replace(f"# python: {HERE}\n", signature)
    project.replace("4 * r", "5 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    old = f"""\
[TestVolume.test_volume]
{signature}    LOAD_CONST         4
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 4
"""
    own = f"""\
@{HERE}:
    LOAD_CONST         5
    LOAD_FAST          r
    BINARY_OP          *
    RETURN_VALUE
consts: 5
"""
    assert f"{old}{own}\n[TestVolume.test_volume/area]" in project.recorded
    project.run().assert_outcomes(passed=2)

    project.replace("5 * r", "6 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    assert f"{old}{own.replace('5', '6')}\n" in project.recorded


def test_a_guard_of_several_pythons_is_not_overwritten(project: Project) -> None:
    shared = RECORDED.replace(f"# python: {HERE}\n", "@>=3.8:\n")
    project.recorded = shared
    project.replace("3 * r", "5 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    assert project.recorded.count(f"@{HERE}:\n") == 2
    assert all(line in project.recorded.splitlines() for line in shared.splitlines())
    assert project.recorded.index(f"@{HERE}:") < project.recorded.index("@>=3.8:")


def test_a_golden_of_other_pythons_only_is_created_beside_them(project: Project) -> None:
    project.recorded = RECORDED.replace(f"# python: {HERE}\n", "@<3.0:\n", 1)
    result = project.run()
    result.stdout.fnmatch_lines(["E *no golden ?test_area? of *"])
    project.run(f"{UPDATE}=create").assert_outcomes(passed=2)
    assert "@<3.0:\n    LOAD_CONST         3" in project.recorded


def test_only_the_kinds_that_are_asked_for(project: Project) -> None:
    project.recorded = RECORDED
    project.replace("3 * r", "5 * r")
    for kind in ("create", "respell", "trim"):
        project.run(f"{UPDATE}={kind}").assert_outcomes(failed=2)
        assert project.recorded == RECORDED


def test_a_pattern_of_ones_own_stays_where_only_constants_are_others(project: Project) -> None:
    own = RECORDED.replace("    LOAD_CONST         3\n", "    ...\n")
    project.recorded = own
    project.replace("3 * r", "5 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    assert project.recorded == own.replace("consts: 3", "consts: 5")


def test_facts_that_are_not_recorded_are_not_compared(project: Project) -> None:
    own = RECORDED.replace("    LOAD_CONST         3\n", "    ...\n").replace("consts: 3\n", "")
    project.recorded = own
    project.replace("3 * r", "5 * r")
    project.run(f"{UPDATE}=create,fix,respell,trim").assert_outcomes(passed=2)
    assert project.recorded == own


def test_another_view_is_not_overwritten(project: Project) -> None:
    other = f"# view: raw\n{RECORDED}"
    project.recorded = other
    result = project.run(f"{UPDATE}=fix")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *it is recorded in the view raw, this is ops"])
    assert project.recorded == other


# --- Respelled -----------------------------------------------------------------------------


def test_another_spelling_is_left_alone_until_asked(project: Project) -> None:
    other = RECORDED.replace("    LOAD_CONST         3\n", "    CONST 0x3  # three\n")
    project.recorded = other
    project.run(UPDATE).assert_outcomes(passed=2)
    assert project.recorded == other
    result = project.run(f"{UPDATE}=respell")
    result.stdout.fnmatch_lines(["pycinspect: 2 goldens respelled"])
    assert project.recorded == RECORDED


@pytest.mark.parametrize(
    "vague", ["...", "LOAD_CONST", "LOAD_CONST <= 9", "_", "@>=3.8 LOAD_CONST 3"]
)
def test_what_says_less_is_not_respelled(project: Project, vague: str) -> None:
    other = RECORDED.replace("LOAD_CONST         3", vague)
    project.recorded = other
    project.run(f"{UPDATE}=fix,respell").assert_outcomes(passed=2)
    assert project.recorded == other


# --- Trimmed -------------------------------------------------------------------------------

UNUSED = "\n# of a test that is gone\n[test_gone]\n    LOAD_FAST x\n"


def test_unused_sections_are_trimmed(project: Project) -> None:
    project.recorded = RECORDED + UNUSED + "\n# the end\n"
    project.run(UPDATE).assert_outcomes(passed=2)
    assert project.recorded == RECORDED + UNUSED + "\n# the end\n"
    result = project.run(f"{UPDATE}=trim")
    result.stdout.fnmatch_lines(["pycinspect: 1 golden trimmed"])
    assert project.recorded == RECORDED + "\n# the end\n"


@pytest.mark.parametrize(
    "subset",
    [["-k", "area"], ["test_shapes.py::test_area"], ["-m", "nothing"], ["--collect-only"],
     ["--deselect", "test_shapes.py::test_area"], ["test_shapes.py::TestVolume"]],
    ids=" ".join,
)  # fmt: skip
def test_a_part_of_the_tests_deletes_nothing(project: Project, subset: list[str]) -> None:
    project.recorded = RECORDED + UNUSED
    project.run(f"{UPDATE}=create,fix,respell,trim", *subset)
    assert project.recorded == RECORDED + UNUSED


@pytest.mark.parametrize("end", ["pytest.skip('not here')", "assert False", "return"])
def test_a_test_that_did_not_compare_keeps_its_section_unless_it_passed(
    project: Project, end: str
) -> None:
    project.recorded = RECORDED
    project.pytester.makepyfile(test_shapes=TESTS.replace(
        "        assert bytecode_of(area) == bytecode_golden\n", f"        {end}\n", 1
    ).replace("    from", "    import pytest\n    from", 1))  # fmt: skip
    project.run(f"{UPDATE}=trim")
    assert ("[test_area]" not in project.recorded) is (end == "return")


def test_only_the_tests_of_a_module_say_what_is_unused(project: Project) -> None:
    project.recorded = (
        f"{RECORDED}{UNUSED}\n# source: shapes.py\n[area]\n    ...\n    RETURN_VALUE\n"
    )
    before = project.recorded
    project.run(f"{UPDATE}=trim", "test_shapes.bytecode").assert_outcomes(passed=1)
    assert project.recorded == before
    project.run(f"{UPDATE}=trim").assert_outcomes(passed=3)
    assert project.recorded == before.replace(UNUSED, "")


def test_last_failed_leaves_tests_out_without_a_word(project: Project) -> None:
    tests = TESTS.replace("area) == bytecode_golden\n", "area) == bytecode_golden; assert 0\n", 1)
    project.pytester.makepyfile(
        test_shapes=tests + "\n    def test_free(bytecode_of, bytecode_golden):"
        "\n        assert bytecode_of(area) == bytecode_golden('free')\n"
    )
    project.run(UPDATE)
    before = project.recorded
    assert "[test_free/free]" in before
    result = project.run(f"{UPDATE}=trim", "--lf", "-p", "cacheprovider")
    result.assert_outcomes(failed=1)
    assert project.recorded == before


@pytest.mark.skipif(os.name != "posix", reason="anybody may make links")
def test_what_cannot_be_written_is_said_and_fails_the_session(
    project: Project,
) -> None:
    project.golden.symlink_to(project.golden.with_name("missing") / "file")
    result = project.run(UPDATE)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["pycinspect: test_shapes.bytecode was not written: cannot be written: No such file*"]
    )


def test_what_cannot_be_read_is_said(project: Project) -> None:
    project.golden.mkdir()
    result = project.run("test_shapes.py")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *PycInspectError: test_shapes.bytecode: *"])


def test_a_file_that_is_not_collected_keeps_its_sections(project: Project) -> None:
    project.recorded = RECORDED + UNUSED
    project.pytester.makepyfile(test_shapes="raise ImportError", test_other="def test_it(): pass")
    project.run(f"{UPDATE}=trim", "--continue-on-collection-errors")
    assert project.recorded == RECORDED + UNUSED


# --- Bytes ---------------------------------------------------------------------------------


def test_bytes_are_unchanged_if_nothing_changed(project: Project) -> None:
    text = "# mine\n\n" + RECORDED.replace("LOAD_FAST  ", "LOAD_FAST").rstrip() + "   \n\n#"
    data = text.replace("\n", "\r\n").encode()
    project.golden.write_bytes(data)
    before = project.golden.stat()
    result = project.run(f"{UPDATE}=create,fix,trim")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("pycinspect: *")
    assert project.golden.read_bytes() == data
    after = project.golden.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_comments_order_and_line_ends_are_kept(project: Project) -> None:
    first, second = RECORDED.split("\n\n", 1)
    text = f"# mine\n\n{second}\n# why three\n{first}\n".replace(
        "    BINARY_OP          *\n    RETURN_VALUE\nconsts: 3",
        "    # here it is\n    BINARY_OP          *\n    RETURN_VALUE  # at last\nconsts: 3",
    )
    project.golden.write_bytes(text.replace("\n", "\r\n").encode())
    project.replace("3 * r", "5 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    expected = text.replace("LOAD_CONST         3", "LOAD_CONST         5")
    expected = expected.replace("consts: 3", "consts: 5")
    assert project.golden.read_bytes() == expected.replace("\n", "\r\n").encode()


def test_permissions_are_kept(project: Project) -> None:
    project.recorded = RECORDED
    project.golden.chmod(0o640)
    project.replace("3 * r", "5 * r")
    project.run(f"{UPDATE}=fix").assert_outcomes(passed=2)
    assert project.golden.stat().st_mode & 0o777 == 0o640
    assert sorted(Path.iterdir(project.pytester.path)) == sorted(
        path for path in Path.iterdir(project.pytester.path) if not path.name.endswith(".new")
    )


# --- CI ------------------------------------------------------------------------------------


def test_ci_refuses_an_update_that_is_not_in_the_command_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.pytester.makeini(f"[pytest]\naddopts = {UPDATE}\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--pycinspect-update is refused: CI is set, and it comes from*"])
    assert not project.golden.exists()
    project.pytester.makeini("[pytest]\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", UPDATE)
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR
    monkeypatch.delenv("PYTEST_ADDOPTS")
    project.run(UPDATE).assert_outcomes(passed=2)
    assert project.recorded == RECORDED


def test_workers_in_ci_do_as_their_controller(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """README: there, the option counts in the command line itself."""
    pytest.importorskip("xdist")
    monkeypatch.setenv("CI", "1")
    project.run(UPDATE, "-n", "1").assert_outcomes(passed=2)
    assert project.recorded == RECORDED
    monkeypatch.setenv("CI", "")
    project.pytester.makeini(f"[pytest]\naddopts = {UPDATE}\n")
    project.run().assert_outcomes(passed=2)


def test_an_unknown_kind_is_refused(project: Project) -> None:
    result = project.run(f"{UPDATE}=everything")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--pycinspect-update=everything: use some of create, fix,*"])


# --- Workers -------------------------------------------------------------------------------


def test_two_workers_update_one_file(project: Project) -> None:
    pytest.importorskip("xdist")
    tests = "".join(
        f"""
    def test_{number}(bytecode_of, bytecode_golden):
        assert bytecode_of(lambda x: x + {number}) == bytecode_golden
"""
        for number in range(8)
    )
    project.pytester.makepyfile(test_shapes=tests)
    project.recorded = UNUSED
    result = project.run(f"{UPDATE}=create,trim", "-n", "2", "--dist", "load")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["pycinspect: 8 goldens created, 1 trimmed"])
    titles = [line for line in project.recorded.splitlines() if line.startswith("[")]
    assert titles == [f"[test_{number}]" for number in range(8)]
    result = project.run("-n", "2")
    result.assert_outcomes(passed=8)


# --- Mistakes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    LOAD_FAST          r\n", "    LOAD_FAST r r\n", "*test_shapes.bytecode:4, column 17: *"),
        ("    LOAD_FAST          r\n", "LOAD_FAST r\n", "*bytecode:4, column 1: this line is none of*"),
        ("[test_area]", "x\n[test_area]", "*bytecode:1, column 1: this line is in no section*"),
        ("[TestVolume.test_volume]", "[test_area]", "*bytecode:9, column 1: there are two sections*"),
        ("consts: 3\n", "@3.x:\n    ...\n", "*bytecode:7, column 1: '3.x' is not a condition*"),
    ],
)  # fmt: skip
def test_mistakes_in_the_file_have_their_line(
    project: Project, old: str, new: str, message: str
) -> None:
    project.recorded = RECORDED.replace(old, new, 1)
    result = project.run("test_shapes.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"E *PatternError: {message}"])
    result.stdout.no_fnmatch_line("*golden?file.py*")
