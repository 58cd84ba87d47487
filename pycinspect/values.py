"""The words that every room shares."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from reprlib import Repr

__all__ = [
    "ARCHIVE_MARK",
    "U32_MASK",
    "HashCheckMode",
    "Implementation",
    "InvalidationMode",
    "Level",
    "StrPath",
    "Taken",
    "brief",
    "byte_count",
    "cell",
    "human_size",
    "moment",
    "quoted",
    "shown",
    "utc",
    "visible",
]

#: A path, as a caller may give it.
StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

#: Stands between the name of an archive and a path in it: ``app.whl!/pkg/m.py``.
ARCHIVE_MARK = "!"

#: Header words are unsigned and 32 bits wide; larger times and sizes wrap.
U32_MASK = 0xFFFF_FFFF


class Implementation(StrEnum):
    """Who wrote a cache."""

    CPYTHON = "cpython"
    PYPY = "pypy"
    GRAALPY = "graalpy"
    JYTHON = "jython"
    IRONPYTHON = "ironpython"
    MICROPYTHON = "micropython"
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


def visible(text: str, keep: str = "") -> str:
    r"""Return a string in one line, without characters that do something to a terminal.

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
    r"""Return a string as :func:`visible`, of which the rest is left out where it is long.

    Args:
        text: any text, a name in a file for example.
        limit: characters of it that are shown.

    >>> brief("a\n" + "b" * 1000, 4)
    'a\\nbb…'
    """
    return visible(text if len(text) <= limit else text[:limit] + _CUT)


def quoted(text: str, limit: int = _BRIEF) -> str:
    """Return the ``repr`` of a string, of which the rest is left out where it is long."""
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


class Level(StrEnum):
    """How much must be the same."""

    #: Every byte; says nothing across versions.
    EXACT = "exact"
    #: The events as they stand, stores in order and copies of blocks apart.
    STRICT = "strict"
    #: The smallest graph of events.
    SEMANTIC = "semantic"
    #: The same, whatever local variables are called.
    STRUCTURAL = "structural"


class Taken(StrEnum):
    """Which file of a module of a directory is read."""

    #: The cache, if an import would run it, or else the source.
    IMPORTED = "imported"
    SOURCES = "sources"
    CACHES = "caches"


# --- Numbers for people -----------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def human_size(size: int) -> str:
    """Return a number of bytes in three digits and a decimal unit.

    >>> human_size(999), human_size(7_224_462), human_size(999_999)
    ('999 B', '7.2 MB', '1.0 MB')
    """
    number, power = float(size), 0
    while number >= 999.5 and power < len(_UNITS) - 1:
        number /= 1000
        power += 1
    digits = 1 if power and number < 99.95 else 0
    return f"{number:,.{digits}f} {_UNITS[power]}"


def utc(seconds: int) -> str:
    """Return a time as a date, or "" where the calendar has none for it.

    >>> utc(1234567890), utc(2**60)
    ('2009-02-13 23:31:30 UTC', '')
    """
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return f"{moment.replace(tzinfo=None).isoformat(' ')} UTC"


def moment(seconds: int) -> str:
    """Return a time as the number that it is, with its date.

    >>> moment(1234567890), moment(2**60)
    ('1234567890 (2009-02-13 23:31:30 UTC)', '1152921504606846976')
    """
    date = utc(seconds)
    return f"{seconds} ({date})" if date else str(seconds)


def byte_count(size: int) -> str:
    """Return a number of bytes, with what it comes to where it is large.

    >>> byte_count(1), byte_count(999), byte_count(7_224_462)
    ('1 byte', '999 bytes', '7,224,462 bytes (7.2 MB)')
    """
    count = f"{size:,} {'byte' if size == 1 else 'bytes'}"
    return count if size < _LARGE else f"{count} ({human_size(size)})"


#: Numbers of bytes from which on nobody reads the digits.
_LARGE = 10_000
