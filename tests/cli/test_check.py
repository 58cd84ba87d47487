"""``pycinspect check``: answers, exit codes, JSON."""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pycinspect.dialects import DIALECTS

from .conftest import Run

KEYS = [
    "schema",
    "target",
    "dialect",
    "finder",
    "cache_path",
    "verdict",
    "reason",
    "exception",
    "hindrance",
    "writes",
    "message",
    "compiles",
]


def answers(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("target", "verdict", "reason", "code"),
    [
        ("fresh.py", "load", "header-matches", 0),
        ("stale.py", "recompile", "mtime-differs", 1),
        ("absent.py", "recompile", "cache-absent", 1),
        ("nowhere.py", "not-found", "module-not-found", 1),
    ],
)
def test_verdict_and_exit_code(run: Run, target: str, verdict: str, reason: str, code: int) -> None:
    result = run("check", target, "--json")
    (answer,) = answers(result.stdout)
    assert list(answer) == KEYS
    assert (answer["verdict"], answer["reason"], result.exit_code) == (verdict, reason, code)


def test_what_would_be_written_is_told(run: Run) -> None:
    (answer,) = answers(run("check", "stale.py", "--json").stdout)
    umask = os.umask(0)
    os.umask(umask)
    assert answer["writes"] == {
        "path": importlib.util.cache_from_source("stale.py"),
        "flags": 0,
        "mode": f"{0o644 & ~umask:04o}",
    }


def test_nothing_is_written_under_b(run: Run) -> None:
    (answer,) = answers(run("check", "stale.py", "--json", "-B").stdout)
    assert answer["writes"] is None


def test_nothing_changes(run: Run, project: Path) -> None:
    before = sorted(project.rglob("*"))
    run("check", "absent.py", "stale.py", "-m", "fresh")
    assert sorted(project.rglob("*")) == before


def test_a_cache_is_judged_by_the_importer_that_its_tag_names(run: Run) -> None:
    (answer,) = answers(run("check", "__pycache__/fresh.cpython-27.pyc", "--json").stdout)
    assert answer["dialect"] == DIALECTS.running().name  # no row has that tag
    (answer,) = answers(run("check", "__pycache__/fresh.pypy39.pyc", "--json").stdout)
    assert answer["dialect"] == "pypy-3.9"


def test_as_asks_another_importer(run: Run) -> None:
    (answer,) = answers(run("check", "fresh.py", "--as", "cpython-2.7", "-O", "--json").stdout)
    assert answer["cache_path"] == "fresh.pyo"
    assert answer["verdict"] == "recompile"


def test_modules_are_found_on_the_path(run: Run, project: Path) -> None:
    archive = project / "lib.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("package/__init__.py", "")
        file.writestr("package/inner.py", "")
    result = run("check", "-m", "package.inner", "-m", "stale", "--path", archive, "--path", ".",
                 "--json")  # fmt: skip
    inner, stale = answers(result.stdout)
    assert inner["finder"] == {
        "kind": "source",
        "path": os.path.join(archive, "package", "inner.py"),
    }
    assert inner["writes"] is None
    assert stale["target"] == "stale"
    assert stale["finder"]["kind"] == "source"


def test_one_bad_target_does_not_hide_the_others(run: Run) -> None:
    result = run("check", "fresh.py", "\0", "stale.py", "--json")
    assert [answer["target"] for answer in answers(result.stdout)][::2] == ["fresh.py", "stale.py"]


def test_text_puts_the_two_values_side_by_side(run: Run) -> None:
    output = run("check", "stale.py").stdout
    assert output.startswith("stale.py: recompile (mtime-differs)\n")
    assert any("1500000000" in line and "1500000100" in line for line in output.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as", "cpython-3.99", "fresh.py"), "no dialect is called 'cpython-3.99'"),
        ((), "name a TARGET"),
    ],
)
def test_trouble_is_one_line_and_exit_code_2(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_environment_is_used_on_demand(run: Run) -> None:
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONOPTIMIZE": "2"}
    (plain,) = answers(run("check", "fresh.py", "--json", env=environment).stdout)
    assert plain["verdict"] == "load"
    (used,) = answers(run("check", "fresh.py", "--json", "--environment", env=environment).stdout)
    assert used["cache_path"].endswith(".opt-2.pyc")
    assert used["writes"] is None


# --- Sources that do not compile -------------------------------------------------


def test_a_source_that_does_not_compile_is_not_recompiled(run: Run, project: Path) -> None:
    (project / "broken.py").write_text("x = = 1\n")
    result = run("check", "broken.py", "--json")
    (answer,) = answers(result.stdout)
    assert (answer["verdict"], answer["exception"]) == ("raise", "SyntaxError")
    assert (answer["writes"], answer["compiles"], result.exit_code) == (None, False, 1)
    (answer,) = answers(run("check", "absent.py", "--json").stdout)
    assert (answer["compiles"], "if it compiles" in answer["message"]) == (True, False)


def test_where_the_interpreter_is_missing_it_is_said(run: Run, project: Path) -> None:
    """Nobody has Python 3.4; what its tokenizer refuses is known all the same."""
    (project / "old.py").write_text('print "2"\n')
    (project / "null.py").write_bytes(b"x = 1\0\n")
    old, null = answers(run("check", "old.py", "null.py", "--as", "cpython-3.4", "--json").stdout)
    assert (old["verdict"], old["compiles"]) == ("recompile", None)
    assert "if it compiles (no cpython-3.4 is installed here to ask)" in old["message"]
    assert (null["verdict"], null["exception"], null["compiles"]) == ("raise", "TypeError", False)


def test_sources_in_zip_files_are_compiled_too(run: Run, project: Path) -> None:
    with zipfile.ZipFile(project / "lib.zip", "w") as file:
        file.writestr("broken.py", "x = = 1\n")
        file.writestr("good.py", "x = 1\n")
    result = run("check", "-m", "broken", "-m", "good", "--path", "lib.zip", "--json")
    broken, good = answers(result.stdout)
    assert (broken["verdict"], broken["exception"]) == ("raise", "SyntaxError")
    assert (good["verdict"], good["compiles"]) == ("recompile", True)


# --- Files by other names ----------------------------------------------------------


def _cache(project: Path, name: str) -> Path:
    (cache,) = (project / "__pycache__").glob(f"{name}.*")
    return cache


TAG = DIALECTS.running().cache_tag


@pytest.mark.parametrize(
    "name", ["saved.bin", "fresh.pyc.bak", "noext", "__pycache__/copy.old", f"fresh.{TAG}.pyc"]
)
def test_a_cache_is_told_by_its_content(run: Run, project: Path, name: str) -> None:
    (project / name).write_bytes(_cache(project, "fresh").read_bytes())
    result = run("check", name, "--json")
    (answer,) = answers(result.stdout)
    assert (answer["verdict"], answer["reason"]) == ("no-cache", "not-a-cache-path")
    assert (answer["dialect"], result.exit_code) == (DIALECTS.running().name, 1)
    message = answer["message"]
    assert f"Its header is that of {DIALECTS.running().name}, timestamp" in message
    assert "1500000000 (2017-07-14 02:40:00 UTC)" in message


@pytest.mark.parametrize("name", ["fresh.pyc.bak", "fresh.bin", "__pycache__/fresh.pyc.old"])
def test_a_cache_by_another_name_is_compared_with_its_source(
    run: Run, project: Path, name: str
) -> None:
    data = _cache(project, "fresh").read_bytes()
    (project / name).write_bytes(data)
    (answer,) = answers(run("check", name, "--json").stdout)
    assert "it would be loaded for" in answer["message"]
    assert "fresh.py" in answer["message"]
    (project / name).write_bytes(data[:-9])
    if ".pyc" in name:  # the code says nothing any more
        (answer,) = answers(run("check", name, "--json").stdout)
        assert "it would make the import raise EOFError for" in answer["message"]
    (project / name).write_bytes(data)
    os.utime(project / "fresh.py", (1, 1))
    (answer,) = answers(run("check", name, "--json").stdout)
    assert "it would be stale for" in answer["message"]


def test_a_cache_whose_source_is_not_known(run: Run, project: Path) -> None:
    (project / "elsewhere").mkdir()
    data = _cache(project, "fresh").read_bytes()
    (project / "elsewhere" / "saved.bin").write_bytes(data.replace(b"fresh.py", b"gone_.py"))
    (answer,) = answers(run("check", "elsewhere/saved.bin", "--json").stdout)
    assert "No source is known of it" in answer["message"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("README.md", b"# hello\n", "neither a source nor a cache: its name does not end in .py"),
        ("empty", b"", "neither a source nor a cache"),
        ("code.bin", b"\xe3" + bytes(30), "marshalled code without a header"),
        ("app.zip", b"PK\x05\x06" + bytes(18), "a container (zip archive)"),
        ("app.tar.gz", b"\x1f\x8b\x08" + bytes(18), "a container (gzip file)"),
    ],
)
def test_what_is_no_subject_is_refused(
    run: Run, project: Path, name: str, content: bytes, message: str
) -> None:
    (project / name).write_bytes(content)
    result = run("check", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"pycinspect: {name}: {message}")


def test_an_extension_module_is_one_of_its_own_python(run: Run, project: Path) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    name = f"fresh{EXTENSION_SUFFIXES[0]}"
    (project / name).write_bytes(b"\x7fELF")
    (answer,) = answers(run("check", name, "--json").stdout)
    assert (answer["reason"], answer["dialect"]) == ("extension-module", DIALECTS.running().name)
    (answer,) = answers(run("check", "fresh.py", "--json").stdout)
    assert answer["reason"] == "shadowed"


def test_step_by_step(run: Run, project: Path) -> None:
    lines = run("check", "-v", "fresh.py").stdout.splitlines()
    steps = [line.strip().partition("  ")[0] for line in lines[lines.index("") + 1 :]]
    assert steps[:3] == ["finder", "cache", "magic number"]
    assert steps[-2:] == ["so", "as a script"]
    assert all(line.endswith(": yes") for line in lines if ", wanted " in line)
    (project / "fresh.py").write_text("name = 'longer than it was'\n")
    result = run("check", "-v", "fresh.py")
    compared = [line for line in result.stdout.splitlines() if ", wanted " in line]
    assert (result.exit_code, compared[-1].endswith(": no")) == (1, True)
    assert (
        run("check", "-v", "--json", "fresh.py").stdout == run("check", "--json", "fresh.py").stdout
    )


@pytest.mark.parametrize("target", ["absent.py", "-mzipfile", "-mnowhere.at.all"])
def test_step_by_step_where_no_header_is_read(run: Run, project: Path, target: str) -> None:
    (project / "absent.py").write_text("name = 1\n")
    lines = run("check", "-v", target).stdout.splitlines()
    assert [line for line in lines if ", wanted " in line] == []
    assert lines[lines.index("") + 1].lstrip().startswith("finder")
