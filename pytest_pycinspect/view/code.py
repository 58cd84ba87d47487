"""What can be asked of code in one view: its instructions, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, Self, SupportsIndex, TypeVar

from pycinspect.dialects import Dialect
from pycinspect.pyc import Code
from pytest_pycinspect.view.instr import Instr

__all__ = ["CodeView", "walk"]


class CodeView(Protocol):
    """A code object in one view: what rooms below ``bytecode`` know of a ``Bytecode``."""

    @property
    def name(self) -> str:
        """The qualified name."""

    @property
    def path(self) -> str:
        """Of the source, relative to the current directory; ``<string>`` for none."""

    @property
    def line(self) -> int:
        """The first line."""

    @property
    def python(self) -> str:
        """Who compiled it: ``3.13.0``, ``PyPy 3.9.18``."""

    @property
    def dialect(self) -> Dialect:
        """Who compiled it, for pycinspect."""

    @property
    def optimize(self) -> int | None:
        """How often ``-O`` was given, None where that is not known."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader should know, such as that it is the live code, and why."""

    @property
    def strict_names(self) -> bool:
        """Whether names of opcodes that cannot occur are refused."""

    @property
    def view(self) -> str:
        """The view: ``ops``, ``raw`` or ``adaptive``."""

    @property
    def code(self) -> Code:
        """The code object, as pycinspect reads it."""

    @property
    def children(self) -> Sequence[CodeView]:
        """The code objects inside it, in the order of their lines."""

    @property
    def raw(self) -> CodeView:
        """The interpreter's own instructions."""

    @property
    def adaptive(self) -> CodeView:
        """The instructions as they are in memory now, specialised."""

    def source_line(self, number: int) -> str | None:
        """Return a line of the source without its end, None where it is not known."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Instr]: ...

    def __getitem__(self, index: SupportsIndex, /) -> Instr: ...


class _Nesting(Protocol):
    """What has others of its kind in it."""

    @property
    def children(self) -> Sequence[Self]: ...


_Part = TypeVar("_Part", bound=_Nesting)


def walk(root: _Part) -> Iterator[_Part]:
    """Yield a code object and all inside it, each before those inside it.

    Args:
        root: the outermost.
    """
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(part.children))
