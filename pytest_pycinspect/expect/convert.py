"""What may be given as an expectation."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.grammar import parse
from pytest_pycinspect.expect.model import Item, Pattern

__all__ = ["as_pattern", "pattern"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

#: The package whose objects are expectations about the raw view.
_LIBRARY = "bytecode"


def pattern(*expected: object) -> Pattern:
    """Return an expectation.

    Args:
        expected: a string of the expectation language; or objects (``op.LOAD_FAST("x")``,
            ``...``, ``Not(op.CALL)``), one after the other or in a list. Texts among objects
            are lines.

    Raises:
        PatternError: it means nothing; for a string, with line and column.

    >>> pattern("LOAD_FAST x; ...; RETURN_VALUE") == pattern([op.LOAD_FAST("x"), ..., op.RETURN])
    False
    """
    if len(expected) == 1 and isinstance(expected[0], str):
        return parse(expected[0])
    return as_pattern(expected[0] if len(expected) == 1 else expected)


def as_pattern(expected: object) -> Pattern:
    """Return an expectation in any of its forms as a :class:`Pattern`.

    Args:
        expected: a string, a pattern, one item or a sequence of them, a ``bytecode.Bytecode``
            of the library of that name, one of its instructions or a sequence of them.

    Raises:
        PatternError: it is none of these, or means nothing.
    """
    if isinstance(expected, str):
        return parse(expected)
    if isinstance(expected, Pattern):
        return expected
    if isinstance(expected, Item):
        return Pattern((expected,))
    if not isinstance(expected, Iterable) and _is_library(expected):
        expected = (expected,)  # one instruction
    if not isinstance(expected, Iterable):
        raise PatternError(f"{type(expected).__name__} is not an expectation")
    parts = list(expected)
    if any(_is_library(part) for part in (expected, *parts)):
        from pytest_pycinspect.expect.library import pattern_of

        return pattern_of(parts)
    return Pattern(tuple(item for part in parts for item in as_pattern(part).items))


def _is_library(value: object) -> bool:
    """Return whether a value is the library's, without importing it."""
    return type(value).__module__.partition(".")[0] == _LIBRARY
