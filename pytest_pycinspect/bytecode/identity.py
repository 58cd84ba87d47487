"""Which code it is: its name, its file, and who compiled it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycinspect.pyc import Code
from pytest_pycinspect.factual import Factual
from pytest_pycinspect.subjects.origin import Origin, View
from pytest_pycinspect.subjects.wrappers import Answer, sure

if TYPE_CHECKING:
    from pycinspect.dialects import Dialect
    from pytest_pycinspect.subjects.wrapping import Wrapping

__all__ = ["Identified"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_VIEWS = ("ops", "raw", "adaptive")


class Identified(Factual):
    """A code object in one view, or a part of its instructions; see ``Bytecode``."""

    def __init__(
        self,
        code: Code,
        origin: Origin,
        view: View = "ops",
        selected: tuple[int, ...] | None = None,
    ) -> None:
        if view not in _VIEWS:
            raise ValueError(f"view {view!r} is none of {', '.join(_VIEWS)}")
        self._code = code
        self._origin = origin
        self._selected = selected
        self.view = view

    @property
    def name(self) -> str:
        """The qualified name."""
        return self._code.qualname

    @property
    def path(self) -> str:
        """Of the source, relative to the current directory; ``<string>`` for none."""
        return self._origin.path

    @property
    def line(self) -> int:
        """The first line."""
        return self._code.firstlineno

    @property
    def python(self) -> str:
        """Who compiled it: ``3.13.0``, ``PyPy 3.9.18``."""
        return self._origin.python

    @property
    def dialect(self) -> Dialect:
        """Who compiled it, for pycinspect."""
        return self._origin.dialect

    @property
    def optimize(self) -> int | None:
        """How often ``-O`` was given, None where that is not known."""
        return self._origin.optimize

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, such as that it is the live code, and why."""
        return self._origin.notes

    @property
    def wrapping(self) -> Wrapping | None:
        """The wrapper that it is of, if the function in it may be meant."""
        return self._origin.wrapping

    @property
    def strict_names(self) -> bool:
        """Whether names of opcodes that cannot occur are refused."""
        return self._origin.strict_names

    @property
    def code(self) -> Code:
        """The code object, as pycinspect reads it."""
        return self._code

    def source_line(self, number: int) -> str | None:
        """Return a line of the source without its end, None where it is not known."""
        if 0 < number <= len(self._origin.lines):
            return self._origin.lines[number - 1].rstrip("\r\n")
        return None

    def sure(self, answer: Answer, why: str) -> Answer:
        """Return an answer, unless it is that something is not so, and other code may be meant.

        Args:
            answer: false for what is not so.
            why: what is not so, if it is not.

        Raises:
            AmbiguousWrapperError: it is not so in a wrapper, and is not said to be meant.
        """
        return sure(answer, self._origin.wrapping, why)
