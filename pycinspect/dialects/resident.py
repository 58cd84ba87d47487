"""Modules that never come from a file: built into the interpreter, or frozen into it.

``resident.tsv`` has a line for each module, the implementation and the first and last version of
Python in which it is one; without a last version it still is. Captured from POSIX builds of the
interpreters with ``sys.builtin_module_names`` and ``_imp._frozen_module_names()`` (before 3.11
with ``imp.is_frozen``). Built in are only the modules that every build has
(``Modules/config.c.in`` and ``Setup.bootstrap``): distributions add others. Frozen ones are found
as such unless the interpreter runs with ``-X frozen_modules=off``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.dialects.tables import lines_of
from pycinspect.dialects.versions import version_of
from pycinspect.values import Implementation

__all__ = ["Residents", "residents_of"]


class Residents(NamedTuple):
    """The modules of an interpreter for which no file is looked for.

    Args:
        built_in: modules that are part of the interpreter; empty where nobody looked.
        frozen: modules that are frozen into it; likewise.
    """

    built_in: frozenset[str]
    frozen: frozenset[str]


class _Kind(Enum):
    BUILT_IN = "built-in"
    FROZEN = "frozen"


class _Row(NamedTuple):
    name: str
    kind: _Kind
    implementation: Implementation
    since: tuple[int, int]
    until: tuple[int, int]


def residents_of(dialect: Dialect) -> Residents:
    """Return the modules that never come from a file in an interpreter.

    >>> from pycinspect.dialects import DIALECTS
    >>> "sys" in residents_of(DIALECTS["cpython-3.12"]).built_in
    True
    """
    return _residents(dialect.implementation, dialect.python)


@cache
def _residents(implementation: Implementation, python: tuple[int, int]) -> Residents:
    rows = [row for row in _table() if row.implementation is implementation]
    here = [row for row in rows if row.since <= python <= row.until]
    built_in, frozen = ({row.name for row in here if row.kind is kind} for kind in _Kind)
    return Residents(frozenset(built_in), frozenset(frozen))


@cache
def _table() -> tuple[_Row, ...]:
    return tuple(_rows())


#: No version of Python comes after it.
_LAST = (99, 0)


def _rows() -> Iterator[_Row]:
    for name, kind, implementation, since, until in lines_of("resident.tsv"):
        last = version_of(until) if until else _LAST
        yield _Row(name, _Kind(kind), Implementation(implementation), version_of(since), last)
