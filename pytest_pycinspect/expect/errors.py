"""What is wrong with an expectation, and where."""

from __future__ import annotations

from pycinspect.errors import PycInspectError
from pycinspect.values import visible

__all__ = ["PatternError"]

#: Characters of a line that are shown around the place.
_WIDTH = 72


class PatternError(PycInspectError, ValueError):
    """An expectation that means nothing.

    Args:
        message: what is wrong, one sentence.
        text: the line it is in, "" for an expectation made of objects.
        line: its number, from 1; 0 for none.
        column: of the character, from 1; 0 for none.
        expected: what may stand there, "" where that is not the point.
    """

    def __init__(
        self, message: str, *, text: str = "", line: int = 0, column: int = 0, expected: str = ""
    ) -> None:
        super().__init__("bad-pattern", message, line=line or None)
        self.text = text
        self.column = column
        self.expected = expected

    def __str__(self) -> str:
        """Return the sentence, and the line with a caret under the character."""
        wanted = f"; expected {self.expected}" if self.expected else ""
        message = visible(f"{self.message}{wanted}")
        if self.line is None:
            return message
        start = max(0, self.column - 1 - _WIDTH // 2) if len(self.text) > _WIDTH else 0
        before = visible(self.text[start : self.column - 1].replace("\t", " "))
        after = visible(self.text[self.column - 1 : start + _WIDTH].replace("\t", " "))
        where = f"line {self.line}" if self.path is None else f"{visible(self.path)}:{self.line}"
        place = f"{where}, column {self.column}"
        return f"{place}: {message}\n    {before}{after}\n    {' ' * len(before)}^"
