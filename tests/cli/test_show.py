"""``pycinspect show``: the code in caches and sources."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pycinspect.cli import main
from pycinspect.dialects import DIALECTS
from tests.oracles import find_oracles

from .conftest import Run

SAMPLES = Path(__file__).parents[2] / "fixtures" / "samples"
SAMPLE = SAMPLES / "cpython-3.5-docstrings.pyc"
REPOSITORY = Path(__file__).parents[2]


def process(*arguments: str, cwd: Path, shell: str = "", **options: Any) -> Any:
    """Run ``pycinspect show`` as a user does; ``shell`` is what follows it."""
    words = [sys.executable, "-m", "pycinspect", "show", *arguments]
    command: Any = words
    if shell:
        command = " ".join(f"'{word}'" for word in words) + shell
    environment = {**os.environ, "PYTHONPATH": os.fspath(REPOSITORY)}
    return subprocess.run(
        command, shell=bool(shell), cwd=cwd, capture_output=True, env=environment, **options
    )


@pytest.fixture
def cache(project: Path) -> Path:
    (found,) = (project / "__pycache__").glob("fresh.*")
    return found.relative_to(project)


# --- Text --------------------------------------------------------------------------------------


def test_a_cache_and_its_source(run: Run, cache: Path) -> None:
    result = run("show", cache)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{cache}: {DIALECTS.running().name}, timestamp\n")
    assert "   1 | name = 'fresh'\n" in result.stdout
    assert "STORE_NAME               0 (name)" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_stale_source_is_not_shown(run: Run, project: Path) -> None:
    (stale,) = (project / "__pycache__").glob("stale.*")
    result = run("show", stale)
    assert result.exit_code == 0
    assert result.stdout.count("not shown") == 1
    assert "name = 'stale'" not in result.stdout
    assert "'stale'" in result.stdout


def test_an_unchecked_hash_is_checked_before_lines_are_shown(run: Run, project: Path) -> None:
    import py_compile

    source = project / "absent.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compiled = py_compile.compile(os.fspath(source), invalidation_mode=mode)
    assert compiled is not None
    assert "| name" in run("show", compiled).stdout
    source.write_text("other\n")
    assert "| other" not in run("show", compiled).stdout


def test_a_cache_by_any_name_and_a_script(run: Run, project: Path, cache: Path) -> None:
    (project / "renamed").write_bytes((project / cache).read_bytes())
    (project / "script").write_text("#!/usr/bin/env python\nx = 1\n")
    result = run("show", "renamed", "script")
    assert result.exit_code == 0
    assert "renamed: " in result.stdout
    assert "\n\nscript: compiled by " in result.stdout  # an empty line between files


def test_old_samples(run: Run) -> None:
    result = run("show", *sorted(SAMPLES.glob("*.pyc")))
    assert result.exit_code == 0
    assert result.stdout.count(": module\n") == len(list(SAMPLES.glob("*.pyc")))


def test_one_code_object(run: Run) -> None:
    result = run("show", SAMPLE, "--code", "Documented.method", "--code", "only_doc")
    assert "Documented.method: function" in result.stdout
    assert "only_doc: function" in result.stdout
    assert "<module>" not in result.stdout


def test_near_names_of_code_objects(run: Run) -> None:
    result = run("show", SAMPLE, "--code", "Documented.methods")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"pycinspect: {SAMPLE}: no code object is called")
    assert "did you mean Documented.method" in result.stderr


def test_raw_has_offsets(run: Run, cache: Path) -> None:
    assert len(run("show", "--raw", cache).stdout) > len(run("show", cache).stdout)


# --- Sources -----------------------------------------------------------------------------------


def test_a_source_is_compiled_and_not_run(run: Run, project: Path) -> None:
    (project / "app.py").write_text("open('trace', 'w')\n")
    result = run("show", "app.py")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"app.py: compiled by {DIALECTS.running().name}\n")
    assert not (project / "trace").exists()
    assert not list((project / "__pycache__").glob("app.*"))


def test_optimization(run: Run, project: Path) -> None:
    (project / "app.py").write_text("'doc'\nassert x\n")
    assert "ASSERT" in run("show", "app.py").stdout.upper()
    assert "LOAD_NAME" not in run("show", "app.py", "-O").stdout
    assert "STORE_NAME" in run("show", "app.py", "-O").stdout
    assert "STORE_NAME" not in run("show", "app.py", "-OO").stdout


@pytest.mark.parametrize("version", ["2.7", "3.8"])
def test_another_interpreter(run: Run, project: Path, version: str) -> None:
    oracle = find_oracles().get(f"cpython-{version}")
    if oracle is None:
        pytest.skip(f"CPython {version} is not installed")
    result = run("show", "absent.py", "--python", oracle.program)
    assert result.stdout.startswith(f"absent.py: compiled by cpython-{version}\n")
    assert "RESUME" not in result.stdout


def test_no_such_interpreter(run: Run) -> None:
    result = run("show", "fresh.py", "--python", "1.0")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "pycinspect: no interpreter 1.0 is installed here; a path can be given, too"
    ]


# --- Standard input ----------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--header",), ("--json",), ("--header", "--json")])
def test_bytecode_from_standard_input(options: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["show", "-", *options], input=SAMPLE.read_bytes())
    assert result.exit_code == 0
    assert "cpython-3.5" in result.stdout


def test_source_from_standard_input() -> None:
    result = CliRunner().invoke(main, ["show", "-"], input=b"x = 1\n")
    assert result.exit_code == 0
    assert 'file "<stdin>"' in result.stdout
    assert "   1 | x = 1\n" in result.stdout


def test_nothing_from_standard_input() -> None:
    result = CliRunner().invoke(main, ["show", "-"], input=b"")
    assert result.exit_code == 2
    assert result.stderr == "pycinspect: -: offset 0: the file is empty\n"


# --- Bad input ---------------------------------------------------------------------------------


def test_bad_files_are_a_line_each_and_the_good_ones_are_shown(run: Run, project: Path) -> None:
    (project / "empty.pyc").touch()
    (project / "cut.pyc").write_bytes(SAMPLE.read_bytes()[:300])
    (project / "bad.py").write_text("x = 1\nx = = 2\n")
    (project / "number.pyc").write_bytes(SAMPLE.read_bytes()[:12] + marshal.dumps(1))
    (project / "garbage").write_bytes(bytes(8))
    bad = ("empty.pyc", "cut.pyc", "bad.py", "number.pyc", "garbage", ".", "nowhere.py")
    result = run("show", *bad, "fresh.py")
    assert result.exit_code == 2
    assert "fresh.py: compiled by" in result.stdout
    assert result.stderr.splitlines() == [
        "pycinspect: empty.pyc: offset 0: the file is empty",
        "pycinspect: cut.pyc: offset 300: the data ends inside the object that begins here",
        "pycinspect: bad.py:2: SyntaxError: invalid syntax",
        "pycinspect: number.pyc: offset 12: a int, not a code object",
        "pycinspect: garbage: offset 0: magic number 0 (bytes 00 00 00 00) is in no table",
        "pycinspect: .: a directory, not a file",
        "pycinspect: nowhere.py: no such file",
    ]


def test_a_forced_dialect(run: Run, project: Path) -> None:
    (project / "strange.pyc").write_bytes(b"\xff\xff\r\n" + SAMPLE.read_bytes()[4:])
    assert run("show", "strange.pyc").exit_code == 2
    result = run("show", "strange.pyc", "--as", "cpython-3.5")
    assert result.exit_code == 0
    assert "strange.pyc: cpython-3.5, timestamp" in result.stdout
    assert run("show", "strange.pyc", "--as", "nobody").exit_code == 2


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell")
def test_a_reader_that_stops_early_is_no_error(project: Path) -> None:
    many = " ".join([os.fspath(SAMPLE)] * 200)
    done = process(cwd=project, shell=f" {many} | head -1")
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


@pytest.mark.skipif(os.name != "posix", reason="names of POSIX")
def test_hostile_names(run: Run, project: Path) -> None:
    name = "\x1b[31m\n\udcff.py"
    (project / name).write_text("x = = 1")
    result = run("show", name)
    assert result.stderr == "pycinspect: \\x1b[31m\\n\\udcff.py:1: SyntaxError: invalid syntax\n"
    (project / name).write_text("x = 1")
    assert "\x1b" not in run("show", name).stdout
    assert json.loads(run("show", name, "--json").stdout)["path"] == name


# --- JSON --------------------------------------------------------------------------------------


def test_an_object_a_file_a_line_each(run: Run, project: Path, cache: Path) -> None:
    (project / "bad.py").write_text("x = 1\nx = = 2\n")
    result = run("show", "--json", cache, "bad.py", "fresh.py")
    assert result.exit_code == 2
    assert result.stderr == ""
    from_cache, failed, from_source = map(json.loads, result.stdout.splitlines())
    assert from_cache["schema"] == "pycinspect.show/1"
    assert from_cache["header"]["mtime"] == 1_500_000_000
    assert failed["codes"] is None
    assert failed["error"] == {
        "slug": "does-not-compile",
        "message": "SyntaxError: invalid syntax",
        "offset": None,
        "line": 2,
    }
    assert from_source["header"] is None
    assert from_source["dialect"] == from_cache["dialect"]
    assert from_source["magic"] == from_cache["magic"]
    assert [step[3:6] for step in from_source["codes"][0]["instructions"]] == [
        step[3:6] for step in from_cache["codes"][0]["instructions"]
    ]


def test_the_header_alone_has_no_codes(run: Run, cache: Path) -> None:
    whole = json.loads(run("show", "--json", cache).stdout)
    header = json.loads(run("show", "--json", "--header", cache).stdout)
    assert whole.pop("codes")
    assert whole == header


def test_json_of_one_code_object(run: Run) -> None:
    result = run("show", SAMPLE, "--json", "--code", "Documented.method")
    (code,) = json.loads(result.stdout)["codes"]
    assert code["qualname"] == "Documented.method"
    assert code["index"] > 0


def test_json_of_a_damaged_payload_has_the_header(run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pyc"
    cut.write_bytes(SAMPLE.read_bytes()[:60])
    shown = json.loads(run("show", "--json", str(cut)).stdout)
    assert (shown["dialect"], shown["header"]["mode"]) == ("cpython-3.5", "timestamp")
    assert (shown["error"]["slug"], shown["codes"]) == ("truncated", None)


def test_the_canonical_form_is_the_same_for_two_pythons(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "app.py"
    source.write_text(
        "def f(a):\n    if a:\n        return [x for x in a]\n    raise KeyError(a)\n"
    )
    oracles = find_oracles()
    shown = []
    for name in ("cpython-3.8", "cpython-3.13"):
        if name not in oracles:
            pytest.skip(f"{name} is not installed")
        python = ("--python", str(oracles[name].program))
        result = run("show", "--canonical", "--code", "f", *python, str(source))
        assert result.exit_code == 0
        shown.append([line for line in result.stdout.splitlines()[1:] if "pep-709" not in line])
    assert shown[0] == shown[1]
    assert any("raise KeyError(a)" in line for line in shown[0])


def test_canonical_goes_with_no_other_view(run: Run) -> None:
    result = run("show", "--canonical", "--json", str(SAMPLE))
    assert result.exit_code == 2
    assert "--canonical does not go with --json" in result.stderr
