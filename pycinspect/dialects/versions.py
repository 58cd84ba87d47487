"""The column ``versions`` of tables: for which Pythons a row counts."""

from __future__ import annotations

import re

from pycinspect.dialects.model import Dialect
from pycinspect.values import Implementation

__all__ = ["fits", "version_of"]

_VERSION = re.compile(r"\d+\.\d+")
_VERSIONS = re.compile(rf"({_VERSION.pattern})|({_VERSION.pattern})?-({_VERSION.pattern})?")


def fits(versions: str, dialect: Dialect) -> bool:
    """Return whether a row with these words in its column ``versions`` is a dialect's.

    Args:
        versions: ``*``, ``3.12``, ``3.11-``, ``-3.10``, ``3.11-3.13``, an implementation, or
            ``pypy:3.6``.
        dialect: whose rows are wanted.

    Raises:
        ValueError: it is nothing of that.
    """
    if versions in ("*", dialect.implementation):
        return True
    implementation, colon, of_it = versions.partition(":")
    if colon:
        return Implementation(implementation) is dialect.implementation and fits(of_it, dialect)
    match = _VERSIONS.fullmatch(versions)
    if match is None:
        Implementation(versions)
        return False
    only, first, last = match.groups()
    lowest, highest = only or first, only or last
    return (not lowest or version_of(lowest) <= dialect.python) and (
        not highest or dialect.python <= version_of(highest)
    )


def version_of(text: str) -> tuple[int, int]:
    """Return a version of Python as two numbers.

    Raises:
        ValueError: the string is no version, such as ``3``.
    """
    if _VERSION.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a version of Python")
    major, minor = text.split(".")
    return int(major), int(minor)
