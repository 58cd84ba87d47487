"""What will become of a module: judged at the moment of its import, as things are then."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from pycinspect.cache import (
    Found,
    ImportOptions,
    Outcome,
    Refusal,
    Verdict,
    find_module,
    judge,
    judge_module,
)
from pycinspect.compiling import Compilers
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER
from pycinspect.values import HashCheckMode
from pytest_pycinspect.sandbox.event import Scene, Why
from pytest_pycinspect.sandbox.moments import Asks, Environment, Loads
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.reasons import cache_reason, level_elsewhere
from pytest_pycinspect.sandbox.snapshot import Look, Stamp, look_at, stamp_of

__all__ = ["Expected", "Judge", "Sought", "compile_own"]

_NO_CACHE = Look(None, b"")
#: What files are called whose loaders give code.
_WITH_CODE = (".py", ".pyw", ".pyc", ".pyo")
#: Said of a search until a loader is seen.
_UNSEEN = Why("unseen", "no loader of Python's own was seen to load it")
_BYTECODE = (".pyc", ".pyo")
#: Reasons for which no file of the project is imported.
_NOT_OURS = frozenset({"module-not-found", "built-in-module", "frozen-module"})


def compile_own(source: bytes, path: str, dialect: Dialect, optimize: int, /) -> Refusal | None:
    """Answer as a ``cache.SourceCompiler``, in this process.

    The modules of a sandbox are the test's own program, which is imported anyway; so they
    are not compiled in a process with limits, which takes longer than the import.
    """
    if dialect.magic != DIALECTS.running().magic:
        raise PycInspectError("no-interpreter", f"{dialect.name} is asked by the import itself")
    with Compilers(trusted=True) as compilers:
        return compilers.refusal(source, path, optimize=optimize)


class Expected(NamedTuple):
    """A module before the import.

    Args:
        scene: pycinspect's verdict, and what it is about.
        reason: what is wrong with the cache.
        other_level: see ``reasons.level_elsewhere``.
        cache: as it was.
        source_path: the source, None for none.
        source: its stamp, None where it is not there.
        is_in_zip: its files are members of an archive.
    """

    scene: Scene
    reason: str
    other_level: int | None
    cache: Look
    source_path: str | None
    source: Stamp | None
    is_in_zip: bool = False


class Sought(NamedTuple):
    """What a finder will find: a path, None for none or where nobody knows; and what becomes of it."""

    path: str | None
    expected: Expected | Why


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks pycinspect what will become of a module.

    Args:
        project: the files.
        dialect: who imports.
        options: how it is started.
        outside: directories of this process's own, which do not lead into the project by links.
    """

    project: Project
    dialect: Dialect
    options: ImportOptions
    outside: frozenset[str] = field(default_factory=lambda: frozenset(sys.path))

    def of_search(self, asks: Asks, seen: Container[str]) -> Sought | None:
        """Return what is found for a module; None for what is not the project's.

        Args:
            asks: the search.
            seen: the kinds of loaders that are seen: what they load is judged then.
        """
        path = [*self._places(asks)]
        if not path:
            return None
        hindrance = _hindrance(asks.environment)
        if hindrance is not None:
            return Sought(None, hindrance)
        row, options = self._as_it_is(asks.environment)
        package, _, part = asks.name.rpartition(".")
        try:
            found = find_module(part, path, row, options, package=package)
            if _loader_of(found) in seen:
                return Sought(found.path, _UNSEEN)
            verdict = judge_module(part, path, row, options, package=package, compiler=compile_own)
        except PycInspectError as error:
            return Sought(None, Why("not_judged", str(error)))
        if verdict.reason in _NOT_OURS:
            return None
        expected = self._expected(verdict, options, is_in_zip=_is_member(found.path))
        return Sought(found.path, expected)

    def _places(self, asks: Asks) -> Iterator[str]:
        """Yield the entries of a search path that are in the project.

        What is found elsewhere is none of its modules; that it was found there is seen later.
        """
        environment = asks.environment
        if environment.directory is not None or all(map(os.path.isabs, asks.path)):
            places = map(environment.absolute, asks.path)
            yield from (place for place in places if self._is_ours(place))

    def _is_ours(self, place: str) -> bool:
        """Return whether a directory is in the project; where links lead is asked of few."""
        return self.project.is_above(place) or (
            place not in self.outside and self.project.has(place)
        )

    def of_load(self, loads: Loads) -> Expected | Why | None:
        """Return what a loader will do; None for what is not the project's."""
        environment = loads.environment
        file = environment.absolute(loads.file)
        if not self.project.has(file):
            return None
        hindrance = _hindrance(environment) or _foreign(loads, file)
        if hindrance is not None:
            return hindrance
        row, options = self._as_it_is(environment)
        try:
            if loads.kind == "zip":
                return self._in_zip(loads, file, row, options)
            return self._expected(
                _of_loader(judge(file, row, options, compiler=compile_own)), options
            )
        except PycInspectError as error:
            return Why("not_judged", str(error))

    def _in_zip(
        self, loads: Loads, place: str, row: Dialect, options: ImportOptions
    ) -> Expected | Why:
        if not _is_as_read(place, loads):
            return Why("changed_meanwhile", "the zip file is not as the importer has read it")
        package, _, part = loads.name.rpartition(".")
        verdict = judge_module(part, [place], row, options, package=package, compiler=compile_own)
        if verdict.outcome is Outcome.NO_CACHE or verdict.found.path is None:
            return Why("not_judged", f"pycinspect says: {verdict.message}")
        alone = judge_module(part, [place], row, options, package=package)
        expected = self._expected(verdict, options, is_in_zip=True)
        return expected._replace(reason=alone.reason)

    def _as_it_is(self, environment: Environment) -> tuple[Dialect, ImportOptions]:
        """Return who imports, and how, at a moment."""
        directory, prefix = environment.directory, environment.prefix
        assert directory is not None, "asked before"
        options = replace(
            self.options,
            optimize=max(environment.level, 0),
            dont_write_bytecode=environment.no_write,
            pycache_prefix=None if prefix is None else os.path.join(directory, prefix),
            check_hash_based_pycs=HashCheckMode(environment.hash_checks),
            current_directory=directory,
            umask=environment.umask,
        )
        tag = environment.tag
        if tag in {"", self.dialect.cache_tag}:
            return self.dialect, options
        return replace(self.dialect, cache_tags=() if tag is None else (tag,)), options

    def _expected(
        self, verdict: Verdict, options: ImportOptions, *, is_in_zip: bool = False
    ) -> Expected:
        path = verdict.cache_path
        source = _source_beside(verdict) if is_in_zip else _source_of(verdict)
        look = _look_into if is_in_zip else look_at
        cache = _NO_CACHE if path is None else look(path)
        return Expected(
            Scene(verdict, options, cache.content[:LONGEST_HEADER], _status(source)),
            cache_reason(verdict, options),
            level_elsewhere(verdict, options),
            cache,
            source,
            None if source is None else stamp_of(source),
            is_in_zip,
        )


def _source_of(verdict: Verdict) -> str | None:
    """Return the path of the source that a verdict is about, None for none."""
    path = verdict.found.path
    return None if verdict.found.is_bytecode or path is None or os.path.isdir(path) else path


def _loader_of(found: Found) -> str | None:
    """Return the kind of loader that loads what was found; None for one that gets no code."""
    if found.path is None or not found.path.endswith(_WITH_CODE):
        return None
    if _is_member(found.path):
        return "zip"
    return "sourceless" if found.is_bytecode else "source"


def _status(source: str | None) -> os.stat_result | None:
    try:
        return None if source is None else os.stat(source)
    except OSError:  # it was there a moment ago, or is in a zip file
        return None


def _of_loader(verdict: Verdict) -> Verdict:
    """Return the verdict where a loader is told the path: no finder says that nothing is there."""
    if verdict.outcome is not Outcome.NOT_FOUND:
        return verdict
    if verdict.cache_path is not None:
        return replace(verdict, exception="FileNotFoundError")
    return replace(
        verdict,
        outcome=Outcome.RAISE,
        reason="source-unreadable",
        actual="there is no such file",
        exception="FileNotFoundError",
    )


# --- What cannot be judged -----------------------------------------------------------------


def _hindrance(environment: Environment) -> Why | None:
    """Return why an import at a moment cannot be judged, None where it can."""
    if environment.profiler:
        return Why("profiler", "the program has a profiler of its own in this thread")
    if environment.replaced:
        return Why("replaced", f"the program replaced {', '.join(environment.replaced)}")
    if environment.directory is None:
        return Why("no_directory", "the current directory is gone")
    if environment.user is not None and environment.user != os.geteuid():
        return Why("other_user", f"the program runs as user {environment.user}")
    return _strange(environment)


def _strange(environment: Environment) -> Why | None:
    settings = {
        "sys.pycache_prefix": environment.prefix is None or isinstance(environment.prefix, str),
        "sys.implementation.cache_tag": environment.tag is None or isinstance(environment.tag, str),
        "sys.flags.optimize": isinstance(environment.level, int),
        "_imp.check_hash_based_pycs": environment.hash_checks in list(HashCheckMode),
    }
    strange = [name for name, is_right in settings.items() if not is_right]
    if not strange:
        return None
    return Why("strange_setting", f"{strange[0]} is nothing that Python sets it to")


def _foreign(loads: Loads, file: str) -> Why | None:
    """Return why a loader is not one whose rules are known."""
    owner, _, kind = loads.kind.rpartition(" ")
    if owner:
        return Why("other_loader", f"it is loaded by {owner}, which is not Python's own loader")
    is_bytecode = file.endswith(_BYTECODE)
    if kind != "zip" and is_bytecode != (kind == "sourceless"):
        return Why("other_loader", f"a loader of another kind was given {file}")
    return None


# --- Zip files -----------------------------------------------------------------------------


def _archive(path: str) -> tuple[str, str]:
    """Return the file that a path goes through, and the rest of the path."""
    archive = path
    while archive and not os.path.isfile(archive):
        archive, _, _ = archive.rpartition(os.sep)
    return archive, path[len(archive) + 1 :].replace(os.sep, "/")


def _is_member(path: str | None) -> bool:
    """Return whether a file that was found is in an archive."""
    return path is not None and not os.path.lexists(path) and os.path.isfile(_archive(path)[0])


def _is_as_read(place: str, loads: Loads) -> bool:
    """Return whether candidates are in an archive where the importer has found them."""
    archive, _ = _archive(place)
    try:
        with ZipFile(archive) as file:
            infos = {info.filename: (info.header_offset, info.CRC) for info in file.infolist()}
    except (OSError, BadZipFile):
        return False
    return all(
        infos.get(name.replace(os.sep, "/")) == (None if where is None else tuple(where))
        for name, where in loads.members.items()
    )


def _source_beside(verdict: Verdict) -> str | None:
    """Return the source of a module in an archive, where there is one beside its bytecode."""
    found = verdict.found.path
    if found is None or not verdict.found.is_bytecode:
        return found
    archive, name = _archive(found)
    with ZipFile(archive) as file:
        return found[:-1] if name[:-1] in file.NameToInfo else None


def _member(path: str) -> bytes:
    archive, name = _archive(path)
    with ZipFile(archive) as file:
        return file.read(name)


def _look_into(path: str) -> Look:
    return Look(stamp_of(_archive(path)[0]), _member(path))
