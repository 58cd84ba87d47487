"""Findings that were accepted before: a file, so that only new ones count."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all
from pycinspect.writing import replacing

__all__ = ["read_baseline", "write_baseline"]

_SCHEMA = "pycinspect.baseline/1"
#: Largest baseline, in bytes: half a million findings.
_LIMIT = 64 * 1024 * 1024


def read_baseline(path: str) -> frozenset[tuple[str, str]]:
    """Read accepted findings as (rule, path relative to the audited root).

    Raises:
        PycInspectError: ``bad-baseline`` for a file that is none; ``not-found``,
            ``not-a-file``, ``too-large``, ``unreadable``.
    """
    with errors_named(path):
        content = read_all(path, _LIMIT)
    try:
        document = json.loads(content.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise PycInspectError("bad-baseline", f"not a JSON file: {error}", path=path) from error
    try:
        if document["schema"] != _SCHEMA:
            raise ValueError(document["schema"])
        return frozenset((str(row["rule"]), str(row["path"])) for row in document["findings"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise PycInspectError("bad-baseline", f"not a {_SCHEMA} file", path=path) from error


def write_baseline(path: str, findings: Iterable[tuple[str, str]]) -> int:
    """Write accepted findings, in order and atomically; return how many.

    Args:
        path: the file, which is replaced.
        findings: (rule, path relative to the audited root).

    Raises:
        PycInspectError: ``unwritable``.
    """
    rows = [{"rule": rule, "path": where} for rule, where in sorted(set(findings))]
    text = json.dumps({"schema": _SCHEMA, "findings": rows}, indent=1) + "\n"
    with replacing(path) as stream:
        stream.write(text)
    return len(rows)
