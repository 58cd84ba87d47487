"""Constants as they are written in expectations. Nothing is evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pytest_pycinspect.expect.constants import DEPTH
from pytest_pycinspect.expect.scanner import Scanner

__all__ = ["literal", "starts_literal"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_STRING = re.compile(r"""[bBuUrR]{0,2}(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
    r"|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?[jJL]?"
)
_SINGLE = re.compile(r"(None|True|False|Ellipsis)(?!\w)|\.\.\.")
_MAKER = re.compile(r"(float|complex|frozenset|slice|frozendict)\(")
_MINUS = re.compile(r"-(?=\s*(?:[0-9.]|float\())")
_START = re.compile(
    "|".join(form.pattern for form in (_SINGLE, _MAKER, _STRING, _MINUS))
    + r"|[0-9]|\.(?!0(?![\w.]))[0-9]|\("
)  # fmt: skip
_IMAGINARY = re.compile(r"[-+](?=\s*[0-9.]+(?:[eE][-+]?[0-9]+)?[jJ])")
_OPEN, _CLOSE, _COMMA = re.compile(r"\("), re.compile(r"\)"), re.compile(",")
_OPEN_BRACE, _CLOSE_BRACE, _COLON = re.compile(r"\{"), re.compile(r"\}"), re.compile(":")
_SINGLES: Mapping[str, object] = MappingProxyType(
    {"None": None, "True": True, "False": False, "Ellipsis": ..., "...": ...}
)
_EXPECTED = "a constant"


def starts_literal(scanner: Scanner) -> bool:
    """Return whether a constant begins here."""
    return scanner.sees(_START) is not None


def literal(scanner: Scanner, depth: int = DEPTH) -> object:
    """Return the constant that is written here, and go after it.

    Raises:
        PatternError: it is none, or has too many brackets.
    """
    start = scanner.place
    if depth < 0:
        raise scanner.error("too many brackets inside each other", start)
    value = _term(scanner, depth)
    sign = scanner.take(_IMAGINARY) if type(value) in (int, float) else None
    if sign:
        part = _number(scanner)
        value = value + part if sign[0] == "+" else value - part  # type: ignore[operator]
    return value


def _term(scanner: Scanner, depth: int) -> object:
    if found := scanner.take(_SINGLE):
        return _SINGLES[found[0]]
    if scanner.take(_MINUS):
        value = _term(scanner, depth)
        return Long(-value) if isinstance(value, Long) else -value  # type: ignore[operator]
    if found := scanner.sees(_STRING):
        return _python(scanner, found[0])
    if found := scanner.take(_MAKER):
        return _MAKERS[found[1]](scanner, depth - 1)
    if scanner.take(_OPEN):
        return _tuple(scanner, depth - 1)
    return _number(scanner)


def _number(scanner: Scanner) -> object:
    found = scanner.sees(_NUMBER)
    if not found:
        scanner.fail(_EXPECTED)
    return _python(scanner, found[0])


def _python(scanner: Scanner, token: str) -> object:
    """Return the value of a string or number, as Python's own parser reads it."""
    start = scanner.place
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = ast.literal_eval(token.removesuffix("L") if token[0].isdigit() else token)
    except (SyntaxError, ValueError):  # 0123, '\x', too many digits
        raise scanner.error("Python cannot read this constant", start) from None
    scanner.place += len(token)
    scanner.skip()
    return Long(value) if token[0].isdigit() and token.endswith("L") else value


def _tuple(scanner: Scanner, depth: int) -> object:
    """Read the rest of a tuple, or of a value in brackets."""
    parts: list[object] = []
    while not scanner.take(_CLOSE):
        parts.append(literal(scanner, depth))
        if not scanner.take(_COMMA):
            scanner.need(_CLOSE, "',' or ')'")
            return parts[0] if len(parts) == 1 else tuple(parts)
    return tuple(parts)


def _arguments(scanner: Scanner, depth: int) -> tuple[object, ...]:
    """Read the rest of a call."""
    start = scanner.place
    parts: list[object] = []
    while not scanner.take(_CLOSE):
        parts.append(literal(scanner, depth))
        if not scanner.take(_COMMA):
            scanner.need(_CLOSE, "',' or ')'")
            break
    if len(parts) > 3:
        raise scanner.error("too many values", start)
    return tuple(parts)


def _float(scanner: Scanner, depth: int) -> object:
    start = scanner.place
    parts = _arguments(scanner, depth)
    if len(parts) != 1 or parts[0] not in ("inf", "nan"):
        raise scanner.error("not a number that needs this", start, "float('inf') or float('nan')")
    return float(str(parts[0]))


def _complex(scanner: Scanner, depth: int) -> object:
    start = scanner.place
    parts = _arguments(scanner, depth)
    numbers = [part for part in parts if isinstance(part, int | float)]
    if len(parts) != 2 or len(numbers) != 2:
        raise scanner.error("not two numbers", start, "complex(1.0, -0.0)")
    try:
        return complex(*numbers)
    except OverflowError:
        raise scanner.error("too large for a complex number", start) from None


def _slice(scanner: Scanner, depth: int) -> object:
    start = scanner.place
    parts = _arguments(scanner, depth)
    if len(parts) != 3:
        raise scanner.error("not three values", start, "slice(1, None, None)")
    return Slice(*parts)


def _braces(scanner: Scanner, depth: int, *, pairs: bool) -> list[tuple[object, ...]]:
    """Read ``{…})``; nothing at all is an empty one."""
    parts: list[tuple[object, ...]] = []
    if scanner.take(_CLOSE):
        return parts
    scanner.need(_OPEN_BRACE, "'{' or ')'")
    while not scanner.take(_CLOSE_BRACE):
        part: tuple[object, ...] = (literal(scanner, depth),)
        if pairs:
            scanner.need(_COLON, "':'")
            part = (*part, literal(scanner, depth))
        parts.append(part)
        if not scanner.take(_COMMA):
            scanner.need(_CLOSE_BRACE, "',' or '}'")
            break
    scanner.need(_CLOSE, "')'")
    return parts


def _frozenset(scanner: Scanner, depth: int) -> object:
    return frozenset(part for (part,) in _braces(scanner, depth, pairs=False))


def _frozendict(scanner: Scanner, depth: int) -> object:
    pairs = _braces(scanner, depth, pairs=True)
    return FrozenDict((key, value) for key, value in pairs)


_MAKERS: Mapping[str, Callable[[Scanner, int], object]] = MappingProxyType(
    {
        "float": _float,
        "complex": _complex,
        "frozenset": _frozenset,
        "slice": _slice,
        "frozendict": _frozendict,
    }
)
