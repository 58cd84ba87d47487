"""CPython's test_zipimport about bytecode in zip files, said with the plugin."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_pycinspect import CacheEvent, Pycache
from tests.plugin.ports.caches import OLD, CacheCase, T, parameters
from tests.plugin.ports.kit import NotSaid
from tests.plugin.ports.test_file_loader import NEW, is_

__all__ = ["CASES", "NOT_SAID"]

_PATH = {"PYTHONPATH": "lib.zip"}
_SOURCE, _BYTECODE = "m.py", "m.pyc"


def in_zip(
    *members: str,
    mode: str | None = None,
    text: str | None = None,
    check: str = "default",
    **damage: Any,
) -> Callable[[Pycache], Any]:
    """Return a scene: a module is imported from a zip file.

    Args:
        members: which of its files are in it.
        mode: how its cache is tied to the source.
        text: what the source becomes after it was compiled, at the same time.
        check: how much of hashes the interpreter checks.
        damage: of the cache; see ``Pycache.corrupt``.
    """

    def scene(project: Pycache) -> Any:
        project.write("m", OLD, mtime=T)
        cache = project.compile("m", mode, legacy=True)  # type: ignore[arg-type]
        if damage:
            project.corrupt(cache, **damage)
        if text is not None:
            project.write("m", text, mtime=T)
        project.pack("lib.zip", *members)
        for name in {_SOURCE, _BYTECODE}.difference(members):
            project.delete(name)
        flags = ["--check-hash-based-pycs", check]
        return project.run("import m; print(m.state)", env=_PATH, flags=flags)

    return scene


def event(run: Any) -> CacheEvent:
    found: CacheEvent = run["m"]
    return found


def is_event(*seen: object) -> Callable[[Any], bool]:
    check = is_(*seen)
    return lambda run: check(event(run))


def package(project: Pycache, *names: str, keep: bool = False) -> CacheEvent:
    """Import a module of packages, of which only bytecode is in a zip file unless all is kept."""
    for name in names:
        project.write(name, OLD, mtime=T)
        project.compile(name, legacy=True)
    for name in () if keep else names:
        project.delete(name)
    project.pack("lib.zip", *names)
    return project.run(f"import {names[-1]}", env=_PATH)[names[-1]]


def with_bytes(project: Pycache, before: bytes) -> Any:
    """Import from a zip file that has something else before it."""
    project.write("m", OLD, mtime=T)
    path = Path(project.pack("lib.zip", "m"))
    path.write_bytes(before + path.read_bytes())
    return project.run("import m", env=_PATH)["m"]


def of_two(project: Pycache, *archives: str) -> CacheEvent:
    """Import a module that is in two zip files, in packages without ``__init__``."""
    for archive in ("one.zip", "two.zip"):
        project.write("p.m", OLD, mtime=T)
        project.compile("p.m", legacy=True)
        project.pack(archive, "p.m")
    project.delete("p.__init__")
    return project.run("import p.m", env={"PYTHONPATH": os.pathsep.join(archives)})["p.m"]


def in_both(project: Pycache, *, has_init: bool) -> Any:
    """Import from a namespace package that is in a directory and in a zip file."""
    for name in ("here", "there"):
        project.write(f"p.{name}", OLD, mtime=T)
    project.pack("lib.zip", "p.there")
    if not has_init:
        project.delete("p.__init__")
    return project.run("import p.here, p.there", env=_PATH)


def written_meanwhile(project: Pycache, forget: str) -> Any:
    """Import from a zip file what the program has added to it after it was read."""
    project.write("m", OLD, mtime=T)
    project.pack("lib.zip", "m")
    code = (
        "import importlib, zipfile, m\n"
        "with zipfile.ZipFile('lib.zip', 'a') as z: z.writestr('more.py', 'x = 1')\n"
        f"{forget}\nimport more"
    )
    return project.run(code, env=_PATH)


def state(wanted: str) -> Callable[[Any], bool]:
    return lambda run: str(run.stdout) == f"{wanted}\n"


_IN = "UncompressedZipImportTestCase."
_WHOLE = in_zip(_SOURCE, _BYTECODE)
CASES = (
    CacheCase(_IN + "testPy", in_zip(_SOURCE), _WHOLE, is_event("miss", False, "in_zip")),
    CacheCase(_IN + "testPyc", in_zip(_BYTECODE), _WHOLE, is_event("sourceless", False)),
    CacheCase(
        _IN + "testBoth",
        _WHOLE,
        in_zip(_SOURCE),
        lambda run: event(run).hit and str(event(run).pyc).endswith("lib.zip/m.pyc"),
    ),
    CacheCase(
        _IN + "testUncheckedHashBasedPyc",
        in_zip(_SOURCE, _BYTECODE, mode="unchecked-hash", text=NEW),
        in_zip(_SOURCE, _BYTECODE, mode="checked-hash", text=NEW),
        lambda run: event(run).stale_hit and state("old")(run),
    ),
    CacheCase(
        _IN + "test_checked_hash_based_change_pyc",
        in_zip(_SOURCE, _BYTECODE, mode="unchecked-hash", text=NEW, check="always"),
        in_zip(_SOURCE, _BYTECODE, mode="unchecked-hash", text=NEW),
        lambda run: event(run).why.code == "hash_differs" and state("new")(run),
    ),
    CacheCase(
        _IN + "testEmptyPy",
        in_zip(_SOURCE, text="state = ''"),
        in_zip(_SOURCE, text="raise ValueError"),
        lambda run: event(run).miss and run.raised is None,
    ),
    CacheCase(
        _IN + "testBadMagic",
        in_zip(_SOURCE, _BYTECODE, magic=b"\0\0\0\0"),
        _WHOLE,
        is_event("invalid", False, "magic_unknown"),
    ),
    CacheCase(
        _IN + "testBadMagic2",
        in_zip(_BYTECODE, magic=b"\0\0\0\0"),
        in_zip(_BYTECODE),
        lambda run: event(run).invalid and "ZipImportError" in str(event(run).raised),
    ),
    CacheCase(
        _IN + "testBadMTime",
        in_zip(_SOURCE, _BYTECODE, mtime=T ^ 0x20000),
        in_zip(_SOURCE, _BYTECODE, mtime=T + 1),  # the lowest bit is not in a zip file
        is_event("stale", False, "mtime_differs"),
    ),
    CacheCase(
        _IN + "test2038MTime",
        in_zip(_SOURCE, _BYTECODE, mtime=2**32 - 1),
        in_zip(_SOURCE, _BYTECODE, mtime=T),
        is_event("stale", False, "mtime_differs"),
    ),
    CacheCase(
        _IN + "testPackage",
        lambda project: package(project, "p.__init__", "p.m"),
        lambda project: package(project, "p.__init__", "p.m", keep=True),
        lambda event: event.sourceless and str(event.pyc).endswith("lib.zip/p/m.pyc"),
    ),
    CacheCase(
        _IN + "testSubPackage",
        lambda project: package(project, "p.__init__", "p.q.__init__", "p.q.m"),
        lambda project: package(project, "p.__init__", "p.q.__init__", "p.q.m", keep=True),
        lambda event: event.sourceless and str(event.pyc).endswith("lib.zip/p/q/m.pyc"),
    ),
    CacheCase(
        _IN + "testMixedNamespacePackage",
        partial(in_both, has_init=False),
        partial(in_both, has_init=True),
        lambda run: (
            run["p"].why.code == "namespace_package"
            and (run["p.here"].written, run["p.there"].written) == ("created", False)
        ),
    ),
    CacheCase(
        _IN + "testNamespacePackage",
        lambda project: of_two(project, "two.zip", "one.zip"),
        lambda project: of_two(project, "one.zip", "two.zip"),
        lambda event: event.hit and str(event.pyc).endswith("two.zip/p/m.pyc"),
    ),
    CacheCase(
        _IN + "testInvalidateCaches",
        partial(written_meanwhile, forget="importlib.invalidate_caches()"),
        partial(written_meanwhile, forget=""),
        lambda run: "more" in run and run["more"].why.code == "in_zip",
    ),
    CacheCase(
        _IN + "testImport_WithStuff",
        partial(with_bytes, before=b"Some Stuff" * 31),
        lambda project: _WHOLE(project)["m"],
        is_("miss", False, "in_zip"),
    ),
    CacheCase(
        _IN + "testTraceback",
        in_zip(_SOURCE, text="state = 1 / 0"),
        in_zip(_SOURCE),
        lambda run: event(run).miss and str(run.raised).startswith("ZeroDivisionError"),
    ),
)

NOT_SAID = (
    NotSaid(
        "test_zipimport: testGetData, testGetSource, testZipImporterMethods …",
        "the API of loader objects: no import takes place",
    ),
    NotSaid(
        "test_zipimport: testZip64, testLargestPossibleComment, BadFileZipImportTestCase",
        "which files are archives at all: no import comes to a module",
    ),
)


@parameters(CASES)
def test_the_check_is_true_of_the_subject(case: CacheCase, pycache: Pycache) -> None:
    assert case.check(case.subject(pycache))


@parameters(CASES)
def test_the_check_fails_on_the_broken_subject(case: CacheCase, pycache: Pycache) -> None:
    seen = case.broken(pycache)
    with pytest.raises(AssertionError):
        assert case.check(seen)
