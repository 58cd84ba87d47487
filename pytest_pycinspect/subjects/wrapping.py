"""A wrapper whose code may be meant, or that of what it wraps."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["AmbiguousWrapperError", "Wrapping"]


class AmbiguousWrapperError(VacuousCheckError):
    """Something is not in the code of a wrapper, and nobody said that the wrapper is meant."""


@dataclass(frozen=True)
class Wrapping:
    """A wrapper with code of its own, where nobody said whose code is meant.

    Args:
        wrapper: its own function, and where that is.
        original: the innermost function that it wraps.
    """

    wrapper: str
    original: str

    @property
    def note(self) -> str:
        """What a reader should know."""
        return (
            f"this is the code of {self.wrapper}, which wraps {self.original};"
            " wrapped=True is that of the wrapped function"
        )

    def refusal(self, why: str) -> AmbiguousWrapperError:
        """Return the error for something that is not so.

        Args:
            why: what is not so.
        """
        return AmbiguousWrapperError(
            f"{why}\nThis is the code of {self.wrapper}, which wraps {self.original}. What is not in"
            " the one may be in the other: say which is meant, wrapped=True for the wrapped"
            " function or wrapped=False for the wrapper."
        )
