"""A tree does not silence its own audit unseen: what a settings file decides is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

TABLE = "[tool.pycinspect.audit]\n"
INSIDE = "pyproject.toml, which lies in the audited tree"


def _write(project: Path, *lines: str, name: str = "pyproject.toml") -> None:
    (project / name).write_text("\n".join([TABLE, *lines]))


def _settings(output: str) -> list[dict[str, Any]]:
    settings: list[dict[str, Any]] = json.loads(output)["summary"]["settings"]
    return settings


def _line(output: str) -> str:
    """Return the part of a text report that tells of settings, in one line."""
    _, _, after = output.partition("Settings  ")
    return " ".join(after.partition("\n\n")[0].split())


def test_the_report_names_the_file_and_what_it_decides(run: Run, project: Path) -> None:
    _write(project, 'ignore = ["PYC106", "PYC8"]', 'fail-on = "error"')
    result = run("audit", ".")
    assert _line(result.stdout) == f"{INSIDE}: ignores PYC106, PYC8; fails on error"
    assert result.exit_code == 0


def test_a_clean_report_names_them_too(run: Run, project: Path) -> None:
    _write(project, 'select = ["PYC111"]')
    result = run("audit", ".")
    assert "Next:" not in result.stdout
    assert _line(result.stdout) == f"{INSIDE}: selects PYC111"


@pytest.mark.parametrize(
    ("setting", "phrase"),
    [
        ('profile = "dev"', "profile dev"),
        ('as = "cpython-3.9"', "as cpython-3.9"),
        ("levels = [0, 2]", "levels 0, 2"),
        ('invalidation-mode = "checked-hash"', "invalidation mode checked-hash"),
        ('check-hash-based-pycs = "never"', "checks hash-based caches: never"),
        ('pycache-prefix = "p"', "cache prefix p"),
        ("dont-write-bytecode = true", "writes no bytecode"),
        ("deep = false", "decodes no payloads"),
        ("max-files = 0", "stops after 0 caches"),
        ("max-seconds = 1.5", "stops after 1.5 seconds"),
        ('per-path-ignores = {"*" = ["PYC"]}', "ignores PYC at *"),
    ],
)
def test_everything_that_may_silence_is_named(
    run: Run, project: Path, setting: str, phrase: str
) -> None:
    _write(project, setting)
    assert _line(run("audit", ".").stdout) == f"{INSIDE}: {phrase}"


def test_what_the_command_line_overrules_decides_nothing(run: Run, project: Path) -> None:
    _write(project, 'select = ["PYC2"]', 'fail-on = "error"')
    assert _line(run("audit", ".", "--select", "PYC1").stdout) == f"{INSIDE}: fails on error"
    both = run("audit", ".", "--select", "PYC1", "--fail-on", "info")
    assert "Settings" not in both.stdout


@pytest.mark.parametrize("content", ["", "[project]\nname = 'x'\n", TABLE])
def test_a_file_that_sets_nothing_is_not_named(run: Run, project: Path, content: str) -> None:
    (project / "pyproject.toml").write_text(content)
    assert "Settings" not in run("audit", ".").stdout
    assert _settings(run("audit", ".", "--json").stdout) == []


def test_a_file_above_the_tree_is_not_its_own_word(run: Run, project: Path) -> None:
    _write(project, 'ignore = ["PYC1"]')
    (project / "lib").mkdir()
    (project / "lib" / "module.py").touch()
    assert _line(run("audit", "lib").stdout) == "pyproject.toml: ignores PYC1"


def test_a_baseline_is_named_with_what_it_accepts(run: Run, project: Path) -> None:
    run("audit", ".", "--write-baseline", "accepted.json")
    accepted = len(json.loads((project / "accepted.json").read_text())["accepted"])
    assert accepted == 1
    _write(project, 'baseline = "accepted.json"')
    line = _line(run("audit", ".").stdout)
    assert line.endswith(f"accepted.json; the baseline accepts {accepted} finding")
    (settings,) = _settings(run("audit", ".", "--json").stdout)
    assert settings["baseline_accepts"] == accepted


@pytest.mark.parametrize("name", ["json", "jsonl", "sarif", "github", "junit"])
def test_every_format_has_them(run: Run, project: Path, name: str) -> None:
    _write(project, 'ignore = ["PYC106"]')
    assert "PYC106" in run("audit", ".", "--select", "PYC106,PYC101", "--format", name).stdout
    assert "in the audited tree" in run("audit", ".", "--format", "github").stdout
    assert "in the audited tree" in run("audit", ".", "--format", "junit").stdout
    (settings,) = _settings(run("audit", ".", "--json").stdout)
    assert settings == {
        "file": "pyproject.toml",
        "inside_tree": True,
        "used": True,
        "sets": {"ignore": ["PYC106"]},
        "baseline_accepts": 0,
    }


# --- Profile security ------------------------------------------------------------------------


@pytest.mark.parametrize("target", [".", "stale.py"])
def test_security_takes_no_settings_from_the_tree(run: Run, project: Path, target: str) -> None:
    _write(project, 'ignore = ["PYC1"]')
    result = run("audit", target, "--profile", "security", "--json")
    assert result.exit_code == 1
    (settings,) = _settings(result.stdout)
    assert (settings["used"], settings["inside_tree"], settings["sets"]) == (False, True, {})
    line = _line(run("audit", target, "--profile", "security").stdout)
    assert line == f"{INSIDE}: not used (--config names it if it is to be)"


def test_security_takes_those_that_are_named(run: Run, project: Path) -> None:
    _write(project, 'ignore = ["PYC1"]')
    result = run("audit", ".", "--profile", "security", "--config", "pyproject.toml")
    assert _line(result.stdout) == "pyproject.toml: ignores PYC1"
    assert "PYC101" not in result.stdout


def test_security_takes_those_above_the_tree(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project, 'ignore = ["PYC3"]')
    (project / "download").mkdir()
    _write(project / "download", 'ignore = ["PYC1", "PYC2"]')
    (project / "download" / "module.py").touch()
    monkeypatch.chdir(project / "download")
    passed, used = _settings(run("audit", ".", "--profile", "security", "--json").stdout)
    assert (passed["file"], passed["used"]) == ("pyproject.toml", False)
    assert (used["sets"], used["inside_tree"]) == ({"ignore": ["PYC3"]}, False)


@pytest.mark.skipif(os.name != "posix", reason="anybody may make links")
def test_a_tree_is_the_same_by_whatever_name(run: Run, project: Path) -> None:
    _write(project, 'ignore = ["PYC1"]')
    (project / "link").symlink_to(project)
    (settings,) = _settings(run("audit", "link", "--profile", "security", "--json").stdout)
    assert not settings["used"]


def test_settings_that_are_not_used_are_not_read(run: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text("= no TOML")
    assert run("audit", ".").exit_code == 2
    assert run("audit", ".", "--profile", "security").exit_code == 1


# --- Selections ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("--ignore", "PYC"), ("--select", "PYC1", "--ignore", "PYC1"), ("--select", "PYC901,PYC903")],
)
def test_a_selection_that_leaves_no_rule_is_an_error(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("audit", ".", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "pycinspect: no rule is left that looks at the tree\n"


def test_a_tree_cannot_leave_no_rule(run: Run, project: Path) -> None:
    _write(project, 'ignore = ["PYC"]')
    assert run("audit", ".").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", ".", "--select", "PYC1011"), "'PYC1011'; near are PYC111, PYC101"),
        (("audit", ".", "--select", "pyc101"), "'pyc101'; near are PYC101"),
        (("audit", ".", "--ignore", "PCY"), "'PCY'; near are PYC"),
        (("audit", ".", "--per-path-ignore", "*:PYC777"), "'PYC777'; near are PYC"),
        (("audit", ".", "--per-path-ignore", "*:"), "''"),
        (("rules", "PYC2X"), "'PYC2X'; near are PYC2"),
        (("rules", "zzzz"), "'ZZZZ'\n"),
    ],
)
def test_a_selector_that_fits_no_rule_is_an_error_with_near_ones(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert f"no rule's id starts with {message}" in result.stderr
    assert result.stderr.count("\n") == 1


# --- Hostile files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"x = {'[' * 5000}", "nested too deeply"),
        (f"{TABLE}max-seconds = 1{'0' * 400}", "too large to convert to float"),
        (f"{TABLE}max-files = 1{'0' * 5000}", "not a TOML file: "),
        (f"{TABLE}select = '{'x' * 100_000}'", " is not a list"),
        (f"{TABLE}fail-on = '{'x' * 100_000}'", "[tool.pycinspect.audit]: 'xxx"),
        (f"{TABLE}{'x' * 100_000} = 1", "unknown key 'xxx"),
        (f"{TABLE}select = ['{'x' * 100_000}']", "no rule's id starts with 'xxx"),
        ("x = '\\u001b[31m\u001b'", "not a TOML file: "),
        (f"# {'x' * 2_000_000}", "more than 1048576 bytes"),
        ("\udcff", "not a TOML file: "),
    ],
)
def test_hostile_settings_are_one_bounded_line(
    run: Run, project: Path, content: str, message: str
) -> None:
    (project / "pyproject.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    result = run("audit", ".")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 600
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("bracket", ["[", "{a=", "[{b=", "[0, "])
def test_what_is_nested_too_deeply_depends_on_the_file_alone(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, bracket: str
) -> None:
    monkeypatch.setattr("tomllib.loads", lambda text: pytest.fail("it was parsed"))
    (project / "pyproject.toml").write_text(f"x = {bracket * 120}")
    assert "nested too deeply" in run("audit", ".").stderr


def test_brackets_that_are_closed_are_not_nested(run: Run, project: Path) -> None:
    arrays = "".join(f"a{i} = [[{{x = [1]}}]]\n" for i in range(500))
    (project / "pyproject.toml").write_text(f"{arrays}[tool.pycinspect.audit]\nignore = ['ALL']\n")
    assert "no rule is left" in run("audit", ".").stderr


@pytest.mark.skipif(os.name != "posix", reason="fifos of POSIX")
def test_a_fifo_is_not_waited_for(run: Run, project: Path) -> None:
    os.mkfifo(project / "fifo.toml")
    result = run("audit", ".", "--config", "fifo.toml")
    assert result.exit_code == 2
    assert result.stderr == "pycinspect: fifo.toml: a fifo, not a file\n"
    os.mkfifo(project / "pyproject.toml")
    os.mkfifo(project / ".python-version")
    os.mkfifo(project / "pyvenv.cfg")
    assert run("audit", ".").exit_code == 1


def test_a_sparse_file_of_a_gigabyte_is_not_read(run: Run, project: Path) -> None:
    with open(project / "pyproject.toml", "wb") as stream:
        stream.truncate(1 << 30)
    result = run("audit", ".")
    assert result.exit_code == 2
    assert "more than 1048576 bytes" in result.stderr
