"""What was found out before is what would be found out now."""

from __future__ import annotations

import os
import py_compile
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect import audit
from pycinspect.auditing import Finding, Policy
from pycinspect.auditing import known as known_module
from pycinspect.auditing.payload import Payload, decoded
from tests.samples import ENTRIES, SAMPLES


def found(tree: Path, results: Path | None, **asked: object) -> list[Finding]:
    place = None if results is None else (lambda: os.fspath(results))
    policy = replace(Policy(deep=True), results=place, **asked)  # type: ignore[arg-type]
    return list(audit([tree], policy))


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Caches of many versions, and as many that are damaged."""
    tree, chance = tmp_path / "tree", random.Random(7)
    tree.mkdir()
    for entry in ENTRIES[::9]:
        data = (SAMPLES / entry["file"]).read_bytes()
        (tree / entry["file"]).write_bytes(data)
        place = chance.randrange(len(data))
        damaged = data[:place] + bytes((chance.randrange(256),)) + data[place + 1 :]
        (tree / f"damaged-{entry['file']}").write_bytes(damaged)
    return tree


def _decoding(patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return what tells how often something was decoded."""
    calls: list[object] = []

    def counting(*arguments: object) -> Payload:
        calls.append(arguments)
        return decoded(*arguments)  # type: ignore[arg-type]

    patch.setattr(known_module, "decoded", counting)
    return lambda: len(calls)


def test_findings_are_those_of_a_run_that_knows_nothing(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = found(samples, None)
    assert any(finding.rule.startswith("PYC5") for finding in truth)
    count = _decoding(monkeypatch)
    assert found(samples, tmp_path / "results") == truth
    first = count()
    assert found(samples, tmp_path / "results") == truth
    assert count() - first < first / 2  # what cannot be decoded is tried again


def test_another_selection_of_rules_adds_to_what_is_known(samples: Path, tmp_path: Path) -> None:
    truth = found(samples, None)
    for ids in (("PYC504",), ("PYC007", "PYC5"), ("ALL",), ("PYC4",)):
        asked = Policy().selection.__class__(select=ids)
        assert found(samples, tmp_path / "r", selection=asked) == found(
            samples, None, selection=asked
        )
    assert found(samples, tmp_path / "r") == truth


def test_a_change_of_one_byte_is_another_file(samples: Path, tmp_path: Path) -> None:
    found(samples, tmp_path / "results")
    chance = random.Random(8)
    for path in sorted(samples.iterdir()):
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
    assert found(samples, tmp_path / "results") == found(samples, None)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two modules with their caches."""
    package = tmp_path / "project" / "package"
    package.mkdir(parents=True)
    for name, value in (("one", 1), ("two", 22)):
        (package / f"{name}.py").write_text(f"def value():\n    return {value}\n")
        py_compile.compile(os.fspath(package / f"{name}.py"), doraise=True)
    return package.parent


def test_equal_files_are_decoded_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        shutil.copytree(project / "package", project / f"copy{number}")
    count = _decoding(monkeypatch)
    found(project, None)
    assert (len(list(project.rglob("*.pyc"))), count()) == (12, 2)


def test_comparisons_are_known_until_the_source_changes(project: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    truth = found(project, None, verify=True)
    assert found(project, results, verify=True) == truth
    assert found(project, results, verify=True) == truth
    source = project / "package" / "one.py"
    status = source.stat()
    source.write_bytes(source.read_bytes().replace(b"1", b"2"))
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    now = found(project, results, verify=True)
    assert now == found(project, None, verify=True)
    assert "PYC501" in {finding.rule for finding in now} - {finding.rule for finding in truth}


@pytest.mark.parametrize("jobs", [1, 2])
def test_several_processes_know_the_same(samples: Path, tmp_path: Path, jobs: int) -> None:
    truth = found(samples, None)
    assert found(samples, tmp_path / "results", jobs=jobs) == truth
    assert found(samples, tmp_path / "results", jobs=3 - jobs) == truth


def test_what_cannot_be_kept_is_said_and_changes_nothing(project: Path, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a directory")
    run = audit([project], Policy(deep=True, results=lambda: os.fspath(place)))
    assert list(run) == found(project, None)
    (note,) = (note for note in run.summary.notes if "not kept" in note)
    assert note.startswith(f"results are not kept in {place}: ")
