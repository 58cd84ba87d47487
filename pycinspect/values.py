"""The words that every room shares."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["U32_MASK", "HashCheckMode", "Implementation", "InvalidationMode", "Word"]

#: Header words are unsigned and 32 bits wide; larger times and sizes wrap.
U32_MASK = 0xFFFF_FFFF


class Word(StrEnum):
    """An enumeration of words that are equal to their texts, and hashed like them.

    ``StrEnum`` hashes its members by name, in Python: five times slower, and a
    member is not found in a dictionary that has its text as a key.
    """

    __hash__ = str.__hash__


class Implementation(Word):
    """Who wrote a cache."""

    CPYTHON = "cpython"
    PYPY = "pypy"
    GRAALPY = "graalpy"
    JYTHON = "jython"
    IRONPYTHON = "ironpython"
    RUSTPYTHON = "rustpython"
    PYSTON = "pyston"
    SKYBISON = "skybison"


class InvalidationMode(Word):
    """How a cache is tied to its source (PEP 552)."""

    TIMESTAMP = "timestamp"
    CHECKED_HASH = "checked-hash"
    UNCHECKED_HASH = "unchecked-hash"


class HashCheckMode(Word):
    """The interpreter's option ``--check-hash-based-pycs`` (PEP 552)."""

    DEFAULT = "default"
    ALWAYS = "always"
    NEVER = "never"
