"""On which Pythons a guarded line counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

from pycinspect.values import Implementation
from pytest_pycinspect.expect.errors import PatternError

__all__ = [
    "FORMS",
    "Host",
    "Version",
    "condition",
    "is_active",
    "may_be_active",
    "may_be_inactive",
    "versions",
]

Version = tuple[int, int]
#: For messages about what a guard may say.
FORMS = ">=3.12, 3.9-3.11, 3.12, !3.13, opt2 or an implementation such as pypy"


class Host(NamedTuple):
    """Who compiled a code, as far as guards ask.

    Args:
        implementation: its name; None for every one.
        version: of the language.
        optimize: the level; None where nobody knows.
    """

    implementation: str | None
    version: Version
    optimize: int | None


Test = Callable[[Host], bool]

_VERSION = re.compile(r"(==|!=|[<>]=?|!)?(\d{1,3})\.(\d{1,3})")
_RANGE = re.compile(r"(!)?(\d{1,3})\.(\d{1,3})-(\d{1,3})\.(\d{1,3})")
_LEVEL = re.compile(r"(!)?opt([0-9])")
_NAME = re.compile(r"(!)?([a-z]+)")
_SIGNS = {None: eq, "==": eq, "!": ne, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_IMPLEMENTATIONS = frozenset(map(str, Implementation))


class Condition(NamedTuple):
    """One condition.

    Args:
        holds: whether a host meets it.
        of_version: whether it is about the version of the language.
    """

    holds: Test
    of_version: bool


@lru_cache
def condition(text: str) -> Condition:
    """Return what a guard says.

    Args:
        text: without the ``@``.

    Raises:
        PatternError: it says nothing.
    """
    if found := _VERSION.fullmatch(text):
        sign, bound = _SIGNS[found[1]], (int(found[2]), int(found[3]))
        return Condition(lambda host: sign(host.version, bound), of_version=True)
    if found := _RANGE.fullmatch(text):
        low, high = (int(found[2]), int(found[3])), (int(found[4]), int(found[5]))
        inside = not found[1]
        return Condition(lambda host: (low <= host.version <= high) is inside, of_version=True)
    if found := _LEVEL.fullmatch(text):
        level, wanted = int(found[2]), not found[1]
        return Condition(lambda host: (host.optimize == level) is wanted, of_version=False)
    found = _NAME.fullmatch(text)
    if found and found[2] in _IMPLEMENTATIONS:
        name, wanted = found[2], not found[1]
        return Condition(lambda host: (host.implementation == name) is wanted, of_version=False)
    raise PatternError(f"{text!r} is not a condition", expected=FORMS)


def is_active(conditions: Sequence[str], host: Host) -> bool:
    """Return whether all conditions hold."""
    return all(condition(text).holds(host) for text in conditions)


def may_be_active(conditions: Sequence[str], version: Version) -> bool:
    """Return whether all conditions can hold on some Python of a version."""
    host = Host(None, version, None)
    return all(row.holds(host) for row in map(condition, conditions) if row.of_version)


def may_be_inactive(conditions: Sequence[str], version: Version) -> bool:
    """Return whether one of the conditions can fail on some Python of a version."""
    host = Host(None, version, None)
    return any(not row.of_version or not row.holds(host) for row in map(condition, conditions))


def versions(text: str) -> tuple[Version, ...]:
    """Return the versions between two, ``"3.9-3.15"``, or the one that is named.

    Raises:
        PatternError: it names no versions.
    """
    return tuple(_versions(text))


def _versions(text: str) -> Iterator[Version]:
    first, _, last = text.partition("-")
    low, high = _VERSION.fullmatch(first.strip()), _VERSION.fullmatch((last or first).strip())
    if not low or not high or low[2] != high[2]:
        raise PatternError(f"pycinspect_supported: {text!r} names no versions")
    for minor in range(int(low[3]), int(high[3]) + 1):
        yield int(low[2]), minor
