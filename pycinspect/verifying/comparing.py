"""Two caches of one source: on which rung they meet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

from pycinspect.canonical import Level
from pycinspect.dialects import Dialect
from pycinspect.diffing import (
    Diff,
    FieldChange,
    Side,
    Status,
    Stored,
    code_changes,
    diff_module,
    file_changes,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, marshal_digest, read_marshalled
from pycinspect.verifying.rungs import Difference, Rung

__all__ = ["Comparison", "compared", "compared_across_versions", "copies_compared"]

#: Fields that no instruction looks at: tracebacks, debuggers and coverage do.
_NOT_RUN = frozenset({"line table", "first line", "file name", "bytes after the code"})
#: Fields in which two releases of one version of Python differ for one source, besides those:
#: measured on 7,186 files, 3.11.2 and 3.11.7.
_GENERATED = _NOT_RUN | {"instructions", "exception table"}
_SPELLING, _HEADER = "marshal: ", "header: "
#: Differences that are kept: a hostile file has millions.
_MOST = 100


class Comparison(NamedTuple):
    """How closely two caches are the same.

    Args:
        rung: one of those from IDENTICAL to SAME_MEANING, or MISMATCH.
        differences: fields that differ, the first hundred.
        diff: of a mismatch, and of meanings that were compared, what they do otherwise.
    """

    rung: Rung
    differences: tuple[Difference, ...] = ()
    diff: Diff | None = None


def compared(cache: Stored, content: bytes) -> Comparison:
    """Compare a cache with what the compiler of its version makes of the source.

    Args:
        cache: what was found.
        content: what compiling the source gives, marshalled; the paths in both are the same.

    Raises:
        PycInspectError: ``unknown-opcodes`` where instructions differ, and nobody captured
            the opcodes of their version.
    """
    if cache.content[cache.start :] == content:
        return Comparison(Rung.IDENTICAL)
    dialect = cache.dialect
    digest = marshal_digest(cache.content, dialect, cache.start)
    if _has_one_path(cache) and digest == marshal_digest(content, dialect):
        return Comparison(Rung.CANONICAL)
    return copies_compared(cache, Stored(read_marshalled(content, dialect), content, 0))


def copies_compared(cache: Stored, made: Stored) -> Comparison:
    """Compare two caches of one source, both of one version, whose bytes differ.

    Args:
        cache: one of them.
        made: the other one.

    Returns:
        A rung from SAME_CODE on, with what differs.

    Raises:
        PycInspectError: as :func:`compared`.
    """
    found = tuple(islice(_differences(cache, made), _MOST))
    fields = {change.field for _, change in found if not change.field.startswith(_SPELLING)}
    if fields <= _NOT_RUN:
        return Comparison(Rung.SAME_CODE, found)
    if fields <= _GENERATED and len(found) < _MOST:
        diff = _meaning(cache, made, Level.STRICT)
        if all(unit.status is Status.SAME for unit in diff.units):
            return Comparison(Rung.SAME_MEANING, found, diff)
    return Comparison(Rung.MISMATCH, found, _meaning(cache, made))


def compared_across_versions(cache: Stored, content: bytes, dialect: Dialect) -> Comparison:
    """Compare a cache with what the compiler of another version makes of the source.

    Args:
        cache: what was found.
        content: what compiling the source gives, marshalled.
        dialect: who compiled it.

    Returns:
        SAME_MEANING where nothing differs but what is known to differ between versions;
        else MISMATCH, which may be a difference that nobody knows yet.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    diff = _meaning(cache, Stored(read_marshalled(content, dialect), content, 0))
    return Comparison(Rung.SAME_MEANING if diff.is_same else Rung.MISMATCH, (), diff)


def _has_one_path(cache: Stored) -> bool:
    """Return whether all code objects say that they come from one file; digests do not look."""
    return len({code.filename for code in cache.code.walk()}) == 1


def _meaning(cache: Stored, made: Stored, level: Level = Level.SEMANTIC) -> Diff:
    sides = ("cache", cache), ("source", made)
    return Diff("cache", "source", level, (diff_module(*sides, level),))


def _differences(cache: Stored, made: Stored) -> Iterator[Difference]:
    for ours, theirs in zip_longest(cache.code.walk(), made.code.walk()):
        if ours is None or theirs is None:
            yield _one_sided(ours, theirs)
        else:
            sides = Side(ours, cache.dialect), Side(theirs, made.dialect)
            yield from (Difference(ours.qualname, change) for change in code_changes(*sides))
    for change in _of_file(cache, made):
        if not change.field.startswith(_HEADER):
            yield Difference("", change)


def _of_file(cache: Stored, made: Stored) -> tuple[FieldChange, ...]:
    try:
        return file_changes(cache, made)
    except PycInspectError as error:  # the spelling cannot be followed, though the code was read
        return (FieldChange("marshal: spelling", error.message, "as it should be", None),)


def _one_sided(ours: Code | None, theirs: Code | None) -> Difference:
    code = ours or theirs
    assert code is not None
    told = ["nothing" if one is None else f"code of {one.qualname}" for one in (ours, theirs)]
    return Difference(code.qualname, FieldChange("code objects", told[0], told[1], None))
