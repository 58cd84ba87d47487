"""What was compiled in a session: sources and files, each once, as a test wants them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pytest_pycinspect.session import ITEM
from pytest_pycinspect.subjects.origin import Normalize, Origin, python_text, relative
from pytest_pycinspect.subjects.scopes import Scope

if TYPE_CHECKING:
    from pycinspect.compiling import Interpreter

__all__ = ["Program", "Python", "Request", "Sources", "sources_here", "sources_of"]


@runtime_checkable
class _Executable(Protocol):
    @property
    def path(self) -> str: ...


#: A version or path of an interpreter, or what the ``interpreter`` fixture gives.
Python = str | os.PathLike[str] | _Executable


@dataclass(frozen=True)
class Request:
    """How bytecode is wanted.

    Args:
        optimize: how often ``-O`` is given; None: as often as to this process.
        python: the interpreter that compiles; None is the running one.
        pristine: compiled anew from the file, not as it is in memory.
        wrapped: of a wrapper, whether the function in it is meant; None where that is not said.
    """

    optimize: int | None = None
    python: Python | None = None
    pristine: bool = True
    wrapped: bool | None = None

    @property
    def level(self) -> int:
        """How often ``-O`` is given."""
        return sys.flags.optimize if self.optimize is None else self.optimize

    @property
    def is_elsewhere(self) -> bool:
        """Whether the code in memory cannot be what is wanted."""
        return self.python is not None or self.level != sys.flags.optimize


@dataclass(frozen=True, eq=False)
class Program:
    """A whole compiled source or cache.

    Args:
        root: the code object of the module.
        origin: where it comes from.
    """

    root: Code
    origin: Origin

    @cached_property
    def named(self) -> Mapping[str, list[Code]]:
        """All code objects, by their qualified names."""
        found: dict[str, list[Code]] = {}
        for code in self.root.walk():
            found.setdefault(code.qualname, []).append(code)
        return found


@dataclass(frozen=True, eq=False)
class Sources:
    """What was compiled in a session: each file once, unless it changes.

    Args:
        strict_names: as in ``Origin``.
        normalize: likewise.
    """

    strict_names: bool = True
    normalize: Normalize | None = None
    _programs: dict[tuple[object, ...], Program] = field(default_factory=dict)
    _interpreters: dict[str, Interpreter] = field(default_factory=dict)

    def file(self, path: str, request: Request) -> Program:
        """Return a source or cache file as code.

        Raises:
            PycInspectError: it cannot be read, or does not compile.
        """
        try:
            status = os.stat(path)
        except OSError as error:
            raise PycInspectError("not-found", str(error.strerror), path=path) from error
        key = (path, status.st_mtime_ns, status.st_size, request.level, str(request.python))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._read(path, request)
        return program

    def _read(self, path: str, request: Request) -> Program:
        from pycinspect.compiling import Compilers
        from pycinspect.programs import ReadOptions, read_subject
        from pycinspect.pyc import SubjectKind

        interpreter = self._interpreter(request.python)
        # Trusted, here and below: what a test looks at is its own program, which pytest runs
        # in this process; another process would cost more than all the rest.
        with Compilers(trusted=True) as compilers:
            options = ReadOptions(
                interpreter=interpreter, optimize=request.level, compilers=compilers
            )
            subject = read_subject(path, options)
        if subject.kind is SubjectKind.SOURCE:
            version = None if interpreter is None else interpreter.version
            optimize: int | None = request.level
        else:
            version, optimize = None, None
        lines = () if subject.source is None else tuple(subject.source.lines)
        origin = Origin(
            subject.file.dialect,
            python_text(subject.file.dialect, version),
            relative(path),
            lines,
            optimize,
            strict_names=self.strict_names,
            normalize=self.normalize,
            scope=Scope(subject.file.code),
        )
        return Program(subject.file.code, origin)

    def source(self, text: str | bytes, request: Request, name: str = "<string>") -> Program:
        """Return source text as code.

        Raises:
            PycInspectError: it does not compile.
        """
        from pycinspect.compiling import Compilers

        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        interpreter = self._interpreter(request.python)
        with Compilers(trusted=True) as compilers:
            file = compilers.compile(data, name, interpreter=interpreter, optimize=request.level)
        version = None if interpreter is None else interpreter.version
        lines = tuple(data.decode("utf-8", "replace").splitlines())
        origin = Origin(
            file.dialect,
            python_text(file.dialect, version),
            name,
            lines,
            request.level,
            strict_names=self.strict_names,
            normalize=self.normalize,
            scope=Scope(file.code),
        )
        return Program(file.code, origin)

    def _interpreter(self, python: Python | None) -> Interpreter | None:
        if python is None:
            return None
        wanted = os.fspath(python) if isinstance(python, str | os.PathLike) else python.path
        known = self._interpreters.get(wanted)
        if known is None:
            from pycinspect.compiling import find_interpreter

            known = self._interpreters[wanted] = find_interpreter(wanted)
        return known


# --- Those of a session ----------------------------------------------------------------------

_SOURCES = pytest.StashKey[Sources]()


def sources_of(config: pytest.Config) -> Sources:
    """Return what was compiled in a session before."""
    if _SOURCES not in config.stash:
        strict_names = bool(config.getini("pycinspect_strict_names"))
        config.stash[_SOURCES] = Sources(strict_names, _normalizer(config))
    return config.stash[_SOURCES]


def _normalizer(config: pytest.Config) -> Normalize | None:
    """Return what asks plugins for what takes the place of a constant; None without any."""
    hook = config.hook.pytest_pycinspect_normalize_operand
    return (lambda value: hook(value=value)) if hook.get_hookimpls() else None


def sources_here() -> Sources:
    """Return what was compiled before in the session whose test runs, or else in this process.

    So a test that ``python -m unittest`` runs compiles a file once, too.
    """
    item = ITEM.get(None)
    return _outside() if item is None else sources_of(item.config)


_outside = cache(Sources)
