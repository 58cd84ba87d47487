"""Lines of text, in colours where the terminal has them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Pen", "Piece", "pen_for"]

#: A string and the name of its style, "" for none.
Piece = tuple[str, str]

#: Style names to what rich calls them.
_STYLES: Mapping[str, str] = MappingProxyType(
    {
        "": "",
        "head": "bold",
        "rule": "bold",
        "info": "cyan",
        "warning": "yellow",
        "error": "red",
        "security": "bold red",
        "message": "dim",
        "hint": "dim",
        "number": "dim",
        "source": "green",
        "label": "yellow",
        "operation": "cyan",
        "delete": "red",
        "insert": "green",
        "delete-part": "bold reverse red",
        "insert-part": "bold reverse green",
    }
)


class Pen(Protocol):
    """Writes one line after another."""

    def line(self, *pieces: Piece) -> None:
        """Write the pieces as one line."""


class _PlainPen:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def line(self, *pieces: Piece) -> None:
        self._out.write("".join(text for text, _ in pieces) + "\n")


class _ColorPen:
    """Writes through rich, which knows what the terminals of each system can do."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console

        self._console: Console = Console(
            file=out, force_terminal=True, highlight=False, emoji=False, markup=False
        )

    def line(self, *pieces: Piece) -> None:
        from rich.text import Text

        text = Text.assemble(*((text, _STYLES[style]) for text, style in pieces))
        self._console.print(text, soft_wrap=True)


def pen_for(out: TextIO, *, color: bool) -> Pen:
    """Return what writes lines to ``out``; rich is imported for colours only."""
    return _ColorPen(out) if color else _PlainPen(out)
