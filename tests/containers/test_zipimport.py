"""Zipapps and eggs: what Python imports from them as they are."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Policy
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import source_hash
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, timestamp
from tests.cli.conftest import Run, project, run
from tests.containers.kit import found

__all__ = ["project", "run"]

TAG = RUNNING.cache_tag
CACHED = marshal.dumps(compile("answer = 43\n", "<zip>", "exec"))
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))
UNCHECKED = RUNNING.magic + b"\1\0\0\0" + source_hash(SOURCE, RUNNING)
CHECKED = RUNNING.magic + b"\3\0\0\0" + bytes(8)

#: Module to its cache, if it has a source too, and what becomes of it.
MODULES = {
    "fresh": (FRESH + CACHED, True, "cache"),
    "near": (timestamp(RUNNING, MTIME + 1, len(SOURCE)) + CACHED, True, "cache"),
    "stale": (timestamp(RUNNING, MTIME + 2, len(SOURCE)) + CACHED, True, "source"),
    "size": (timestamp(RUNNING, MTIME, len(SOURCE) + 1) + CACHED, True, "source"),
    "magic": (b"\1\1\r\n" + FRESH[4:] + CACHED, True, "source"),
    "unchecked": (UNCHECKED + CACHED, True, "cache"),
    "checked": (CHECKED + CACHED, True, "source"),
    "bare": (FRESH + CACHED, False, "cache"),
    "bad": (b"\1\1\r\n" + FRESH[4:] + CACHED, False, "raises"),
    "cut": (FRESH + CACHED[:-4], True, "raises"),
    "more": (FRESH + CACHED + b"more", True, "cache"),
    "pkg": (FRESH + CACHED, True, "package"),
}
_STATES = {"load": "cache", "recompile": "source", "raise": "raises", "no-cache": "package"}


@pytest.fixture(params=["__main__.py", "EGG-INFO/PKG-INFO"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "app.pyz"
    path.write_bytes(b"#!/usr/bin/env python3\n")
    date = time.localtime(MTIME)[:6]
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        for name, (cache, has_source, _) in MODULES.items():
            packed.writestr(zipfile.ZipInfo(f"{name}.pyc", date), cache)
            if has_source:
                packed.writestr(zipfile.ZipInfo(f"{name}.py", date), SOURCE)
        packed.writestr(zipfile.ZipInfo("pkg/__init__.py", date), "answer = 44\n")
        packed.writestr(zipfile.ZipInfo("pkg/m.py", date), SOURCE)
        packed.writestr(zipfile.ZipInfo(f"pkg/__pycache__/m.{TAG}.pyc", date), FRESH + PAYLOAD)
        packed.writestr(request.param, "")
    return path


_IMPORTS = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
told = {}
for name in sys.argv[2:]:
    try:
        told[name] = importlib.import_module(name).answer
    except Exception as error:
        told[name] = type(error).__name__
print(json.dumps(told))
"""


def _imported(archive: Path) -> dict[str, str]:
    command = [sys.executable, "-I", "-c", _IMPORTS, archive, *MODULES]
    done = subprocess.run(command, capture_output=True, check=True)
    words = {42: "source", 43: "cache", 44: "package"}
    return {name: words.get(told, "raises") for name, told in json.loads(done.stdout).items()}


def test_caches_are_judged_as_zipimport_takes_them(archive: Path, run: Run) -> None:
    expected = {name: told for name, (_, _, told) in MODULES.items()}
    assert _imported(archive) == expected
    for name, told in expected.items():
        answer = json.loads(run("check", f"{archive}!/{name}.pyc", "--json").stdout)
        assert _STATES[answer["verdict"]] == told, answer


def test_the_audit_says_the_same(archive: Path) -> None:
    audit = Audit([archive], BUILT_IN, Policy(deep=True))
    findings = list(audit)
    states = audit.summary.states
    assert (states["stale"], states["raises"], states["sourceless"]) == (4, 2, 1)
    assert (states["fresh"], states["unused"], states["hidden"]) == (4, 1, 0) or states[
        "unused"
    ] == 2
    by_rule = {finding.rule: os.path.basename(finding.path) for finding in findings}
    assert by_rule["PYC006"] == "more.pyc"
    assert by_rule["PYC103"] == "checked.pyc"
    assert {"PYC101", "PYC102", "PYC202"} <= by_rule.keys()


def test_sources_are_found_in_it(archive: Path, run: Run) -> None:
    answer = json.loads(run("check", f"{archive}!/pkg/m.py", "--json").stdout)
    assert (answer["verdict"], answer["reason"]) == ("recompile", "cache-absent")
    answer = json.loads(run("check", f"{archive}!/pkg/__pycache__/m.{TAG}.pyc", "--json").stdout)
    assert answer["reason"] == "zip-pycache"
    answer = json.loads(run("check", f"{archive}!/pkg/__init__.py", "--json").stdout)
    assert answer["verdict"] == "recompile"


def test_a_thousand_modules_are_judged_without_reading_the_directory_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    make = zipfile.ZipFile.__init__
    with zipfile.ZipFile(tmp_path / "a.pyz", "w") as packed:
        packed.writestr("__main__.py", "")
        for number in range(50):
            packed.writestr(f"m{number}.pyc", FRESH + PAYLOAD)

    def counted(self: zipfile.ZipFile, *args: object, **kwargs: object) -> None:
        opened.append(self)
        make(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert len([f for f in found(tmp_path / "a.pyz") if f.rule == "PYC202"]) == 50
    assert len(opened) == 2
