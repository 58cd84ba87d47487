"""Paths, numbers and times as words: shared by all formats."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from pycinspect.auditing import Reason, Summary

__all__ = [
    "assumptions",
    "counted",
    "human_size",
    "joined",
    "shortfalls",
    "shown_path",
    "utc",
    "wrapped",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def shown_path(path: str, base: str | None) -> str:
    """Return a path relative to ``base`` if it lies below it, else as it is.

    Only the text of the paths counts: links are not resolved.
    """
    if base is None:
        return path
    full = os.path.normpath(os.path.join(base, path))
    if full == base:
        return os.curdir
    prefix = base if base.endswith(os.sep) else base + os.sep
    return full.removeprefix(prefix) if full.startswith(prefix) else path


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "cache", "caches"), counted(5312, "cache", "caches")
    ('1 cache', '5,312 caches')
    """
    return f"{number:,} {one if number == 1 else many}"


def shortfalls(summary: Summary) -> str:
    """Return why not everything was looked at, "" where it was."""
    reasons = []
    if summary.limit is not None:
        reasons.append("a limit ended the audit early")
    if summary.faults:
        errors = counted(summary.faults, "internal error", "internal errors")
        reasons.append(f"{errors} (PYC902)")
    if summary.unread:
        reasons.append(f"{counted(summary.unread, 'place', 'places')} could not be looked at")
    return ", ".join(reasons)


#: What is said of a tree's Pythons by the reason.
_ASSUMED: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NAMED: "{pythons} (told by --as or the settings)",
        Reason.LIBRARY: "{pythons} (told by the path)",
        Reason.PIN: "{pythons} (told by {detail})",
        Reason.CACHES: "{pythons} (told by the caches)",
        Reason.LIBRARIES: "the Python of each library (told by the paths)",
        Reason.NOTHING: "no Python: nothing tells for which the sources are; --as does",
    }
)


def assumptions(summary: Summary, base: str | None) -> list[str]:
    """Return for which Pythons trees were judged, and why, each answer once.

    Args:
        summary: the figures, complete.
        base: the directory to which paths are relative.
    """
    told: dict[str, list[str]] = {}
    for assumed in summary.assumed:
        pythons = ", ".join(assumed.pythons)
        detail = shown_path(assumed.detail, base)
        text = _ASSUMED[assumed.reason].format(pythons=pythons, detail=detail)
        told.setdefault(text, []).append(shown_path(assumed.path, base))
    if len(told) == 1:
        return list(told)
    return [f"{text}: {', '.join(paths)}" for text, paths in told.items()]


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


def wrapped(text: str, width: int, indent: str = "", first: str | None = None) -> list[str]:
    """Return a text in lines that are broken between words only.

    Args:
        text: one paragraph.
        width: columns; a longer word stands in a line of its own.
        indent: what every line begins with.
        first: what the first line begins with instead.
    """
    return textwrap.wrap(
        text,
        max(width, len(indent) + 20),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def joined(lines: Iterable[str]) -> str:
    """Return lines as one text without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in lines)
