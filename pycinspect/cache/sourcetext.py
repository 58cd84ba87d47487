"""The lines of a source, if they are what a cache was made from."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

from pycinspect.cache.importer import CacheBytes, Subject, judge_cache
from pycinspect.cache.judge import SOURCE_LIMIT
from pycinspect.cache.location import source_from_cache
from pycinspect.cache.verdict import REASONS, Outcome
from pycinspect.cache.view import HERE, View
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER
from pycinspect.values import HashCheckMode

__all__ = ["SourceText", "source_lines", "source_text"]


#: Codecs that take quadratic time (Lib/encodings/punycode.py: insertion_sort), 44 s for half a
#: megabyte; no program is written in them.
_SLOW = frozenset({"punycode", "idna"})


class SourceText(NamedTuple):
    """What a cache was made from.

    Args:
        path: the source.
        lines: its lines without their ends; none where they are not the cache's.
        doubt: why they are not, None where they are.
    """

    path: str
    lines: tuple[str, ...]
    doubt: str | None = None


def source_text(cache: str, data: bytes, dialect: Dialect, view: View = HERE) -> SourceText | None:
    """Return the source of a cache, if the importer would take the one for the other's.

    Args:
        cache: the path of the cache.
        data: its content, the header at least.
        dialect: who wrote it.
        view: the file system that it is in.

    Returns:
        The lines of the source that ``dialect`` connects with this path, or why they are
        not shown: they differ, or cannot be read. None where the importer connects no source
        with such a path, or there is none. What the code itself calls its file does not
        count: that is a stranger's word.
    """
    try:
        path = source_from_cache(cache, dialect)
        status = view.stat(path)
        source = view.read_all(path, SOURCE_LIMIT)
        # Even where the importer trusts a hash without looking, a reader must not.
        mode = HashCheckMode.ALWAYS
        start = CacheBytes(data[:LONGEST_HEADER], len(data))
        judgement = judge_cache(Subject(dialect, start, status, lambda: source, mode))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        return SourceText(path, (), f"it cannot be read: {error.strerror or error}")
    except PycInspectError as error:
        unconnected = error.slug in {"not-a-cache-path", "no-cache"}
        return None if unconnected else SourceText(path, (), error.message)
    if judgement.outcome is not Outcome.LOAD:
        why = REASONS[judgement.reason]
        return SourceText(path, (), why.format(expected=judgement.expected, found=judgement.actual))
    return source_lines(path, source)


def source_lines(path: str, source: bytes) -> SourceText:
    """Return the lines of a source that are known to be the right ones.

    They are decoded as Python 3 does (PEP 263); what cannot be decoded is replaced.
    """
    from codecs import lookup
    from tokenize import detect_encoding

    try:
        encoding, _ = detect_encoding(BytesIO(source).readline)
        if lookup(encoding).name in _SLOW:
            encoding = "latin-1"
        text = source.decode(encoding, "replace")
    except (SyntaxError, LookupError, ValueError):
        # An older Python's source, or a codec that is not for text: ASCII is right in all.
        text = source.decode("latin-1")
    return SourceText(path, tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
