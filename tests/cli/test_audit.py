"""``pycinspect audit``: selection, settings, baselines, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pycinspect.auditing import Severity

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


def test_a_baseline_accepts_what_is_there_and_tells_what_has_gone(
    run: Run, project: Path, tmp_path: Path
) -> None:
    baseline = tmp_path.parent / "accepted.json"
    assert run("audit", ".", "--write-baseline", baseline).exit_code == 0
    again = run("audit", ".", "--json", "--baseline", baseline)
    assert report(again.stdout)["findings"] == []
    assert report(again.stdout)["summary"]["suppressed"] > 0
    os.utime(project / "stale.py", (1_500_000_000, 1_500_000_000))
    assert "PYC903" in rules(run("audit", ".", "--json", "--baseline", baseline).stdout)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "other/1"}', "\0"])
def test_a_file_that_is_no_baseline_is_refused(run: Run, project: Path, content: str) -> None:
    (project / "baseline.json").write_text(content)
    result = run("audit", ".", "--baseline", "baseline.json")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


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


def test_a_word_that_is_none_names_those_that_are() -> None:
    with pytest.raises(ValueError, match="'eror' is none of info, warning, error, security"):
        Severity("eror")
