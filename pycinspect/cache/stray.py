"""A cache that no importer looks for, by its name or its place: what can be said of it.

There is no import to ask about. But it has a header, and perhaps a source for which it was
made: named by the rest of its own name, or by the code in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from pycinspect.cache.importer import CacheBytes, Subject, judge_cache
from pycinspect.cache.judge import SOURCE_LIMIT
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.payload import PAYLOAD_LIMIT, judge_payload
from pycinspect.cache.verdict import Outcome
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    PYCACHE,
    Header,
    parse_header,
    read_code,
    tag_of,
)
from pycinspect.values import byte_count, moment

__all__ = ["described_stray"]

_SUFFIXES = (".pyc", ".pyo")


def described_stray(
    target: str, row: Dialect, options: ImportOptions, dialects: DialectTable
) -> str:
    """Return what a cache says of itself, and whether it fits its source.

    Args:
        target: the cache.
        row: whose importer is asked.
        options: how it is started.
        dialects: the rows to look in.

    Returns:
        Sentences without a last full stop; "" for what is not a cache.
    """
    try:
        start, status = options.view.read_start(target)
        header = parse_header(start, tag=tag_of(target), dialects=dialects)
    except (OSError, PycInspectError):  # damaged: the payload's readers say how
        return ""
    said = f"its header is that of {header.dialect.name}, {header.mode.value}"
    facts = _facts(header)
    source = next(_sources(target, dialects, options.view), None)
    if source is None:
        return f"{said}{facts}. No source is known of it"
    length = status.st_size
    return f"{said}{facts}. {_fit(target, CacheBytes(start, length), source, row, options)}"


def _facts(header: Header) -> str:
    """Return what a header records of the source."""
    facts = ""
    if header.source_size is not None:
        facts += f" of {byte_count(header.source_size)}"
    if header.mtime is not None:
        facts += f" changed at {moment(header.mtime)}"
    if header.source_hash is not None:
        facts += f" with the hash {header.source_hash.hex()}"
    return f", for a source{facts}"


def _fit(target: str, cache: CacheBytes, source: str, row: Dialect, options: ImportOptions) -> str:
    """Judge a cache as if it stood where the importer looks for that of a source."""
    if row.importer is None:
        return f"It was made from {source}"
    try:
        subject = Subject(
            row,
            cache,
            options.view.stat(source),
            partial(options.view.read_all, source, SOURCE_LIMIT),
            options.check_hash_based_pycs,
        )
        judgement = judge_cache(subject)
    except (OSError, PycInspectError):
        return f"It was made from {source}, which could not be read"
    if judgement.outcome is Outcome.LOAD:
        judgement, _ = judge_payload(judgement, target, row, options.view)
    if judgement.outcome is Outcome.LOAD:
        return f"Under its right name it would be loaded for {source}"
    deed = (
        "be stale"
        if judgement.outcome is Outcome.RECOMPILE
        else f"make the import raise {judgement.exception}"
    )
    return f"Under its right name it would {deed} for {source}: {judgement.why}"


# --- Which source it may be -------------------------------------------------------------------


def _sources(target: str, dialects: DialectTable, view: View) -> Iterator[str]:
    """Yield sources that are there: that of the name, then that of the code."""
    directory, filename = os.path.split(target)
    if os.path.basename(os.path.abspath(directory)) == PYCACHE:
        directory = os.path.join(directory, os.pardir)
    for suffix in _SUFFIXES:
        before, found, _ = filename.partition(suffix)
        if found:
            yield from _files(directory, f"{before.partition('.')[0]}.py", view)
    try:
        data = view.read_all(target, PAYLOAD_LIMIT)
        header = parse_header(data, tag=tag_of(target), dialects=dialects)
        named = read_code(data, header, dialects=dialects).code.filename
    except (OSError, PycInspectError):  # no code, no name
        return
    yield from _files(directory, named, view)


def _files(directory: str, name: str, view: View) -> Iterator[str]:
    path = os.path.normpath(os.path.join(directory, name))
    try:
        if path.endswith(".py") and view.is_file(path):
            yield path
    except ValueError:  # a null character
        return
