"""What all code objects of one program have in common: who compiled it, and from what."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.pyc import Code
from pycinspect.values import Implementation
from pytest_pycinspect.subjects.scopes import Scope
from pytest_pycinspect.subjects.wrapping import Wrapping
from pytest_pycinspect.view.instr import Instr

__all__ = ["Decoded", "Normalize", "Origin", "View", "python_text", "relative"]

View = str
#: What takes the place of a constant, None for the constant itself.
Normalize = Callable[[object], object]


class Decoded:
    """The instructions of a code object in one view, made when they are asked for.

    Args:
        list_names: returns the names of the opcodes, each once.
        make: returns the instructions.
    """

    def __init__(
        self, list_names: Callable[[], frozenset[str]], make: Callable[[], tuple[Instr, ...]]
    ) -> None:
        self._list_names, self._make = list_names, make

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the opcodes, each once."""
        return self._list_names()

    @cached_property
    def instrs(self) -> tuple[Instr, ...]:
        """The instructions, with constants as the session's plugins want them."""
        return self._make()


@dataclass(frozen=True, eq=False, repr=False)
class Origin:
    """Where code comes from.

    Args:
        dialect: who compiled it.
        python: the version, ``3.13.0`` or ``PyPy 3.9.18``.
        path: of the source, relative to the current directory; ``<string>`` for none.
        lines: of the source, the first at index 0; nothing where it is not known.
        optimize: how often ``-O`` was given, None where that is not known.
        notes: what a reader should know: that it is the live code, and why.
        strict_names: names of opcodes that cannot occur are refused.
        normalize: constants are compared as what it makes of them.
        adaptive: the code as it is in memory, specialised, of each code object.
        live: the code object of the running interpreter that it was asked for, by its own.
        decoded: what was decoded last, by code object and view.
        wrapping: the wrapper that it is of, if the function in it may be meant.
        scope: what is known of its variables.
    """

    dialect: Dialect
    python: str
    path: str = "<string>"
    lines: tuple[str, ...] = ()
    optimize: int | None = None
    notes: tuple[str, ...] = ()
    strict_names: bool = True
    normalize: Normalize | None = None
    adaptive: Mapping[Code, bytes] = field(default_factory=dict)
    live: CodeType | None = None
    decoded: dict[tuple[Code, View], Decoded] = field(default_factory=dict)
    wrapping: Wrapping | None = None
    scope: Scope | None = None


def python_text(dialect: Dialect, version: str | None = None) -> str:
    """Return how a reader calls a Python: ``3.13.0``, ``PyPy 3.9.18``."""
    number = version or ".".join(map(str, dialect.python))
    if version is None and dialect is DIALECTS.running():
        number = platform.python_version()
    return f"PyPy {number}" if dialect.implementation is Implementation.PYPY else number


def relative(path: str) -> str:
    """Return a path from the current directory, if it is inside it."""
    below = os.path.relpath(path) if os.path.isabs(path) else path
    return path if below.startswith(os.pardir) else below
