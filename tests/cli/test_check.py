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
        (("--as", "jython-2.7", "fresh.py"), "caches of jython-2.7 are not read yet"),
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
