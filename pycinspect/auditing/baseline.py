"""Findings that were accepted before: a file of the files in which they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all
from pycinspect.writing import replacing

__all__ = ["Accepted", "Baseline", "read_baseline", "read_notes", "write_baseline"]

_SCHEMA = "pycinspect.baseline/2"
#: Named files by their paths below the audited tree alone, whatever was in them.
_OLD_SCHEMA = "pycinspect.baseline/1"
#: Largest baseline, in bytes: a quarter of a million findings.
_LIMIT = 64 * 1024 * 1024


class Accepted(NamedTuple):
    """One file in which the findings of one rule do not count.

    Args:
        rule: the rule's id.
        path: the file, or directory, relative to the baseline's :attr:`~Baseline.base`, with
            slashes.
        digest: of its content; None for what has none, such as a directory. A file with another
            content is not accepted.
        reason: why, for whoever reads it; "" where nobody has said so.
        expires: the day from which on it is not accepted any more, or None.
    """

    rule: str
    path: str
    digest: str | None = None
    reason: str = ""
    expires: date | None = None


class Baseline(NamedTuple):
    """What was accepted.

    Args:
        base: the directory that paths are relative to.
        accepted: the entries, in the order of the file.
    """

    base: str
    accepted: tuple[Accepted, ...] = ()


def read_baseline(path: str, base: str | None = None) -> Baseline:
    """Read a baseline.

    Args:
        path: the file.
        base: the directory that its paths are relative to; None is its own.

    Raises:
        PycInspectError: ``bad-baseline`` for a file that is none, or one of a version before;
            ``not-found``, ``not-a-file``, ``too-large``, ``unreadable``.
    """
    with errors_named(path):
        content = read_all(path, _LIMIT)
    try:
        document = json.loads(content.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        message = f"not a JSON file: {str(error)[:200]}"
        raise PycInspectError("bad-baseline", message, path=path) from error
    own = os.path.dirname(os.path.abspath(path))
    return Baseline(own if base is None else base, tuple(_entries(document, path)))


def _entries(document: object, path: str) -> list[Accepted]:
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema == _OLD_SCHEMA:
        message = "it does not say what was in the files: write it anew with --write-baseline"
        raise PycInspectError("bad-baseline", message, path=path)
    if schema != _SCHEMA or not isinstance(document, Mapping):
        raise PycInspectError("bad-baseline", f"not a {_SCHEMA} file", path=path)
    rows = document.get("accepted")
    if not isinstance(rows, list):
        raise PycInspectError("bad-baseline", "it has no list of what is accepted", path=path)
    accepted = []
    for number, row in enumerate(rows, 1):
        try:
            accepted.append(_entry(row))
        except (KeyError, TypeError, ValueError) as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else str(error)[:200]
            message = f"entry {number}: {why}"
            raise PycInspectError("bad-baseline", message, path=path) from error
    return accepted


def _entry(row: object) -> Accepted:
    if not isinstance(row, Mapping):
        raise TypeError("not an object")
    unknown = sorted(set(row) - set(Accepted._fields))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    for name, value in row.items():
        if not isinstance(value, str) and not (name == "digest" and value is None):
            raise TypeError(f"{name} is not a string")
    expires = row.get("expires")
    return Accepted(
        row["rule"],
        row["path"],
        row.get("digest"),
        row.get("reason", ""),
        None if expires is None else _day(expires),
    )


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"expires is {value[:40]!r}, not a day such as 2027-01-31") from error


def write_baseline(path: str, found: Iterable[Accepted], notes: Iterable[Accepted] = ()) -> int:
    """Write what is accepted, in order and atomically; return how many entries.

    Args:
        path: the file, which is replaced.
        found: the entries, in any order.
        notes: entries whose reasons and days of expiry are kept; see :func:`read_notes`.

    Raises:
        PycInspectError: ``unwritable``.
    """
    kept = {(row.rule, row.path): row for row in notes}
    rows = []
    for row in sorted(set(found), key=lambda row: (row.rule, row.path, row.digest or "")):
        old = kept.get((row.rule, row.path))
        rows.append(row if old is None else row._replace(reason=old.reason, expires=old.expires))
    document = {"schema": _SCHEMA, "accepted": [_object(row) for row in rows]}
    with replacing(path) as stream:
        stream.write(json.dumps(document, indent=1) + "\n")
    return len(rows)


def read_notes(path: str) -> tuple[Accepted, ...]:
    """Return the entries of a baseline that is going to be replaced, if there is one.

    Raises:
        PycInspectError: ``bad-baseline`` where another file is there, which shall not be lost.
    """
    try:
        with errors_named(path):
            content = read_all(path, _LIMIT)
    except PycInspectError as error:
        if error.slug in {"not-found", "not-a-file"}:  # such as /dev/stdout
            return ()
        raise
    if not content or _OLD_SCHEMA.encode() in content[:1000]:
        return ()
    return read_baseline(path).accepted


def _object(row: Accepted) -> dict[str, object]:
    entry: dict[str, object] = {"rule": row.rule, "path": row.path, "digest": row.digest}
    if row.reason:
        entry["reason"] = row.reason
    if row.expires is not None:
        entry["expires"] = row.expires.isoformat()
    return entry
