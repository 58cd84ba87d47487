"""Paths, numbers and times as words: shared by all formats."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pycinspect.auditing import Reason, Summary

__all__ = [
    "NOT_WRAPPED",
    "assumptions",
    "counted",
    "joined",
    "shortfalls",
    "shown_path",
    "wrapped",
]


#: Columns of an output whose lines are not broken.
NOT_WRAPPED = sys.maxsize


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
        Reason.IMAGE: "{pythons} (told by the image's programs)",
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


def wrapped(text: str, width: int, indent: str = "", first: str | None = None) -> list[str]:
    """Return a string in lines that are broken between words only.

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
