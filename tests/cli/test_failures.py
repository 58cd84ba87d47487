"""Bugs of ours, and of plugins: never an answer, never a traceback, and the rest goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

import pycinspect
from pycinspect import plugins
from pycinspect.auditing import CacheFile, Finding, Rule, Severity, Summary
from pycinspect.dialects import Dialect
from pycinspect.report.base import Factory

from .conftest import Run

#: A magic number of nobody's, at which the plugin below fails.
NOBODYS = (0xBEEF).to_bytes(2, "little") + b"\r\n"
LINE = "pycinspect: internal error: ZeroDivisionError: a\\nb; please report it"


def _fail(*_: object, **__: object) -> NoReturn:
    raise ZeroDivisionError("a\nb")


class BrokenRule(Rule):
    """Fails at every cache."""

    id = "XYZ001"
    name = "broken"
    title = "Broken"
    severity = Severity.INFO
    message = "never said"

    def check_cache(self, cache: CacheFile) -> Finding | None:
        _fail()


class BrokenAtTheStart(BrokenRule):
    id = "XYZ002"
    name = "broken-at-the-start"
    __init__ = _fail


class BrokenFormat:
    """Fails after the first finding."""

    def __init__(self, out: Any, context: object) -> None:
        self._out = out

    def finding(self, finding: Finding) -> None:
        self._out.write("half a report\n")

    def close(self, summary: Summary) -> None:
        _fail()


class RulePlugin:
    @pycinspect.hookimpl
    def pycinspect_rules(self) -> Iterable[type[Rule]]:
        return [BrokenRule, BrokenAtTheStart]


class FormatPlugin:
    @pycinspect.hookimpl
    def pycinspect_reporters(self) -> Mapping[str, Factory]:
        return {"broken": BrokenFormat}


class ReaderPlugin:
    @pycinspect.hookimpl
    def pycinspect_find_dialect(self, magic: bytes, known: Dialect | None) -> Dialect | None:
        return _fail() if magic == NOBODYS else None


class BrokenPlugin:
    pycinspect_rules = pycinspect.hookimpl(lambda self: _fail())


Install = Callable[[object], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a plugin for the commands."""
    load = plugins.load_registry

    def add(plugin: object) -> None:
        monkeypatch.setattr(plugins, "load_registry", lambda: load([plugin]))

    return add


@pytest.fixture
def strange(project: Path) -> Path:
    """A cache at whose header the plugin of readers fails."""
    path = project / "__pycache__" / f"strange.{sys.implementation.cache_tag}.pyc"
    path.write_bytes(NOBODYS + bytes(100))
    return path.relative_to(project)


def _summary(output: str) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(output)["summary"]
    return summary


# --- Commands over several files -----------------------------------------------------------------


@pytest.mark.parametrize("command", [("show",), ("show", "--header"), ("show", "--canonical")])
def test_the_next_file_is_shown_and_the_worst_code_wins(
    run: Run, install: Install, strange: Path, command: tuple[str, ...]
) -> None:
    install(ReaderPlugin())
    result = run(*command, "nowhere.py", strange, _fresh_cache())
    assert result.exit_code == 3
    assert "fresh" in result.stdout
    assert result.stderr.splitlines() == [
        "pycinspect: nowhere.py: no such file",
        f"{LINE} with this file: {strange}",
    ]


def _fresh_cache() -> str:
    return os.path.join("__pycache__", f"fresh.{sys.implementation.cache_tag}.pyc")


def test_formats_for_machines_have_an_object_for_each_file(
    run: Run, install: Install, strange: Path
) -> None:
    install(ReaderPlugin())
    result = run("show", "--header", "--json", strange, _fresh_cache())
    broken, good = map(json.loads, result.stdout.splitlines())
    assert (broken["path"], broken["error"]["slug"]) == (os.fspath(strange), "internal-error")
    assert good["error"] is None
    assert result.exit_code == 3
    assert result.stderr == f"{LINE} with this file: {strange}\n"


def test_check_goes_on(run: Run, install: Install, strange: Path, project: Path) -> None:
    install(ReaderPlugin())
    bare = project / "bare.pyc"
    bare.write_bytes(NOBODYS + bytes(100))
    result = run("check", "bare.pyc", "stale.py")
    assert result.exit_code == 3
    assert result.stdout.startswith("stale.py: recompile")
    assert result.stderr == f"{LINE} with this file: bare.pyc\n"


def test_diff_of_trees_goes_on(run: Run, install: Install, project: Path) -> None:
    install(ReaderPlugin())
    for name in ("old", "new"):
        (project / name).mkdir()
        (project / name / "bad.pyc").write_bytes(NOBODYS + bytes(100))
        (project / name / "good.py").write_text(f"x = {name!r}\n")
    result = run("diff", "old", "new")
    assert result.exit_code == 3
    assert "x = 'new'" in result.stdout
    bad = f"{os.path.join('old', 'bad.pyc')} and {os.path.join('new', 'bad.pyc')}"
    assert result.stderr == f"{LINE} with this file: {bad}\n"


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("x" * 10_000), OSError("odd")])
def test_every_exception_is_one_line_of_bounded_length(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr("pycinspect.plugins.load_registry", fail)
    result = run("rules")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"pycinspect: internal error: {type(error).__name__}")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000


@pytest.mark.parametrize("how", ["before", "after", "variable"])
def test_the_traceback_is_shown_where_it_is_wanted(
    run: Run, install: Install, strange: Path, how: str
) -> None:
    install(ReaderPlugin())
    before = ["--debug"] if how == "before" else []
    after = ["--debug"] if how == "after" else []
    env = {"PYCINSPECT_DEBUG": "1"} if how == "variable" else {"PYCINSPECT_DEBUG": "0"}
    result = run(*before, "show", strange, *after, env=env)
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.endswith(f"{LINE} with this file: {strange}\n")
    assert "Traceback" not in run("show", strange, env={"PYCINSPECT_DEBUG": "0"}).stderr


def test_an_interruption_has_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("pycinspect.plugins.load_registry", interrupt)
    result = run("rules")
    assert (result.exit_code, result.output) == (130, "")


def test_a_plugin_that_cannot_be_loaded_is_an_error_of_one_line(run: Run, install: Install) -> None:
    install(BrokenPlugin())
    result = run("rules")
    assert result.exit_code == 2
    assert result.stderr == "pycinspect: a plugin failed: ZeroDivisionError: a\\nb\n"


# --- Audits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--exit-zero",),
        ("--ignore", "PYC902"),
        ("--ignore", "PYC9"),
        ("--select", "PYC101"),
        ("--per-path-ignore", "*:PYC902"),
        ("--fail-on", "security"),
    ],
)
def test_a_file_that_could_not_be_looked_at_is_never_clean(
    run: Run, install: Install, strange: Path, options: tuple[str, ...]
) -> None:
    install(ReaderPlugin())
    result = run("audit", ".", "--json", "--no-config", *options)
    assert result.exit_code == 3
    findings = json.loads(result.stdout)["findings"]
    (fault,) = [finding for finding in findings if finding["rule"] == "PYC902"]
    assert fault["path"] == os.fspath(strange)
    assert fault["message"] == "reading the header failed: ZeroDivisionError: a\\nb"
    summary = _summary(result.stdout)
    assert (summary["complete"], summary["internal_errors"], summary["files"]) == (False, 1, 2)
    assert "PYC101" in {finding["rule"] for finding in findings}


def test_the_text_and_every_format_say_that_something_was_not_looked_at(
    run: Run, install: Install, strange: Path
) -> None:
    install(ReaderPlugin())
    said = "Incomplete: 1 internal error (PYC902), the figures are those of a part."
    assert said in run("audit", ".", "--no-config").stdout
    for name in ("github", "markdown", "json"):
        assert "Not everything was looked at" in run("audit", ".", "--format", name).stdout, name
    assert 'message="1 internal error (PYC902)"' in run("audit", ".", "--format", "junit").stdout
    assert '"executionSuccessful": false' in run("audit", ".", "--format", "sarif").stdout


def test_rules_that_fail_are_findings_and_exit_3(run: Run, install: Install) -> None:
    install(RulePlugin())
    result = run("audit", ".", "--json", "--select", "PYC101,XYZ")
    messages = [finding["message"] for finding in json.loads(result.stdout)["findings"]]
    assert result.exit_code == 3
    error = "failed: ZeroDivisionError: a\\nb"
    assert messages.count(f"XYZ001 {error}") == 2
    assert messages.count(f"XYZ002 {error}") == 1
    assert _summary(result.stdout)["internal_errors"] == 3


def test_a_payload_that_fails_is_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycinspect.auditing.deep.read_payload", _fail)
    result = run("audit", ".", "--json", "--deep")
    messages = [finding["message"] for finding in json.loads(result.stdout)["findings"]]
    assert messages.count("reading the payload failed: ZeroDivisionError: a\\nb") == 2
    assert result.exit_code == 3


def test_the_traceback_of_a_finding_is_shown_where_it_is_wanted(
    run: Run, install: Install, strange: Path
) -> None:
    install(ReaderPlugin())
    assert run("audit", ".").stderr == ""
    assert "Traceback" in run("audit", ".", "--debug").stderr


def test_a_baseline_does_not_accept_bugs(
    run: Run, install: Install, strange: Path, project: Path
) -> None:
    install(ReaderPlugin())
    result = run("audit", ".", "--write-baseline", "accepted.json")
    assert result.exit_code == 3
    assert "1 internal errors (PYC902)" in result.stderr
    assert "PYC902" not in (project / "accepted.json").read_text()


def test_a_format_that_fails_leaves_the_old_report(
    run: Run, install: Install, project: Path
) -> None:
    install(FormatPlugin())
    (project / "report").write_text("old")
    names = sorted(os.listdir(project))
    result = run("audit", ".", "--format", "broken", "--output", "report")
    assert (result.exit_code, result.stderr) == (3, f"{LINE}\n")
    assert (project / "report").read_text() == "old"
    assert sorted(os.listdir(project)) == names


def test_a_root_that_is_missing_leaves_the_old_report(run: Run, project: Path) -> None:
    (project / "report").write_text("old")
    result = run("audit", "nowhere", "--json", "--output", "report")
    assert result.exit_code == 2
    assert (project / "report").read_text() == "old"
    assert not list(project.glob(".pycinspect-*"))


# --- Standard output -----------------------------------------------------------------------------


def _start(*arguments: str, stdout: int | Any, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pycinspect", *arguments]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(os.name != "posix", reason="a closed pipe is another error on Windows")
def test_a_reader_that_has_gone_is_no_error(project: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with _start("rules", "PYC", stdout=writer) as child:
        os.close(writer)
        _, errors = child.communicate()
    assert (child.returncode, errors) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [("rules",), ("--help",), ("show", "fresh.py")])
def test_a_full_disk_is_one_line(project: Path, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full, _start(*arguments, stdout=full, cwd=project) as child:
        _, errors = child.communicate()
    assert child.returncode == 2
    assert errors == b"pycinspect: standard output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_standard_output_may_be_closed() -> None:
    script = (
        "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", script, "-m", "pycinspect", "rules"]
    child = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    assert (child.returncode, child.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["audit", "check", "diff", "rules", "show"])
def test_the_exit_codes_are_documented(run: Run, command: str) -> None:
    text = " ".join(run(command, "--help").stdout.split())
    assert "Exit codes: 0" in text
    assert "3 an error of pycinspect's own" in text
    assert "--debug" in text
