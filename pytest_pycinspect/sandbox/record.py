"""What was seen of a run, moment by moment, and what pycinspect said to each.

A witness (``witness.py``) tells of every moment before it goes on: a module is looked for, a loader
begins to get its code, it has got it, the code runs. At the first two the module is judged, with
the files and the settings as they are then; at the third its files are looked at again. So it
does not matter what the program has changed before, and what it changes afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pycinspect.dialects import Dialect
from pytest_pycinspect.sandbox.cachefile import CacheFile, read_cache_file
from pytest_pycinspect.sandbox.event import Why
from pytest_pycinspect.sandbox.judging import Expected, Judge
from pytest_pycinspect.sandbox.moments import (
    Asks,
    Body,
    CompiledSource,
    Elsewhere,
    Environment,
    Loaded,
    Loads,
    Moment,
    Runs,
    Watches,
)
from pytest_pycinspect.sandbox.snapshot import Look, Stamp, look_at, stamp_of

__all__ = ["After", "Import", "Ran", "Record"]

#: Said to a witness of what is the project's and has no source.
_NO_SOURCE = ""
#: Said of what is loaded from a directory outside of the project.
_ELSEWHERE = "-"
#: What a source in an archive raises where only its path is known (zipimport up to 3.7).
_NO_SUCH_FILE = frozenset({"NotADirectoryError", "FileNotFoundError", "IOError"})


@dataclass(frozen=True, slots=True)
class After:
    """The files of a module when its loader was done.

    Args:
        cache: its stamp, None where there is none.
        source: the same of the source.
        facts: what the cache is, None where there is none.
    """

    cache: Stamp | None
    source: Stamp | None
    facts: CacheFile | None


@dataclass(slots=True)
class Import:
    """One import, as far as it was seen.

    Args:
        name: of the module.
        thread: where it happened.
        environment: what it depended on.
        expected: what pycinspect said, or why it could not.
        token: of the loader; None where only a finder was asked.
        path: what a finder finds, None for nothing.
        code: marshalled, what the loader got; None where it raised.
        compiled: what the source compiles to, or the name of what that raises; None for unknown.
        after: None until the loader was done.
        refused: see ``moments.Loaded``.
        has_run: the code ran.
    """

    name: str
    thread: int
    environment: Environment
    expected: Expected | Why
    token: str | None = None
    path: str | None = None
    code: bytes | None = None
    compiled: bytes | str | None = None
    after: After | None = None
    refused: Sequence[str] = ()
    has_run: bool = False

    @property
    def is_in_zip(self) -> bool:
        """Whether an archive has its files."""
        return isinstance(self.expected, Expected) and self.expected.is_in_zip


@dataclass(slots=True)
class Ran:
    """The body of a module that ran without a loader that was seen.

    Args:
        runs: the moment.
        file: the source that its code names.
        code: the code, marshalled; empty until it is told.
    """

    runs: Runs
    file: str
    code: bytes = b""


@dataclass(slots=True)
class Record:
    """Hears what a witness tells.

    Args:
        judge: says what will become of modules.
        seen: imports and bodies, in order.
        forked: names that a forked process looked for.
        elsewhere: names of modules that were found outside of the project.
    """

    judge: Judge
    seen: list[Import | Ran] = field(default_factory=list)
    forked: list[str] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    _kinds: frozenset[str] = frozenset()
    _running: dict[str, Import | Ran] = field(default_factory=dict)

    @property
    def imports(self) -> Iterator[Import]:
        """The imports, the last first."""
        return (one for one in reversed(self.seen) if isinstance(one, Import))

    def hear(self, moment: Moment) -> str | None:
        """Take what a witness tells.

        Returns:
            The path of the source that the witness is to compile, empty for none; None, or a dash
            for what is loaded, where what it tells is not about the project.
        """
        match moment:
            case Watches(kinds):
                self._kinds = frozenset(kinds)
            case Asks():
                return self._asked(moment)
            case Loads():
                return self._begun(moment)
            case CompiledSource(key, code):
                self._compiles(self._found(key), code)
            case Loaded(token, payload, refused):
                self._ended(self._found(token), payload, refused)
            case Runs():
                return self._ran(moment)
            case Body(key, payload):
                self._running[key].code = payload
            case Elsewhere(name):
                self.forked.append(name)
        return None

    def _found(self, key: str) -> Import:
        return next(one for one in self.imports if key in {one.token, one.name})

    def _asked(self, asks: Asks) -> str | None:
        sought = self.judge.of_search(asks, self._kinds)
        if sought is None:
            self.elsewhere.add(asks.name)
            return None
        path, expected = sought
        one = Import(asks.name, asks.thread, asks.environment, expected, path=path)
        self.seen.append(one)
        return None if self.can_see(one) else self._source(one)

    def can_see(self, one: Import) -> bool:
        """Return whether the loader of a module is one that a witness sees."""
        if isinstance(one.expected, Why):
            return bool(self._kinds)
        if one.is_in_zip:
            return "zip" in self._kinds
        is_bytecode = one.expected.scene.verdict.found.is_bytecode
        return ("sourceless" if is_bytecode else "source") in self._kinds

    def _begun(self, loads: Loads) -> str | None:
        expected = self.judge.of_load(loads)
        if expected is None:
            self.elsewhere.add(loads.name)
            return _ELSEWHERE
        one = Import(loads.name, loads.thread, loads.environment, expected, loads.token)
        last = next((other for other in self.imports if _is_of_one(other, one)), None)
        if last is not None and _is_same(last, one):
            self.seen.remove(last)
        self.seen.append(one)
        return self._source(one)

    def _source(self, one: Import) -> str:
        has_source = isinstance(one.expected, Expected) and one.expected.source_path
        return has_source or _NO_SOURCE

    def _compiles(self, one: Import, code: bytes | str) -> None:
        if not (one.is_in_zip and code in _NO_SUCH_FILE):
            one.compiled = code

    def _ended(self, one: Import, payload: bytes | None, refused: Sequence[str] = ()) -> None:
        one.code, one.refused = payload, refused
        if isinstance(one.expected, Expected):
            one.after = _after(one.expected, self.judge.dialect)

    def _ran(self, runs: Runs) -> str | None:
        if runs.token is not None:
            self._found(runs.token).has_run = True
            return None
        last = next((one for one in self.imports if one.name == runs.name), None)
        if last is not None and last.token is None and not self.can_see(last):
            last.has_run = True
            self._ended(last, None)
            self._running[runs.key] = last
            return _NO_SOURCE
        file = os.path.normpath(os.path.join(runs.directory or os.sep, runs.filename))
        if not os.path.isfile(file) or not self.judge.project.has(file):
            return None
        self._running[runs.key] = ran = Ran(runs, file)
        self.seen.append(ran)
        return _NO_SOURCE


def _is_of_one(last: Import, one: Import) -> bool:
    return (last.thread, last.name) == (one.thread, one.name)


def _is_same(last: Import, one: Import) -> bool:
    """Return whether what a loader begins is what came before: a search, or the same in a zip file.

    A zip importer gets the code for its finder, and once more to run it (``zipimport.py:
    get_filename``).
    """
    return last.token is None or (last.is_in_zip and one.is_in_zip and not last.has_run)


def _after(expected: Expected, dialect: Dialect) -> After:
    verdict = expected.scene.verdict
    path, source = verdict.cache_path, expected.source_path
    is_file = path is not None and not expected.is_in_zip
    look = look_at(path) if is_file and path is not None else Look(expected.cache.stamp, b"")
    facts = read_cache_file(path, dialect) if is_file and path is not None else None
    return After(look.stamp, None if source is None else stamp_of(source), facts)
