"""Paths, numbers and times as words: shared by all formats."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable

__all__ = [
    "NOT_WRAPPED",
    "Json",
    "counted",
    "joined",
    "shown_path",
    "wrapped",
]


#: A JSON object, before it is written.
Json = dict[str, object]
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
