"""The words that every room shares."""

from __future__ import annotations

from enum import Enum, StrEnum

__all__ = [
    "U32_MASK",
    "HashCheckMode",
    "Implementation",
    "InvalidationMode",
    "Level",
    "Taken",
    "Word",
    "brief",
    "quoted",
    "visible",
]

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


def visible(text: str, keep: str = "") -> str:
    r"""Return a text in one line, without characters that do something to a terminal.

    Args:
        text: any text; undecodable bytes of a path are lone surrogates in it.
        keep: characters that are left as they are although they are not printable.

    >>> visible("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escaped(c) for c in text)


#: Characters of a name that a ``repr`` shows.
_BRIEF = 200


def brief(text: str, limit: int = _BRIEF) -> str:
    r"""Return a text as :func:`visible`, of which the rest is left out where it is long.

    Args:
        text: any text, a name in a file for example.
        limit: characters of it that are shown.

    >>> brief("a\n" + "b" * 1000, 4)
    'a\\nbb…'
    """
    return visible(text if len(text) <= limit else text[:limit] + _CUT)


def quoted(text: str, limit: int = _BRIEF) -> str:
    """Return the ``repr`` of a text, of which the rest is left out where it is long."""
    return repr(text if len(text) <= limit else text[:limit] + _CUT)


_CUT = "…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class Level(Enum):
    """How much must be the same."""

    #: Every byte; says nothing across versions.
    EXACT = "exact"
    #: The events as they stand, stores in order and copies of blocks apart.
    STRICT = "strict"
    #: The smallest graph of events.
    SEMANTIC = "semantic"
    #: The same, whatever local variables are called.
    STRUCTURAL = "structural"


class Taken(Word):
    """Which file of a module of a directory is read."""

    #: The cache, if an import would run it, or else the source.
    IMPORTED = "imported"
    SOURCES = "sources"
    CACHES = "caches"
