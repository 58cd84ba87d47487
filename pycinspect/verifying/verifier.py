"""Compiles the sources of caches again, and compares.

Who compiles is the interpreter whose magic number the cache has, if one is installed. Its release
may be another than the one that wrote the cache: releases of one version share a magic number and
do not always write the same instructions, so where those differ the meaning decides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from platform import python_implementation, python_version
from typing import NamedTuple, Self

from pycinspect.cache import (
    HERE,
    SOURCE_LIMIT,
    CacheBytes,
    Outcome,
    Subject,
    View,
    judge_cache,
    source_from_cache,
    view_of,
)
from pycinspect.compiling import (
    DEFAULT_COMPILE_LIMITS,
    CompileLimits,
    Compilers,
    InstalledCompilers,
    Interpreter,
)
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.diffing import Stored, levels_in
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    PYCACHE,
    CodeFile,
    errors_named,
    parse_header,
    read_code,
    tag_of,
)
from pycinspect.values import HashCheckMode, Implementation
from pycinspect.verifying.comparing import Comparison, compared, compared_across_versions
from pycinspect.verifying.guessing import guessed_path
from pycinspect.verifying.rungs import Rung, Verification, transformed

__all__ = ["Verifier", "verify_source"]

#: Largest cache, in bytes, that is read.
_LIMIT = 256 * 1024 * 1024
_LEVELS = (0, 1, 2)
_OPTIONS = ("no -O", "-O", "-OO")


class _Compiler(NamedTuple):
    """Who compiles the source of a cache.

    Args:
        interpreter: None is the running one.
        dialect: whose bytecode it writes.
        name: such as ``CPython 3.12.1``.
        is_exact: it has the magic number of the cache.
    """

    interpreter: Interpreter | None
    dialect: Dialect
    name: str
    is_exact: bool


#: A source, the path under which it is compiled, the level, and who compiles.
_Asked = tuple[bytes, str, int, _Compiler]


class Verifier:
    """Compares caches with their sources; a context manager, which ends the processes.

    Args:
        limits: what compiling one source may take.
        dialects: the rows to look in.

    >>> with Verifier() as verifier:
    ...     verifier.verify_file("nowhere/__pycache__/m.cpython-312.pyc").why
    'it cannot be read: no such file'
    """

    def __init__(
        self,
        limits: CompileLimits = DEFAULT_COMPILE_LIMITS,
        *,
        dialects: DialectTable = DIALECTS,
    ) -> None:
        self._dialects = dialects
        self._compilers = Compilers(limits)
        self._installed = InstalledCompilers(self._compilers, dialects=dialects)
        self._known: dict[str, _Compiler | PycInspectError] = {}
        #: What was compiled last, and what came of it.
        self._last: tuple[_Asked, bytes | PycInspectError] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        self._compilers.close()

    def identity(self, dialect: Dialect) -> str | None:
        """Return who compiles the sources of a dialect's caches, and that it is the same program.

        Args:
            dialect: whose cache it is.

        Returns:
            Its name, its path, and its file's size and time; None where there is nobody.
        """
        try:
            compiler = self._compiler(dialect)
            path = sys.executable if compiler.interpreter is None else compiler.interpreter.path
            status = os.stat(path)
        except (OSError, PycInspectError):  # verify says what is wrong
            return None
        return f"{compiler.name}\0{path}\0{status.st_size}\0{status.st_mtime_ns}"

    def verify_file(self, path: str) -> Verification:
        """Find the source of a cache, and compare them.

        Args:
            path: the cache, in ``__pycache__`` or beside its source; also one in an archive.

        Returns:
            What was found; what could not be compared is a rung, not an error. A cache that
            the importer would not take for the source as it is now is not compared: it is
            stale, and says nothing of the source.
        """
        tools = transformed(path, None)
        if tools is not None:
            return tools
        view = view_of(path, HERE)
        return self._identical(path, view) or self._read(path, view)

    def _identical(self, path: str, view: View) -> Verification | None:
        """Compile, and compare bytes; None where they differ, or anything is in the way.

        Most caches that nobody touched have the bytes that compiling gives, and reading them as
        objects takes as long as half of compiling. What is wrong with the others :meth:`_read` says.
        """
        try:
            content = view.read_all(path, _LIMIT)
            header = parse_header(content, tag=tag_of(path), dialects=self._dialects)
            row, found = header.dialect, _source_of(path, header.dialect, view)
            if found is None or content[: len(row.magic)] != row.magic:
                return None
            name = guessed_path(content, header.size, os.path.basename(found))
            compiler, level = self._compiler(row), _levels(path)[0]
            source = view.read_all(found, SOURCE_LIMIT)
            start = CacheBytes(content[: header.size], len(content))
            if name is None or not compiler.is_exact:
                return None
            if _why_stale(row, start, source, view.stat(found)) is not None:
                return None
            made = self._made(source, name, level, compiler)
        except (OSError, PycInspectError):
            return None
        if content[header.size :] != made:
            return None
        return Verification(path, found, Rung.IDENTICAL, compiler=compiler.name, optimize=level)

    def _read(self, path: str, view: View) -> Verification:
        """Read a cache as objects, and compare those."""
        try:
            cache = _read(path, self._dialects, view)
        except PycInspectError as error:
            return Verification(path, None, Rung.UNVERIFIABLE, "unreadable", error.message)
        found = _source_of(path, cache.file.header.dialect, view)
        if found is None:
            return Verification(path, None, Rung.UNVERIFIABLE, "no-source")
        try:
            source = view.read_all(found, SOURCE_LIMIT)
            start = CacheBytes(cache.content[: cache.start], len(cache.content))
            why = _why_stale(cache.file.header.dialect, start, source, view.stat(found))
        except (OSError, PycInspectError) as error:
            detail = error.message if isinstance(error, PycInspectError) else str(error)
            return Verification(path, found, Rung.UNVERIFIABLE, "source-unreadable", detail)
        if why is not None:
            return Verification(path, found, Rung.UNVERIFIABLE, "stale", why)
        return self.verify(cache, path, source, found)

    def verify(
        self, cache: Stored, path: str, source: bytes, source_path: str | None
    ) -> Verification:
        """Compare a cache with a source.

        Args:
            cache: the cache, read.
            path: its path, whose name says at which level it was compiled.
            source: the bytes of the source.
            source_path: where that is.

        Returns:
            As :meth:`verify_file`.
        """
        try:
            compiler = self._compiler(cache.dialect)
            return self._verified(cache, path, source, source_path, compiler)
        except PycInspectError as error:
            reason = error.slug if error.slug in _FAILURES else "compiler-failed"
            return Verification(path, source_path, Rung.UNVERIFIABLE, reason, error.message)

    def _verified(
        self,
        cache: Stored,
        path: str,
        source: bytes,
        source_path: str | None,
        compiler: _Compiler,
    ) -> Verification:
        levels = _levels(path)
        level, found = self._best(cache, source, levels, compiler)
        reason, detail = "", ""
        if not compiler.is_exact:
            reason, detail = "nearest", compiler.name
        if found.rung is Rung.MISMATCH:
            reason, detail = self._why(cache, source, levels, compiler)
        rung = Rung.UNVERIFIABLE if reason == "other-version" else found.rung
        return Verification(
            path,
            source_path,
            rung,
            reason,
            detail,
            compiler.name,
            level,
            found.differences,
            found.diff,
        )

    def _best(
        self, cache: Stored, source: bytes, levels: tuple[int, ...], compiler: _Compiler
    ) -> tuple[int, Comparison]:
        """Compare at several levels, until one gives what the cache is."""
        first: tuple[int, Comparison] | None = None
        for level in levels:
            found = level, self._compared(cache, source, level, compiler)
            if found[1].rung is not Rung.MISMATCH:
                return found
            first = first or found
        assert first is not None
        return first

    def _why(
        self, cache: Stored, source: bytes, levels: tuple[int, ...], compiler: _Compiler
    ) -> tuple[str, str]:
        """Return why nothing that the name of the cache allows gives what it is."""
        others = tuple(level for level in _LEVELS if level not in levels)
        if others:
            level, found = self._best(cache, source, others, compiler)
            if found.rung is not Rung.MISMATCH:
                return "optimization", _OPTIONS[level]
        return ("differs", "") if compiler.is_exact else ("other-version", compiler.name)

    def _compared(
        self, cache: Stored, source: bytes, level: int, compiler: _Compiler
    ) -> Comparison:
        """Compile a source as if it lay where the cache says that it was, and compare."""
        content = self._made(source, cache.code.filename, level, compiler)
        if compiler.is_exact:
            return compared(cache, content)
        return compared_across_versions(cache, content, compiler.dialect)

    def _made(self, source: bytes, name: str, level: int, compiler: _Compiler) -> bytes:
        """Compile a source, unless it was the last one that was compiled."""
        asked = source, name, level, compiler
        if self._last is None or self._last[0] != asked:
            self._last = asked, self._compiled(*asked)
        made = self._last[1]
        if isinstance(made, PycInspectError):
            raise made
        return made

    def _compiled(
        self, source: bytes, name: str, level: int, compiler: _Compiler
    ) -> bytes | PycInspectError:
        try:
            return self._compilers.marshalled(
                source, name, interpreter=compiler.interpreter, optimize=level
            )
        except PycInspectError as error:
            return error

    def _compiler(self, dialect: Dialect) -> _Compiler:
        """Return who compiles the sources of a dialect's caches.

        Raises:
            PycInspectError: ``no-interpreter``.
        """
        if dialect.name not in self._known:
            try:
                self._known[dialect.name] = self._looked_for(dialect)
            except PycInspectError as error:
                self._known[dialect.name] = error
        found = self._known[dialect.name]
        if isinstance(found, PycInspectError):
            raise found
        return found

    def _looked_for(self, dialect: Dialect) -> _Compiler:
        try:
            interpreter = self._installed.interpreter(dialect)
        except PycInspectError as error:
            if error.slug != "no-interpreter":
                raise
            nearest = self._installed.nearest(dialect)
            return _Compiler(nearest, nearest.dialect, _name(nearest), is_exact=False)
        row = self._dialects.running() if interpreter is None else interpreter.dialect
        return _Compiler(interpreter, row, _name(interpreter), is_exact=True)


#: What compiling raises that has a reason of its own.
_FAILURES = frozenset({"does-not-compile", "no-interpreter"})


def verify_source(path: str | os.PathLike[str]) -> Verification:
    """Say whether a cache is what compiling its source gives.

    Args:
        path: the cache, in ``__pycache__`` or beside its source.

    Returns:
        The rung it is on, and what differs. Nothing of the source or the cache is run; the
        source is compiled in another process, with limits, by the interpreter whose magic
        number the cache has, or where none is installed by that of the nearest version.

    >>> verify_source("nowhere/__pycache__/m.cpython-312.pyc").rung
    <Rung.UNVERIFIABLE: 'unverifiable'>
    """
    with Verifier() as verifier:
        return verifier.verify_file(os.fspath(path))


def _name(interpreter: Interpreter | None) -> str:
    if interpreter is None:
        return f"{python_implementation()} {python_version()}"
    implementation = interpreter.dialect.implementation
    return f"{_WRITTEN.get(implementation, implementation)} {interpreter.version}"


#: Implementations as people write them.
_WRITTEN = {Implementation.CPYTHON: "CPython", Implementation.PYPY: "PyPy"}


def _read(path: str, dialects: DialectTable, view: View) -> Stored:
    with errors_named(path):
        content = view.read_all(path, _LIMIT)
        header = parse_header(content, tag=tag_of(path), dialects=dialects)
        file: CodeFile = read_code(content, header, dialects=dialects)
    return Stored(file, content, header.size)


def _levels(path: str) -> tuple[int, ...]:
    """Return at which levels a cache may have been compiled, by its name (PEP 488)."""
    is_named = os.path.basename(os.path.dirname(path)) == PYCACHE or path.endswith(".pyo")
    return levels_in(path) if is_named else _LEVELS


def _source_of(path: str, dialect: Dialect, view: View) -> str | None:
    """Return the source of a cache, None where it is not there."""
    return next(filter(view.is_file, _candidates(path, dialect)), None)


def _candidates(path: str, dialect: Dialect) -> Iterator[str]:
    if os.path.basename(os.path.dirname(path)) == PYCACHE:
        try:
            yield source_from_cache(path, dialect)
        except PycInspectError:  # a name that no importer makes; it has no source
            return
    elif path.endswith((".pyc", ".pyo")):
        yield path[:-1]


def _why_stale(
    row: Dialect, start: CacheBytes, source: bytes, status: os.stat_result
) -> str | None:
    """Return why an importer does not take a cache for its source, None where it does."""
    if row.importer is None:
        return None
    judgement = judge_cache(Subject(row, start, status, lambda: source, HashCheckMode.DEFAULT))
    return None if judgement.outcome is Outcome.LOAD else judgement.why
