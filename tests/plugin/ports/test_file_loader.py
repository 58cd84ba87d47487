"""The file loader of test_importlib, and test_import about caches, said with the plugin."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pytest_pycinspect import CacheEvent, Pycache
from tests.plugin.ports.caches import OLD, CacheCase, T, damaged, parameters
from tests.plugin.ports.kit import NotSaid

__all__ = ["CASES", "NOT_SAID"]

NEW = "state = 'new'"


def is_(*seen: object) -> Callable[[CacheEvent], bool]:
    """Return the check of an outcome, of what became of the cache, and of the reason."""
    return lambda event: (event.outcome, event.written, event.why.code)[: len(seen)] == seen


def raises(start: str) -> Callable[[CacheEvent], bool]:
    return lambda event: str(event.raised).startswith(start) and not event.written


# --- test_importlib/source/test_file_loader.py: bytecode that is no good -----------------------

_SOURCE, _SOURCELESS = "SourceLoaderBadBytecodeTest.", "SourcelessLoaderBadBytecodeTest."
_HASHES = ("checked-hash", "unchecked-hash")
_NO_CODE = marshal.dumps(b"no code")

#: Name of the test, what is left of the cache, whether the importer finds the header whole.
_CUTS = (
    ("test_empty_file", 0, "ImportError"),
    ("test_partial_magic", 3, "ImportError"),
    ("test_magic_only", 4, "EOFError"),
    ("test_partial_flags", 7, "EOFError"),
    ("test_partial_timestamp", 11, "EOFError"),
    ("test_partial_size", 15, "EOFError"),
)

BAD_BYTECODE = (
    *(
        CacheCase(
            _SOURCE + test,
            damaged(truncate=size),
            damaged(),
            is_("invalid", "rewritten"),
        )
        for test, size, _ in _CUTS
    ),
    *(
        CacheCase(
            _SOURCE + "test_partial_hash",
            damaged(mode, truncate=13),
            damaged(mode),
            is_("invalid", "rewritten", "header_short"),
        )
        for mode in _HASHES
    ),
    CacheCase(
        _SOURCE + "test_bad_magic",
        damaged(magic=b"\0\0\0\0"),
        damaged(),
        is_("invalid", "rewritten", "magic_unknown"),
    ),
    CacheCase(
        _SOURCE + "test_no_marshal",
        damaged(truncate=16),
        damaged(),
        raises("EOFError"),
    ),
    CacheCase(
        _SOURCE + "test_non_code_marshal",
        damaged(payload=_NO_CODE),
        damaged(magic=b"\0\0\0\0", payload=_NO_CODE),
        raises("ImportError: Non-code object"),
    ),
    CacheCase(
        _SOURCE + "test_bad_marshal",
        damaged(payload=b"<test>"),
        damaged(mtime=5, payload=b"<test>"),
        raises("EOFError"),
    ),
    CacheCase(
        _SOURCE + "test_old_timestamp",
        damaged(mtime=0),
        damaged(mtime=T),
        is_("stale", "rewritten", "mtime_differs"),
    ),
    *(
        CacheCase(
            _SOURCELESS + test,
            damaged(sourceless=True, truncate=size),
            damaged(sourceless=True),
            raises(error),
        )
        for test, size, error in _CUTS
    ),
    *(
        CacheCase(
            _SOURCELESS + "test_partial_hash",
            damaged(mode, sourceless=True, truncate=13),
            damaged(mode, sourceless=True),
            raises("EOFError"),
        )
        for mode in _HASHES
    ),
    CacheCase(
        _SOURCELESS + "test_bad_magic",
        damaged(sourceless=True, magic=b"\0\0\0\0"),
        damaged(sourceless=True, truncate=4),
        raises("ImportError: bad magic number"),
    ),
    CacheCase(
        _SOURCELESS + "test_no_marshal",
        damaged(sourceless=True, truncate=16),
        damaged(sourceless=True),
        raises("EOFError"),
    ),
    CacheCase(
        _SOURCELESS + "test_non_code_marshal",
        damaged(sourceless=True, payload=_NO_CODE),
        damaged(sourceless=True),
        raises("ImportError: Non-code object"),
    ),
)


def readonly_cache(project: Pycache, *, bad: bool = True) -> CacheEvent:
    project.write("m", OLD, mtime=T)
    project.compile("m")
    if bad:
        project.corrupt("m", magic=b"\0\0\0\0")
    with project.readonly():
        return project.import_("m")


# --- test_importlib/source/test_file_loader.py: hashes, and what a loader does -----------------


def edited(project: Pycache, mode: str, check: str = "default", text: str = NEW) -> CacheEvent:
    """Import a module that is edited at once, by an interpreter that checks so much."""
    project.write("m", OLD, mtime=T)
    project.compile("m", mode)  # type: ignore[arg-type]
    project.edit("m", text, keep_mtime=True)
    return project.run("import m", flags=["--check-hash-based-pycs", check])["m"]


def imported(project: Pycache, text: str, name: str = "m") -> CacheEvent:
    project.write(name, text, mtime=T)
    return project.import_(name)


def again(project: Pycache, change: Callable[[Pycache], object]) -> CacheEvent:
    """Import a module, change something, and import it again."""
    project.write("m", OLD, mtime=T)
    project.import_("m")
    change(project)
    return project.import_("m")


def nothing(_: Pycache) -> None:
    return None


def in_package(project: Pycache, name: str, meant: str) -> CacheEvent:
    project.write(name, OLD, mtime=T)
    return project.run(f"import {name}")[meant]


def at(time: int) -> Callable[[Pycache], object]:
    def scene(project: Pycache) -> CacheEvent:
        project.write("m", OLD, mtime=time)
        project.import_("m")
        return project.import_("m")

    return scene


def reloaded(project: Pycache, code: str) -> str:
    project.write("m", OLD, mtime=T)
    return project.run(code).stdout


_RELOAD = (
    "import m, importlib; before = m; m.other = 1; {}; print(m is before, hasattr(m, 'other'))"
)

LOADING = (
    CacheCase(
        "SimpleTest.test_checked_hash_based_pyc",
        partial(edited, mode="checked-hash"),
        partial(edited, mode="unchecked-hash"),
        is_("stale", "rewritten", "hash_differs"),
    ),
    CacheCase(
        "SimpleTest.test_overridden_checked_hash_based_pyc",
        partial(edited, mode="checked-hash", check="never"),
        partial(edited, mode="checked-hash"),
        is_("stale_hit", False),
    ),
    CacheCase(
        "SimpleTest.test_unchecked_hash_based_pyc",
        partial(edited, mode="unchecked-hash"),
        partial(edited, mode="checked-hash"),
        is_("stale_hit", False),
    ),
    CacheCase(
        "SimpleTest.test_overridden_unchecked_hash_based_pyc",
        partial(edited, mode="unchecked-hash", check="always"),
        partial(edited, mode="unchecked-hash"),
        is_("stale", "rewritten", "hash_differs"),
    ),
    CacheCase(
        "SimpleTest.test_module",
        partial(imported, text=OLD),
        partial(imported, text="raise ValueError"),
        lambda event: event.raised is None and event.written == "created",
    ),
    CacheCase(
        "SimpleTest.test_package",
        partial(in_package, name="p.__init__", meant="p"),
        partial(in_package, name="p", meant="p"),
        lambda event: "__init__." in str(event.pyc),
    ),
    CacheCase(
        "SimpleTest.test_lacking_parent",
        partial(in_package, name="p.m", meant="p.m"),
        partial(in_package, name="p.m", meant="p"),
        lambda event: event.module == "p.m" and event.written == "created",
    ),
    CacheCase(
        "SimpleTest.test_module_reuse",
        partial(reloaded, code=_RELOAD.format("importlib.reload(m)")),
        partial(reloaded, code=_RELOAD.format("del importlib.sys.modules['m']; import m")),
        lambda printed: printed == "True True\n",
    ),
    CacheCase(
        "SimpleTest.test_state_after_failure",
        partial(imported, text="state = 1\nraise ZeroDivisionError('so')"),
        partial(imported, text="state = 1"),
        lambda event: event.raised == "ZeroDivisionError: so" and event.written == "created",
    ),
    CacheCase(
        "SimpleTest.test_bad_syntax",
        partial(imported, text="="),
        partial(imported, text="x = 1"),
        raises("SyntaxError"),
    ),
    CacheCase(
        "SimpleTest.test_timestamp_overflow",
        at(2**33 - 5),
        at(T),
        lambda event: event.raised is None and event.scene.source.st_mtime > 2**32,
    ),
    CacheCase(
        "SourceLoaderBadBytecodeTest.test_read_only_bytecode",
        readonly_cache,
        partial(readonly_cache, bad=False),
        is_("invalid", "failed"),
    ),
)

# --- test_import: PycacheTests, FilePermissionTests, PycRewritingTests --------------------------


def pyc_path(project: Pycache) -> bool:
    """Return whether the cache is where it is looked for, and was made by the import."""
    event = imported(project, OLD)
    return event.pyc == project.pyc("m") and event.written == "created"


def without_writing(scene: Callable[[Pycache], Any], project: Pycache) -> Any:
    project.no_write()
    return scene(project)


def unwritable(project: Pycache, *, read_only: bool = True) -> CacheEvent:
    if read_only:
        project.readonly()
    return imported(project, OLD)


def a_file_is_there(project: Pycache) -> CacheEvent:
    project.pycache_is_file()
    return imported(project, OLD)


def legacy(project: Pycache, *, source: bool = False) -> CacheEvent:
    project.write("m", OLD, mtime=T)
    project.compile("m", legacy=True)
    if not source:
        project.delete("m")
    return project.import_("m")


def sourceless_later(project: Pycache, text: str) -> str:
    """Import, edit, import, move the cache to the place of the source: which code is it?"""
    project.write("m", OLD, mtime=T)
    project.import_("m")
    project.edit("m", text)
    pyc = str(project.import_("m").pyc)
    project.delete("m")
    project.move(pyc, "m.pyc")
    return project.run("import m; print(m.state)").stdout


def cached(project: Pycache, code: str, *names: str) -> bool:
    """Return whether what code prints are the caches of modules."""
    for name in names:
        project.write(name, OLD, mtime=T)
    project.run(code)
    printed = project.run(code).stdout.splitlines()
    return printed == [project.pyc(name) for name in names]


_CACHED = "import p.m, sys; print(sys.modules['p'].__cached__); print(p.m.__cached__)"


def at_levels(project: Pycache, first: int, second: int) -> CacheEvent:
    project.write("m", OLD, mtime=T)
    project.optimize(first)
    project.import_("m")
    project.optimize(second)
    return project.import_("m")


def kept(text: str, project: Pycache) -> object:
    return project.edit("m", text, keep_mtime=True)


def filename(project: Pycache, *, moved: bool) -> bool:
    """Return whether code from a cache names its own source, also one that was moved."""
    project.write("old", "def f(): pass\nname = f.__code__.co_filename", mtime=T)
    project.import_("old")
    cache = project.pyc("old")
    project.move("old", "m")
    if moved:
        project.move(cache, project.pyc("m"))
    run = project.run("import m; print(m.name == m.__file__)")
    return run["m"].hit and run.stdout == "True\n"


def of_mode(project: Pycache, mode: int) -> CacheEvent:
    """Import a module whose source has a mode."""
    os.chmod(project.write("m", OLD, mtime=T), mode)
    return project.import_("m")


_PYCACHE = "PycacheTests."
IMPORTS = (
    CacheCase(
        _PYCACHE + "test_import_pyc_path",
        pyc_path,
        partial(without_writing, pyc_path),
        lambda is_there: is_there,
    ),
    CacheCase(
        _PYCACHE + "test_unwritable_directory",
        unwritable,
        partial(unwritable, read_only=False),
        lambda event: event.raised is None and event.written in {False, "failed"},
    ),
    CacheCase(
        _PYCACHE + "test_unwritable_directory",
        a_file_is_there,
        partial(imported, text=OLD),
        lambda event: event.raised is None and event.written in {False, "failed"},
    ),
    CacheCase(
        _PYCACHE + "test_missing_source",
        partial(again, change=lambda project: project.delete("m")),
        partial(again, change=nothing),
        lambda event: event.orphan and event.raised.startswith("ModuleNotFoundError"),
    ),
    CacheCase(
        _PYCACHE + "test_missing_source_legacy",
        legacy,
        partial(legacy, source=True),
        is_("sourceless", False),
    ),
    CacheCase(
        _PYCACHE + "test___cached__",
        lambda project: cached(project, "import m; print(m.__cached__)", "m"),
        lambda project: cached(project, "import m; print(m.__file__)", "m"),
        lambda is_so: is_so,
    ),
    CacheCase(
        _PYCACHE + "test___cached___legacy_pyc",
        legacy,
        partial(again, change=nothing),
        lambda event: event.sourceless and str(event.pyc).endswith("project/m.pyc"),
    ),
    CacheCase(
        _PYCACHE + "test_package___cached__",
        lambda project: cached(project, _CACHED, "p.__init__", "p.m"),
        lambda project: cached(
            project, _CACHED.replace("__cached__", "__file__"), "p.__init__", "p.m"
        ),
        lambda is_so: is_so,
    ),
    CacheCase(
        _PYCACHE + "test_recompute_pyc_same_second",
        partial(again, change=partial(kept, OLD + "\nx = 5")),
        partial(again, change=partial(kept, NEW)),
        is_("stale", "rewritten", "size_differs"),
    ),
    CacheCase(
        "FilePermissionTests.test_pyc_always_writable",
        partial(sourceless_later, text=NEW),
        partial(sourceless_later, text="state = 'odd'"),
        lambda printed: printed == "new\n",
    ),
    CacheCase(
        "FilePermissionTests.test_creation_mode",
        partial(of_mode, mode=0o644),
        partial(of_mode, mode=0o600),
        lambda event: event.cache.mode == 0o644,
    ),
    CacheCase(
        "FilePermissionTests.test_cached_mode_issue_2051",
        partial(of_mode, mode=0o600),
        partial(of_mode, mode=0o644),
        lambda event: event.cache.mode == 0o600,
    ),
    CacheCase(
        "FilePermissionTests.test_cached_readonly",
        partial(of_mode, mode=0o400),
        partial(of_mode, mode=0o444),
        lambda event: event.cache.mode == 0o600,
    ),
    CacheCase(
        "PycRewritingTests.test_basics",
        partial(filename, moved=True),
        partial(filename, moved=False),
        lambda is_own: is_own,
    ),
    CacheCase(
        "ImportTests.test_import",
        partial(at_levels, first=0, second=1),
        partial(at_levels, first=1, second=1),
        is_("miss", "created", "wrong_opt_level"),
    ),
    CacheCase(
        "ImportTests.test_failing_import_sticks",
        partial(again, change=lambda project: project.edit("m", "state = 1 / 0")),
        partial(again, change=nothing),
        lambda event: event.raised == "ZeroDivisionError: division by zero",
    ),
    CacheCase(
        "ImportTests.test_timestamp_overflow",
        at(2**33 - 5),
        at(2**31 - 5),
        lambda event: event.raised is None and event.scene.source.st_mtime > 2**32,
    ),
)

CASES = (*BAD_BYTECODE, *LOADING, *IMPORTS)

NOT_SAID = (
    NotSaid(
        "test_import.PycRewritingTests.test_foreign_code",
        "a cache with code of another file in it: a payload is made by hand, as before",
    ),
    NotSaid(
        "test_file_loader.SimpleTest.test_load_module_API",
        "the API of loader objects: no import takes place",
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
