"""``pycinspect audit``: selection, settings, baselines, exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pycinspect.cli import main

from .conftest import Run


def report(output: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(output)
    return document


def rules(output: str) -> set[str]:
    return {finding["rule"] for finding in report(output)["findings"]}


def test_the_stale_cache_is_found(run: Run) -> None:
    result = run("audit", ".", "--json", "--select", "PYC101")
    (finding,) = report(result.stdout)["findings"]
    assert finding["path"].endswith("stale." + finding["path"].partition("stale.")[2])
    assert finding["data"]["header_mtime"] == 1_500_000_000
    assert finding["data"]["source_mtime"] == 1_500_000_100
    assert result.exit_code == 1


def test_summary_counts_caches_by_state(run: Run) -> None:
    summary = report(run("audit", ".", "--json").stdout)["summary"]
    assert summary["files"] == 2
    assert (summary["caches"]["fresh"], summary["caches"]["stale"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--fail-on", "error"), 0),
        (("--fail-on", "info"), 1),
        (("--exit-zero",), 0),
        (("--ignore", "PYC"), 2),
        (("--select", "PYC9"), 2),
    ],
)
def test_exit_code_follows_the_worst_finding(
    run: Run, arguments: tuple[str, ...], code: int
) -> None:
    assert run("audit", ".", *arguments).exit_code == code


def test_selection_takes_prefixes_and_the_longer_wins(run: Run) -> None:
    assert "PYC101" not in rules(run("audit", ".", "--json", "--ignore", "PYC1").stdout)
    kept = run("audit", ".", "--json", "--ignore", "PYC1", "--select", "PYC,PYC101").stdout
    assert "PYC101" in rules(kept)


def test_settings_come_from_pyproject(run: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[tool.pycinspect.audit]\nignore = ["PYC2"]\n'
        '[tool.pycinspect.audit.per-path-ignores]\n"stale.*" = ["PYC101"]\n"gone.*" = ["PYC1"]\n'
    )
    found = report(run("audit", ".", "--json").stdout)["findings"]
    assert "PYC101" not in {finding["rule"] for finding in found}
    (unused,) = [finding for finding in found if finding["rule"] == "PYC903"]
    assert "gone.*" in unused["message"]
    assert "PYC101" in rules(run("audit", ".", "--json", "--no-config").stdout)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("selekt = []", "unknown key 'selekt'; did you mean 'select'?"),
        ("select = 3", "3 is not a list"),
        ('fail-on = "always"', "'always' is none of info, warning, error, security"),
        ("levels = [", "not a TOML file"),
        ('profile = "fast"', "profile 'fast' is none of"),
        ('select = ["PYX"]', "no rule's id starts with 'PYX'"),
        ('as = "cpython-3.1x"', "no dialect is called"),
        (f"{'a.' * 50}b = 1", "a key of more than 50 parts"),
        ('"a" . ' * 20_000 + "b = 1", "a key of more than 50 parts"),
    ],
)
def test_bad_settings_are_refused_in_one_line(
    run: Run, project: Path, setting: str, message: str
) -> None:
    (project / "pyproject.toml").write_text(f"[tool.pycinspect.audit]\n{setting}\n")
    result = run("audit", ".")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def accept(run: Run, path: str | os.PathLike[str] = "accepted.json", *more: str) -> Path:
    """Write a baseline."""
    result = run("audit", ".", "--write-baseline", path, *more)
    assert (result.exit_code, result.stdout) == (0, "")
    return Path(path).absolute()


def test_a_baseline_accepts_what_is_there_and_tells_what_has_gone(run: Run, project: Path) -> None:
    baseline = accept(run)
    again = run("audit", ".", "--json", "--baseline", baseline)
    assert (report(again.stdout)["findings"], again.exit_code) == ([], 0)
    assert report(again.stdout)["summary"]["suppressed"] == 1
    os.utime(project / "stale.py", (1_500_000_000, 1_500_000_000))
    mended = run("audit", ".", "--json", "--baseline", baseline, "--fail-on", "info")
    assert rules(mended.stdout) == {"PYC903"}
    assert mended.exit_code == 0  # information, never a failure


def test_only_what_counts_is_accepted(run: Run, project: Path) -> None:
    levels = {"info": {"PYC101", "PYC106"}, "warning": {"PYC101"}, "error": set()}
    for level, expected in levels.items():
        path = accept(run, f"{level}.json", "--fail-on", level, "--select", "PYC101,PYC106")
        rows = report(path.read_text())["accepted"]
        assert {row["rule"] for row in rows} <= expected
        assert ("PYC101" in {row["rule"] for row in rows}) == bool(expected)
    accept(run, "dev.json", "--profile", "dev")
    assert report((project / "dev.json").read_text())["accepted"] == []


def test_a_baseline_names_files(run: Run, project: Path) -> None:
    (row,) = report(accept(run).read_text())["accepted"]
    (cache,) = (project / "__pycache__").glob("stale.*")
    digest = hashlib.sha256(cache.read_bytes()).hexdigest()
    assert row == {
        "rule": "PYC101",
        "path": f"__pycache__/{cache.name}",
        "digest": f"sha256:{digest}",
    }


@pytest.mark.parametrize("place", ["", "deep/er", "../outside"])
@pytest.mark.parametrize("has_settings", [True, False])
def test_paths_are_relative_to_the_settings_or_the_baseline(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, place: str, has_settings: bool
) -> None:
    home = project / place
    home.mkdir(parents=True, exist_ok=True)
    if has_settings:
        (project / "pyproject.toml").write_text("")
    baseline = accept(run, home / "accepted.json")
    (row,) = report(baseline.read_text())["accepted"]
    below = project.resolve() if has_settings else home.resolve()
    found = os.path.normpath(below / row["path"])
    assert os.path.isfile(found)
    for here, target in ((project, "."), (project, project), (project / "__pycache__", "..")):
        monkeypatch.chdir(here)
        result = CliRunner().invoke(
            main, ["audit", os.fspath(target), "--baseline", os.fspath(baseline)]
        )
        assert result.exit_code == 0, result.output


def test_a_checkout_can_be_moved(
    run: Run, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    accept(run)
    moved = tmp_path_factory.mktemp("moved") / "checkout"
    shutil.copytree(project, moved)
    for path in project.rglob("*"):  # copytree keeps times, if not in all places exactly
        status = path.stat()
        os.utime(moved / path.relative_to(project), ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run("audit", moved, "--baseline", moved / "accepted.json").exit_code == 0


def test_reasons_and_days_of_expiry_are_kept(run: Run, project: Path) -> None:
    path = accept(run)
    document = report(path.read_text())
    document["accepted"][0] |= {"reason": "vendored", "expires": "2999-12-31"}
    path.write_text(json.dumps(document))
    assert run("audit", ".", "--baseline", path).exit_code == 0
    accept(run)
    assert report(path.read_text()) == document
    document["accepted"][0]["expires"] = "2001-01-01"
    path.write_text(json.dumps(document))
    expired = run("audit", ".", "--baseline", path)
    assert expired.exit_code == 1
    assert "it was accepted until 2001-01-01" in " ".join(expired.stdout.split())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a JSON file"),
        ("[]", "not a pycinspect.baseline/2 file"),
        ("{}", "not a pycinspect.baseline/2 file"),
        ('{"schema": "other/1"}', "not a pycinspect.baseline/2 file"),
        ("\0", "not a JSON file"),
        ('{"schema": "pycinspect.baseline/1", "findings": []}', "write it anew with --write-baseline"),
        ('{"schema": "pycinspect.baseline/2"}', "no list of what is accepted"),
        ('{"schema": "pycinspect.baseline/2", "accepted": [3]}', "entry 1: not an object"),
        ('{"schema": "pycinspect.baseline/2", "accepted": [{}]}', "entry 1: 'rule' is missing"),
        (
            ('{"schema": "pycinspect.baseline/2", "accepted": [{"rule": "P", "path": "x",'
            ' "expires": "tomorrow"}]}'),
            "entry 1: expires is 'tomorrow', not a day such as 2027-01-31",
        ),
        (
            ('{"schema": "pycinspect.baseline/2", "accepted": [{"rule": "P", "path": "x",'
            ' "expire": "2027-01-31"}]}'),
            "entry 1: unknown key 'expire'",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_baseline_is_refused(
    run: Run, project: Path, content: str, message: str
) -> None:
    (project / "baseline.json").write_text(content)
    result = run("audit", ".", "--baseline", "baseline.json")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_another_file_is_not_overwritten_by_a_baseline(run: Run, project: Path) -> None:
    before = (project / "fresh.py").read_bytes()
    assert run("audit", ".", "--write-baseline", "fresh.py").exit_code == 2
    assert (project / "fresh.py").read_bytes() == before
    old = '{"schema": "pycinspect.baseline/1", "findings": []}'
    (project / "old.json").write_text(old)
    accept(run, "old.json")


def test_sarif_lists_what_a_baseline_accepts(run: Run) -> None:
    accept(run)
    result = run("audit", ".", "--baseline", "accepted.json", "--format", "sarif")
    (found,) = report(result.stdout)["runs"][0]["results"]
    assert (found["ruleId"], result.exit_code) == ("PYC101", 0)
    assert found["suppressions"] == [{"kind": "external", "status": "accepted"}]


def test_patterns_of_settings_are_relative_to_their_file(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "[tool.pycinspect.audit.per-path-ignores]\n"
    (project / "pyproject.toml").write_text(table + '"__pycache__/*" = ["PYC101"]\n')
    monkeypatch.chdir(project / "__pycache__")
    runner = CliRunner()
    assert runner.invoke(main, ["audit", ".."]).exit_code == 0
    assert runner.invoke(main, ["audit", "..", "--no-config"]).exit_code == 1
    given = ["audit", "..", "--no-config", "--per-path-ignore"]
    assert runner.invoke(main, [*given, "../__pycache__/*:PYC1"]).exit_code == 0
    assert runner.invoke(main, [*given, "./*:PYC1"]).exit_code == 0
    assert runner.invoke(main, [*given, "__pycache__/*:PYC1"]).exit_code == 1


def test_a_path_that_is_not_there_is_trouble(run: Run) -> None:
    result = run("audit", "nowhere")
    assert result.exit_code == 2
    assert result.stderr == "pycinspect: nowhere: No such file or directory\n"


def test_a_single_file_can_be_audited(run: Run, project: Path) -> None:
    (cache,) = (project / "__pycache__").glob("stale.*")
    document = report(run("audit", os.path.relpath(cache, project), "--json").stdout)
    assert document["summary"]["files"] == 1
    assert "PYC101" in {finding["rule"] for finding in document["findings"]}


def test_limits_are_never_silent(run: Run) -> None:
    document = report(run("audit", ".", "--json", "--max-files", "0").stdout)
    assert document["summary"]["complete"] is False
    assert "PYC901" in {finding["rule"] for finding in document["findings"]}


@pytest.mark.parametrize("name", ["text", "json", "jsonl", "sarif", "github", "junit"])
def test_a_report_can_go_to_a_file(run: Run, project: Path, name: str) -> None:
    result = run("audit", ".", "--format", name, "--output", "report.txt")
    assert result.stdout == ""
    assert "PYC101" in (project / "report.txt").read_text()


def test_an_unknown_format_is_refused(run: Run) -> None:
    result = run("audit", ".", "--format", "yaml")
    assert result.exit_code == 2
    assert "yaml" in result.stderr


def test_the_tree_is_left_alone(run: Run, project: Path) -> None:
    def snapshot() -> list[tuple[Path, int, int]]:
        return [(p, p.stat().st_mtime_ns, p.stat().st_mode) for p in sorted(project.rglob("*"))]

    before = snapshot()
    run("audit", ".")
    assert snapshot() == before


def payloads(output: str) -> dict[str, int]:
    figures: dict[str, int] = report(output)["summary"]["payloads"]
    return figures


def test_payloads_are_decoded_as_told(run: Run, project: Path) -> None:
    decoded = {"decoded": 2, "not_decoded": 0, "undecodable": 0}
    not_decoded = {"decoded": 0, "not_decoded": 2, "undecodable": 0}
    assert payloads(run("audit", ".", "--json").stdout) == decoded
    assert payloads(run("audit", ".", "--json", "--no-deep").stdout) == not_decoded
    secure = ("--profile", "security")
    assert payloads(run("audit", ".", "--json", *secure).stdout) == decoded
    assert payloads(run("audit", ".", "--json", *secure, "--no-deep").stdout) == not_decoded
    (project / "pyproject.toml").write_text("[tool.pycinspect.audit]\ndeep = false\n")
    assert payloads(run("audit", ".", "--json").stdout) == not_decoded
    assert payloads(run("audit", ".", "--json", "--deep").stdout) == decoded


def test_what_was_not_decoded_is_said_once(run: Run) -> None:
    note = "Payloads not decoded: 2 caches (--deep decodes them)."
    assert run("audit", ".", "--no-deep").stdout.count(note) == 1
    assert run("audit", ".", "--no-deep", "-vv").stdout.count(note) == 1
    assert note not in run("audit", ".", "--deep").stdout
    assert note not in run("audit", ".", "--no-deep", "--select", "PYC1").stdout


@pytest.mark.parametrize("rule", ["PYC004", "PYC005", "PYC006", "PYC007", "PYC008", "PYC505"])
def test_deep_rules_are_explained(run: Run, rule: str) -> None:
    assert "Why it matters" in run("rules", rule).stdout


# --- For people ---------------------------------------------------------------------------


def test_lines_are_broken_where_columns_says_and_not_in_a_pipe(run: Run) -> None:
    for command in (("audit", ".", "--select", "PYC101"), ("check", "stale.py")):
        narrow = run(*command, env={"COLUMNS": "50"}).stdout
        wide = run(*command, env={"COLUMNS": None}).stdout
        sentences = narrow.partition("cache says")[0].splitlines()
        assert [line for line in sentences if len(line) > 50 and " " in line.strip()] == []
        (sentence,) = [line for line in wide.splitlines() if "records the source" in line]
        assert "1500000000" in sentence
        assert "1500000100 (2017-07-14 02:41:40 UTC)" in sentence


def test_times_are_dates_too_and_numbers_stay(run: Run) -> None:
    result = run("audit", ".", "--json", "--select", "PYC101")
    (finding,) = report(result.stdout)["findings"]
    assert "1500000000 (2017-07-14 02:40:00 UTC)" in finding["message"]
    assert finding["data"]["header_mtime"] == 1_500_000_000


def test_sizes_are_for_people(run: Run, project: Path) -> None:
    (project / "stale.py").write_bytes(b"#" * 1_234_567)
    os.utime(project / "stale.py", (1_500_000_000, 1_500_000_000))
    (finding,) = report(run("audit", ".", "--json", "--select", "PYC102").stdout)["findings"]
    assert "1,234,567 bytes (1.2 MB)" in finding["message"]
    assert "1,234,567 bytes (1.2 MB)" in run("check", "stale.py").stdout
