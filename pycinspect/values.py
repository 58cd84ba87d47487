"""The words that every room shares."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["U32_MASK", "HashCheckMode", "Implementation", "InvalidationMode"]

#: Header words are unsigned and 32 bits wide; larger times and sizes wrap.
U32_MASK = 0xFFFF_FFFF


class Implementation(StrEnum):
    """Who wrote a cache."""

    CPYTHON = "cpython"
    PYPY = "pypy"
    GRAALPY = "graalpy"
    JYTHON = "jython"
    IRONPYTHON = "ironpython"
    RUSTPYTHON = "rustpython"
    PYSTON = "pyston"
    SKYBISON = "skybison"


class InvalidationMode(StrEnum):
    """How a cache is tied to its source (PEP 552)."""

    TIMESTAMP = "timestamp"
    CHECKED_HASH = "checked-hash"
    UNCHECKED_HASH = "unchecked-hash"


class HashCheckMode(StrEnum):
    """The interpreter's option ``--check-hash-based-pycs`` (PEP 552)."""

    DEFAULT = "default"
    ALWAYS = "always"
    NEVER = "never"
