"""The words that every room shares."""

from __future__ import annotations

from enum import Enum, StrEnum
from reprlib import Repr

__all__ = [
    "U32_MASK",
    "HashCheckMode",
    "Implementation",
    "InvalidationMode",
    "Level",
    "Taken",
    "Word",
    "brief",
    "cell",
    "quoted",
    "shown",
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


def shown(value: object) -> str:
    """Return the ``repr`` of a dataclass or named tuple: one line of bounded length.

    What stands in it can be from a file: names of ten megabytes, tuples that hold one another a
    million times. To be a class's ``__repr__``.
    """
    fields = getattr(value, "_fields", None)
    if fields is None:
        known = type(value).__dataclass_fields__  # type: ignore[attr-defined]
        fields = [name for name, field in known.items() if field.repr]
    cells = ", ".join(f"{name}={cell(getattr(value, name))}" for name in fields)
    return f"{type(value).__qualname__}({cells})"


class _Cells(Repr):
    """Writes what is in a field, as far as it is short."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 4, _BRIEF, 1_000
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = self.maxfrozenset = 20

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - reprlib's signature
        """Write a number; Python refuses decimal digits of one that is very long."""
        return int.__repr__(x) if x.bit_length() <= _BRIEF else f"{x:#x}"[:_BRIEF] + _CUT


def cell(value: object) -> str:
    """Return the ``repr`` of what is in a field, as :func:`shown` writes it."""
    return brief(_Cells().repr(value), 2_000)


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
