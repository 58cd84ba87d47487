"""``pycinspect fix``."""

from __future__ import annotations

import json
import os
import py_compile
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import Run

TAG = sys.implementation.cache_tag
STALE = f"__pycache__/stale.{TAG}.pyc"
GONE = f"__pycache__/gone.{TAG}.pyc"


@pytest.fixture
def broken(project: Path) -> Path:
    """The project, with a cache without source beside the stale one."""
    source = project / "gone.py"
    source.write_text("name = 'gone'\n")
    py_compile.compile(os.fspath(source))
    source.unlink()
    return project


def _content(root: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "journal" not in path.parts
    }


def test_the_preview_changes_nothing_and_exits_with_1(run: Run, broken: Path) -> None:
    before = _content(broken)
    result = run("fix", ".", "--no-config")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "Would compile 1 cache again and delete 1 file. Nothing was changed: --apply does it."
    )
    assert f"recompile  {STALE}  (PYC101)" in result.stdout
    assert f"delete     {GONE}  (PYC201)" in result.stdout
    assert _content(broken) == before
    assert not list(broken.glob("pycinspect-fix-*"))


def test_done_found_mended_and_taken_back(run: Run, broken: Path) -> None:
    before = _content(broken)
    result = run("fix", ".", "--no-config", "--apply", "--journal", "journal")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Compiled 1 cache again and deleted 1 file."
    assert "pycinspect fix --undo journal" in result.stdout
    again = run("fix", ".", "--no-config", "--apply")
    assert (again.exit_code, again.stdout) == (0, "Nothing to mend.\n")
    assert not list(broken.glob("pycinspect-fix-*"))
    back = run("fix", "--undo", "journal")
    assert (back.exit_code, back.stdout) == (0, "2 changes were taken back.\n")
    assert _content(broken) == before
    assert run("fix", "--undo", "journal/journal.jsonl").stdout == "Nothing to take back.\n"


def test_by_default_the_journal_is_where_one_stands(run: Run, broken: Path) -> None:
    assert run("fix", ".", "--no-config", "--apply").exit_code == 0
    (journal,) = broken.glob("pycinspect-fix-*")
    assert sorted(os.listdir(journal)) == ["journal.jsonl", "kept"]
    assert run("fix", ".", "--no-config").stdout == "Nothing to mend.\n"


def test_without_a_way_back_nothing_is_kept(run: Run, broken: Path) -> None:
    result = run("fix", ".", "--no-config", "--apply", "--no-undo")
    assert result.exit_code == 0
    assert "1 finding is left to you" in result.stdout
    assert (broken / GONE).exists()
    assert run("fix", ".", "--no-config", "--apply", "--no-undo", "--delete-sourceless").stdout
    assert not (broken / GONE).exists()
    assert not list(broken.glob("pycinspect-fix-*"))


def test_paths_for_xargs(run: Run, broken: Path) -> None:
    result = run("fix", ".", "--no-config", "--print0")
    assert result.exit_code == 1
    assert result.stdout_bytes.split(b"\0") == [
        os.fsencode(os.path.join(".", path)) for path in (GONE, STALE)
    ] + [b""]


def test_json(run: Run, broken: Path) -> None:
    answer = json.loads(run("fix", ".", "--no-config", "--json").stdout)
    assert answer["schema"] == "pycinspect.fix/1"
    assert (answer["applied"], answer["complete"], answer["journal"]) == (False, True, None)
    delete, recompile = answer["repairs"]
    assert (delete["action"], delete["path"], delete["rules"]) == ("delete", GONE, ["PYC201"])
    assert (delete["status"], delete["after"]) == ("planned", None)
    assert recompile["after"]["digest"] != recompile["before"]["digest"]
    answer = json.loads(
        run("fix", ".", "--no-config", "--json", "--apply", "--journal", "journal").stdout
    )
    assert [one["status"] for one in answer["repairs"]] == ["done", "done"]
    answer = json.loads(run("fix", "--undo", "journal", "--json").stdout)
    assert [one["status"] for one in answer["undone"]] == ["done", "done"]


def test_selected_rules_alone(run: Run, broken: Path) -> None:
    result = run("fix", ".", "--no-config", "--select", "PYC201")
    assert result.stdout.startswith("Would delete 1 file.")
    result = run("fix", ".", "--no-config", "--ignore", "PYC2")
    assert result.stdout.startswith("Would compile 1 cache again.")


def test_a_mode_for_all(run: Run, broken: Path) -> None:
    arguments = ("fix", ".", "--no-config", "--invalidation-mode", "checked-hash")
    result = run(*arguments, "--apply", "--journal", "journal")
    assert result.stdout.startswith("Compiled 1 cache again, converted 1 header and deleted 1 file")
    assert run(*arguments).stdout == "Nothing to mend.\n"
    assert (broken / STALE).read_bytes()[4] == 3


def test_what_could_not_be_done(run: Run, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = os.unlink

    def refusing(path: str, **named: object) -> None:
        if path == os.path.basename(GONE):
            raise PermissionError(13, "Permission denied")
        unlink(path, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "unlink", refusing)
    result = run("fix", ".", "--no-config", "--apply", "--journal", "journal")
    assert result.exit_code == 2
    assert result.stdout.splitlines()[0] == "Compiled 1 cache again; 1 change was not made."
    assert f"not done   {GONE}  (Permission denied)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--undo", "nowhere"), "nowhere: no such file"),
        (("--undo", "stale.py"), "stale.py: line 1 is not one of a pycinspect.journal/1 file"),
        (("nowhere",), "nowhere: No such file or directory"),
        ((".", "--undo", "journal"), "--undo takes back a whole run"),
        ((".", "--no-undo", "--journal", "x"), "cannot both be given"),
        ((".", "--apply", "--journal", "absent.py"), "absent.py: the journal cannot be written"),
        ((".", "--select", "PYC999"), "no rule's id starts with"),
    ],
)
def test_what_cannot_be_done_at_all(
    arguments: tuple[str, ...], said: str, run: Run, broken: Path
) -> None:
    before = _content(broken)
    result = run("fix", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert _content(broken) == before


def test_settings_that_name_an_image_are_refused(run: Run, broken: Path) -> None:
    (broken / "pyproject.toml").write_text("[tool.pycinspect.audit]\nroot = '.'\n")
    result = run("fix", ".")
    assert result.exit_code == 2
    assert "name a user or an image" in result.stderr


def test_an_interrupted_run_says_how_to_take_it_back(
    run: Run, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _content(broken)
    replace = os.replace

    def interrupted(*paths: str, **named: int | None) -> None:
        replace(*paths, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    result = run("fix", ".", "--no-config", "--apply", "--journal", "journal")
    monkeypatch.undo()
    monkeypatch.chdir(broken)
    assert result.exit_code == 130
    assert "pycinspect fix --undo journal" in result.stderr
    assert _content(broken) != before
    assert run("fix", "--undo", "journal").exit_code == 0
    assert _content(broken) == before


def test_archives_are_left_alone(run: Run, broken: Path) -> None:
    with zipfile.ZipFile(broken / "x.zip", "w") as archive:
        archive.writestr("m.py", "x = 1\n")
    before = _content(broken)
    result = run("fix", "x.zip", ".", "--no-config", "--apply")
    assert result.exit_code == 2
    assert "nothing in archives" in result.stderr
    assert _content(broken) == before


def test_long_lists_are_cut_unless_asked(run: Run, broken: Path) -> None:
    for number in range(30):
        (broken / f"__pycache__/gone{number}.{TAG}.pyc").write_bytes((broken / STALE).read_bytes())
    assert "… and 11 more (-v lists them)" in run("fix", ".", "--no-config").stdout
    assert "more" not in run("fix", ".", "--no-config", "-v").stdout
