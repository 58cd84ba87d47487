"""``pycinspect audit`` of what is not a tree of caches: nothing that was not looked at is clean."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from pycinspect.report.formats import REPORTERS

from .conftest import Run


@pytest.fixture
def others(project: Path) -> Path:
    """What is neither a cache nor a source, beside a project with both."""
    place = project.parent / f"{project.name}-others"
    (place / "docs").mkdir(parents=True)
    (place / "docs" / "readme.txt").write_text("hello\n")
    (place / "nothing").mkdir()
    (place / "text").write_text("root:x:0:0\n")
    (place / "empty").touch()
    (place / "app.txt").write_text("no source\n")
    (place / "app.py").write_text("answer = 42\n")
    (place / "marshalled").write_bytes(b"\xe3" + bytes(40))
    (place / "app.whl").write_bytes(b"PK\x03\x04" + bytes(40))
    with zipfile.ZipFile(place / "docs.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    (place / "dist").mkdir()
    with zipfile.ZipFile(place / "dist" / "app.whl", "w") as archive:
        archive.writestr("app.py", "")
    with tarfile.open(place / "app.tar", "w") as tar:
        tar.add(place / "app.py")
        tar.add(place / "app.txt")
    (place / "app.tar").write_bytes((place / "app.tar").read_bytes()[:1400])
    (place / "app.tar.gz").write_bytes(b"\x1f\x8b\x08" + bytes(20))
    return place


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("docs", "there is neither a cache nor a source in it"),
        (
            "dist",
            "there is neither a cache nor a source in it, but app.whl, a zip archive: audit it",
        ),
        ("nothing", "there is neither a cache nor a source in it"),
        ("text", "neither a source nor a cache"),
        ("empty", "neither a source nor a cache"),
        ("app.txt", "neither a source nor a cache"),
        ("marshalled", "marshalled code without a header"),
        ("app.whl", "a damaged zip archive: BadZipFile: "),
        ("docs.zip", "there is neither a cache nor a source in it"),
        ("app.tar", "a damaged tar archive: ReadError: "),
        ("app.tar.gz", "a damaged tar archive in a gzip file: ReadError: "),
        ("nowhere", "No such file"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--json",), ("--exit-zero",), ("--no-deep",)])
def test_what_cannot_be_audited_is_not_clean(
    run: Run, others: Path, name: str, message: str, arguments: tuple[str, ...]
) -> None:
    path = os.fspath(others / name)
    result = run("audit", path, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"pycinspect: {path}: {message}")
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="a fifo")
def test_a_fifo_is_not_waited_for(run: Run, others: Path) -> None:
    os.mkfifo(others / "fifo")
    result = run("audit", others / "fifo")
    assert (result.exit_code, result.stderr.count("a fifo, not a file")) == (2, 1)


def _check_format(name: str, text: str) -> None:
    """Refuse a document that its readers would not take."""
    if name in ("json", "sarif", "gitlab"):
        json.loads(text)
    elif name == "jsonl":
        assert [json.loads(line) for line in text.splitlines()][-1]["kind"] == "summary"
    elif name == "junit":
        ET.fromstring(text)
    assert text


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_a_bad_root_does_not_hide_the_good(run: Run, others: Path, name: str) -> None:
    bad = [others / "docs", others / "app.whl", others / "nowhere"]
    result = run("audit", bad[0], ".", *bad[1:], "--format", name)
    assert result.exit_code == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == list(map(str, bad))
    _check_format(name, result.stdout)
    assert "PYC101" in result.stdout
    assert "PYC901" in result.stdout


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_without_a_good_root_nothing_is_written(run: Run, others: Path, name: str) -> None:
    bad = [others / "docs", others / "app.whl"]
    result = run("audit", *bad, "--format", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == len(bad)


def test_a_baseline_of_a_part_is_not_a_success(run: Run, others: Path, project: Path) -> None:
    result = run("audit", ".", others / "docs", "--write-baseline", "accepted.json")
    assert result.exit_code == 2
    assert "PYC101" in (project / "accepted.json").read_text()


def test_an_audit_of_a_part_is_not_complete(run: Run, others: Path) -> None:
    summary = json.loads(run("audit", ".", others / "docs", "--json").stdout)["summary"]
    assert (summary["complete"], summary["unread"]) == (False, 1)


# --- What is little, and still something ------------------------------------------------------


def test_sources_without_caches_are_no_failure(run: Run, others: Path) -> None:
    (others / "docs" / "deep" / "deeper").mkdir(parents=True)
    (others / "docs" / "deep" / "deeper" / "m.py").touch()
    result = run("audit", others / "docs")
    assert result.exit_code == 0
    assert result.stdout.startswith("No caches for 1 source in 3 directories.\n")
    assert run("audit", others / "app.py").exit_code == 0


def test_an_empty_cache_directory_is_something(run: Run, others: Path) -> None:
    (others / "docs" / "__pycache__").mkdir()
    result = run("audit", others / "docs")
    assert (result.exit_code, "PYC210" in result.stdout) == (0, True)


@pytest.mark.skipif(os.name != "posix" or not os.getuid(), reason="root may read everything")
def test_what_cannot_be_read_is_not_nothing(run: Run, others: Path) -> None:
    (others / "docs" / "locked").mkdir(mode=0)
    result = run("audit", others / "docs")
    assert (result.exit_code, "PYC606" in result.stdout) == (1, True)


# --- A cache by another name -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["saved.bin", "stale.pyc.bak", "__pycache__/copy", "logo.png"])
def test_the_file_that_is_named_is_audited(run: Run, project: Path, name: str) -> None:
    (cache,) = (project / "__pycache__").glob("stale.*")
    shutil.copy(cache, project / name)
    document = json.loads(run("audit", name, "--json").stdout)
    (finding,) = document["findings"]
    assert (finding["rule"], finding["path"]) == ("PYC207", name)
    assert document["summary"]["files"] == 1
    assert document["summary"]["payloads"]["decoded"] == 1


def test_what_is_in_it_is_told(run: Run, project: Path) -> None:
    (cache,) = (project / "__pycache__").glob("fresh.*")
    (project / "saved.bin").write_bytes(cache.read_bytes() + b"hidden")
    found = json.loads(run("audit", "saved.bin", "--json").stdout)["findings"]
    assert {finding["rule"] for finding in found} == {"PYC006", "PYC207"}
