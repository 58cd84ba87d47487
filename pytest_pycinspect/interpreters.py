"""The Pythons that are installed here, each looked for when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pycinspect import compiling
from pycinspect.errors import PycInspectError

if TYPE_CHECKING:
    from pycinspect.dialects import Dialect

__all__ = ["Interpreter", "Interpreters", "interpreter_of", "parametrize_interpreters"]

_NOT_FOUND = "no-interpreter"
_FIXTURE = "interpreter"
_MARK = "interpreters"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An installed Python; where a path is asked for, it is its executable.

    Args:
        version: such as ``"3.9.18"``.
        path: its executable.
        dialect: whose bytecode it writes.
    """

    version: str
    path: str
    dialect: Dialect

    @property
    def name(self) -> str:
        """Its dialect's name, ``"cpython-3.9"``."""
        return self.dialect.name

    def __fspath__(self) -> str:
        return self.path


class Interpreters:
    """The installed Pythons by version, ``interpreters["3.9"]``.

    Iterating gives those that the settings name, and the running one if they name none.

    Args:
        given: paths or versions that the settings name; they are preferred to others.
        required: a missing interpreter fails the test that needs it, and does not skip it.
    """

    def __init__(self, given: tuple[str, ...] = (), *, required: bool = False) -> None:
        self._names = given
        self._required = required
        self._known: dict[str, Interpreter | PycInspectError] = {}

    @classmethod
    def for_config(cls, config: pytest.Config) -> Interpreters:
        """Return the interpreters of a session, with what was found in it before."""
        known = config.stash.get(_KEY, None)
        if known is None:
            given = (*config.option.pycinspect_python, *config.getini("pycinspect_pythons"))
            known = cls(given, required=config.option.pycinspect_require_interpreters)
            config.stash[_KEY] = known
        return known

    @property
    def names(self) -> tuple[str, ...]:
        """What the settings ``--pycinspect-python`` and ``pycinspect_pythons`` name."""
        return self._names

    def __getitem__(self, wanted: str) -> Interpreter:
        """Return an interpreter by its version (``3.9``, ``pypy3.9``) or its path.

        Raises:
            PycInspectError: ``no-interpreter`` where none is found, ``unknown-dialect`` for
                one that pycinspect does not know.
        """
        known = self._known.get(wanted)
        if known is None:
            known = self._known[wanted] = self._looked_for(wanted)
        if isinstance(known, PycInspectError):
            raise known
        return known

    def __contains__(self, wanted: str) -> bool:
        return self._missing(wanted) is None

    def __iter__(self) -> Iterator[Interpreter]:
        yield from self._given or [_found(sys.executable)]

    def need(self, wanted: str) -> Interpreter:
        """Return an interpreter, or skip the test that asks; see also :meth:`__getitem__`.

        With ``--pycinspect-require-interpreters`` the test fails and is not skipped.
        """
        __tracebackhide__ = True
        missing = self._missing(wanted)
        if missing is not None:
            give_up = pytest.fail if self._required else pytest.skip
            give_up(f"needs an interpreter: {missing}")
        return self[wanted]

    def _missing(self, wanted: str) -> PycInspectError | None:
        try:
            self[wanted]
        except PycInspectError as error:
            if error.slug == _NOT_FOUND:
                return error
            raise
        return None

    def _looked_for(self, wanted: str) -> Interpreter | PycInspectError:
        for found in () if wanted in self._names else self._given:
            if _is(found, wanted):
                return found
        try:
            return _found(wanted)
        except PycInspectError as error:
            return error

    @cached_property
    def _given(self) -> tuple[Interpreter, ...]:
        try:
            return tuple(map(_found, self._names))
        except PycInspectError as error:
            raise pytest.UsageError(f"--pycinspect-python, pycinspect_pythons: {error}") from None


_KEY = pytest.StashKey[Interpreters]()


def _found(wanted: str) -> Interpreter:
    found = compiling.find_interpreter(wanted)
    return Interpreter(found.version, found.path, found.dialect)


def _is(found: Interpreter, wanted: str) -> bool:
    """Return whether ``wanted``, such as ``3.9`` or ``pypy-3.9``, is this interpreter."""
    name = wanted.lower().replace("-", "")
    implementation = name.rstrip(".0123456789")
    number = name.removeprefix(implementation)
    if implementation in ("", "python"):
        implementation = "cpython"
    same = implementation == found.dialect.implementation
    return same and f"{found.version}.".startswith(f"{number}.")


def parametrize_interpreters(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """Run a marked test once for each interpreter that its mark names.

    They are looked for when the test begins: what is installed does not change the names of
    tests, which must be the same in all workers of pytest-xdist.

    Args:
        metafunc: the test.
        mark: ``interpreters("3.9", …)``; without versions, those of the settings.

    Raises:
        pytest.UsageError: a version is not a string, or the test has no use for them.
    """
    where = metafunc.definition.nodeid
    if _FIXTURE not in metafunc.fixturenames:
        raise pytest.UsageError(f"{where}: marked {_MARK}, but without the fixture {_FIXTURE}")
    versions = mark.args or Interpreters.for_config(metafunc.config).names or (sys.executable,)
    for version in versions:
        if not isinstance(version, str):
            message = f"{where}: {_MARK}({version!r}): write the version as text, '3.10'"
            raise pytest.UsageError(message)
    metafunc.parametrize(_FIXTURE, versions, ids=list(versions), indirect=True)


def interpreter_of(request: pytest.FixtureRequest) -> Interpreter:
    """Return the interpreter of one run of a marked test; skip where it is missing."""
    if not hasattr(request, "param"):
        message = f'the fixture {_FIXTURE} needs the mark: @pytest.mark.{_MARK}("3.9", "3.13")'
        raise pytest.UsageError(message)
    return Interpreters.for_config(request.config).need(request.param)
