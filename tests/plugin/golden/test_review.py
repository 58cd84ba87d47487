"""What may be recorded is looked at first: on a terminal, and as a patch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_pycinspect.golden.review import PATCH, beside, reviewed
from pytest_pycinspect.golden.update import Edit, UpdateKind

TESTS = """\
from pytest_pycinspect import snapshot

def area(r):
    return 3 * r

def test_area(bytecode_of, bytecode_golden):
    assert bytecode_of(area) == bytecode_golden

def test_more(bytecode_of, bytecode_golden):
    assert bytecode_of(area) == bytecode_golden

def test_inline(bytecode_of):
    assert bytecode_of(area) == snapshot()
"""
RECORDED = """\
[test_area]
    LOAD_CONST 4
    ...

[test_more]
    LOAD_CONST 3
    ...
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CI", raising=False)
    (pytester.path / "test_it.py").write_text(TESTS, "utf-8")
    (pytester.path / "test_it.bytecode").write_text(RECORDED, "utf-8")
    return pytester.path


def contents(project: Path) -> list[str]:
    return [(project / f"test_it.{end}").read_text("utf-8") for end in ("py", "bytecode")]


# --- As a patch ---------------------------------------------------------------------------------


def test_a_patch_is_written_in_the_place_of_the_files(
    project: Path, pytester: pytest.Pytester
) -> None:
    update = ("-p", "no:randomly", "-p", "no:cacheprovider", "--pycinspect-update=review-file")
    result = pytester.runpytest_subprocess(*update)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"pycinspect: 2 goldens to review in {PATCH}; git apply*"])
    assert contents(project) == [TESTS, RECORDED]
    patch = (project / PATCH).read_text("utf-8")
    assert "+++ b/test_it.bytecode" in patch
    assert "-    assert bytecode_of(area) == snapshot()" in patch

    subprocess.run(["git", "apply", PATCH], cwd=project, check=True)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)


def test_what_is_new_and_the_kinds_that_are_wanted(
    project: Path, pytester: pytest.Pytester
) -> None:
    (project / "test_it.bytecode").unlink()
    (project / "test_it.py").write_bytes(TESTS.replace("\n", "\r\n").encode().rstrip())

    pytester.runpytest_subprocess("--pycinspect-update=review-file,create")

    assert not (project / "test_it.bytecode").exists()
    assert "--- /dev/null" in (project / PATCH).read_text("utf-8")
    subprocess.run(["git", "apply", PATCH], cwd=project, check=True)
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_nothing_to_review(project: Path, pytester: pytest.Pytester) -> None:
    args = ("--pycinspect-update=review-file", "-k", "more")
    assert pytester.runpytest_subprocess(*args).ret == pytest.ExitCode.OK
    assert not (project / PATCH).exists()


# --- One by one ---------------------------------------------------------------------------------


def edit(path: Path, title: str) -> Edit:
    lines = ("LOAD_CONST 3", "RETURN_VALUE")
    return Edit(str(path), title, 0, "fix", (), lines, None, None, "3.13", "ops", ())


@pytest.mark.parametrize(
    ("answers", "accepted"),
    [
        ("yyy", "abc"),
        ("nyn", "b"),
        ("a", "abc"),
        ("na", "bc"),
        ("yq", "a"),
        ("q", ""),
        ("", ""),
        (["", "what?", "YES", " no", "quit"], "a"),
    ],
)
def test_answers(tmp_path: Path, answers: str | list[str], accepted: str) -> None:
    given = iter(answers)
    said: list[str] = []

    def ask(question: str) -> str:
        said.append(question)
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    edits = [edit(tmp_path / "x.bytecode", title) for title in "cab"]
    found = reviewed(edits, ask, said.append, 60)
    assert "".join(one.title for one in found) == accepted
    assert list(given) == []


def test_old_and_new_beside_each_other() -> None:
    shown = beside(["a", "b", "x" * 40], ["a", "c", "d"], 43)
    assert list(shown) == [
        f"{'a':20}   a",
        f"{'b':20} | c",
        f"{'x' * 19}… | d",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_on_a_terminal(project: Path) -> None:
    args = ["-p", "no:randomly", "-p", "no:cacheprovider", "--pycinspect-review"]
    output, status = on_terminal([sys.executable, "-m", "pytest", *args], project, b"yn")

    assert "LOAD_CONST 4" in output
    assert f"| {' ' * 4}LOAD_CONST         3" in output
    assert output.count("[y/n/a/q]") == 2
    assert "1 golden not accepted" in output
    assert status == pytest.ExitCode.TESTS_FAILED
    tests, goldens = contents(project)
    assert tests == TESTS
    assert "LOAD_CONST         3" in goldens


def on_terminal(command: list[str], directory: Path, answers: bytes) -> tuple[str, int]:
    """Run a command on a terminal; return what it shows, and its exit code."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command, cwd=directory, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as child:
        os.close(theirs)
        output = b"".join(_talk(ours, answers))
        status = child.wait()
    os.close(ours)
    return output.decode().replace("\r\n", "\n"), status


def _talk(terminal: int, answers: bytes) -> Iterator[bytes]:
    """Yield what is shown; answer each question when it is asked."""
    left, seen = iter(answers), b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            return
        if not data:
            return
        yield data
        seen += data
        while b"[y/n/a/q] " in seen:
            seen = seen.partition(b"[y/n/a/q] ")[2]
            os.write(terminal, bytes((next(left),)) + b"\n")


def test_without_a_terminal_nobody_is_asked(project: Path, pytester: pytest.Pytester) -> None:
    result = pytester.run(sys.executable, "-m", "pytest", "--pycinspect-review", stdin=b"")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--pycinspect-update=review-file writes a patch*"])


def test_words_that_mean_nothing(project: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--pycinspect-update=review")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    words = ", ".join([*(kind.value for kind in UpdateKind), "review-file"])
    result.stderr.fnmatch_lines([f"*use some of {words}"])
