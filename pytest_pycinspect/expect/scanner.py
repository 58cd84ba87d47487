"""One line of an expectation, read from left to right."""

from __future__ import annotations

import re
from typing import NoReturn

from pytest_pycinspect.expect.errors import PatternError

__all__ = ["Scanner"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_SPACE = re.compile(r"\s*")


class Scanner:
    """A place in a line.

    Args:
        text: the line.
        line: its number, from 1.
    """

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.place = 0

    def skip(self) -> None:
        """Go to the next character that is not a space."""
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def sees(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """Return whether ``form`` comes next, and stay here."""
        return form.match(self.text, self.place)

    def take(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """Go after ``form`` and the spaces after it, if it comes next."""
        found = form.match(self.text, self.place)
        if found:
            self.place = found.end()
            self.skip()
        return found

    def need(self, form: re.Pattern[str], expected: str) -> re.Match[str]:
        """Go after ``form``, or fail."""
        found = self.take(form)
        if not found:
            self.fail(expected)
        return found

    def at_end(self) -> bool:
        """Return whether the line ends here, or a comment begins."""
        return self.place == len(self.text) or self.text[self.place] == "#"

    def at_stop(self) -> bool:
        """Return whether a statement ends here."""
        return self.at_end() or self.text[self.place] == ";"

    def fail(self, expected: str, place: int | None = None) -> NoReturn:
        """Raise that something else is expected here, or at ``place``."""
        where = self.place if place is None else place
        rest = self.text[where:].split(maxsplit=1)
        found = repr(rest[0][:40]) if rest else "the end of the line"
        raise self.error(f"found {found}", where, expected)

    def error(self, message: str, place: int, expected: str = "") -> PatternError:
        """Return an error about a place."""
        return PatternError(
            message, text=self.text, line=self.line, column=place + 1, expected=expected
        )
