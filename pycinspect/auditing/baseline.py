"""Findings that were accepted before: a file, so that only new ones count."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable

from pycinspect.errors import PycInspectError

__all__ = ["read_baseline", "write_baseline"]

_SCHEMA = "pycinspect.baseline/1"


def read_baseline(path: str) -> frozenset[tuple[str, str]]:
    """Read accepted findings as (rule, path relative to the audited root).

    Raises:
        PycInspectError: ``bad-baseline`` for a file that is none, ``unreadable``.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            document = json.load(stream)
    except OSError as error:
        raise PycInspectError("unreadable", error.strerror or str(error), path=path) from error
    except (ValueError, RecursionError) as error:
        raise PycInspectError("bad-baseline", f"not a JSON file: {error}", path=path) from error
    try:
        if document["schema"] != _SCHEMA:
            raise ValueError(document["schema"])
        return frozenset((str(row["rule"]), str(row["path"])) for row in document["findings"])
    except (KeyError, TypeError, ValueError) as error:
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
    directory = os.path.dirname(path) or os.curdir
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="ascii", dir=directory, prefix=".pycinspect-", delete=False
        ) as stream:
            stream.write(text)
        os.replace(stream.name, path)
    except OSError as error:
        raise PycInspectError("unwritable", error.strerror or str(error), path=path) from error
    return len(rows)
